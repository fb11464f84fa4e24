"""Fission and fusion give closed surfaces that hold what was there before."""

from __future__ import annotations

import numpy as np
import pytest
from moving import TETRAHEDRON, TETRAHEDRON_FACES, tube, tube_mesh

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.voxelize import voxelise
from napari_3dmsl.timelapse.fission_fusion import Form, Piece, cut, join, nearest_vertices


def form(kind: str, shift_um: tuple[float, float, float] = (0, 0, 0), every: int = 20) -> Form:
    found = tube(kind, 1, shift_um, every)
    return Form(found.vertices_um, found.faces, found.emitters.positions_um)


def mesh_of(found: Form) -> Mesh:
    return Mesh(found.vertices_um, found.faces.astype(np.int32))


def bodies(found: Form) -> int:
    import trimesh

    whole = trimesh.Trimesh(found.vertices_um, found.faces, process=False)
    return int(whole.body_count)


def drawn_volume(found: Form) -> float:
    """Volume from 100,000 random points in the box, by the exact test."""
    low, high = found.vertices_um.min(axis=0), found.vertices_um.max(axis=0)
    points = np.random.default_rng(0).uniform(low, high, (100_000, 3))
    return float(inside_mesh(mesh_of(found), points).mean() * np.prod(high - low))


@pytest.mark.parametrize("kind", ["line", "ring", "fork"])
def test_voxels_fill_the_solid_as_the_exact_test_says(kind: str) -> None:
    mesh = tube_mesh(kind)
    solid = voxelise(mesh.vertices, mesh.faces)
    everywhere = np.argwhere(np.ones_like(solid.mask)) * solid.voxel_um + solid.origin_um
    np.testing.assert_array_equal(solid.mask.ravel(), inside_mesh(mesh, everywhere))
    filled = solid.mask.sum() * solid.voxel_um**3
    assert filled == pytest.approx(mesh.volume_um3, rel=0.03)  # a tube along the grid is the worst


@pytest.mark.parametrize("kind", ["line", "ring", "fork"])
@pytest.mark.parametrize("seed", range(3))
def test_fission_gives_two_closed_halves_with_the_volume_of_the_whole(kind: str, seed: int) -> None:
    whole = form(kind)
    pieces = cut(whole, np.random.default_rng(seed))
    assert pieces is not None
    for piece in pieces:
        assert mesh_of(piece.form).is_watertight
        assert bodies(piece.form) == 1
        assert piece.form.volume_um3 > 0.15 * whole.volume_um3
    assert sum(p.form.volume_um3 for p in pieces) == pytest.approx(whole.volume_um3, rel=1e-6)
    first, second = (mesh_of(piece.form) for piece in pieces)
    assert inside_mesh(first, second.vertices).mean() < 0.01


@pytest.mark.parametrize("kind", ["line", "ring", "fork"])
def test_fission_deals_every_fluorophore_to_the_half_it_lies_in(kind: str) -> None:
    whole = form(kind, every=7)
    pieces = cut(whole, np.random.default_rng(0))
    assert pieces is not None
    rows = np.concatenate([piece.rows for piece in pieces])
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(whole.emitters_um)))
    for piece in pieces:
        own = mesh_of(piece.form)
        away = distance_to_mesh(piece.form.emitters_um, own.vertices, own.faces)
        assert away.max() < 0.06  # smoothing rounds the edges of the cut
        assert np.median(away) < 0.01
        moved = piece.form.emitters_um - whole.emitters_um[piece.rows]
        assert np.linalg.norm(moved, axis=1).max() < 0.06


def test_away_from_the_cut_the_surface_stays_where_it_was() -> None:
    whole = form("line")
    pieces = cut(whole, np.random.default_rng(1))
    assert pieces is not None
    for piece in pieces:
        drawn_back = np.mean(piece.form.emitters_um - whole.emitters_um[piece.rows], axis=0)
        vertices = piece.form.vertices_um - drawn_back
        away = distance_to_mesh(vertices, whole.vertices_um, whole.faces.astype(np.int32))
        assert np.quantile(away, 0.8) < 0.015


