"""The line on which the noise of a camera lies: variance against mean count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.matching.noise_residual import NoiseResidual

_ROUNDS = 30
_CLOSE = 1e-5
_FARTHEST = 36.0  # squared residual, in variances: a hot pixel, 1 in 5e8 of normal noise
_SMALLEST_BLOCK = 24  # pixels a side; wider than what makes neighbours alike
_MOST_BLOCKS = 8  # along each side of an image
_IMAGES_TELL = 5  # so many images show how far they differ
_LOWEST_SHARE = 0.2  # of the least variance seen, below which no line goes


@dataclass(frozen=True)
class DarkPoint:
    """Where the line begins: mean and variance without light, with their standard errors.

    Attributes
    ----------
    mean, variance : float
        ADU and ADU².
    mean_error, variance_error : float
    """

    mean: float
    variance: float
    mean_error: float
    variance_error: float


@dataclass(frozen=True)
class VarianceLine:
    """Variance of a pixel = ``slope`` · mean count + ``intercept``, ADU².

    Attributes
    ----------
    slope, intercept : float
    slope_error : float
        Standard error, by leaving out one block of the images after the other, or of several
        images one after the other, if that is larger.
    pixels : int
        That were looked at.
    """

    slope: float
    intercept: float
    slope_error: float
    pixels: int


def variance_curve(
    residuals: Sequence[NoiseResidual], kept: Sequence[NDArray[np.bool_]], bins: int = 24
) -> tuple[tuple[float, float], ...]:
    """Return mean count and variance of groups of pixels, dark to bright, to look at the fit.

    Parameters
    ----------
    residuals
        Of the images.
    kept : list of (R, C) bool
        Pixels that count, of each.
    bins
        Groups: the brightest are small, so that the upper end of the line is seen.
    """
    pixels = _together(residuals, kept)
    shares = 1.0 - np.geomspace(1.0, max(400.0 / len(pixels.smooth), 1e-4), bins)
    edges = np.quantile(pixels.smooth, shares[1:])
    group = np.searchsorted(edges, pixels.smooth)
    counts = np.maximum(np.bincount(group, minlength=bins), 1)
    bright = np.bincount(group, pixels.mean, bins) / counts
    square = np.bincount(group, pixels.square, bins) / counts
    return tuple((float(m), float(v)) for m, v in zip(bright, square, strict=True))


@dataclass(frozen=True, eq=False)
class _Pixels:
    """The pixels of all images one after the other."""

    square: FloatArray
    mean: FloatArray
    smooth: FloatArray
    block: NDArray[np.intp]
    blocks: int
    image_of_block: NDArray[np.intp]
    images: int
    mean_noise: float
    square_noise: float


def fit_line(
    residuals: Sequence[NoiseResidual],
    kept: Sequence[NDArray[np.bool_]],
    dark: DarkPoint | None = None,
) -> VarianceLine:
    """Fit the line by weighted moments, free of the bias that noise in the brightness brings.

    The weights come from the smoothed image; that its noise is also in the brightness, and that
    bright noise is skewed, is subtracted. Residuals too far off, such as hot pixels, are left out.

    Parameters
    ----------
    residuals
        Of the images.
    kept : list of (R, C) bool
        Pixels that count, of each.
    dark
        A point that the line goes through; None fits both numbers.

    Raises
    ------
    ValueError
        When no line goes through these images.
    """
    pixels = _together(residuals, kept)
    line = _first_line(pixels, dark)
    lowest = _LOWEST_SHARE * max(float(_binned(pixels)[1].min()), 1e-12)
    for _ in range(_ROUNDS):
        before, moments = line.slope, _moments(pixels, line, lowest, dark)
        line = line.solved(*(part.sum(axis=0) for part in moments))
        if abs(line.slope - before) <= _CLOSE * abs(line.slope):
            break
    error = _jackknife_error(line, *moments)
    if pixels.images >= _IMAGES_TELL:
        by_image = [_gathered(part, pixels.image_of_block) for part in moments]
        error = max(error, _jackknife_error(line, *by_image))
    if dark is not None:
        error = float(np.hypot(error, _error_of_dark(line.slope, dark, moments[0].sum(axis=0))))
    if not (np.isfinite(line.slope) and np.isfinite(error)):
        raise ValueError("no line of variance against brightness goes through these images")
    intercept = line.at_origin - line.slope * line.origin
    return VarianceLine(line.slope, intercept, error, len(pixels.square))


@dataclass(frozen=True)
class _Line:
    """A line through ``at_origin``, which is fixed when there is a dark frame."""

    slope: float
    at_origin: float
    origin: float
    fixed: bool

    def solved(self, left: FloatArray, right: FloatArray) -> _Line:
        """Return the line that solves ``left @ (slope, at_origin) = right``."""
        if self.fixed:
            slope = (right[0] - left[0, 1] * self.at_origin) / left[0, 0]
            return replace(self, slope=float(slope))
        slope, at_origin = np.linalg.solve(left, right)
        return replace(self, slope=float(slope), at_origin=float(at_origin))


def _jackknife_error(line: _Line, left: FloatArray, right: FloatArray) -> float:
    """Return the standard error of the slope, by leaving out one block after the other."""
    whole, its = left.sum(axis=0), right.sum(axis=0)
    slopes = np.array(
        [line.solved(whole - a, its - b).slope for a, b in zip(left, right, strict=True)]
    )
    count = len(slopes)
    return float(np.sqrt((count - 1) / count * np.sum((slopes - slopes.mean()) ** 2)))


def _gathered(moments: FloatArray, image_of_block: NDArray[np.intp]) -> FloatArray:
    """Return the sums over each image from those over each block."""
    sums = np.zeros((int(image_of_block.max()) + 1, *moments.shape[1:]))
    np.add.at(sums, image_of_block, moments)
    return sums


def _error_of_dark(slope: float, dark: DarkPoint, left: FloatArray) -> float:
    """Return what the errors of the dark point add to that of the slope."""
    lever = left[0, 1] / left[0, 0]
    return float(abs(lever) * np.hypot(dark.variance_error, slope * dark.mean_error))


def _together(residuals: Sequence[NoiseResidual], kept: Sequence[NDArray[np.bool_]]) -> _Pixels:
    blocks, owners, first = [], [], 0
    for number, (residual, which) in enumerate(zip(residuals, kept, strict=True)):
        numbers = first + _blocks(residual.square.shape)
        owners += [number] * (int(numbers.max()) + 1 - first)
        first = int(numbers.max()) + 1
        blocks.append(numbers[which])
    block = np.concatenate(blocks)
    used, block = np.unique(block, return_inverse=True)
    _, owner = np.unique(np.array(owners)[used], return_inverse=True)

    def joined(name: str) -> FloatArray:
        return np.concatenate(
            [getattr(each, name)[which] for each, which in zip(residuals, kept, strict=True)]
        )

    return _Pixels(
        joined("square"),
        joined("mean"),
        joined("smooth"),
        block,
        len(used),
        owner,
        int(owner.max()) + 1 if len(owner) else 0,
        float(np.mean([each.mean_noise for each in residuals])),
        float(np.mean([each.square_noise for each in residuals])),
    )


def _blocks(shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the numbers of the blocks of an image, each a few structures wide."""
    rows, columns = (
        np.arange(side) * max(min(side // _SMALLEST_BLOCK, _MOST_BLOCKS), 1) // side
        for side in shape
    )
    numbers: NDArray[np.intp] = rows[:, None] * (columns[-1] + 1) + columns[None]
    return numbers


def _binned(pixels: _Pixels, bins: int = 20) -> tuple[FloatArray, FloatArray]:
    """Mean brightness and mean squared residual of equally many pixels each."""
    groups = np.array_split(np.argsort(pixels.smooth), bins)
    bright = np.array([pixels.smooth[group].mean() for group in groups])
    return bright, np.array([pixels.square[group].mean() for group in groups])


def _first_line(pixels: _Pixels, dark: DarkPoint | None) -> _Line:
    """Draw a rough line, to begin with."""
    bright, square = _binned(pixels)
    if dark is not None:
        above = max(float(bright.mean()) - dark.mean, 1e-9)
        slope = max(float(square.mean()) - dark.variance, 1e-9) / above
        return _Line(slope, dark.variance, dark.mean, fixed=True)
    origin = float(bright.mean())
    weights = 1.0 / np.maximum(square, 1e-12)
    slope, at_origin = np.polyfit(bright - origin, square, 1, w=weights)
    return _Line(float(slope), float(at_origin), origin, fixed=False)


def _moments(
    pixels: _Pixels, line: _Line, lowest: float, dark: DarkPoint | None
) -> tuple[FloatArray, FloatArray]:
    """Return the sums over each block that `_Line.solved` takes: (blocks, n, 2) and (blocks, n)."""
    along = pixels.smooth - line.origin
    on_line = line.slope * along + line.at_origin
    variance = np.maximum(on_line, lowest)
    keep = pixels.square < _FARTHEST * variance
    rising = np.where(on_line > lowest, line.slope, 0.0)
    dimmest = float(variance.min()) if dark is None else dark.variance
    skewed = pixels.square_noise * line.slope * np.maximum(variance - dimmest, 0.0)
    # Two weights with their slopes along the smoothed brightness, in whose noise they follow.
    weights = (
        (along / variance**2, 1.0 / variance**2 - 2.0 * rising * along / variance**3),
        (1.0 / variance**2, -2.0 * rising / variance**3),
    )

    def summed(values: FloatArray) -> FloatArray:
        sums: FloatArray = np.bincount(pixels.block, values * keep, pixels.blocks).astype(float)
        return sums

    left, right = [], []
    for weight, its_slope in weights[: 1 if line.fixed else 2]:
        in_brightness = pixels.mean_noise * its_slope * variance
        first = summed(weight * (pixels.mean - line.origin) - in_brightness)
        left.append(np.stack([first, summed(weight)], axis=-1))
        right.append(summed(weight * pixels.square - its_slope * skewed))
    return np.stack(left, axis=1), np.stack(right, axis=-1)
