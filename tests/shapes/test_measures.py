"""Measures of solids whose values are known in closed form."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation
from solids import draw_ball, draw_torus, draw_tube

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.measures import aspect_ratio, form_of, tortuosity
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask
from napari_3dmsl.shapes.neighbours import neighbour_distances, spatial_order
from napari_3dmsl.shapes.shape import feature_table, iter_shapes, measure_shapes
from napari_3dmsl.shapes.skeleton import skeleton_from_mask

VOXEL = (20, 20, 20)
UM = 0.02
POINT = SimpleNamespace(paths=(np.zeros((1, 3)),), end_points=0)


def turned(solid):
    """A mesh of trimesh's (x, y, z) as ours, (z, y, x)."""
    return Mesh(np.asarray(solid.vertices)[:, ::-1], np.asarray(solid.faces, np.int32)[:, ::-1])


def form(solid, skeleton=POINT):
    mesh = turned(solid)
    return form_of(mesh, skeleton, mesh.volume_um3)


def arc(angle, radius=2.0, points=400):
    turn = np.linspace(0, angle, points)
    return radius * np.stack([0 * turn, np.sin(turn), np.cos(turn)], axis=1)


def test_a_ball_is_as_round_as_can_be():
    ball = form(trimesh.creation.icosphere(subdivisions=5, radius=0.5))
    assert ball.sphericity == pytest.approx(1, abs=1e-3)
    assert ball.complexity == pytest.approx(9 / (4 * np.pi), rel=3e-3)
    assert ball.surface_to_volume_per_um == pytest.approx(3 / 0.5, rel=2e-3)
    assert ball.aspect_ratio == pytest.approx(1, abs=1e-3)


def test_a_capsule_has_the_values_of_its_formula():
    radius, height = 0.15, 2.0
    capsule = form(trimesh.creation.capsule(height=height, radius=radius, count=[128, 128]))
    area = 2 * np.pi * radius * height + 4 * np.pi * radius**2
    volume = np.pi * radius**2 * height + 4 / 3 * np.pi * radius**3
    assert capsule.surface_to_volume_per_um == pytest.approx(area / volume, rel=2e-3)
    sphericity = np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area
    assert capsule.sphericity == pytest.approx(sphericity, rel=2e-3)
    assert capsule.complexity == pytest.approx(area**3 / (16 * np.pi**2 * volume**2), rel=5e-3)


def test_a_torus_has_the_values_of_its_formula():
    ring, radius = 1.0, 0.2
    torus = form(trimesh.creation.torus(ring, radius, major_sections=256, minor_sections=128))
    assert torus.surface_to_volume_per_um == pytest.approx(2 / radius, rel=2e-3)
    area, volume = 4 * np.pi**2 * ring * radius, 2 * np.pi**2 * ring * radius**2
    assert torus.complexity == pytest.approx(area**3 / (16 * np.pi**2 * volume**2), rel=5e-3)
    # Second moments of a solid torus along a diameter (R²/2 + 3 r²/8) and along its axis (r²/4).
    flat = ring**2 / 2 + 3 * radius**2 / 8
    assert torus.aspect_ratio == pytest.approx(np.sqrt(flat / (radius**2 / 4)), rel=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_the_axes_of_an_ellipsoid_are_found_at_any_angle_and_place(seed):
    ball = trimesh.creation.icosphere(subdivisions=4)
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    ball.vertices = (ball.vertices * [1, 2, 5]) @ turn + [70, -20, 900]
    assert aspect_ratio(turned(ball)) == pytest.approx(5, rel=1e-6)


def test_a_surface_that_encloses_nothing_has_no_axes():
    flat = Mesh(np.eye(3), np.array([[0, 1, 2], [0, 2, 1]], np.int32))
    assert aspect_ratio(flat) is None
    measures = form_of(flat, POINT, 0.0)
    assert measures.sphericity is None
    assert measures.complexity is None
    assert measures.surface_to_volume_per_um is None


def test_a_straight_line_has_tortuosity_1_and_a_half_circle_half_pi():
    assert tortuosity([np.linspace([0, 0, 0], [3, 4, 5], 50)]) == pytest.approx(1)
    assert tortuosity([arc(np.pi)]) == pytest.approx(np.pi / 2, rel=1e-4)
    assert tortuosity([arc(np.pi)[:150], arc(np.pi)[149:]]) == pytest.approx(np.pi / 2, rel=1e-4)


def test_without_two_ends_there_is_no_tortuosity():
    ring = arc(2 * np.pi)
    ring[-1] = ring[0]
    assert tortuosity([ring]) is None
    assert tortuosity([np.zeros((1, 3))]) is None
    assert tortuosity([ring, np.linspace(ring[0], ring[0] + 1, 9)]) is None


def test_the_tortuosity_of_a_tree_is_that_of_its_longest_way():
    middle, ends = np.zeros(3), np.array([[0, 0, 3.0], [0, 4.0, 0], [1.0, 0, 0]])
    paths = [np.linspace(middle, end, 40) for end in ends]
    assert tortuosity(paths) == pytest.approx((3 + 4) / 5)


def test_the_shortest_of_two_ways_around_a_loop_counts():
    left, right = arc(np.pi, 1.0), arc(-np.pi, 1.0) * [1, 3, 1]
    right[0], right[-1] = left[0], left[-1]
    tails = [np.stack([left[at], left[at] * 3]) for at in (0, -1)]
    assert tortuosity([left, right, *tails]) == pytest.approx((np.pi + 4) / 6, rel=1e-4)


def test_a_straight_rod_of_voxels_is_straight_and_a_half_ring_is_bent():
    rod = draw_tube((30, 30, 130), (15, 15, 15), (15, 15, 115), 7)
    ring = draw_torus((24, 120, 120), (12, 60, 60), 45, 6)
    half = ring & (np.arange(120) >= 60)[None, :, None]
    for end in (15, 105):  # round caps, whose middles are the ends of the half circle
        half |= draw_ball((24, 120, 120), (12, 60, end), 6)
    for mask, expected in ((rod, 1), (half, np.pi / 2)):
        found = tortuosity(skeleton_from_mask(mask, VOXEL).paths)
        assert found == pytest.approx(expected, rel=0.03)


def test_branches_of_a_fork_are_measured_one_by_one():
    shape, middle = (40, 130, 130), (20, 60, 60)
    ends = [(20, 60, 15), (20, 15, 60), (20, 60, 120)]
    mask = np.any([draw_tube(shape, middle, end, 6) for end in ends], axis=0)
    fork = form_of(mesh_from_mask(mask, VOXEL), skeleton_from_mask(mask, VOXEL), 1.0)
    assert fork.end_points == 3
    assert fork.mean_branch_um == pytest.approx(50 * UM, rel=0.06)
    assert fork.longest_branch_um == pytest.approx(60 * UM, rel=0.06)


def test_the_distance_to_the_nearest_neighbour_is_that_of_the_surfaces():
    balls = [((0, 0, 0), 1.0), ((0, 0, 3.5), 0.5), ((6, 0, 0), 1.5), ((0, 30, 0), 2.0)]
    meshes = []
    for centre, radius in balls:
        ball = turned(trimesh.creation.icosphere(subdivisions=4, radius=radius))
        meshes.append(Mesh(ball.vertices + centre, ball.faces))
    boxes = np.array([mesh.bounds_um for mesh in meshes])
    found = neighbour_distances(boxes, lambda place: meshes[place])
    between = [[np.linalg.norm(np.subtract(a, b)) - r - s for b, s in balls] for a, r in balls]
    expected = np.sort(np.array(between), axis=1)[:, 1]  # the first is the ball itself
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_the_nearest_point_may_lie_inside_a_large_triangle():
    plate = Mesh(
        np.array([[0, -9, -9], [0, 9, -9], [0, 0, 9], [-1.0, 0, 0]]),
        np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32),
    )
    ball = turned(trimesh.creation.icosphere(subdivisions=3, radius=0.5))
    ball = Mesh(ball.vertices + np.array([1.5, 0.3, 0.2]), ball.faces)
    boxes = np.array([plate.bounds_um, ball.bounds_um])
    found = neighbour_distances(boxes, [plate, ball].__getitem__)
    np.testing.assert_allclose(found, 1.0, rtol=1e-6)


