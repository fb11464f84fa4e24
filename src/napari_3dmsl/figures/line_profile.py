"""Values of an image along a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.figures.picture import Picture


@dataclass(frozen=True)
class Line:
    """From one place to another, µm from the middle of the image; y goes down."""

    x0_um: float
    y0_um: float
    x1_um: float
    y1_um: float

    @property
    def length_um(self) -> float:
        """From end to end."""
        return float(np.hypot(self.x1_um - self.x0_um, self.y1_um - self.y0_um))


@dataclass(frozen=True, eq=False)
class Profile:
    """Values along a line.

    Attributes
    ----------
    distance_um, values : (N,) float64
        From the line's first end on; values are NaN outside the image.
    """

    distance_um: FloatArray
    values: FloatArray


def line_profile(picture: Picture, values: NDArray[Any], line: Line) -> Profile:
    """Return the values along a line, one a pixel's length, from the four pixels around each.

    Parameters
    ----------
    picture
        Tells where the pixels are.
    values : (R, C) array
        The plane of it that is looked at.
    line
        Where.
    """
    count = int(line.length_um / picture.pixel_um + 1e-9) + 1
    distance = picture.pixel_um * np.arange(count)
    part = distance / max(line.length_um, 1e-12)
    x = line.x0_um + part * (line.x1_um - line.x0_um)
    y = line.y0_um + part * (line.y1_um - line.y0_um)
    return Profile(distance, values_at(picture, values, x, y))


def values_at(
    picture: Picture, values: NDArray[Any], x_um: FloatArray, y_um: FloatArray
) -> FloatArray:
    """Return an image's values at places, from the four pixels around each; NaN outside.

    Parameters
    ----------
    picture
        Tells where the pixels are.
    values : (R, C) array
        The plane of it that is looked at.
    x_um, y_um : arrays of one shape
        Places, from the middle of the image.
    """
    from scipy.ndimage import map_coordinates

    rows, columns = picture.shape
    at = np.array(
        [
            y_um / picture.pixel_um + 0.5 * (rows - 1),
            x_um / picture.pixel_um + 0.5 * (columns - 1),
        ]
    )
    edge = np.array([rows, columns]).reshape(2, *[1] * (at.ndim - 1)) - 0.5
    outside = ((at < -0.5 - 1e-9) | (at > edge + 1e-9)).any(axis=0)
    found: FloatArray = map_coordinates(values.astype(np.float64), at, order=1, mode="nearest")
    found[outside] = np.nan
    return found
