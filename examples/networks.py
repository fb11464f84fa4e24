"""A small U-Net in two or three dimensions, and its training: the same for all examples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float32]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Size:
    """How much is made and learned.

    Attributes
    ----------
    images, tests : int
        To learn from, for each seed; to score.
    pixels : int
        Rows and columns of an image.
    steps, width : int
        Of the training; channels of the network's first block.
    seeds : int
        Repetitions, each with images and first weights of its own.
    """

    images: int
    tests: int
    pixels: int
    steps: int
    width: int
    seeds: int


def device() -> torch.device:
    """The GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _block(dimensions: int, channels: int, out: int) -> nn.Sequential:
    """Two convolutions, each with normalisation and ReLU."""
    convolution = nn.Conv3d if dimensions == 3 else nn.Conv2d
    layers: list[nn.Module] = []
    for count in (channels, out):
        layers += [convolution(count, out, 3, padding=1), nn.GroupNorm(4, out), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al., MICCAI 2015, with two halvings of the grid and group normalisation.

    Parameters
    ----------
    dimensions
        2 or 3; the sides of the images are multiples of 4.
    width
        Channels of the first block; each halving doubles them.
    """

    def __init__(self, dimensions: int, width: int = 16) -> None:
        super().__init__()
        convolution = nn.Conv3d if dimensions == 3 else nn.Conv2d
        pool = nn.MaxPool3d if dimensions == 3 else nn.MaxPool2d
        self.first = _block(dimensions, 1, width)
        self.second = _block(dimensions, width, 2 * width)
        self.deepest = _block(dimensions, 2 * width, 4 * width)
        self.back = _block(dimensions, 6 * width, 2 * width)
        self.last = _block(dimensions, 3 * width, width)
        self.out = convolution(width, 1, 1)
        self.down = pool(2)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, image: Tensor) -> Tensor:
        """Return one value a pixel, of no certain range.

        Parameters
        ----------
        image
            (batch, 1, …).
        """
        fine = self.first(image)
        coarse = self.second(self.down(fine))
        deepest = self.deepest(self.down(coarse))
        coarse = self.back(torch.cat([self.up(deepest), coarse], 1))
        return self.out(self.last(torch.cat([self.up(coarse), fine], 1)))


def expect_share(network: UNet, wanted: Array) -> None:
    """Let an untrained network find as much as there is to find, instead of half of everything.

    Else a short training is over before it has learned that most of an image is empty (Lin et al.,
    ICCV 2017).

    Parameters
    ----------
    network
        Untrained; its last bias is set.
    wanted
        Masks to learn from, 0 or 1.
    """
    share = float(np.clip(wanted.mean(), 1e-4, 0.5))
    nn.init.constant_(network.out.bias, np.log(share / (1 - share)))


def dice_and_cross_entropy(found: Tensor, wanted: Tensor) -> Tensor:
    """The usual loss of binary segmentation (Isensee et al., Nature Methods 2021).

    Parameters
    ----------
    found, wanted
        Logits, and 0 or 1; (batch, 1, …).
    """
    share = torch.sigmoid(found)
    overlap = 2 * (share * wanted).sum() + 1
    dice = 1 - overlap / (share.sum() + wanted.sum() + 1)
    return dice + nn.functional.binary_cross_entropy_with_logits(found, wanted)


def train(
    network: nn.Module, images: Array, wanted: Array, loss: Loss, steps: int, seed: int, batch: int
) -> None:
    """Train on random batches, turned and mirrored in the plane, with Adam and a falling rate.

    Parameters
    ----------
    network
        Which is changed.
    images, wanted
        (image, …, y, x), with y and x of one length.
    loss
        Of (found, wanted).
    steps, batch
        Batches, and images in each.
    seed
        Of the batches; the network's first weights are the caller's.
    """
    rng = np.random.default_rng(seed)
    network.to(device()).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    began = time.perf_counter()
    for step in range(steps):
        chosen = rng.integers(0, len(images), batch)
        inputs, targets = _turned(images[chosen], wanted[chosen], rng)
        value = loss(network(inputs), targets)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        rate.step()
        if step % 20 == 0 or step == steps - 1:
            told = f"step {step + 1} of {steps}, loss {value.item():.3f}"
            print(f"\r  {told}, {time.perf_counter() - began:.0f} s  ", end="", flush=True)
    print()


def _turned(images: Array, wanted: Array, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Both as tensors with a channel, turned and mirrored alike."""
    quarters, mirrored = rng.integers(4), rng.integers(2)
    both = []
    for array in (images, wanted):
        turned = np.rot90(array, quarters, axes=(-2, -1))
        turned = turned[..., ::-1] if mirrored else turned
        both.append(torch.from_numpy(turned[:, None].copy()).to(device()))
    return both[0], both[1]


def predict(network: nn.Module, images: Array, batch: int = 8) -> Array:
    """Return what the network gives for each image.

    Parameters
    ----------
    network
        Trained.
    images
        (image, …).
    batch
        Images at a time.
    """
    network.to(device()).eval()
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(images[first : first + batch, None]).to(device()))[:, 0].cpu()
            for first in range(0, len(images), batch)
        ]
    return torch.cat(parts).numpy()
