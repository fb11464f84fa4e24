"""Scenes like a cell: how fast they are made, and whether light and truth lie on each other.

``rate``: images a second with masks, 256 x 256 pixels of 80 nm through NA 1.42 at 610 nm, 0.35
shapes in focus per µm² over the whole image, with haze, glow and camera; files are written. The
processor time of an image is printed first: on a machine that does other work, too, it tells more
than the clock. ``overlay``: how far the fluorophores in focus, the photons of their
light, the mask, the haze's fluorophores and ``haze_mask`` lie from each other, in pixels, by phase
correlation of whole images: median and largest.

    python benchmarks/cell_scenes.py [rate] [overlay] [--images 40] [--workers 2]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.registration import phase_cross_correlation
from threadpoolctl import threadpool_limits

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.write.sample_files import write_sample
from napari_3dmsl.ground_truth.image_coordinates import emitters_in_image
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

BAR = 8.0  # images a second with 2 workers
PIXELS = 0.2
SCOPE = {"preset": "epi1", "pixel_nm": 80, "emission_nm": 610, "excitation_nm": 560}


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["rate", "overlay"], nargs="*")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    for what in arguments.what or ("rate", "overlay"):
        {"rate": rate, "overlay": overlay}[what](arguments.images, arguments.workers)


def recipe_of(images: int, cell: dict[str, object], **others: object) -> Recipe:
    """Return a recipe of cells that fill the image, and their masks."""
    return Recipe(
        **{
            "repeats": images,
            "split": {"train": 1, "val": 0, "test": 0},
            "microscopes": [SCOPE],
            "image_size": [256, 256],
            "scene": {"kind": "cell", "cell": {"coverage": 1.0, **cell}},
        }
        | others
    )


def rate(images: int, workers: int) -> None:
    """Print what an image takes of a processor, and how fast the workers are by the clock."""
    recipe = recipe_of(2 * images, {})
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    renderer = GroupRenderer(recipe, shapes, plan.pools)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        times = [time.process_time()]
        objects = []
        for group in plan.groups:  # the first ones find what later ones share
            for image in renderer.render(group):
                write_sample(image, recipe, Path(name))
                objects.append(image.metadata["cell"]["objects_in_focus"])
            times.append(time.process_time())
    each = np.diff(times)[images:]
    print(f"rate, {images} images after as many; {np.mean(objects):.0f} shapes in focus in each")
    print(
        f"  processor time, median, mean  {1e3 * np.median(each):.0f}, {1e3 * each.mean():.0f} ms"
    )
    print(
        f"  so {workers} free cores make          {workers / each.mean():.1f} images/s, bar {BAR:g}"
    )
    count = 3 * images
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        generate(recipe_of(count, {}), Path(name) / "set", workers)
        seconds = time.perf_counter() - began
        made = len(list((Path(name) / "set").rglob("*.tif"))) // 2
    print(
        f"  by the clock, {workers} workers       {made / seconds:.1f} images/s: {made} with masks "
        f"in {seconds:.1f} s, the start of the processes included"
    )


def overlay(images: int, _workers: int) -> None:
    """Print how far light and truth lie from each other."""
    cell = {"coverage": [0.3, 1.0], "haze": [0.2, 1.2], "brightness_spread": 0.0}
    truths = ["mask", "haze_mask", "photons"]
    recipe = recipe_of(images, cell, labelling={"density_per_um2": 150}, ground_truth=truths)
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    renderer = GroupRenderer(recipe, shapes, plan.pools)
    found: dict[str, list[float]] = {}
    with threadpool_limits(1):
        for group in plan.groups:
            for image in renderer.render(group):
                objects = image.film[0].objects
                sharp = [each for each in objects if not each.haze]
                haze = [replace(each, haze=False) for each in objects if each.haze]
                microscope = image.instrument.microscope.replace(image_size=(256, 256))
                stage = np.array(image.metadata["plane_stage_um"])
                light = next(Renderer(_together(sharp)).planes(microscope, stage))
                points = counted(sharp, image.field)
                pairs = {
                    "fluorophores from mask": (points, image.truths["mask"]),
                    "light from fluorophores": (light, points),
                    "light from mask": (light, image.truths["mask"]),
                }
                if haze:
                    far = counted(haze, image.field)
                    pairs["haze: fluorophores from haze_mask"] = far, image.truths["haze_mask"]
                for name, pair in pairs.items():
                    found.setdefault(name, []).append(away(*pair))
    print(f"overlay of {images} images, pixels: median, largest; bar {PIXELS:g}")
    for name, values in found.items():
        print(f"  {name:<36} {np.median(values):.2f} {max(values):.2f}")


def away(first: FloatArray, second: FloatArray) -> float:
    """Return how far a picture is from another along an axis, pixels."""
    smooth = [gaussian_filter(np.asarray(each, dtype=float), 1.5) for each in (first, second)]
    shift, _, _ = phase_cross_correlation(*smooth, upsample_factor=50, normalization=None)
    return float(np.abs(shift).max())


def counted(objects: list[PlacedObject], field: FieldOfView) -> FloatArray:
    """Return the photons of fluorophores in the pixels that they lie in."""
    truth = emitters_in_image(objects, field)
    bins = [np.arange(count + 1) for count in field.image_size]
    pixels: FloatArray = np.histogram2d(*truth.row_column.T, bins=bins, weights=truth.photons)[0]
    return pixels


def _together(objects: list[PlacedObject]) -> Emitters:
    return Emitters(
        np.concatenate([each.emitters.positions_um for each in objects]),
        np.concatenate([each.emitters.photons for each in objects]),
    )


if __name__ == "__main__":
    main()
