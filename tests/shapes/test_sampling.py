"""Samples against formulas, brute-force solid angles, and the release."""

import numpy as np
import pytest
import trimesh
from solids import draw_torus, draw_tube

from napari_3dmsl.geometry import inside as inside_module
from napari_3dmsl.geometry.inside import inside_mesh, winding_numbers
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_field, read_mesh
from napari_3dmsl.shapes.sampling import (
    SampleSettings,
    UnitCube,
    sample_noisy_cloud,
    sample_occupancies,
    sample_point_cloud,
    sample_surface,
)
from napari_3dmsl.shapes.smoothed_mask import inside_field, smooth_mask

VOXEL_UM = 0.024


def of(solid):
    """A mesh of this package from one of trimesh; both are wound outward in their columns."""
    return Mesh(np.array(solid.vertices, float), np.array(solid.faces, np.int32))


@pytest.fixture(scope="module")
def torus():
    field = smooth_mask(draw_torus((30, 60, 60), (15, 30, 30), 17, 7), (24, 24, 24), (100, 50, 9))
    return field, mesh_from_field(field)


def solid_angle_winding(corners, points):
    """Winding number by summing solid angles (Van Oosterom and Strackee 1983)."""
    a, b, c = (corners[None, :, i] - points[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
    top = np.einsum("pti,pti->pt", a, np.cross(b, c))
    ab, bc, ca = (np.einsum("pti,pti->pt", u, v) for u, v in ((a, b), (b, c), (c, a)))
    return np.arctan2(top, la * lb * lc + ab * lc + bc * la + ca * lb).sum(axis=1) / (2 * np.pi)


def distance_to_triangles(point, corners):
    """Distance of one point to the nearest of many triangles: inside, or along an edge."""
    a, b, c = corners.transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    height = np.einsum("ij,ij->i", point - a, normal)
    best = np.full(len(a), np.inf)
    over = np.ones(len(a), bool)
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        over &= np.einsum("ij,ij->i", np.cross(along, point - start), normal) >= 0
        length = np.maximum(np.einsum("ij,ij->i", along, along), 1e-30)
        t = np.clip(np.einsum("ij,ij->i", point - start, along) / length, 0, 1)
        best = np.minimum(best, np.linalg.norm(start + t[:, None] * along - point, axis=1))
    return np.where(over, np.abs(height), best).min()


def test_surface_points_are_uniform_by_area_with_outward_normals():
    box = of(trimesh.creation.box(extents=(1, 2, 4)))
    points, normals = sample_surface(box, 60_000, np.random.default_rng(0))
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1)
    for axis, area in enumerate((8, 4, 2)):
        for side in (-1, 1):
            here = normals[:, axis] * side > 0.99
            assert here.mean() == pytest.approx(area / 28, abs=0.006)
            np.testing.assert_allclose(points[here, axis], side * (1, 2, 4)[axis] / 2)
    top = points[normals[:, 0] > 0.99]
    counts, _, _ = np.histogram2d(top[:, 1], top[:, 2], bins=4)
    assert np.sum((counts - counts.mean()) ** 2) / counts.mean() < 38  # chi², 15 degrees: 0.1 %


def test_the_first_points_are_a_fair_draw_too():
    box = of(trimesh.creation.box(extents=(1, 2, 4)))
    _, normals = sample_surface(box, 40_000, np.random.default_rng(8))
    for axis, area in enumerate((8, 4, 2)):
        assert (abs(normals[:4000, axis]) > 0.99).mean() == pytest.approx(area / 14, abs=0.03)


def test_the_unit_cube_is_the_box_of_the_mesh(torus):
    _, mesh = torus
    cube = UnitCube.of(mesh)
    assert cube.loc_um == pytest.approx(np.array([115, 80, 39]) * VOXEL_UM, abs=0.01)
    unit = cube.from_world(mesh.vertices)
    assert np.ptp(unit, axis=0).max() == pytest.approx(1)
    np.testing.assert_allclose(unit.max(axis=0), -unit.min(axis=0))
    np.testing.assert_allclose(cube.to_world(unit), mesh.vertices)


def test_point_clouds_lie_on_the_surface_and_noise_moves_them_as_told(torus):
    _, mesh = torus
    exact = sample_point_cloud(mesh, np.random.default_rng(1), SampleSettings(surface_points=200))
    corners = mesh.vertices[mesh.faces]
    world = exact.cube.to_world(exact.points)
    assert max(distance_to_triangles(point, corners) for point in world[:50]) < 1e-6
    settings = SampleSettings(cloud_points=200)
    noisy = sample_noisy_cloud(mesh, np.random.default_rng(1), settings)
    moved = noisy.points - exact.points
    assert moved.std() == pytest.approx(0.05, rel=0.08)
    np.testing.assert_array_equal(noisy.normals, exact.normals)
    assert len(sample_noisy_cloud(mesh, np.random.default_rng(1)).points) == 300


def test_occupancies_are_those_of_the_rounded_points(torus):
    field, mesh = torus
    settings = SampleSettings(occupancy_points=20_001)
    found = sample_occupancies(mesh, np.random.default_rng(2), settings)
    assert found.points.dtype == np.float16
    assert 0.549 < np.abs(found.points).max() <= 0.5503
    np.testing.assert_array_equal(
        found.inside, inside_mesh(mesh, found.cube.to_world(found.points))
    )
    np.testing.assert_array_equal(np.unpackbits(found.packed)[:20_001], found.inside)
    share = mesh.volume_um3 / (1.1 * found.cube.scale_um) ** 3
    assert found.inside.mean() == pytest.approx(share, rel=0.05)
    again = sample_occupancies(mesh, np.random.default_rng(2), settings, field)
    np.testing.assert_array_equal(again.points, found.points)
    assert np.mean(again.inside == found.inside) > 0.9995


def test_field_and_mesh_agree_with_a_formula_away_from_the_surface():
    mask = draw_tube((30, 30, 70), (15, 15, 14), (15, 15, 56), 8)
    field = smooth_mask(mask, (24, 24, 24))
    mesh = mesh_from_field(field)
    points = np.random.default_rng(3).uniform(2, 28, (20_000, 3)) * [1, 1, 2.4]
    t = np.clip(points[:, 2], 14, 56)
    away = np.hypot(np.hypot(points[:, 0] - 15, points[:, 1] - 15), points[:, 2] - t) - 8
    clear = np.abs(away) > 0.5  # the tube of voxels is that far from the drawn one
    for found in (inside_mesh(mesh, points * VOXEL_UM), inside_field(field, points * VOXEL_UM)):
        np.testing.assert_array_equal(found[clear], (away < 0)[clear])


def test_inside_is_what_the_solid_angle_says(torus):
    field, mesh = torus
    low, high = mesh.bounds_um
    points = np.random.default_rng(4).uniform(low, high, (400, 3))
    corners = mesh.vertices[mesh.faces]
    truth = solid_angle_winding(corners, points)
    np.testing.assert_array_equal(winding_numbers(corners, points), np.rint(truth))
    differ = np.flatnonzero(inside_field(field, points) != (truth > 0.5))
    assert all(distance_to_triangles(points[i], corners) < 0.25 * VOXEL_UM for i in differ)


def test_rays_through_edges_and_corners_count_once():
    # Every ray of these points meets edges, corners or faces on edge of a cube cut into triangles.
    box = of(trimesh.creation.box(extents=(2, 2, 2)).subdivide().subdivide())
    steps = np.arange(-1.5, 1.51, 0.25)
    points = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    clear = np.abs(np.abs(points).max(axis=1) - 1) > 1e-9
    truth = np.abs(points).max(axis=1) < 1
    np.testing.assert_array_equal(inside_mesh(box, points)[clear], truth[clear])
    turned = trimesh.creation.icosphere(subdivisions=3)
    sphere = of(turned)
    columns = sphere.vertices * [0, 1, 1]  # straight below every corner, near the middle plane
    clear = np.linalg.norm(columns, axis=1) < 0.98
    assert inside_mesh(sphere, columns[clear]).all()
    assert not inside_mesh(sphere, columns - [5, 0, 0]).any()
    assert not inside_mesh(sphere, columns - [-5, 0, 0]).any()


def test_many_points_are_answered_as_the_formula_of_overlapping_and_hollow_balls_says():
    # 40,000 points: most are answered for by others; two overlapping balls, the first one hollow.
    ball = trimesh.creation.icosphere(subdivisions=4)
    hole, other = ball.copy(), ball.copy()
    hole.apply_scale(0.4)
    hole.invert()
    other.apply_translation([0, 1.3, 0])
    solids = [of(solid) for solid in (ball, hole, other)]
    corners = np.concatenate([solid.vertices[solid.faces] for solid in solids])
    points = np.random.default_rng(6).uniform(-4, 5, (40_000, 3)) * [0.5, 1, 0.5]
    away = np.linalg.norm(points, axis=1)
    to_other = np.linalg.norm(points - [0, 1.3, 0], axis=1)
    truth = 1 * (away < 1) - (away < 0.4) + (to_other < 1)
    clear = (abs(away - 0.995) > 0.006) & (abs(away - 0.398) > 0.003)
    clear &= abs(to_other - 0.995) > 0.006  # facets lie that far below their sphere
    assert clear.mean() > 0.98
    assert set(truth[clear]) == {0, 1, 2}
    np.testing.assert_array_equal(winding_numbers(corners, points)[clear], truth[clear])


def test_points_that_speak_for_others_change_no_answer(torus, monkeypatch):
    # On the surface, at corners, on the sides of the box and far away: all as when asked alone.
    _, mesh = torus
    rng = np.random.default_rng(7)
    low, high = mesh.bounds_um
    near, normals = sample_surface(mesh, 3000, rng)
    points = np.concatenate(
        [
            near + normals * rng.normal(0, VOXEL_UM, (3000, 1)),
            mesh.vertices + np.array([1e-4, 0, 0]),
            rng.uniform(low, high, (3000, 3)),
            rng.uniform(low - 9, high + 9, (3000, 3)),
        ]
    )
    together = inside_mesh(mesh, points)
    monkeypatch.setattr(inside_module, "MANY_POINTS", len(points) + 1)
    np.testing.assert_array_equal(inside_mesh(mesh, points), together)
    assert 0.1 < together.mean() < 0.9


def test_many_pairs_are_looked_at_in_pieces(torus, monkeypatch):
    _, mesh = torus
    points = np.random.default_rng(5).uniform(*mesh.bounds_um, (500, 3))
    whole = inside_mesh(mesh, points)
    monkeypatch.setattr(inside_module, "MOST_PAIRS", 97)
    np.testing.assert_array_equal(inside_mesh(mesh, points), whole)


def test_foreign_meshes_cavities_and_overlaps():
    ball = trimesh.creation.icosphere(subdivisions=3)
    small = ball.copy()
    small.apply_scale(0.5)
    small.invert()
    points = np.array([[0.0, 0, 0], [0.7, 0, 0], [1.2, 0, 0]])
    hollow = of(trimesh.util.concatenate([ball, small]))
    assert inside_mesh(hollow, points).tolist() == [False, True, False]
    inward = ball.copy()
    inward.invert()
    assert inside_mesh(of(inward), points).tolist() == [True, True, False]
    moved = ball.copy()
    moved.apply_translation([0.5, 0, 0])
    both = of(trimesh.util.concatenate([ball, moved]))
    assert inside_mesh(both, points).tolist() == [True, True, True]
    soup = Mesh(ball.triangles.reshape(-1, 3), np.arange(3 * len(ball.faces)).reshape(-1, 3))
    assert inside_mesh(soup, points).tolist() == [True, True, False]
    far = Mesh(soup.vertices + 1e4, soup.faces)
    assert inside_mesh(far, points + 1e4).tolist() == [True, True, False]
    assert inside_mesh(soup, np.zeros((0, 3))).tolist() == []


def test_points_along_one_axis_are_answered():
    ball = of(trimesh.creation.icosphere(subdivisions=3))
    x = np.linspace(-2, 2, 200)
    points = np.stack([np.zeros(200), np.zeros(200), x], axis=1)
    clear = np.abs(np.abs(x) - 1) > 0.02
    np.testing.assert_array_equal(inside_mesh(ball, points)[clear], (np.abs(x) < 1)[clear])


def test_meshes_with_holes_and_wrong_points_are_refused_in_one_line():
    ball = of(trimesh.creation.icosphere(subdivisions=1))
    with pytest.raises(ValueError, match="^the mesh has a hole[^\n]*$"):
        inside_mesh(Mesh(ball.vertices, ball.faces[1:]), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="hole"):
        sample_occupancies(Mesh(ball.vertices, ball.faces[:0]), np.random.default_rng())
    for points in (np.zeros(3), np.full((2, 3), np.nan)):
        with pytest.raises(ValueError, match="points: expected"):
            inside_mesh(ball, points)
    with pytest.raises(ValueError, match="no area"):
        sample_surface(Mesh(ball.vertices, ball.faces[:, [0, 0, 0]]), 1, np.random.default_rng())
    with pytest.raises(ValueError, match="count = 0"):
        sample_surface(ball, 0, np.random.default_rng())
    with pytest.raises(ValueError, match="single point"):
        UnitCube.of(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]], np.int32)))
    with pytest.raises(ValueError, match="padding"):
        SampleSettings(padding=-1)


@pytest.mark.real_data
def test_released_occupancies_agree_with_the_released_mesh(real_data):
    folder = real_data / "3dmsl" / "920"
    mesh = read_mesh(folder / "raw_mesh.off")
    stored = np.load(folder / "occupancies.npz")
    cube = UnitCube.of(mesh)
    assert cube.loc_um[::-1] == pytest.approx(stored["loc"])
    assert cube.scale_um == pytest.approx(float(stored["scale"]))
    points = cube.to_world(stored["points"][:, ::-1])
    differ = np.flatnonzero(inside_mesh(mesh, points) != np.unpackbits(stored["occupancies"]))
    assert len(differ) <= 0.002 * len(points)
    corners = mesh.vertices[mesh.faces]
    for point in points[differ]:
        near = (np.abs(corners[:, 0] - point) < 5).all(axis=1)
        assert distance_to_triangles(point, corners[near]) <= 1.5
