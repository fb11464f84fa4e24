"""How far shapes are from each other, surface to surface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
_ROUNDED_DOWN = 1 - 1e-9  # gaps of boxes against distances that are computed in another way
_LOOKED_AT = 64  # neighbours of a shape, which are more than are looked at
_CURVE_BITS = 16


class _Nearest(NamedTuple):
    """The nearest vertices of two surfaces: that of the lower number, that of the higher."""

    distance: float
    other: int
    vertices: tuple[NDArray[np.float64], NDArray[np.float64]]


def neighbour_distances(
    boxes_um: NDArray[np.float64],
    mesh_of: Callable[[int], Mesh],
    some: Sequence[int] | None = None,
) -> list[float | None]:
    """Return the distance in µm of each shape to the nearest other one.

    The nearest vertices of two surfaces are found first, then the distances of the vertices around
    them to the triangles around them. The distance of a shape does not depend on which others are
    asked for with it.

    Parameters
    ----------
    boxes_um
        (N, 2, 3): lowest and highest corner of each surface.
    mesh_of
        Gives the surface of shape 0 to n - 1; called several times.
    some
        Shapes whose distances are wanted; ``None`` takes all. Those that lie near to each other,
        see `spatial_order`, need the surfaces of few others.

    Returns
    -------
    list
        In the order of ``some``; None for a shape that is alone.
    """
    wanted = range(len(boxes_um)) if some is None else some
    best: dict[int, _Nearest] = {}
    asked = frozenset(wanted)
    for shape in wanted:
        low, high = boxes_um[shape]
        apart = np.maximum(boxes_um[:, 0] - high, low - boxes_um[:, 1]).clip(min=0)
        gaps = np.linalg.norm(apart, axis=1) * _ROUNDED_DOWN
        gaps[shape] = np.inf
        for other in _nearest_first(gaps):
            known = best.get(shape)
            most = np.inf if known is None else known.distance
            if gaps[other] > most:
                break
            if known is not None and known.other == other:
                continue
            pair = min(shape, other), max(shape, other)
            found = _nearest_vertices(mesh_of(pair[0]), mesh_of(pair[1]), most)
            if found is None:
                continue
            for one, two in (pair, pair[::-1]):
                # The lower number of two as near: whoever is asked first, the same is found.
                if one in asked and (one not in best or (found[0], two) < best[one][:2]):
                    best[one] = _Nearest(found[0], two, found[1:])
    return [_to_surface(shape, best[shape], mesh_of) if shape in best else None for shape in wanted]


def spatial_order(boxes_um: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return shapes in an order in which those that follow each other lie near to each other.

    Along a Z-shaped curve through the middles of their boxes.

    Parameters
    ----------
    boxes_um
        (N, 2, 3): lowest and highest corner of each.
    """
    middles = boxes_um.mean(axis=1)
    low = middles.min(axis=0, initial=np.inf)
    size = max(float((middles - low).max(initial=0.0)), np.finfo(float).tiny)
    cells = ((middles - low) / size * (2**_CURVE_BITS - 1)).astype(np.int64)
    code = np.zeros(len(cells), np.int64)
    for bit in range(_CURVE_BITS):
        for axis in range(3):
            code |= (cells[:, axis] >> bit & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")


def _nearest_first(gaps: NDArray[np.float64]) -> Iterator[int]:
    """Give the places of numbers, the lowest first; all are sorted only where many are needed."""
    few = min(_LOOKED_AT, len(gaps) - 1)
    if few < 1:
        return
    first = np.argpartition(gaps, few)[:few]
    first = first[np.lexsort((first, gaps[first]))]
    yield from first.tolist()
    taken = np.isinf(gaps)  # the shape itself
    taken[first] = True
    yield from (place for place in np.argsort(gaps, kind="stable").tolist() if not taken[place])


def _nearest_vertices(
    first: Mesh, second: Mesh, most: float
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the nearest vertices of two surfaces and their distance, if that is not above a limit.

    Of pairs that are as near, the first; it does not depend on the limit.
    """
    within = min(most, float(cdist(_few(first), _few(second)).min())) * (1 + 1e-9)
    here, there = _near(first, second, within), _near(second, first, within)
    if len(here) == 0 or len(there) == 0:
        return None
    # One query does not pay for a well-balanced tree.
    tree = KDTree(there, balanced_tree=False, compact_nodes=False)
    distances, _ = map(np.asarray, tree.query(here, distance_upper_bound=within * (1 + 1e-9)))
    at = int(distances.argmin())
    if not distances[at] <= most:
        return None
    partner = int(np.square(there - here[at]).sum(axis=1).argmin())
    return float(distances[at]), here[at], there[partner]


def _few(mesh: Mesh) -> NDArray[np.float64]:
    return mesh.vertices[:: max(1, len(mesh.vertices) // _FEW)]


def _near(mesh: Mesh, other: Mesh, within: float) -> NDArray[np.float64]:
    """Return the vertices of a mesh that lie in the box of another, made larger by a distance."""
    low, high = other.bounds_um
    return mesh.vertices[_in_box(mesh.vertices, low - within, high + within)]


def _to_surface(shape: int, found: _Nearest, mesh_of: Callable[[int], Mesh]) -> float:
    """Return the distance of two surfaces around their nearest vertices."""
    first, second = mesh_of(min(shape, found.other)), mesh_of(max(shape, found.other))
    here, there = found.vertices
    distances = [found.distance]
    for mesh, at, other, opposite in (
        (first, here, second, there),
        (second, there, first, here),
    ):
        reach = _AROUND * max(_longest_side(mesh, at), _longest_side(other, opposite))
        points = mesh.vertices[_in_box(mesh.vertices, at - reach, at + reach)]
        corners = _in_box(other.vertices, opposite - reach, opposite + reach)
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
