"""Tell a grey image from labels by its voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLICES = 9  # planes that are looked at, across the whole volume
DIFFERENT = 0.25  # share of neighbours that differ from which on it is an image
VALUES = 16  # an image has at least so many


def is_grey_image(array: NDArray[Any]) -> bool:
    """Whether an array has the many values of an image rather than labels.

    Labels are constant inside of their objects, so that a voxel and its neighbour agree nearly
    always; the grey values of an image hardly ever do. Only a few planes are looked at.

    Parameters
    ----------
    array
        (z, y, x), with singleton axes at most besides.
    """
    volume = array.reshape(-1, *array.shape[-2:])
    if volume.dtype == bool:
        return False
    planes = volume[np.linspace(0, len(volume) - 1, min(SLICES, len(volume))).astype(int)]
    left, right = planes[:, :, :-1], planes[:, :, 1:]
    both = (left != 0) & (right != 0)
    pairs = int(np.count_nonzero(both))
    if pairs == 0:
        return False
    different = int(np.count_nonzero(both & (left != right)))
    return different > DIFFERENT * pairs and len(np.unique(planes)) >= VALUES
