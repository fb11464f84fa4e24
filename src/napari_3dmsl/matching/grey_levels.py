"""Grey values of images with any camera, gain and stretch on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOW, HIGH = 0.01, 0.999  # shares of the pixels of a set that lie below 0 and below 1
SMALLEST_TILE = 32


@dataclass(frozen=True)
class GreyLevels:
    """The grey values that count as 0 and as 1.

    Attributes
    ----------
    low, high
        In grey values of the image, ``high`` above ``low``.
    """

    low: float
    high: float

    def apply(self, tiles: NDArray[Any]) -> NDArray[np.float32]:
        """Return tiles on the scale where `low` is 0 and `high` is 1; nothing is cut off.

        Parameters
        ----------
        tiles : (N, R, C) array
            In grey values.
        """
        scaled: NDArray[np.float32] = tiles.astype(np.float32)
        scaled -= np.float32(self.low)
        scaled /= np.float32(self.high - self.low)
        return scaled


def grey_levels(tiles: ArrayLike, what: str = "tiles") -> GreyLevels:
    """Return the levels of a set of tiles: of all its pixels 1 % lie below 0 and 0.1 % above 1.

    A whole set has one pair, so that dim tiles stay dim beside bright ones. Gain, offset and
    stretch of the set cancel; noise counts by how large it is beside the signal.

    Parameters
    ----------
    tiles : (N, R, C) array
        Finite numbers.
    what
        What errors call them.

    Raises
    ------
    ValueError
        When the tiles are no such array, or all their pixels are alike.
    """
    values = check_tiles(tiles, what)
    low, high = (float(level) for level in np.quantile(values, (LOW, HIGH)))
    if not high > low:
        low, high = float(values.min()), float(values.max())
    if not high > low:
        raise ValueError(f"{what}: every pixel is {low:g}; compare images that show something")
    return GreyLevels(low, high)


def check_tiles(tiles: ArrayLike, what: str = "tiles") -> NDArray[Any]:
    """Return tiles as an array, or say in one line what is wrong with them.

    Parameters
    ----------
    tiles : (N, R, C) array
        At least one, each at least 32 × 32 pixels, of finite numbers.
    what
        What errors call them.

    Raises
    ------
    ValueError
        When they are not.
    """
    values = np.asarray(tiles)
    if values.ndim != 3 or values.dtype.kind not in "uif" or not len(values):
        raise ValueError(
            f"{what}: an array of {values.dtype} with shape {values.shape}; give numbers of shape "
            "(tiles, rows, columns), one tile or more"
        )
    if min(values.shape[1:]) < SMALLEST_TILE:
        raise ValueError(
            f"{what}: {values.shape[1]} × {values.shape[2]} pixels; give tiles of at least "
            f"{SMALLEST_TILE} × {SMALLEST_TILE}"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{what}: some pixel is NaN or infinite; leave such tiles out")
    return values