def test_a_ring_is_cut_in_two_places_and_a_ball_not_at_all() -> None:
    pieces = cut(form("ring"), np.random.default_rng(2))
    assert pieces is not None
    assert [piece.centreline.loops for piece in pieces] == [0, 0]
    grid = np.stack(np.meshgrid(*[np.linspace(-0.3, 0.3, 21)] * 3, indexing="ij"), axis=-1)
    from napari_3dmsl.shapes.mesh import mesh_from_mask

    ball = mesh_from_mask((grid**2).sum(axis=-1) <= 0.25**2, (30, 30, 30))
    whole = Form(ball.vertices, ball.faces, ball.vertices[::10])
    assert cut(whole, np.random.default_rng(0)) is None


def test_a_shape_whose_half_would_be_dark_is_not_cut() -> None:
    whole = form("line")
    dark = Form(whole.vertices_um, whole.faces, whole.vertices_um[:1])
    assert cut(dark, np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("other", "shift_um"),
    [
        ("line", (0.0, 0.4, 0.0)),  # side by side
        ("line", (0.0, 0.05, 2.35)),  # end to end
        ("ring", (0.02, 0.85, 0.1)),
        ("fork", (0.35, 0.0, 0.0)),  # on top
    ],
)
def test_fusion_gives_one_closed_surface_with_both_volumes(
    other: str, shift_um: tuple[float, float, float]
) -> None:
    first, second = form("line"), form(other, shift_um)
    made = join(first, second, 0.3)
    assert isinstance(made, Piece)
    assert mesh_of(made.form).is_watertight
    assert bodies(made.form) == 1
    both = first.volume_um3 + second.volume_um3
    assert made.form.volume_um3 == pytest.approx(both, rel=1e-6)
    assert drawn_volume(made.form) == pytest.approx(both, rel=0.015)  # no cavity, nothing twice


def test_fusion_keeps_every_fluorophore_and_moves_each_shape_as_a_whole() -> None:
    first, second = form("line"), form("line", (0.0, 0.4, 0.0))
    made = join(first, second, 0.3)
    assert made is not None
    count = len(first.emitters_um)
    assert len(made.form.emitters_um) == count + len(second.emitters_um)
    shifts = (
        made.form.emitters_um[:count] - first.emitters_um,
        made.form.emitters_um[count:] - second.emitters_um,
    )
    for shift, way in zip(shifts, (1, -1), strict=True):
        assert np.abs(shift - shift.mean(axis=0)).max() < 0.02  # scaled by less than a percent
        assert 0.05 < way * shift.mean(axis=0)[1] < 0.15  # they meet half way
    away = distance_to_mesh(
        made.form.emitters_um, made.form.vertices_um, made.form.faces.astype(np.int32)
    )
    assert np.median(away) < 0.015


def test_shapes_out_of_reach_or_deep_in_each_other_do_not_fuse() -> None:
    first = form("line")
    assert join(first, form("line", (0.0, 0.7, 0.0)), 0.3) is None
    assert join(first, form("line", (0.0, 0.05, 0.0)), 0.3) is None


def test_the_nearest_vertices_are_those_of_brute_force() -> None:
    first, second = form("short line"), form("short line", (0.5, 0.1, 0.3))
    found = nearest_vertices(first, second, 0.4)
    assert found is not None
    pairs = np.linalg.norm(first.vertices_um[:, None] - second.vertices_um[None], axis=2)
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(pairs.min())
    assert nearest_vertices(first, second, 0.9 * pairs.min()) is None
    far = Form(TETRAHEDRON + 50.0, TETRAHEDRON_FACES, TETRAHEDRON)
    assert nearest_vertices(first, far, 1.0) is None
