"""What every image of a camera has in common: gain and offset of each pixel, and the hot ones."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_3dmsl.microscope.camera import Camera

Map = NDArray[np.float32]

_GAIN, _OFFSET, _HOT, _COLUMN = range(4)
_MOST_KEPT = 1 << 22  # pixels: 16 MB a map


def gain_map(camera: Camera, shape: tuple[int, int]) -> Map:
    """Return how much more than the mean pixel each one answers, around 1 and never below 0.

    Its relative spread is the photo-response non-uniformity (PRNU) of EMVA 1288.

    Parameters
    ----------
    camera : Camera
        Its ``pattern_seed`` says which chip.
    shape : (R, C)
        Of the image.

    Returns
    -------
    (R, C) float32
    """
    normal = _drawn(camera.pattern_seed, _GAIN, shape)
    gain: Map = np.maximum(1.0 + np.float32(camera.gain_spread) * normal, 0.0)
    return gain


def offset_map_e(camera: Camera, shape: tuple[int, int]) -> Map:
    """Return the electrons that the offset of each pixel is off, around 0.

    Their spread is the dark-signal non-uniformity (DSNU) of EMVA 1288.

    Parameters
    ----------
    camera : Camera
        Its ``pattern_seed`` says which chip.
    shape : (R, C)
        Of the image.

    Returns
    -------
    (R, C) float32
    """
    offset: Map = np.float32(camera.offset_spread_e) * _drawn(camera.pattern_seed, _OFFSET, shape)
    return offset


def column_offsets_e(camera: Camera, columns: int) -> Map:
    """Return the electrons that the offset of each column is off, around 0.

    Parameters
    ----------
    camera : Camera
        Its ``pattern_seed`` says which chip.
    columns : int
        Of the image.

    Returns
    -------
    (C,) float32
    """
    (offsets,) = _drawn(camera.pattern_seed, _COLUMN, (1, columns))
    found: Map = np.float32(camera.column_spread_e) * offsets
    return found


def hot_pixels(camera: Camera, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels are hot.

    A larger share has the hot pixels of a smaller one among its own.

    Parameters
    ----------
    camera : Camera
        Its ``pattern_seed`` says which chip.
    shape : (R, C)
        Of the image.

    Returns
    -------
    (R, C) bool
    """
    return _drawn(camera.pattern_seed, _HOT, shape) < camera.hot_share


@lru_cache(maxsize=6)
def _kept(seed: int, which: int, shape: tuple[int, int]) -> Map:
    return _made(seed, which, shape)


def _drawn(seed: int, which: int, shape: tuple[int, int]) -> Map:
    """Return a map of the chip; those of common sizes are kept for the next image."""
    draw = _kept if shape[0] * shape[1] <= _MOST_KEPT else _made
    return draw(seed, which, shape)


def _made(seed: int, which: int, shape: tuple[int, int]) -> Map:
    """Draw a map: standard normal, or for hot pixels even from 0 to 1."""
    rng = np.random.default_rng([seed, which])
    even = which == _HOT
    drawn: Map = rng.random(shape, np.float32) if even else rng.standard_normal(shape, np.float32)
    drawn.flags.writeable = False
    return drawn
