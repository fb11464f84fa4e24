"""Why an image cannot be calibrated: saturated, compressed, filtered, or undersampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from napari_3dmsl.matching.noise_residual import frequencies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.matching.noise_residual import NoiseResidual

SMALLEST = 48
"""Rows or columns of which an image must have at least so many."""

LEAST_OUTSIDE = 0.03
"""Share of the frequencies that must lie beyond the cut-off."""

MOST_CLIPPED = 0.01
"""Share of the pixels that may be saturated."""

_FULL = {2.0**bits - 1.0 for bits in (8, 10, 11, 12, 13, 14, 15, 16)}  # counts of cameras
_FEW = 10  # pixels of the highest count that any image may have
_AROUND = 4  # pixels around a clipped one whose residual it spoils
_EDGE_RISE, _EDGE_SURE = 1.04, 6.0  # steps between 8 × 8 blocks: how much higher, how certain
_RINGS = 4  # of frequencies, beyond the cut-off
_WHITE_WITHIN, _WHITE_SURE = 0.15, 5.0  # the same of the noise at any frequency


def clipped(image: FloatArray) -> NDArray[np.bool_]:
    """Tell which pixels are at the highest count, as far as that is a limit, or at 0.

    Parameters
    ----------
    image : (R, C) array
        Counts.
    """
    high = image >= image.max()
    if np.count_nonzero(high) < _FEW or not _piles_up(image):
        high = np.zeros_like(high)
    # With counts below 0, from which something was subtracted, 0 is no limit.
    found: NDArray[np.bool_] = high | ((image == 0.0) & (image.min() >= 0.0))
    return found


def _piles_up(image: FloatArray) -> bool:
    """Whether more pixels have the highest count than in as wide a range just below it."""
    top = float(image.max())
    levels = np.unique(image[image > top - 0.2 * np.ptp(image)])
    if len(levels) < 2:
        return True
    step = float(np.min(np.diff(levels)))
    below = (image < top) & (image >= top - 4 * step)
    return bool(np.count_nonzero(image == top) > np.count_nonzero(below))


def unspoilt(hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which pixels lie away from clipped ones.

    Parameters
    ----------
    hidden : (R, C) bool
        Clipped pixels.
    """
    if not hidden.any():
        return ~hidden
    around: NDArray[np.bool_] = ~binary_dilation(hidden, iterations=_AROUND)
    return around


def why_not(image: FloatArray) -> str | None:
    """Say why the counts of an image do not tell of its camera, or None.

    Parameters
    ----------
    image : (R, C) array
        Counts.
    """
    if min(image.shape) < SMALLEST:
        size = " × ".join(map(str, image.shape))
        return f"too small: {size} pixels, at least {SMALLEST} × {SMALLEST} are needed"
    if not np.isfinite(image).all():
        return "it holds values that are no finite numbers"
    if np.ptp(image) == 0.0:
        return _why_even(float(image.flat[0]))
    share = float(np.mean((image >= image.max()) & clipped(image)))
    if share > MOST_CLIPPED:
        return (
            f"saturated: {share:.1%} of its pixels have the highest count ({image.max():g}), at "
            f"most {MOST_CLIPPED:.0%} may; expose less"
        )
    if _has_jpeg_blocks(image):
        return "compressed as JPEG (steps between blocks of 8 × 8 pixels); use the original file"
    return None


def _why_even(count: float) -> str:
    if count in _FULL:
        return f"saturated: all its pixels have the highest count ({count:g}); expose less"
    return f"too little signal: all its pixels are equal ({count:g})"


def _has_jpeg_blocks(image: FloatArray) -> bool:
    """Whether steps are higher every 8 rows and every 8 columns, surely."""
    return all(_steps_every_eight(each) for each in (image, image.T))


def _steps_every_eight(image: FloatArray) -> bool:
    # Second differences across a step: structure, which is smooth, has hardly any.
    steps = np.abs(image[:, :-3] - 3.0 * image[:, 1:-2] + 3.0 * image[:, 2:-1] - image[:, 3:])
    across = steps.mean(axis=0)
    phase = np.arange(len(across)) % 8
    means = np.array([across[phase == p].mean() for p in range(8)])
    first = int(np.argmax(means))
    others = across[phase != first]
    error = float(others.std()) / np.sqrt(np.count_nonzero(phase == first))
    usual = float(others.mean())
    rise = float(means[first]) - usual
    return rise > (_EDGE_RISE - 1.0) * usual and rise > _EDGE_SURE * error


def why_not_white(residuals: Sequence[NoiseResidual]) -> str | None:
    """Say why what lies beyond the cut-off is not the noise of a camera, or None.

    Parameters
    ----------
    residuals
        Of images of one size.
    """
    outside = residuals[0].outside
    spectrum = np.mean([each.spectrum for each in residuals], axis=0)
    y, x = frequencies(spectrum.shape)
    radius = np.hypot(y, x)
    whole = float(spectrum[outside].mean())
    if whole <= 0.0:
        return "its noise is gone"
    edges = np.quantile(radius[outside], np.linspace(0.0, 1.0, _RINGS + 1)[1:-1])
    ring = np.searchsorted(edges, radius)
    parts = [outside & (ring == r) & way for r in range(_RINGS) for way in (y > x, y <= x)]
    levels = np.array([float(spectrum[part].mean()) / whole for part in parts if part.any()])
    counts = np.array([np.count_nonzero(part) for part in parts if part.any()])
    square = np.concatenate([each.square.ravel() for each in residuals])
    if float(np.mean(square)) ** 2 == 0.0:  # next to nothing, whose square is nothing
        return "its noise is gone"
    spread = float(np.mean(square**2)) / (3.0 * float(np.mean(square)) ** 2)  # 1 where all is alike
    counts *= len(residuals)
    allowed = np.maximum(_WHITE_WITHIN, _WHITE_SURE * np.sqrt(2.0 * max(spread, 1.0) / counts))
    if np.all(np.abs(levels - 1.0) <= allowed):
        return None
    falls = levels[0] > levels[-1]
    return (
        "filtered: beyond what the optics pass its noise is not white but "
        f"{'falls' if falls else 'rises or leans'} (levels {levels.min():.2f} to "
        f"{levels.max():.2f} of the mean); use the image as the camera gave it, not deconvolved, "
        "denoised, sharpened, scaled or turned"
    )
