"""Distances and overlaps of surfaces, against spheres whose radii are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from solids import draw_ball

from napari_3dmsl.scoring.surfaces import mask_surface, mesh_overlap, surface_scores
from napari_3dmsl.shapes.mesh import Mesh

POINTS = 20_000


def sphere(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> Mesh:
    """A sphere of triangles, almost round."""
    ball = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return Mesh(np.asarray(ball.vertices) + centre, np.asarray(ball.faces, np.int32))


def test_spheres_in_each_other_lie_as_far_apart_as_their_radii() -> None:
    found = surface_scores(sphere(1.0), sphere(1.3), POINTS, np.random.default_rng(0))
    for name in ("chamfer_um", "accuracy_um", "completeness_um"):
        assert found[name] == pytest.approx(0.3, abs=0.002)
    assert found["chamfer_um"] == (found["accuracy_um"] + found["completeness_um"]) / 2


def test_the_same_surface_lies_at_the_floor_of_random_points() -> None:
    found = surface_scores(sphere(1.0), sphere(1.0), POINTS, np.random.default_rng(0))
    # The nearest of points at random, of density n, lies 1 / (2 sqrt(n)) away.
    assert found["floor_um"] == pytest.approx(0.5 / np.sqrt(POINTS / (4 * np.pi)), rel=0.03)
    assert found["chamfer_um"] == pytest.approx(found["floor_um"], rel=0.03)


def test_accuracy_and_completeness_tell_what_is_too_much_and_what_is_missing() -> None:
    two = trimesh.util.concatenate(
        [
            trimesh.creation.icosphere(subdivisions=3, radius=1.0),
            trimesh.creation.icosphere(subdivisions=3, radius=1.0).apply_translation([9, 0, 0]),
        ]
    )
    both = Mesh(np.asarray(two.vertices), np.asarray(two.faces, np.int32))
    found = surface_scores(both, sphere(1.0), 2000, np.random.default_rng(0))
    assert found["accuracy_um"] < 0.1
    assert 3.5 < found["completeness_um"] < 4.5  # half of the points lie some 8 away


def test_overlaps_of_spheres_are_those_of_their_volumes() -> None:
    rng = np.random.default_rng(1)
    inside = mesh_overlap(sphere(1.0), sphere(1.25), 50_000, rng)
    assert inside["iou"] == pytest.approx(0.8**3, abs=0.01)
    assert inside["dice"] == pytest.approx(2 * inside["iou"] / (1 + inside["iou"]))
    apart = mesh_overlap(sphere(1.0), sphere(1.0, (3, 0, 0)), 5000, rng)
    assert apart == {"dice": 0.0, "iou": 0.0}


def test_a_surface_with_a_hole_has_no_overlap() -> None:
    ball = sphere(1.0)
    with pytest.raises(ValueError, match="the prediction: the mesh has a hole"):
        mesh_overlap(ball, Mesh(ball.vertices, ball.faces[1:]), 100, np.random.default_rng(0))


def test_the_surface_of_a_volume_lies_where_its_voxels_are() -> None:
    ball = draw_ball((24, 44, 44), (11.5, 21.5, 21.5), 10)
    mesh = mask_surface(ball, (0.2, 0.1, 0.1))
    middle = mesh.bounds_um.mean(axis=0)
    assert middle == pytest.approx([11.5 * 0.2, 21.5 * 0.1, 21.5 * 0.1])
    assert mesh.bounds_um[1] - mesh.bounds_um[0] == pytest.approx([4.0, 2.0, 2.0], abs=0.11)
    assert mask_surface(np.ones((2, 2, 2)), (1, 1, 1)).bounds_um.tolist() == [
        [-0.5] * 3,
        [1.5] * 3,
    ]
