"""Fitting a scene to images: time, same seed same result, and known scenes found again.

``known``: images of recipes like a cell whose numbers are drawn at random are fitted; what comes
back is set beside what they were made with. ``real``: 10 tiles of a real cell are fitted twice;
processor time of all processes, and whether both recipes are alike. ``recipe``: all tiles of a real
cell are fitted and the recipe is written, for ``benchmarks/realism.py``.

    python benchmarks/scene_fit.py known --sets 3
    python benchmarks/scene_fit.py real
    python benchmarks/scene_fit.py recipe fitted.toml
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from napari_3dmsl.compute import Processes
from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.fitted_scene import SceneFit
from napari_3dmsl.matching.scene_fit import fit_scene
from napari_3dmsl.matching.tiles import read_tiles
from napari_3dmsl.microscope.settings import Microscope

DATA = Path(os.environ.get("NAPARI_3DMSL_DATA", "../shared/data"))
OPTICS = {"numerical_aperture": 1.42, "emission_nm": 610.0, "pixel_nm": 80.0}
TOLD = ("coverage", "density_per_um2", "haze", "blur", "peak_photons", "length_um", "radius_um")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["known", "real", "recipe"])
    parser.add_argument("out", nargs="?", type=Path, help="where the recipe goes")
    parser.add_argument("--cell", default="normoxia", help="which real cell")
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    if asked.what == "known":
        known(asked.sets, asked.images, asked.workers)
    elif asked.what == "real":
        real(asked.cell, asked.images, asked.workers)
    else:
        fitted, _ = timed(read_tiles(cell(asked.cell), 256).values, asked.seed, asked.workers)
        print(*fitted.lines(), sep="\n")
        fitted.save(asked.out)


def cell(name: str) -> Path:
    return DATA / "physseg" / f"real_{name}"


def timed(
    tiles: NDArray[Any], seed: int, workers: int, microscope: Microscope | None = None
) -> tuple[SceneFit, float]:
    """Fit, and print how long it took."""
    began = time.perf_counter(), processor_s()
    optics = microscope or Microscope(**OPTICS)
    fitted = fit_scene(list(tiles), optics, seed=seed, place=Processes(workers))
    passed, used = time.perf_counter() - began[0], processor_s() - began[1]
    print(f"{len(tiles)} images: {passed:.0f} s, {used:.0f} s of processors, {workers} workers")
    return fitted, used


def processor_s() -> float:
    """Processor time of this process and of its workers, which wait for the next fit."""
    here = psutil.Process()
    uses = [each.cpu_times() for each in (here, *here.children(recursive=True))]
    return sum(use.user + use.system for use in uses)


def real(name: str, count: int, workers: int) -> None:
    tiles = read_tiles(cell(name), 256).values
    tiles = tiles[np.linspace(0, len(tiles) - 1, count).astype(int)]
    first, second = (timed(tiles, 0, workers)[0] for _ in range(2))
    print(*first.lines(), sep="\n")
    print("the same recipe twice:", first.recipe == second.recipe)


def known(sets: int, count: int, workers: int) -> None:
    print("range fitted (range that the images were made with)")
    for number in range(sets):
        truth = drawn(np.random.default_rng([7, number]))
        images = [sample.image for sample in RenderedSet(recipe_of(truth, count, number))]
        fitted, _ = timed(np.array(images), 0, workers)
        found = {each.name: each for each in fitted.fitted}
        for name in TOLD:
            low, high = truth[name] if isinstance(truth[name], list) else (truth[name],) * 2
            print(f"  {found[name]}   (made with {low:.3g} to {high:.3g})")


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Draw what a cell is like."""
    middle = {
        "coverage": rng.uniform(0.4, 0.75),
        "density_per_um2": np.exp(rng.uniform(np.log(0.15), np.log(0.45))),
        "haze": rng.uniform(0.2, 1.5),
        "peak_photons": np.exp(rng.uniform(np.log(100), np.log(500))),
    }
    ranges: dict[str, Any] = {name: [0.75 * at, 1.25 * at] for name, at in middle.items()}
    fixed = {
        "blur": rng.uniform(1.0, 1.4),
        "length_um": rng.uniform(2.0, 5.0),
        "radius_um": rng.uniform(0.17, 0.28),
    }
    return ranges | {name: float(at) for name, at in fixed.items()}


def recipe_of(truth: dict[str, Any], count: int, seed: int) -> Recipe:
    radius = truth["radius_um"]
    cell = ("coverage", "density_per_um2", "haze", "peak_photons")
    passed = min(OPTICS["numerical_aperture"], Microscope().specimen_index)
    aperture = passed / truth["blur"]
    return Recipe(
        seed=seed,
        repeats=count,
        split={"train": 1, "val": 0, "test": 0},
        source={
            "library": "tubes",
            "tubes": {
                "length_um": truth["length_um"],
                "radius_um": (0.78 * radius, 1.25 * radius),
            },
        },
        labelling={"density_per_um2": 150.0},
        microscopes=[{**OPTICS, "numerical_aperture": aperture, "camera": "scmos"}],
        image_size=(256, 256),
        scene={"kind": "cell", "cell": {name: truth[name] for name in cell}},
        ground_truth=[],
    )


if __name__ == "__main__":
    main()
