"""A whole cell as one scene: 1,000 shapes, 1.5 million fluorophores, 2048 x 2048 pixels.

For `epi1` and `con1`, in a fresh process each: seconds (and seconds of the processor) of the first
image and after a change of focus, the peak of memory over that of the scene, and the largest
difference between the image in tiles, within 0.6 GB, and the untiled one, as a part of its peak.
The cell is a slab of 4 µm filled with bent tubes of 0.2 to 0.3 µm radius, 6 to 14 µm long.
``--stack P`` writes stacks of so many planes instead, plane by plane within 1 GB, as OME-TIFF and
OME-Zarr, and tells the seconds and the peak of memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from scipy import fft

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.image_io.image_file import write_image_file
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulated_stack import simulated_stack
from napari_3dmsl.microscope.simulation import Simulation, scene_from_points

SHAPES = 1000
FLUOROPHORES = 1_500_000
PIXELS = 2048
THICKNESS_UM = 4.0
TILED_BYTES = 600_000_000
STACK_BYTES = 1_000_000_000


class Row(NamedTuple):
    """Numbers of one microscope."""

    first: tuple[float, float]
    focus: tuple[float, float]
    peak_mb: float
    difference: float
    way: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fluorophores", type=int, default=FLUOROPHORES)
    parser.add_argument("--pixels", type=int, default=PIXELS)
    parser.add_argument("--stack", type=int, default=0)
    given = parser.parse_args()
    if given.stack:
        stacks(given.fluorophores, given.pixels, given.stack)
        return
    print(
        f"{SHAPES} shapes, {given.fluorophores:,} fluorophores, {given.pixels} x {given.pixels} "
        f"pixels, {THICKNESS_UM:g} µm thick; s (s of the processor)"
    )
    print(
        f"{'microscope':<12}{'first image':>16}{'focus changed':>16}{'MB':>7}{'tiled':>10}  tiles"
    )
    for name in ("epi1", "con1"):
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            row = fresh.submit(measure, name, given.fluorophores, given.pixels).result()
        times = "".join(f"{wall:8.2f} ({cpu:5.2f})" for wall, cpu in (row.first, row.focus))
        print(f"{name:<12}{times}{row.peak_mb:8.0f}{row.difference:10.1e}  {row.way}")


def stacks(fluorophores: int, pixels: int, planes: int) -> None:
    """Print seconds and memory of stacks that are written plane by plane."""
    print(
        f"{planes} planes of {pixels} x {pixels} pixels, {fluorophores:,} fluorophores, within "
        f"{STACK_BYTES / 1e9:g} GB"
    )
    print(f"{'microscope':<12}{'file':<10}{'s':>7}{'(processor)':>13}{'MB':>7}{'MB on disk':>12}")
    for name in ("epi1", "con1"):
        for file in ("cell.tif", "cell.zarr"):
            with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
                found = fresh.submit(stack_of, name, fluorophores, pixels, planes, file).result()
            wall, processor, taken, on_disk = found
            print(f"{name:<12}{file:<10}{wall:7.1f}{processor:13.1f}{taken:7.0f}{on_disk:12.0f}")


def stack_of(
    name: str, fluorophores: int, pixels: int, planes: int, file: str
) -> tuple[float, float, float, float]:
    """Write a stack; return seconds, the processor's, and MB of memory and on disk."""
    microscope = load_microscope(name).replace(image_size=(pixels, pixels))
    acquisition = Acquisition(planes=planes, step_nm=200)
    simulation = Simulation(microscope=microscope, acquisition=acquisition)
    emitters = cell(microscope.pixel_um * pixels, fluorophores)
    before, began, processor = peak_mb(), time.perf_counter(), time.process_time()
    scene = scene_from_points(emitters.positions_um, emitters.photons, STACK_BYTES)
    with TemporaryDirectory() as folder:
        path = Path(folder, file)
        with simulated_stack(scene, simulation, path) as stack:
            write_image_file(path, stack)
        files = [path, *path.rglob("*")]
        on_disk = sum(f.stat().st_size for f in files if f.is_file()) / 1e6
    seconds = time.perf_counter() - began, time.process_time() - processor
    return *seconds, peak_mb() - before, on_disk


def measure(name: str, fluorophores: int, pixels: int) -> Row:
    """Return the numbers of one microscope; meant for a process of its own."""
    microscope = load_microscope(name).replace(image_size=(pixels, pixels))
    emitters = cell(microscope.pixel_um * pixels, fluorophores)
    focal = best_focus_stage_um(microscope, 2.0), best_focus_stage_um(microscope, 1.0)
    with fft.set_workers(-1):
        before = peak_mb()
        (image, *_), (first, focus) = images(Renderer(emitters), microscope, focal)
        taken = peak_mb() - before
        in_tiles = Renderer(emitters, TILED_BYTES)
        (tiled,), _ = images(in_tiles, microscope, focal[:1])
    difference = float(np.abs(tiled - image).max() / image.max())
    plan = in_tiles.plan
    assert plan is not None
    way = f"{plan.layers} layers at once, {plan.bands} bands of frequencies"
    return Row(first, focus, taken, difference, way)


def cell(side_um: float, fluorophores: int) -> Emitters:
    """Return fluorophores on the surfaces of bent tubes all over a slab."""
    rng = np.random.default_rng(0)
    of_shape = np.diff(np.linspace(0, fluorophores, SHAPES + 1).astype(int))
    positions = np.concatenate([tube(rng, count, side_um) for count in of_shape])
    np.clip(positions[:, 1:], -0.5 * side_um, 0.5 * side_um, out=positions[:, 1:])
    positions[:, 0] = np.clip(positions[:, 0], 0.1, 0.1 + THICKNESS_UM)
    return Emitters(positions, np.full(len(positions), 300.0))


def tube(rng: np.random.Generator, count: int, side_um: float) -> FloatArray:
    """Return points on a tube along an arc, somewhere in the slab, (count, 3)."""
    radius, arc, length = rng.uniform(0.2, 0.3), rng.uniform(3.0, 20.0), rng.uniform(6.0, 14.0)
    along = rng.uniform(-0.5, 0.5, count) * length / arc
    around = rng.uniform(0, 2 * np.pi, count)
    turn, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
    from_middle = arc + radius * np.cos(around)
    y, x = from_middle * np.cos(along + turn), from_middle * np.sin(along + turn)
    z = radius * np.sin(around) + tilt * along * arc
    middle = rng.uniform([0.5, *2 * [-0.5 * side_um]], [THICKNESS_UM - 0.4, *2 * [0.5 * side_um]])
    at_zero = np.array([0.0, arc * np.cos(turn), arc * np.sin(turn)])
    return np.column_stack([z, y, x]) + middle - at_zero


def images(
    renderer: Renderer, microscope: Microscope, stages_um: Sequence[float]
) -> tuple[list[FloatArray], list[tuple[float, float]]]:
    """Return images, and of each the seconds and the processor's."""
    found, times = [], []
    for stage_um in stages_um:
        began, processor = time.perf_counter(), time.process_time()
        found.append(renderer.render(microscope, stage_um))
        times.append((time.perf_counter() - began, time.process_time() - processor))
    return found, times


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
