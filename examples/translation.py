"""From one microscope to another: widefield with large pixels to confocal with small ones.

Both microscopes see the same fluorophores of the same cells. A U-Net learns the confocal image from
the bicubic enlargement of the widefield one; it is scored on other cells beside that enlargement
itself and its Richardson-Lucy deconvolution. The truth is the confocal image without noise, which
no real pair of images has. As in Weigert et al. (Nature Methods 2018) a gain and an offset are
fitted for each image before it is compared, since no method can know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import richardson_lucy
from skimage.transform import resize
from torch import nn

import napari_3dmsl as msl
from image_sets import Array, make_set, normalised
from networks import Size, UNet, predict, train
from pictures import grid
from results import arguments_of_learning, tell_learned

SIZES = {
    "smoke": Size(images=4, tests=2, pixels=64, steps=3, width=4, seeds=2),
    "small": Size(images=120, tests=40, pixels=128, steps=300, width=12, seeds=5),
    "full": Size(images=2000, tests=200, pixels=256, steps=10_000, width=32, seeds=5),
}
ITERATIONS = (5, 10, 20, 40, 80)  # of Richardson-Lucy; the best is chosen on the training images


def recipe(size: Size, count: int, seed: int) -> dict[str, Any]:
    """Cells through both microscopes: equal fields, pixels of 96 and of 48 nm."""
    half = size.pixels // 2
    return {
        "microscopes": [
            {"preset": "epi1", "name": "epi1", "pixel_nm": 96, "image_size": [half, half]},
            {
                "preset": "con1",
                "name": "con1",
                "pixel_nm": 48,
                "image_size": [size.pixels, size.pixels],
            },
        ],
        "labelling": {"density_per_um2": 300},
        "repeats": count,
        "seed": seed,
        "scene": {"kind": "cell", "cell": {"glow_photons": 0}},
        "ground_truth": ["photons"],
        "split": {"train": 1, "val": 0, "test": 0},
    }


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images of the same cells, (image, y, x) on the fine grid.

    Attributes
    ----------
    enlarged : array
        Widefield, bicubic.
    recorded : array
        Confocal, as recorded.
    truth : array
        Confocal, the expected photons.
    """

    enlarged: Array
    recorded: Array
    truth: Array


def read_pairs(samples: msl.ImageSet) -> Pairs:
    """Read a set of both microscopes."""
    both = list(samples.pairs("epi1", "con1"))
    shape = both[0][1].image.shape
    return Pairs(
        np.stack([normalised(resize(_grey(a.image), shape, order=3)) for a, _ in both]),
        np.stack([normalised(b.image) for _, b in both]),
        np.stack([normalised(b.truths["photons"]) for _, b in both]),
    )


def _grey(image: Any) -> Array:
    return np.asarray(image, np.float32)


def main() -> None:
    """Make pairs, deconvolve, train, score, print."""
    told = arguments_of_learning(__doc__, "translation").parse_args()
    size = SIZES[told.size]
    unseen = read_pairs(make_set(told.out / "test", recipe(size, size.tests, 1_000)))
    blur = point_spread_function()
    known: dict[str, dict[str, Any]] = {
        "bicubic": scores(unseen.enlarged, unseen.truth),
        "confocal itself, as recorded": scores(unseen.recorded, unseen.truth),
    }
    learned: list[dict[str, Any]] = []
    for seed in range(told.seeds or size.seeds):
        print(f"seed {seed}")
        pairs = read_pairs(make_set(told.out / f"train_{seed}", recipe(size, size.images, seed)))
        if "Richardson-Lucy" not in known:
            rounds = best_iterations(pairs, blur)
            print(f"  Richardson-Lucy: {rounds} iterations are best on the training images")
            sharper = deconvolved(unseen.enlarged, blur, rounds)
            known["Richardson-Lucy"] = scores(sharper, unseen.truth)
        found = enhanced(trained(pairs, size, seed), unseen.enlarged)
        learned.append(scores(found, unseen.truth))
        if seed == 0:
            show(told.out / "translation.png", unseen, sharper, found)
    print("\nPSNR (dB) and SSIM against the confocal image without noise; mean [95 % interval],")
    print("over images, for the U-Net over seeds\n")
    tell_learned(told.out, "widefield image", known, learned, judged=("psnr", "ssim"))


def show(path: Path, unseen: Pairs, sharper: Array, found: Array) -> None:
    """Write a picture of two cells: what is given, what is made of it, what is wanted."""
    titles = [
        "widefield, bicubic",
        "Richardson-Lucy",
        "U-Net",
        "confocal, recorded",
        "confocal, truth",
    ]
    columns = (unseen.enlarged, sharper, found, unseen.recorded, unseen.truth)
    grid(path, titles, [[np.clip(images[i], 0, 1) for images in columns] for i in range(2)])


def trained(pairs: Pairs, size: Size, seed: int) -> nn.Module:
    """Return a network that adds what the enlarged image lacks; the mean square keeps the mean."""
    torch.manual_seed(seed)
    network = UNet(2, size.width)
    loss = nn.functional.mse_loss
    missing = pairs.recorded - pairs.enlarged
    train(network, pairs.enlarged, missing, loss, size.steps, seed, batch=8)
    return network


def enhanced(network: nn.Module, enlarged: Array) -> Array:
    """Return the enlarged images with what the network adds."""
    return enlarged + predict(network, enlarged)


def point_spread_function() -> Array:
    """What the widefield microscope makes of a point in focus, on the fine grid, of sum 1."""
    microscope = msl.load_microscope("epi1").replace(pixel_nm=48, image_size=(31, 31))
    simulation = msl.Simulation(microscope=microscope, noise="none")
    point = msl.scene_from_points(np.zeros((1, 3)), np.ones(1))
    photons = msl.image_scene(point, simulation).photons.photons
    blur = np.asarray(photons, np.float32).reshape(31, 31)
    return blur / blur.sum()


def deconvolved(images: Array, blur: Array, rounds: int) -> Array:
    """Return the images after so many rounds of Richardson-Lucy, their sides mirrored."""
    margin = blur.shape[0] // 2
    wide = [np.pad(np.clip(image, 1e-3, None), margin, mode="reflect") for image in images]
    sharp = [richardson_lucy(image, blur, rounds, clip=False) for image in wide]
    return np.stack(sharp).astype(np.float32)[:, margin:-margin, margin:-margin]


def best_iterations(pairs: Pairs, blur: Array) -> int:
    """Return the rounds with the highest PSNR on up to 20 training images."""
    some = slice(0, 20)
    found = {
        rounds: np.mean(
            scores(deconvolved(pairs.enlarged[some], blur, rounds), pairs.truth[some])["psnr"]
        )
        for rounds in ITERATIONS
    }
    return max(found, key=lambda rounds: found[rounds])


def scores(found: Array, wanted: Array) -> dict[str, list[float]]:
    """PSNR in dB and SSIM of each image after the best gain and offset, in the truth's range."""
    told: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for image, truth in zip(found, wanted, strict=True):
        columns = np.stack([image.ravel(), np.ones(image.size)], axis=1)
        gain, offset = np.linalg.lstsq(columns, truth.ravel(), rcond=None)[0]
        fitted = (gain * image + offset).astype(np.float32)
        spread = float(np.ptp(truth)) or 1.0
        told["psnr"].append(float(peak_signal_noise_ratio(truth, fitted, data_range=spread)))
        told["ssim"].append(float(structural_similarity(truth, fitted, data_range=spread)))
    return told


if __name__ == "__main__":
    main()
