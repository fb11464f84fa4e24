"""Segmentation: does it help to train on scenes like a cell? One U-Net, three ways to simulate.

The same small U-Net is trained on (1) scenes like a cell, (2) images of one shape each, and (3)
straight smooth tubes, as simulators drew them before; microscope, camera, signal, number of images
and of steps are equal. Each seed draws its own images and first weights. All are scored on scenes
that none has seen, of tubes and of the phantom's shapes, and, with ``--real``, on your own images.
Beside them stands a local threshold, which learns nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.io import imread
from skimage.transform import rescale

import napari_3dmsl as msl
from image_sets import Array, locally_bright, make_set, normalised, phantom_library, stack_of
from napari_3dmsl.scoring.masks import mask_scores
from napari_3dmsl.scoring.overlaps import overlaps_of
from networks import Size, UNet, dice_and_cross_entropy, expect_share, predict, train
from pictures import beside_truth, grid
from results import arguments_of_learning, interval, keep, table, verdict

SIZES = {
    "smoke": Size(images=4, tests=2, pixels=64, steps=3, width=4, seeds=2),
    "small": Size(images=120, tests=40, pixels=128, steps=200, width=12, seeds=5),
    "full": Size(images=2000, tests=200, pixels=128, steps=5000, width=32, seeds=5),
}

# What the three have in common: widefield, a camera that differs from image to image, one signal.
COMMON: dict[str, Any] = {
    "microscopes": [
        {
            "preset": "epi1",
            "camera": {"e_per_adu": [0.4, 2.0, "log"], "read_noise_e": [1, 3]},
        }
    ],
    "labelling": {"density_per_um2": 300},
    "snr": [3, 15],
    "split": {"train": 1, "val": 0, "test": 0},
}
STRAIGHT = {
    "bend_radius_um": 1000,
    "rings": 0,
    "networks": 0,
    "radius_variation": 0,
    "tilt_deg": 30,
}


def cell_scenes(count: int, library: str = "tubes") -> dict[str, Any]:
    """The recipe's part for scenes like a cell."""
    return {"source": {"library": library}, "repeats": count, "scene": {"kind": "cell"}}


def one_shape_each(count: int) -> dict[str, Any]:
    """The same tubes, one in the middle of each image."""
    return {
        "source": {"library": "tubes", "tube_count": count},
        "views": {"six": False, "random": 1},
    }


def straight_tubes(count: int) -> dict[str, Any]:
    """Straight smooth tubes packed at random, without a cell around them."""
    return {
        "source": {"library": "tubes", "tubes": STRAIGHT},
        "repeats": count,
        "scene": {"kind": "packed", "objects": [4, 16], "height_um": 2, "border": "cut"},
    }


WAYS = {"cell": cell_scenes, "one-shape": one_shape_each, "straight": straight_tubes}
NAMES = {
    "cell": "scenes like a cell",
    "one-shape": "one shape an image",
    "straight": "straight smooth tubes",
}
BY_THRESHOLD = "real, threshold"


def main() -> None:
    """Make the images, train, score, print."""
    parser = arguments_of_learning(__doc__, "segmentation")
    parser.add_argument("--real", type=Path, help="folder of real images of the microscope")
    parser.add_argument("--predictions", type=Path, help="masks of these by others, named alike")
    parser.add_argument(
        "--pixel-nm", type=float, help="pixel of the real images, which are resized to that learned"
    )
    told = parser.parse_args()
    size = SIZES[told.size]
    common = COMMON | {"image_size": [size.pixels, size.pixels]}
    tests = {
        "unseen scenes": stack_of(
            make_set(told.out / "test", common | cell_scenes(size.tests) | {"seed": 1_000}), "mask"
        ),
        "unseen shapes": stack_of(
            make_set(
                told.out / "test_phantom",
                common
                | cell_scenes(size.tests, str(phantom_library(told.out / "phantom").resolve()))
                | {"seed": 1_001},
            ),
            "mask",
        ),
    }
    if told.real:
        tests[BY_THRESHOLD] = real_tiles(told.real, None, told.pixel_nm)
        if told.predictions:
            tests["real, predictions"] = real_tiles(told.real, told.predictions, told.pixel_nm)

    scores: dict[str, dict[str, list[float]]] = {way: {test: [] for test in tests} for way in WAYS}
    seen: dict[str, list[Any]] = {}  # what the networks of the first seed find in a test
    for seed in range(told.seeds or size.seeds):
        for way, recipe in WAYS.items():
            print(f"seed {seed}, {NAMES[way]}")
            folder = told.out / f"{way}_{seed}"
            samples = make_set(folder, common | recipe(size.images) | {"seed": seed})
            network = trained(stack_of(samples, "mask"), size, seed)
            for test, (images, wanted) in tests.items():
                found = predict(network, images) > 0
                scores[way][test].append(float(np.mean(dice(found, wanted))))
                if seed == 0:
                    seen.setdefault(test, []).append(found[:2])
    for test, found in seen.items():
        show(told.out / f"{test.replace(', ', '_').replace(' ', '_')}.png", tests[test], found)
    tell(told.out, scores, by_threshold(tests))


