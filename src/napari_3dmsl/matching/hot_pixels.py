"""Pixels that are always bright: found by a residual that no light explains, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from napari_3dmsl.matching.noise_residual import BORDER, NoiseResidual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.matching.variance_line import VarianceLine

_HOT = 49.0  # squared residual, in variances of a pixel as bright
_MOST = 0.01  # share of the pixels above which they are something else
_AROUND = 2  # pixels around a mended one that tell nothing


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
    repaired = np.array(image, dtype=np.float64)
    middle = np.nanmedian(np.vstack([*around, np.full(len(y), np.median(image))]), axis=0)
    repaired[hot] = middle
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
