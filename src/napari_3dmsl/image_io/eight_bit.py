"""Images as people save them for others to look at: stretched to 8 bits, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray

WHITE = 255


def stretch_levels(image: NDArray[Any], percentiles: tuple[float, float]) -> tuple[float, float]:
    """Return the values of an image that become black and white.

    Parameters
    ----------
    image : array
        All planes and frames, which share the levels.
    percentiles : (float, float)
        0 to 100; (0, 100) are its lowest and its highest value.

    Returns
    -------
    low, high : float
        In the image's unit.
    """
    low, high = np.percentile(image, percentiles)
    return float(low), float(high)


def levels_for(levels: tuple[float, float], black: float, white: float) -> tuple[float, float]:
    """Return the levels at which two values of an image become other greys than 0 and 255.

    Parameters
    ----------
    levels : (float, float)
        The two values, in the image's unit.
    black, white : float
        Their greys, 0 to 255, the first below the second.

    Returns
    -------
    low, high : float
        For `stretched`.
    """
    if (black, white) == (0.0, WHITE):
        return levels
    step = (levels[1] - levels[0]) / (white - black)  # of one grey
    low = levels[0] - black * step
    return low, low + WHITE * step


def stretched(image: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Return an image in 8 bits: ``low`` becomes 0 and ``high`` 255, linearly, and rounded.

    Parameters
    ----------
    image : array
        Of any unit.
    low, high : float
        See `stretch_levels`; values beyond are clipped. When they are equal, all becomes 0.
    """
    if high <= low:
        return np.zeros(image.shape, np.uint8)
    share = (image - np.float64(low)) / (high - low)
    grey: NDArray[np.uint8] = np.rint(WHITE * share.clip(0.0, 1.0)).astype(np.uint8)
    return grey


def unstretched(grey: NDArray[Any], low: float, high: float) -> FloatArray:
    """Return the values of a stretched image in their unit, as exactly as 8 bits hold them.

    Parameters
    ----------
    grey : array
        As from `stretched`.
    low, high : float
        The levels that it was stretched with: ``stretch`` in its metadata, ``stretch_low`` and
        ``stretch_high`` in the table of its set.
    """
    values: FloatArray = low + np.asarray(grey, np.float64) * ((high - low) / WHITE)
    return values
