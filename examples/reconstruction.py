"""3D reconstruction: the shape from a widefield z-stack, by a 3D U-Net and without learning.

A 3D U-Net learns which voxels of a stack lie inside the mitochondrion; what a mitochondrion's
membrane sends out is blurred over a micrometre along z, so a threshold sees it too tall. Scored by
volumetric IoU and by the Chamfer distance of the surfaces on shapes that none has seen: other
tubes, and the phantom's shapes, beside Otsu's threshold, the threshold that is best on the
training stacks, and the same after Richardson-Lucy deconvolution with the exact blur.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.filters import threshold_otsu
from skimage.restoration import richardson_lucy

import napari_3dmsl as msl
from image_sets import Array, make_set, phantom_library, stack_of
from napari_3dmsl.scoring.masks import mask_scores
from napari_3dmsl.scoring.overlaps import overlaps_of
from napari_3dmsl.scoring.surfaces import mask_surface, surface_scores
from networks import Size, UNet, dice_and_cross_entropy, expect_share, predict, train
from pictures import beside_truth, grid
from results import arguments_of_learning, tell_learned

PLANES, STEP_NM, PIXEL_NM = 16, 200, 100
BLUR_PLANES = 15
SURFACE_POINTS = 2000
Mask = NDArray[np.bool_]


SIZES = {
    "smoke": Size(images=4, tests=2, pixels=32, steps=3, width=4, seeds=2),
    "small": Size(images=100, tests=30, pixels=48, steps=250, width=8, seeds=5),
    "full": Size(images=2000, tests=200, pixels=64, steps=10_000, width=32, seeds=5),
}


def recipe(size: Size, count: int, seed: int, library: str = "tubes") -> dict[str, Any]:
    """One shape a stack, turned at random, in widefield."""
    source = {"library": library, "most": count, "length_um": [0, 4]}
    return {
        "microscopes": [{"preset": "epi1", "pixel_nm": PIXEL_NM}],
        "image_size": [size.pixels, size.pixels],
        "source": source | ({"tube_count": 2 * count} if library == "tubes" else {}),
        "views": {"six": False, "random": 1},
        "focus": {"planes": PLANES, "step_nm": STEP_NM},
        "labelling": {"density_per_um2": 300},
        "snr": [8, 20],
        "seed": seed,
        "ground_truth": ["volume_instances"],
        "split": {"train": 1, "val": 0, "test": 0},
    }


def stacks(folder: Path, told: dict[str, Any]) -> tuple[Array, Array]:
    """Make stacks and what is inside: (stack, z, y, x), the second 0 or 1."""
    images, inside = stack_of(make_set(folder, told), "volume_instances")
    return images, (inside > 0).astype(np.float32)


def main() -> None:
    """Make stacks, threshold, deconvolve, train, score, print."""
    told = arguments_of_learning(__doc__, "reconstruction").parse_args()
    size = SIZES[told.size]
    phantom = str(phantom_library(told.out / "phantom").resolve())
    tests = {
        "unseen tubes": stacks(told.out / "test", recipe(size, size.tests, 1_000)),
        "phantom": stacks(told.out / "test_phantom", recipe(size, size.tests, 1_001, phantom)),
    }
    blur = point_spread_function()
    known: dict[str, dict[str, list[float]]] = {}
    learned: list[dict[str, list[float]]] = []
    for seed in range(told.seeds or size.seeds):
        print(f"seed {seed}")
        training = stacks(told.out / f"train_{seed}", recipe(size, size.images, seed))
        if not known:
            levels = best_levels(training, blur)
            known = without_learning(levels, tests, blur)
        network = trained(training, size, seed)
        measured: dict[str, list[float]] = {}
        for test, (images, inside) in tests.items():
            found = predict(network, images) > 0
            measured |= scores(test, found, inside > 0)
            if seed == 0:
                picture = told.out / f"{test.replace(' ', '_')}.png"
                show(picture, (images, inside), found, blur, levels[1])
        learned.append(measured)
    print("\nmean [95 % interval], over stacks, for the U-Net over seeds; IoU: more is better,")
    print("Chamfer distance: less is better\n")
    judged = [f"{test}: IoU" for test in tests]
    tell_learned(told.out, "from the stack by", known, learned, judged)


def trained(training: tuple[Array, Array], size: Size, seed: int) -> UNet:
    """Return a network that has learned from one set of stacks."""
    torch.manual_seed(seed)
    network = UNet(3, size.width)
    expect_share(network, training[1])
    train(network, *training, dice_and_cross_entropy, size.steps, seed, batch=4)
    return network


def point_spread_function() -> Array:
    """What the microscope makes of a point in the middle of the planes, of sum 1."""
    microscope = msl.load_microscope("epi1").replace(pixel_nm=PIXEL_NM, image_size=(21, 21))
    planes = msl.Acquisition(planes=BLUR_PLANES, step_nm=STEP_NM)
    simulation = msl.Simulation(microscope=microscope, acquisition=planes, noise="none")
    height_um = BLUR_PLANES * STEP_NM / 2000
    point = msl.scene_from_points(np.array([[height_um, 0, 0]]), np.ones(1))
    blur = np.asarray(msl.image_scene(point, simulation).photons.photons, np.float32)
    return blur / blur.sum()


def best_levels(training: tuple[Array, Array], blur: Array) -> tuple[float, float]:
    """Return the best thresholds on 20 training stacks: of the stack, and of it deconvolved."""
    some = slice(0, 20)
    images, inside = training[0][some], training[1][some] > 0
    level = best_level([smooth(image) for image in images], inside)
    sharp_level = best_level([deconvolved(image, blur) for image in images], inside)
    print(f"  best levels: {level:.2f} of the peak, {sharp_level:.2f} deconvolved")
    return level, sharp_level


def without_learning(
    levels: tuple[float, float], tests: dict[str, tuple[Array, Array]], blur: Array
) -> dict[str, dict[str, list[float]]]:
    """Scores of the ways that learn at most one number, by way, then by test and measure."""
    level, sharp_level = levels
    told: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for test, (stacks_, truth) in tests.items():
        smoothed = [smooth(image) for image in stacks_]
        sharp = [deconvolved(image, blur) for image in stacks_]
        told["Otsu's threshold"] |= scores(
            test, [image > threshold_otsu(image) for image in smoothed], truth > 0
        )
        told["best threshold"] |= scores(
            test, [image > level * image.max() for image in smoothed], truth > 0
        )
        told["Richardson-Lucy, best threshold"] |= scores(
            test, [image > sharp_level * image.max() for image in sharp], truth > 0
        )
    return told


def smooth(image: Array) -> Array:
    """Return a stack with less noise: a Gaussian of one pixel in the plane."""
    return gaussian_filter(image, (0, 1, 1))


def deconvolved(image: Array, blur: Array, rounds: int = 30) -> Array:
    """Return a stack after Richardson-Lucy, its sides mirrored, since light leaves the planes."""
    margin = [(side // 2, side // 2) for side in blur.shape]
    wide = np.pad(np.clip(image, 1e-3, None), margin, mode="reflect")
    sharp = richardson_lucy(wide, blur, rounds, clip=False)
    return smooth(sharp[tuple(slice(low, -high) for low, high in margin)].astype(np.float32))


def best_level(images: list[Array], inside: Mask) -> float:
    """Return the share of the peak at which the mean IoU is highest."""
    levels = np.arange(0.1, 0.9, 0.05)
    found = [
        np.mean(
            [
                iou(image > level * image.max(), truth)
                for image, truth in zip(images, inside, strict=True)
            ]
        )
        for level in levels
    ]
    return float(levels[int(np.argmax(found))])


def show(
    path: Path, test: tuple[Array, Array], found: Mask, blur: Array, sharp_level: float
) -> None:
    """Write a picture of two stacks cut upright through the middle, and what is found."""
    rows = []
    for i in range(2):
        image, inside = test[0][i], test[1][i] > 0
        middle = int(np.argmax(inside.sum((0, 2))))
        otsu = smooth(image) > threshold_otsu(smooth(image))
        sharp = deconvolved(image, blur)
        parts = [image, sharp, inside, otsu, sharp > sharp_level * sharp.max(), found[i]]
        cut = [upright(part[:, middle]) for part in parts]
        rows.append([*cut[:3], *(beside_truth(part, cut[2]) for part in cut[3:])])
    grid(
        path,
        [
            "stack, cut upright",
            "Richardson-Lucy",
            "shape",
            "Otsu's threshold",
            "best threshold\nafter Richardson-Lucy",
            "3D U-Net",
        ],
        rows,
    )


def upright(cut: Any) -> Any:
    """Return a (z, x) cut with square pixels, up being up."""
    return np.repeat(cut[::-1], STEP_NM // PIXEL_NM, axis=0)


def iou(found: Mask, wanted: Mask) -> float:
    """Return the shared over the joint volume, 1 where both are empty."""
    return mask_scores(overlaps_of(wanted, found))["iou"]


def chamfer_um(found: Mask, wanted: Mask) -> float:
    """Return the mean distance of the two surfaces from each other, averaged both ways.

    Nothing found at all counts as half the depth of the stack.
    """
    if not found.any() or not wanted.any():
        return PLANES * STEP_NM / 2000
    voxel_um = (STEP_NM / 1000, PIXEL_NM / 1000, PIXEL_NM / 1000)
    truth, prediction = mask_surface(wanted, voxel_um), mask_surface(found, voxel_um)
    measured = surface_scores(truth, prediction, SURFACE_POINTS, np.random.default_rng(0))
    return measured["chamfer_um"]


def scores(test: str, found: Any, wanted: Mask) -> dict[str, list[float]]:
    """IoU and Chamfer distance of each stack of a test."""
    pairs = list(zip(found, wanted, strict=True))
    return {
        f"{test}: IoU": [iou(*pair) for pair in pairs],
        f"{test}: Chamfer µm": [chamfer_um(*pair) for pair in pairs],
    }


if __name__ == "__main__":
    main()
