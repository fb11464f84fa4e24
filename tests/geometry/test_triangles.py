"""Normals and areas of triangles against NumPy's cross product."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.geometry.triangles import triangle_areas, triangle_normals


def test_normals_and_areas_are_those_of_the_cross_product():
    corners = np.random.default_rng(0).normal(size=(50, 3, 3))
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    np.testing.assert_allclose(triangle_normals(corners), crossed, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(triangle_areas(corners), np.linalg.norm(crossed, axis=1) / 2)


def test_a_triangle_counter_clockwise_from_above_looks_up():
    np.testing.assert_array_equal(
        triangle_normals(np.array([[[0.0, 0, 0], [2, 0, 0], [0, 3, 0]]])), [[0, 0, 6]]
    )


def test_no_triangles_have_no_normals():
    assert triangle_normals(np.zeros((0, 3, 3))).shape == (0, 3)
