"""Shapes lie flat, their columns hold all of them, and what is free is free."""

import numpy as np
import pytest
import trimesh
from placed import torus

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.scenes.flat_placing import POSES, SLICES, Columns, FlatShape
from napari_3dmsl.shapes.mesh import Mesh

SIDES = np.array([0.05, 0.1, 0.1])


def mesh_of(solid):
    return Mesh(np.asarray(solid.vertices), np.asarray(solid.faces, dtype=np.int32))


def rod(length=2.0, radius=0.2):
    return trimesh.creation.capsule(height=length, radius=radius, count=[8, 8])


def columns(size=20.0):
    return Columns(np.array([-1.6, -size / 2, -size / 2]), np.array([size, size]), *SIDES[:2])


def test_the_longest_axis_comes_to_lie_along_x_and_the_shortest_along_z():
    box = trimesh.creation.box((0.3, 2.0, 0.8))
    turned = box.apply_transform(trimesh.transformations.random_rotation_matrix(np.full(3, 0.3)))
    turned.apply_translation([3, -2, 5])
    to_rest = FlatShape(mesh_of(turned), 1).to_rest
    rest = turned.vertices @ to_rest[:3, :3].T + to_rest[:3, 3]
    assert np.ptp(rest, axis=0) == pytest.approx([0.3, 0.8, 2.0], abs=1e-6)
    assert rest.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)
    assert np.linalg.det(to_rest[:3, :3]) == pytest.approx(1.0)


@pytest.mark.parametrize("solid", [rod(), torus(0.6, 0.2), trimesh.creation.box((0.4, 3.0, 1.0))])
def test_no_point_of_a_surface_lies_beyond_its_columns_and_slices(solid):
    shape = FlatShape(mesh_of(solid), 1)
    at_rest = trimesh.Trimesh(solid.vertices, solid.faces).apply_transform(shape.to_rest)
    points, _ = trimesh.sample.sample_surface(at_rest, 20_000, seed=1)
    for way in range(0, 8 * POSES, 5):
        pose = shape.pose(way, 8.0, SIDES)
        index = np.floor(points @ pose.turn.T / SIDES + 0.5).astype(int)
        known = {
            (row, column): (low, high)
            for row, column, low, high in zip(
                *(part.tolist() for part in (pose.row, pose.column, pose.low, pose.high)),
                strict=True,
            )
        }
        for z, y, x in np.unique(index, axis=0).tolist():
            low, high = known[y, x]
            assert low <= z <= high


def test_poses_are_turns_and_differ():
    shape = FlatShape(mesh_of(rod()), 1)
    turns = np.array([shape.pose(way, 8.0, SIDES).turn for way in range(8 * POSES)])
    assert np.linalg.det(turns) == pytest.approx(np.ones(len(turns)))
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3))
    assert len(np.unique(np.round(turns, 6), axis=0)) == 8 * POSES


def test_what_is_free_runs_into_nothing():
    rng = np.random.default_rng(2)
    solids = [rod(), rod(1.0, 0.3), torus(0.5, 0.15)]
    shapes = [FlatShape(mesh_of(solid), number) for number, solid in enumerate(solids)]
    field, heights = columns(5.0), np.arange(20, 44)
    laid = []
    for number in range(60):
        shape = shapes[number % 3]
        pose = shape.pose(int(rng.integers(8 * POSES)), 8.0, SIDES)
        middles = field.column_of(rng.uniform(-1.5, 1.5, (1, 2)))
        free = field.free(pose, middles, heights)[0]
        if free.any():
            height = int(rng.choice(heights[free]))
            field.take(pose, int(middles[0]), height)
            assert not field.free(pose, middles, np.array([height])).any()
            moved = np.eye(4)
            moved[:3, :3], moved[:3, 3] = pose.turn, field.places_um(middles, [height])[0]
            laid.append(solids[number % 3].copy().apply_transform(moved @ shape.to_rest))
    assert len(laid) >= 8
    crossing = 0
    for place, first in enumerate(laid):
        for second in laid[:place]:
            assert not inside_mesh(mesh_of(first), second.vertices).any()
            low = np.maximum(first.bounds[0], second.bounds[0])
            high = np.minimum(first.bounds[1], second.bounds[1])
            crossing += bool((low < high)[1:].all())
    assert crossing, "some lie above others"


def test_bits_beyond_the_slices_count_as_the_outermost():
    pose = FlatShape(mesh_of(rod()), 1).pose(0, 0.0, SIDES)
    bits = pose.bits_at(np.array([-5, 0, 31, 40, SLICES + 5]))
    for height, found in zip((-5, 0, 31, 40, SLICES + 5), bits, strict=True):
        low = np.clip(height + pose.low, 0, SLICES - 1).tolist()
        high = np.clip(height + pose.high, 0, SLICES - 1).tolist()
        expected = [sum(1 << k for k in range(a, b + 1)) for a, b in zip(low, high, strict=True)]
        assert found.tolist() == expected


def crowded(rng):
    """Return columns in which some rods lie, far from the outermost slices."""
    field, shape = columns(3.0), FlatShape(mesh_of(rod()), 1)
    for place in rng.uniform(-1.5, 1.5, (12, 1, 2)):
        pose = shape.pose(int(rng.integers(8 * POSES)), 8.0, SIDES)
        field.take(pose, int(field.column_of(place)[0]), int(rng.integers(25, 39)))
    return field


def test_heights_are_free_where_no_slice_is_shared():
    rng = np.random.default_rng(3)
    field, heights = crowded(rng), np.arange(14, 50)
    shape = FlatShape(mesh_of(torus(0.5, 0.15)), 2)
    for way in range(0, 8 * POSES, 3):
        pose = shape.pose(way, 8.0, SIDES)
        middles = field.column_of(rng.uniform(-1.5, 1.5, (4, 2)))
        one_by_one = []
        for middle in middles.tolist():
            for height in heights.tolist():
                other = columns(3.0)
                other.take(pose, middle, height)
                one_by_one.append(not (other._taken & field._taken).any())
        free = field.free(pose, middles, heights)
        assert free.ravel().tolist() == one_by_one
        assert 0 < free.sum() < free.size


def test_coarser_columns_hold_what_finer_ones_do():
    field = crowded(np.random.default_rng(4))
    wide = field.coarser(5)
    assert wide.sides_um == pytest.approx([0.25, 0.2, 0.2])
    rows = len(field._taken) // field._across
    fine = field._taken.reshape(rows, -1)[:, :, None] >> np.arange(64, dtype=np.uint64) & 1
    padded = np.pad(fine.astype(bool), [(0, 0), (0, 0), (0, 1)])
    expected = padded.reshape(rows // 2, 2, -1, 2, 13, 5).any(axis=(1, 3, 5))
    found = wide._taken.reshape(rows // 2, -1)[:, :, None] >> np.arange(64, dtype=np.uint64) & 1
    assert np.array_equal(found[..., :13].astype(bool), expected)
    assert not found[..., 13:].any()
