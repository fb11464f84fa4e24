"""Many surfaces as one, which knows what it was made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.shapes.mesh import Mesh, merge_meshes


@dataclass(frozen=True, eq=False)
class MergedMesh:
    """The surfaces of several shapes as one mesh.

    Attributes
    ----------
    mesh
        All of them.
    sizes
        Number of vertices and faces of each shape by its id, in the order of the mesh.
    """

    mesh: Mesh
    sizes: dict[int, tuple[int, int]]

    @classmethod
    def of(cls, pieces: Mapping[int, Mesh]) -> Self:
        """Merge the surfaces of shapes.

        Parameters
        ----------
        pieces
            Surface of each shape by its id, at least one.
        """
        sizes = {i: (len(mesh.vertices), len(mesh.faces)) for i, mesh in pieces.items()}
        return cls(merge_meshes(list(pieces.values())), sizes)

    def pieces(self) -> dict[int, Mesh]:
        """Return the surface of each shape again."""
        found, vertex, face = {}, 0, 0
        for shape_id, (vertices, faces) in self.sizes.items():
            corners = self.mesh.faces[face : face + faces] - np.int32(vertex)
            found[shape_id] = Mesh(self.mesh.vertices[vertex : vertex + vertices], corners)
            vertex, face = vertex + vertices, face + faces
        return found

    def part(
        self, ids: Collection[int] | None = None, moved: Mapping[int, FloatArray] | None = None
    ) -> Mesh:
        """Return some of the shapes as one mesh, each moved on request.

        Parameters
        ----------
        ids
            Of the shapes; others than those that are here are left out. None for all.
        moved
            By how much, (3,) in µm, by id; the others stay in their place.
        """
        if ids is None and not moved:
            return self.mesh
        here = list(self.sizes)
        keep = np.ones(len(here), bool)
        if ids is not None:
            keep = np.array([shape_id in ids for shape_id in here], bool)
        corners, faces = np.array(list(self.sizes.values()), np.int64).reshape(-1, 2).T
        seen = np.repeat(keep, corners)
        vertices = self.mesh.vertices[seen]
        number = (np.cumsum(seen) - 1).astype(np.int32)
        if moved:
            nowhere = np.zeros(3)
            shifts = np.array([moved.get(shape_id, nowhere) for shape_id in here])
            vertices = vertices + np.repeat(shifts[keep], corners[keep], axis=0)
        return Mesh(vertices, number[self.mesh.faces[np.repeat(keep, faces)]])


def regroup(
    groups: Mapping[str, MergedMesh], names: Mapping[int, str]
) -> dict[str, MergedMesh | None]:
    """Move shapes from one group to another.

    Parameters
    ----------
    groups
        Merged surfaces by the name of the group.
    names
        Name of the new group by id; shapes of no group are left out.

    Returns
    -------
    dict
        The groups that have changed, None for those that have become empty.
    """
    leaving = {
        name: {i for i in group.sizes if names.get(i, name) != name}
        for name, group in groups.items()
    }
    moved = {i for ids in leaving.values() for i in ids}
    changed = {name for name, ids in leaving.items() if ids} | {names[i] for i in moved}
    known = {name: groups[name].pieces() if name in groups else {} for name in changed}
    coming: dict[str, dict[int, Mesh]] = {name: {} for name in changed}
    for pieces in known.values():
        for shape_id in moved & set(pieces):
            coming[names[shape_id]][shape_id] = pieces.pop(shape_id)
    found = {name: dict(sorted((known[name] | coming[name]).items())) for name in changed}
    return {name: MergedMesh.of(pieces) if pieces else None for name, pieces in found.items()}