def dice(found: Any, wanted: Array) -> list[float]:
    """Dice of each mask of a test."""
    return [mask_scores(overlaps_of(w > 0, f))["dice"] for f, w in zip(found, wanted, strict=True)]


def by_threshold(tests: dict[str, tuple[Array, Array]]) -> dict[str, list[float]]:
    """Dice of a local threshold, image by image: it shows what a mask made by one is worth."""
    return {
        test: dice([locally_bright(image) for image in images], wanted)
        for test, (images, wanted) in tests.items()
        if test != BY_THRESHOLD
    }


def trained(images_and_masks: tuple[Array, Array], size: Size, seed: int) -> UNet:
    """Return a network that has learned from one set."""
    torch.manual_seed(seed)
    network = UNet(2, size.width)
    expect_share(network, images_and_masks[1])
    train(network, *images_and_masks, dice_and_cross_entropy, size.steps, seed, batch=8)
    return network


def show(path: Path, test: tuple[Array, Array], found: list[Any]) -> None:
    """Write a picture of two images, their masks and what each network finds."""
    images, wanted = test
    rows = [
        [images[i], wanted[i], *(beside_truth(masks[i], wanted[i]) for masks in found)]
        for i in range(2)
    ]
    grid(path, ["image", "mask", *(f"learned from\n{NAMES[way]}" for way in WAYS)], rows)


def real_tiles(
    folder: Path, predictions: Path | None, pixel_nm: float | None
) -> tuple[Array, Array]:
    """Real images with masks of others, or with a local threshold where there are none.

    Neither is the truth: a score against them tells how far two methods agree.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".png", ".tif", ".tiff"})
    images = [normalised(imread(path)) for path in paths]
    if predictions:
        masks = [imread(predictions / path.name) > 0 for path in paths]
    else:
        masks = [locally_bright(image) for image in images]
    if pixel_nm:
        larger = pixel_nm / msl.load_microscope("epi1").pixel_nm
        images = [rescale(image, larger, anti_aliasing=True) for image in images]
        masks = [rescale(mask.astype(float), larger, anti_aliasing=True) > 0.5 for mask in masks]
    side = min(min(image.shape) for image in images) // 4 * 4
    return (
        np.stack([image[:side, :side] for image in images]).astype(np.float32),
        np.stack([mask[:side, :side] for mask in masks]).astype(np.float32),
    )


def tell(
    folder: Path,
    scores: dict[str, dict[str, list[float]]],
    threshold: dict[str, list[float]],
) -> None:
    """Print and keep the table: Dice, mean of the seeds with 95 % interval, and differences."""
    rows: dict[str, dict[str, Any]] = {
        NAMES[way]: {test: interval(values) for test, values in found.items()}
        for way, found in scores.items()
    }
    rows["nothing: a local threshold"] = {
        test: interval(threshold[test]) if test in threshold else "itself"
        for test in next(iter(scores.values()))
    }
    print("\nDice; mean over seeds [95 % interval], of the threshold over images\n")
    print(table("trained on", rows), "\n")
    verdicts = [
        f"{test}: " + verdict(difference(scores, "cell", other, test), NAMES["cell"], NAMES[other])
        for test in next(iter(scores.values()))
        for other in ("one-shape", "straight")
    ]
    print("\n".join(verdicts))
    keep(folder, {"dice": rows, "by_seed": scores, "verdicts": verdicts})


def difference(
    scores: dict[str, dict[str, list[float]]], first: str, second: str, test: str
) -> Any:
    """Interval of the difference of two ways, seed by seed."""
    return interval(np.subtract(scores[first][test], scores[second][test]).tolist())


if __name__ == "__main__":
    main()
