"""Erosion on packed bits beside scipy's."""

import numpy as np
import pytest
from scipy import ndimage

from napari_3dmsl.shapes.morphology import ball
from napari_3dmsl.shapes.packed_erosion import erode_packed


@pytest.mark.parametrize(
    "shape", [(23, 34, 45), (5, 6, 7), (3, 40, 9), (1, 1, 64), (30, 2, 8), (11, 1, 1), (9, 7, 2)]
)
@pytest.mark.parametrize(
    ("voxel", "radius"),
    [
        ((24, 24, 24), 84),
        ((24, 24, 24), 24),
        ((40, 4, 4), 30),
        ((30, 8, 8), 84),
        ((10, 24, 48), 84),
        ((24, 24, 100), 84),
    ],
)
def test_it_is_what_scipy_says(shape, voxel, radius):
    rng = np.random.default_rng(0)
    structure = ball(radius, voxel)
    for share in (0.5, 0.97, 0.999, 1.0):
        mask = rng.random(shape) < share
        expected = ndimage.binary_erosion(mask, structure, border_value=1)
        np.testing.assert_array_equal(erode_packed(mask, structure), expected)
