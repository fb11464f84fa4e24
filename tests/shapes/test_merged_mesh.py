"""Merged surfaces give their pieces back, and let them move to another group."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.shapes.merged_mesh import MergedMesh, regroup
from napari_3dmsl.shapes.mesh import Mesh


def piece(number: int) -> Mesh:
    """A fan of as many triangles as its number, at a place of its own."""
    vertices = np.random.default_rng(number).normal(number, 0.1, (number + 2, 3))
    faces = [(0, i + 1, i + 2) for i in range(number)]
    return Mesh(vertices, np.array(faces, np.int32))


def same(merged: MergedMesh | None, ids: list[int]) -> bool:
    assert merged is not None
    pieces = merged.pieces()
    return list(pieces) == ids and all(
        np.array_equal(pieces[i].vertices, piece(i).vertices)
        and np.array_equal(pieces[i].faces, piece(i).faces)
        for i in ids
    )


def test_a_merged_surface_gives_its_pieces_back() -> None:
    merged = MergedMesh.of({i: piece(i) for i in (1, 2, 5)})
    assert len(merged.mesh.faces) == 8
    assert same(merged, [1, 2, 5])


def test_shapes_move_to_groups_old_and_new_and_empty_groups_end() -> None:
    groups = {
        "rod": MergedMesh.of({i: piece(i) for i in (1, 4)}),
        "dot": MergedMesh.of({i: piece(i) for i in (2, 3)}),
        "mega": MergedMesh.of({5: piece(5)}),
    }
    found = regroup(groups, {4: "dot", 1: "donut", 99: "donut", 5: "mega"})
    assert set(found) == {"rod", "dot", "donut"}
    assert found["rod"] is None
    assert same(found["dot"], [2, 3, 4])
    assert same(found["donut"], [1])
    assert regroup(groups, {99: "dot"}) == {}


def test_a_part_is_the_merge_of_its_shapes_moved() -> None:
    pieces = {i: piece(i) for i in (1, 2, 5)}
    merged = MergedMesh.of(pieces)
    assert merged.part() is merged.mesh
    shift = np.array([1.0, -2.0, 0.5])
    part = merged.part({5, 1, 7}, {5: shift})
    first, last = pieces[1], pieces[5]
    np.testing.assert_array_equal(
        part.vertices, np.concatenate([first.vertices, last.vertices + shift])
    )
    np.testing.assert_array_equal(
        part.faces, np.concatenate([first.faces, last.faces + len(first.vertices)])
    )
    assert part.faces.dtype == np.int32
