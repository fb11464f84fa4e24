"""Pixels that are always bright, or once: found as no light explains them, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation, maximum_filter, median_filter

from napari_3dmsl.matching.noise_residual import BORDER, NoiseResidual, noise_residual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.matching.variance_line import VarianceLine

MOST_GLARING = 0.03
"""Share of the pixels that may stand out, above which they are no hot pixels."""

_HOT = 49.0  # squared residual, in variances of a pixel as bright
_GLARING = 100.0  # the same before a line is known, when the variance is that of a middling pixel
_MOST = 0.01  # share of the pixels above which they are something else
_AROUND = 2  # pixels around a mended one that tell nothing
_BESIDE = 5  # pixels a side, of which one is the highest
_LONELY = 0.5  # of what a residual says of a pixel, by which it must differ from its neighbours
_ROUNDS = 12  # of finding the highest and looking again beside it
_GROUPS = 20  # of pixels, dark to bright
_MIDDLE_SQUARE = 0.4549  # median of a squared standard normal number
OFF = 6.0
"""Robust standard deviations beyond which a pixel of dark frames is hot."""

_NORMAL = 1.4826  # standard deviations of a normal law for a median absolute deviation
_TENTH, _TWENTIETH = 1.2816, 1.6449  # deviations that a normal number exceeds so often
_LEAST_STEP = 0.5  # counts, deviation below which rounding decides


def hot_in_dark(frames: Sequence[FloatArray]) -> NDArray[np.bool_]:
    """Tell which pixels are hot without light: always off, or far noisier than others.

    Their mean over the frames is compared with their neighbours', as a chip that glows is bright in
    a corner; their deviation from frame to frame with that of all pixels. How far both spread is
    read from the middle of the pixels, so that the hot ones do not count (EMVA 1288 release 4.0
    describes them by the same two maps, of DSNU and of temporal noise).

    Parameters
    ----------
    frames : list of (R, C) arrays
        Counts without light, of one size.
    """
    least = _LEAST_STEP if all(np.array_equal(each, np.rint(each)) for each in frames) else 0.0
    mean = sum(frames) / len(frames)
    off = np.abs(mean - median_filter(mean, _BESIDE, mode="reflect"))
    hot: NDArray[np.bool_] = off > OFF * max(robust_deviation(off), least)
    if len(frames) > 1:
        square = sum((each - mean) ** 2 for each in frames) / (len(frames) - 1)
        noise = np.sqrt(square)
        middle, high = np.percentile(noise, (50, 90))
        hot |= noise - middle > OFF * max((high - middle) / _TENTH, least)
    return hot


def robust_deviation(off: FloatArray) -> float:
    """Return the standard deviation of a normal law that has such distances from its middle.

    By their median, and by what a tenth of them exceeds where most are rounded to one count; the
    few of hot pixels do not move either.

    Parameters
    ----------
    off : array
        Absolute distances from the middle.
    """
    return max(_NORMAL * float(np.median(off)), float(np.percentile(off, 90)) / _TWENTIETH)


def hot_in_image(image: FloatArray, cutoff: float) -> NDArray[np.bool_]:
    """Tell which single pixels stand out so far that no noise explains them.

    The highest are found, mended, and their surroundings looked at again: what one of them does to
    the residual reaches far, and would hide others or be taken for some.

    Parameters
    ----------
    image : (R, C) array
        Counts; the mean of several images shows fainter pixels that are hot in all of them.
    cutoff
        Highest frequency that the optics pass, cycles/pixel.

    Returns
    -------
    (R, C) bool
        More than `MOST_GLARING` of them are no hot pixels.
    """
    hot = np.zeros(image.shape, dtype=bool)
    for _ in range(_ROUNDS):
        found = _highest(mended(image, hot), cutoff) & ~hot
        hot |= found
        if not found.any() or hot.mean() > MOST_GLARING:
            break
    return hot


def glares(residual: NoiseResidual) -> bool:
    """Tell whether any pixel stands out so far that it is worth to look for hot ones.

    Parameters
    ----------
    residual
        Of an image.
    """
    return bool(np.any(residual.square > _GLARING * _middling_variance(residual)))


def _highest(image: FloatArray, cutoff: float) -> NDArray[np.bool_]:
    # Mirrored, so that the residual is known up to the sides.
    residual = noise_residual(np.pad(image, BORDER, mode="symmetric"), cutoff)
    square = residual.square
    found: NDArray[np.bool_] = square > _GLARING * _middling_variance(residual)
    found &= square == maximum_filter(square, _BESIDE, mode="reflect")
    if found.any():
        # The residual of one pixel that is off by 1 is the share of the noise that is outside;
        # structure at the sides, which mirrors break, is no such single pixel.
        alone = np.abs(image - median_filter(image, 3, mode="reflect"))
        found &= alone > _LONELY * np.sqrt(square / residual.share)
    return found


def _middling_variance(residual: NoiseResidual) -> FloatArray:
    """Return the variance of each pixel by the medians of groups as bright, which few do not move.

    It follows a line that does not fall, and is nowhere below the least group's.
    """
    groups = np.array_split(np.argsort(residual.smooth, axis=None), _GROUPS)
    bright = np.array([np.median(residual.mean.flat[group]) for group in groups])
    square = np.array([np.median(residual.square.flat[group]) for group in groups])
    variance = np.maximum(square / _MIDDLE_SQUARE, 1e-12)
    origin = float(bright.mean())
    slope, there = np.polyfit(bright - origin, variance, 1, w=1.0 / variance)
    line = max(float(slope), 0.0) * (residual.mean - origin) + float(there)
    found: FloatArray = np.maximum(line, variance.min())
    return found


def hot_pixels(residual: NoiseResidual, line: VarianceLine) -> NDArray[np.bool_]:
    """Tell which pixels have a residual that noise of their own brightness hardly ever has.

    Parameters
    ----------
    residual
        Of an image.
    line
        How noisy its pixels are.

    Returns
    -------
    (R, C) bool
        Of the whole image; none where too many would be.
    """
    lowest = 0.2 * float(np.median(residual.square))
    variance = np.maximum(line.slope * residual.mean + line.intercept, lowest)
    off = residual.square > _HOT * variance
    hot: NDArray[np.bool_] = np.pad(off, BORDER)
    return hot if hot.mean() < _MOST else np.zeros_like(hot)


def mended(image: FloatArray, hot: NDArray[np.bool_]) -> FloatArray:
    """Return an image with the median of their neighbours in the place of hot pixels.

    It is a count that a neighbour has, so that whole counts stay whole.

    Parameters
    ----------
    image : (R, C) array
        Counts.
    hot : (R, C) bool
        Which pixels are hot.
    """
    if not hot.any():
        return image
    known = np.pad(np.where(hot, np.nan, image), 1, mode="reflect")
    y, x = np.nonzero(hot)
    around = [known[y + dy, x + dx] for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    usual = np.percentile(image, 50, method="nearest")
    repaired = np.array(image, dtype=np.float64)
    beside = np.vstack([*around, np.full(len(y), usual)])
    repaired[hot] = np.nanpercentile(beside, 50, axis=0, method="nearest")
    return repaired


def away_from(hot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which pixels lie away from hot ones.

    Parameters
    ----------
    hot : (R, C) bool
        Which pixels are hot.
    """
    found: NDArray[np.bool_] = ~binary_dilation(hot, iterations=_AROUND) if hot.any() else ~hot
    return found
