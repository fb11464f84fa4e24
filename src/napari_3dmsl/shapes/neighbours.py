"""How far shapes are from each other, surface to surface."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from napari_3dmsl.shapes.distance import distance_to_mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.mesh import Mesh

_FEW = 256  # vertices of each surface that give a first, too large distance
_AROUND = 2.0  # longest sides of a triangle: there the nearest points are looked for


class _Nearest(NamedTuple):
    """The nearest vertices of two surfaces."""

    distance: float
    here: NDArray[np.float64]
    there: NDArray[np.float64]
    other: int


def neighbour_distances(
    boxes_um: NDArray[np.float64], mesh_of: Callable[[int], Mesh]
) -> list[float | None]:
    """Return the distance in µm of each shape to the nearest other one.

    The nearest vertices of two surfaces are found first, then the distances of the vertices around
    them to the triangles around them.

    Parameters
    ----------
    boxes_um
        (N, 2, 3): lowest and highest corner of each surface.
    mesh_of
        Gives the surface of shape 0 to n - 1; called several times.

    Returns
    -------
    list
        None for a shape that is alone.
    """
    best: list[_Nearest | None] = [None] * len(boxes_um)
    for shape, (low, high) in enumerate(boxes_um):
        apart = np.maximum(boxes_um[:, 0] - high, low - boxes_um[:, 1]).clip(min=0)
        gaps = np.linalg.norm(apart, axis=1)
        gaps[shape] = np.inf
        mesh = mesh_of(shape)
        for other in np.argsort(gaps, kind="stable").tolist():
            known = best[shape]
            most = np.inf if known is None else known.distance
            if gaps[other] >= most:
                break
            found = _nearest_vertices(mesh, mesh_of(other), most)
            if found is None:
                continue
            distance, here, there = found
            best[shape] = _Nearest(distance, here, there, other)
            theirs = best[other]
            if theirs is None or distance < theirs.distance:
                best[other] = _Nearest(distance, there, here, shape)
    return [
        None if found is None else _to_surface(mesh_of(shape), mesh_of(found.other), found)
        for shape, found in enumerate(best)
    ]


def _nearest_vertices(
    first: Mesh, second: Mesh, most: float
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the nearest vertices of two surfaces and their distance, if that is below ``most``."""
    within = min(most, float(cdist(_few(first), _few(second)).min()) * (1 + 1e-9))
    here, there = _near(first, second, within), _near(second, first, within)
    if len(here) == 0 or len(there) == 0:
        return None
    # One query does not pay for a well-balanced tree.
    tree = KDTree(there, balanced_tree=False, compact_nodes=False)
    distances, partners = map(np.asarray, tree.query(here, distance_upper_bound=within))
    at = int(distances.argmin())
    if not distances[at] < most:
        return None
    return float(distances[at]), here[at], there[partners[at]]


def _few(mesh: Mesh) -> NDArray[np.float64]:
    return mesh.vertices[:: max(1, len(mesh.vertices) // _FEW)]


def _near(mesh: Mesh, other: Mesh, within: float) -> NDArray[np.float64]:
    """Return the vertices of a mesh that lie in the box of another, made larger by a distance."""
    low, high = other.bounds_um
    return mesh.vertices[_in_box(mesh.vertices, low - within, high + within)]


def _to_surface(first: Mesh, second: Mesh, found: _Nearest) -> float:
    """Return the distance of two surfaces around their nearest vertices."""
    distances = [found.distance]
    for mesh, at, other, there in (
        (first, found.here, second, found.there),
        (second, found.there, first, found.here),
    ):
        reach = _AROUND * max(_longest_side(mesh, at), _longest_side(other, there))
        points = mesh.vertices[_in_box(mesh.vertices, at - reach, at + reach)]
        corners = _in_box(other.vertices, there - reach, there + reach)
        faces = _faces_at(other, corners)
        distances.append(float(distance_to_mesh(points, other.vertices, faces).min()))
    return min(distances)


def _in_box(
    points: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    inside = np.ones(len(points), bool)
    for axis in range(3):  # column by column: twice as fast as all in one
        column = points[:, axis]
        inside &= (column >= low[axis]) & (column <= high[axis])
    return inside


def _faces_at(mesh: Mesh, vertices: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the faces with a corner among some vertices."""
    first, second, third = (vertices.take(mesh.faces[:, corner]) for corner in range(3))
    return mesh.faces[first | second | third]


def _longest_side(mesh: Mesh, vertex: NDArray[np.float64]) -> float:
    """Return the longest side of the triangles at a vertex."""
    corners = mesh.vertices[_faces_at(mesh, _in_box(mesh.vertices, vertex, vertex))]
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max())
