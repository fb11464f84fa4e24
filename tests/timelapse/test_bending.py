"""Bending keeps lengths and volumes and takes the fluorophores along."""

from __future__ import annotations

import numpy as np
import pytest
from moving import VOXEL_UM, tube, tube_mesh

from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.skeleton import skeleton_from_mask
from napari_3dmsl.shapes.voxelize import voxelise
from napari_3dmsl.timelapse.bending import Bending
from napari_3dmsl.timelapse.centreline_graph import CentrelineGraph, centreline_graph_of
from napari_3dmsl.timelapse.motion import Motion, frames


def centreline(mesh: Mesh) -> CentrelineGraph:
    return centreline_graph_of(voxelise(mesh.vertices, mesh.faces).smoothed())


def bent(mesh: Mesh, amplitude_um: float, seed: int) -> Mesh:
    bending = Bending(centreline(mesh), amplitude_um)
    coefficients = np.random.default_rng(seed).standard_normal(len(bending.ways))
    held = bending.hold(mesh.vertices)
    return Mesh(bending.move(mesh.vertices, held, coefficients), mesh.faces)


@pytest.mark.parametrize(
    ("kind", "length_um", "loops"), [("line", 2.0, 0), ("ring", np.pi, 1), ("fork", 3.53, 0)]
)
def test_the_centreline_is_that_of_the_tube(kind: str, length_um: float, loops: int) -> None:
    found = centreline(tube_mesh(kind))
    assert found.length_um == pytest.approx(length_um, rel=0.05)
    assert found.radius_um == pytest.approx(0.15, abs=0.6 * VOXEL_UM)
    assert len(found.points_um) - len(found.links) == 1 - loops  # one piece (Euler)
    assert found.loops == loops


@pytest.mark.parametrize("kind", ["line", "long line", "ring", "fork"])
def test_a_bent_tube_keeps_its_volume_and_length(kind: str) -> None:
    mesh = tube_mesh(kind)
    before = skeleton_length(mesh)
    for seed in range(4):
        after = bent(mesh, 0.12, seed)
        away = np.linalg.norm(after.vertices - mesh.vertices, axis=1)
        assert away.max() > 0.03
        assert after.volume_um3 == pytest.approx(mesh.volume_um3, rel=0.03)
        assert skeleton_length(after) == pytest.approx(before, rel=0.03)


def skeleton_length(mesh: Mesh) -> float:
    solid = voxelise(mesh.vertices, mesh.faces)
    return skeleton_from_mask(solid.mask, (1000 * solid.voxel_um,) * 3).length_um


def test_a_straight_line_bends_along_an_arc_when_its_rotation_grows_evenly() -> None:
    points = np.stack([np.zeros(41), np.zeros(41), np.linspace(0, 2, 41)], axis=1)
    links = np.stack([np.arange(40), np.arange(1, 41)], axis=1)
    bending = Bending(CentrelineGraph(points, links, 0.05, 0, 0), 0.1)
    # The wanted turn, 0 to 90 degrees about y, as a way of its own: a quarter of a circle.
    bending.ways = np.zeros((1, 41, 3))
    bending.ways[0, :, 1] = np.linspace(0, np.pi / 2, 41)
    arc = bending.bent_um(np.ones(1))
    radius = 2 / (np.pi / 2)
    middle = arc[[0]] + (arc[-1] - arc[0]) * np.array([1.0, 0, 0])
    distance = np.linalg.norm(arc - middle, axis=1)
    np.testing.assert_allclose(distance, radius, rtol=2e-3)


def test_a_long_tube_is_displaced_as_much_as_asked_for() -> None:
    line = centreline(tube_mesh("long line"))
    bending = Bending(line, 0.1)
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(400):
        away = bending.bent_um(rng.standard_normal(len(bending.ways))) - line.points_um
        away -= np.average(away, axis=0, weights=line.shares_um)
        squares.append(np.average((away**2).sum(axis=1), weights=line.shares_um))
    assert np.sqrt(np.mean(squares)) == pytest.approx(0.1, rel=0.05)


def test_fluorophores_stay_on_the_surface_that_bends() -> None:
    motion = Motion(frames=4, diffusion_um2_per_s=0, rotation_deg2_per_s=0, bending_um=0.1)
    rods = [tube("line", 1), tube("ring", 2), tube("fork", 3)]
    for frame in frames(rods, motion, np.random.default_rng(1)):
        for found in frame.objects:
            emitters = found.emitters.positions_um
            away = distance_to_mesh(emitters, found.vertices_um, found.faces.astype(np.int32))
            assert away.max() < 0.1 * VOXEL_UM


def test_bends_last_for_their_correlation_time() -> None:
    motion = Motion(
        frames=1500, interval_s=4.0, diffusion_um2_per_s=0, rotation_deg2_per_s=0,
        bending_um=0.02, bending_time_s=8.0,
    )  # fmt: skip
    rod = tube("line", every=400)
    ends = np.array(
        [
            f.objects[0].emitters.positions_um[0]
            for f in frames([rod], motion, np.random.default_rng(0))
        ]
    )[20:]
    ends -= ends.mean(axis=0)
    kept = (ends[1:] * ends[:-1]).sum() / (ends**2).sum()
    assert kept == pytest.approx(np.exp(-0.5), abs=0.05)


def test_a_dot_stays_stiff() -> None:
    t = np.linspace(0, 1, 3)[:, None]
    short = CentrelineGraph(t * [0, 0, 0.2], np.array([[0, 1], [1, 2]]), 0.15, 0, 0)
    assert not Bending.possible(short)