def test_a_ring_around_a_ball_and_one_alone():
    ring = turned(trimesh.creation.torus(2.0, 0.3, major_sections=96, minor_sections=48))
    ball = turned(trimesh.creation.icosphere(subdivisions=4, radius=0.4))
    boxes = np.array([mesh.bounds_um for mesh in (ring, ball)])
    found = neighbour_distances(boxes, [ring, ball].__getitem__)
    np.testing.assert_allclose(found, 2 - 0.3 - 0.4, rtol=5e-3)
    assert neighbour_distances(boxes[:1], [ring].__getitem__) == [None]
    assert neighbour_distances(boxes[:0], [].__getitem__) == []


def test_a_distance_does_not_depend_on_who_is_asked_with_it():
    ball = turned(trimesh.creation.icosphere(subdivisions=2, radius=0.4))
    places = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)  # full of ties
    meshes = [Mesh(ball.vertices + place, ball.faces) for place in places]
    boxes = np.array([mesh.bounds_um for mesh in meshes])
    at_once = neighbour_distances(boxes, meshes.__getitem__)
    order = np.random.default_rng(0).permutation(len(meshes)).tolist()
    for some in (order[:9], order[9:], spatial_order(boxes).tolist()):
        found = neighbour_distances(boxes, meshes.__getitem__, some)
        assert found == [at_once[place] for place in some]


def test_shapes_that_follow_each_other_in_space_are_near():
    places = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), axis=-1).reshape(-1, 3)
    boxes = np.stack([places, places + 0.5], axis=1)
    order = spatial_order(boxes)
    assert sorted(order.tolist()) == list(range(512))
    for start in range(0, 512, 64):
        assert np.ptp(places[order[start : start + 64]], axis=0).max() <= 3
    assert spatial_order(boxes[:0]).tolist() == []


def test_extracted_shapes_know_their_neighbours():
    labels = draw_ball((40, 40, 100), (20, 20, 20), 9) | draw_ball((40, 40, 100), (20, 20, 60), 12)
    extraction = extract_instances(labels, ExtractionSettings(voxel_nm=VOXEL))
    table = feature_table(measure_shapes(extraction))
    assert table["neighbour_um"] == pytest.approx([19 * UM] * 2, rel=0.05)
    assert table["sphericity"] == pytest.approx([1, 1], abs=0.02)
    assert table["complexity"] == pytest.approx([9 / (4 * np.pi)] * 2, rel=0.05)
    assert [shape.neighbour_um for shape in iter_shapes(extraction)] == [None, None]
