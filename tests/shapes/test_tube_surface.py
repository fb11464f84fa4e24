from __future__ import annotations

import numpy as np
import pytest
import trimesh

from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.tube_surface import handles, outward, swept, united
from napari_3dmsl.shapes.wandering import Curve


def straight(length_um: float, radius_um: float, way: tuple[float, float, float]) -> Curve:
    along = np.linspace(0, length_um, round(length_um / 0.025) + 1)
    return Curve(along[:, None] * np.array(way), np.full(len(along), radius_um))


def circle(radius_um: float, tube_um: float) -> Curve:
    angle = np.linspace(0, 2 * np.pi, 161)
    points = radius_um * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    points[-1] = points[0]
    return Curve(points, np.full(161, tube_um))


def test_a_straight_tube_has_the_volume_and_area_of_a_cylinder_with_round_caps() -> None:
    mesh = swept(straight(5.0, 0.2, (0, 0, 1)))
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(np.pi * 0.04 * 5 + 4 / 3 * np.pi * 0.008, rel=0.005)
    assert mesh.area_um2 == pytest.approx(2 * np.pi * 0.2 * 5 + 4 * np.pi * 0.04, rel=0.02)


def test_a_ring_has_the_volume_of_a_torus_and_one_handle() -> None:
    mesh = swept(circle(0.7, 0.2))
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(2 * np.pi**2 * 0.7 * 0.04, rel=0.02)
    assert handles(mesh) == 1
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).euler_number == 0


def test_the_cap_is_round_and_the_tip_one_radius_beyond_the_line() -> None:
    mesh = swept(straight(2.0, 0.3, (0, 1, 0)))
    np.testing.assert_allclose(mesh.bounds_um[:, 1], [-0.3, 2.3])
    before = mesh.vertices[mesh.vertices[:, 1] < -1e-9]
    distance = np.linalg.norm(before, axis=1)
    assert distance.min() >= 0.3 - 1e-9  # a little wider, as its sections have the right area
    assert distance.max() < 0.315


def test_tubes_that_cross_become_one_surface_of_the_volume_of_their_union() -> None:
    first = straight(3.0, 0.2, (0, 0, 1))
    second = straight(1.5, 0.2, (0, 1, 0)).moved(np.array([0, 0, 1.5]))
    mesh = united([first, second])
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces)
    assert solid.is_watertight
    assert solid.body_count == 1
    assert solid.euler_number == 2
    rng = np.random.default_rng(0)
    low, high = mesh.bounds_um + np.array([[-0.1], [0.1]])
    spots = rng.uniform(low, high, (200_000, 3))
    inside = np.zeros(len(spots), dtype=bool)
    for start, end in ((first.points[0], first.points[-1]), (second.points[0], second.points[-1])):
        along = np.clip((spots - start) @ (end - start) / ((end - start) ** 2).sum(), 0, 1)
        inside |= np.linalg.norm(spots - start - along[:, None] * (end - start), axis=1) < 0.2
    assert mesh.volume_um3 == pytest.approx(inside.mean() * np.prod(high - low), rel=0.02)


def test_a_union_of_apart_tubes_is_no_single_body() -> None:
    far = straight(1.0, 0.2, (0, 0, 1)).moved(np.array([0.0, 1.0, 0.0]))
    mesh = united([straight(1.0, 0.2, (0, 0, 1)), far])
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).body_count == 2
    assert handles(mesh) != 0  # so a shape that falls apart is not taken for one


def test_surfaces_look_outward() -> None:
    mesh = swept(straight(1.0, 0.2, (0, 1, 0)))
    inward = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert inward.volume_um3 < 0 < mesh.volume_um3
    np.testing.assert_array_equal(outward(inward).faces, mesh.faces)
