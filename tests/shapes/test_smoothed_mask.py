"""The smoothed mask against SciPy and scikit-image, whose results it gives in less time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import marching_cubes
from solids import draw_ball, draw_torus, draw_tube

from napari_3dmsl.shapes.morphology import components, count_components
from napari_3dmsl.shapes.smoothed_mask import level_triangles, smooth_mask

BOX = (70, 60, 50)
MASKS = {
    "oblique tube": draw_tube(BOX, (10, 10, 10), (58, 49, 40), 7),
    "torus": draw_torus(BOX, (35, 30, 25), 15, 7),
    "two balls far apart": draw_ball(BOX, (9, 9, 9), 8) | draw_ball(BOX, (59, 50, 40), 8),
    "all of its box": np.ones((30, 18, 14), dtype=bool),
    "a plate": np.ones((6, 30, 35), dtype=bool),  # shorter than the Gaussian is wide
}


@pytest.mark.parametrize("voxel_nm", [(24, 24, 24), (60, 20, 20), (20, 20, 45)])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_what_is_empty_is_left_out_of_the_gaussian_without_a_trace(mask, voxel_nm):
    field = smooth_mask(mask, voxel_nm)
    sigma = 1.5 * np.prod(voxel_nm) ** (1 / 3) / voxel_nm
    wide = np.pad(mask, 15).astype(float)
    expected = ndimage.gaussian_filter(wide, sigma, radius=(3 * sigma + 0.5 + 1e-9).astype(int))
    first = np.rint(np.divide(field.origin_um, field.voxel_um)).astype(int) + 15
    part = tuple(slice(a, a + n) for a, n in zip(first, field.values.shape, strict=True))
    np.testing.assert_allclose(field.values, expected[part], atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_triangles_are_those_of_all_cubes_in_the_same_order(seed):
    values = np.random.default_rng(seed).normal(size=(14, 15, 16)).astype(np.float32)
    values = ndimage.gaussian_filter(values, seed)
    for level in (float(values.mean()), float(values[7, 7, 7]), float(np.sort(values.ravel())[-2])):
        vertices, faces = level_triangles(values, level)
        expected = marching_cubes(values, level, gradient_direction="ascent")
        np.testing.assert_array_equal(vertices, expected[0])
        np.testing.assert_array_equal(faces, expected[1])


@pytest.mark.parametrize("connectivity", [6, 26])
def test_components_are_counted_as_they_are_labelled(connectivity):
    for share in (0.0, 0.05, 0.3, 0.9):
        mask = np.random.default_rng(0).random((20, 21, 22)) < share
        assert count_components(mask, connectivity) == components(mask, connectivity).max()
