"""How far points are from a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 16  # faces whose middles are nearest; an upper bound of the distance on any mesh
AT_ONCE = 1000  # points


def distance_to_mesh(
    points: NDArray[np.float64], vertices: NDArray[np.float64], faces: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the distance of points to a triangle mesh, never less than it is.

    Parameters
    ----------
    points
        (N, 3).
    vertices, faces
        The mesh, in the unit of the points. The 16 faces with the nearest middles are looked at:
        on triangles of similar size the nearest is among them, else the answer is too large.
    """
    corners = vertices[faces]
    count = min(NEAREST, len(faces))
    _, near = KDTree(corners.mean(axis=1)).query(points, k=count)
    near = near.reshape(len(points), count)
    best = np.empty(len(points))
    for start in range(0, len(points), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        pairs = np.repeat(points[some], count, axis=0), corners[near[some].ravel()]
        best[some] = _to_triangles(*pairs).reshape(-1, count).min(axis=1)
    return best


def _to_triangles(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of point i to triangle i: to its plane inside it, else to its sides."""
    sides = np.roll(corners, -1, axis=1) - corners
    normal = np.cross(sides[:, 0], sides[:, 1])
    size = np.maximum(np.linalg.norm(normal, axis=1), np.finfo(float).tiny)
    offset = points[:, None] - corners
    along = np.einsum("nij,nij->ni", offset, sides)
    square = np.maximum(np.einsum("nij,nij->ni", sides, sides), np.finfo(float).tiny)
    nearest = np.clip(along / square, 0, 1)[..., None] * sides
    to_sides = np.linalg.norm(offset - nearest, axis=2).min(axis=1)
    inward = np.einsum("nij,nj->ni", np.cross(sides, offset), normal)
    inside = (inward >= 0).all(axis=1) & (size > np.finfo(float).tiny)
    to_plane = np.abs(np.einsum("nj,nj->n", offset[:, 0], normal)) / size
    return np.asarray(np.where(inside, to_plane, to_sides))
