"""What one microscope shows and another does not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.line_profile import values_at
from napari_3dmsl.figures.picture import Box, Picture

Shown = tuple[Picture, NDArray[Any], Contrast]
"""A picture, the plane of it that is looked at, and its display range."""


def difference(first: Shown, second: Shown, key: str, title: str) -> Picture:
    """Return the first less the second, each counted from its black, 0, to its full colour, 1.

    Counts of two cameras cannot be compared otherwise. On the finer pixels of both, where both
    have an image.

    Parameters
    ----------
    first, second
        Of the same object, see `Shown`.
    key, title
        Of the result.
    """
    pixel_um = min(first[0].pixel_um, second[0].pixel_um)
    extents = np.array([first[0].extent_um, second[0].extent_um])
    half_x = float(np.abs(extents[:, :2]).min())
    half_y = float(np.abs(extents[:, 2:]).min())
    x, y = (_middles(half, pixel_um) for half in (half_x, half_y))
    columns, rows = np.meshgrid(x, y)
    one, other = (_scaled(shown, columns, rows) for shown in (first, second))
    return Picture(
        key=key,
        title=title,
        values=(one - other).astype(np.float32),
        pixel_um=pixel_um,
        emission_nm=first[0].emission_nm,
        unit="of full",
        crop=_box(first[0], (len(y), len(x)), pixel_um),
        signed=True,
    )


def _middles(half_um: float, pixel_um: float) -> FloatArray:
    count = int(2 * half_um / pixel_um + 1e-6)
    middles: FloatArray = pixel_um * (np.arange(count) - 0.5 * (count - 1))
    return middles


def _scaled(shown: Shown, x_um: FloatArray, y_um: FloatArray) -> FloatArray:
    picture, values, contrast = shown
    found = values_at(picture, values, x_um, y_um)
    return (found - contrast.low) / (contrast.high - contrast.low)


def _box(picture: Picture, shape: tuple[int, int], pixel_um: float) -> Box:
    left, right, top, bottom = picture.object_um
    rows, columns = shape
    first_row, first_column = (
        max(round(low / pixel_um + 0.5 * count), 0) for low, count in ((top, rows), (left, columns))
    )
    last_row, last_column = (
        min(round(high / pixel_um + 0.5 * count), count)
        for high, count in ((bottom, rows), (right, columns))
    )
    return first_row, last_row, first_column, last_column
