"""Polygons of mesh files cut into triangles that lie inside of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FLAT = 1e-9  # of the area: a corner that turns back by less is straight, but for rounding
_ROWS = 1 << 14  # polygons in one go: some MB

Triangle = tuple[int, int, int]


def check_corners(faces: NDArray[np.int64], vertex_count: int) -> None:
    """Refuse faces of vertices that are not there.

    Parameters
    ----------
    faces
        (m, k).
    vertex_count
        How many the file has.

    Raises
    ------
    ValueError
        When a number is below 0, or too large.
    """
    if faces.size and (faces.min() < 0 or faces.max() >= vertex_count):
        raise ValueError("faces that name vertices which the file does not have")


def triangles_of(
    polygons: Sequence[Sequence[int]], vertices: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Cut polygons into triangles; those of less than 3 corners are left out.

    Parameters
    ----------
    polygons
        Numbers of the corners of each, in their order.
    vertices
        (N, 3).

    Returns
    -------
    (F, 3) int64

    Raises
    ------
    ValueError
        When a polygon names a vertex that is not there.
    """
    by_length: dict[int, list[Sequence[int]]] = {}
    for polygon in polygons:
        by_length.setdefault(len(polygon), []).append(polygon)
    triangles = [np.zeros((0, 3), dtype=np.int64)]
    for length, group in by_length.items():
        if length >= 3:
            triangles.append(cut_polygons(np.array(group, dtype=np.int64), vertices))
    return np.concatenate(triangles)


def cut_polygons(polygons: NDArray[np.int64], vertices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cut polygons of one number of corners into triangles that cover them, and nothing else.

    Parameters
    ----------
    polygons
        (m, k), k of 3 or more.
    vertices
        (N, 3).

    Returns
    -------
    (m (k - 2), 3) int64

    Raises
    ------
    ValueError
        When a polygon names a vertex that is not there.
    """
    if polygons.shape[1] <= 3:
        return polygons
    check_corners(polygons, len(vertices))
    parts = [polygons[at : at + _ROWS] for at in range(0, len(polygons), _ROWS)]
    return np.concatenate([_cut(part, vertices[part]) for part in parts] or [polygons[:, :3]])


def _cut(polygons: NDArray[np.int64], corners: NDArray[np.float64]) -> NDArray[np.int64]:
    turns, normals = _turns(corners)
    inward = turns < -_FLAT
    # All of a polygon is seen from its only inward corner: the ray that halves the angle there
    # parts it into two convex ones.
    first = np.where(inward.any(axis=1), turns.argmin(axis=1), 0)
    columns = (first[:, None] + np.arange(polygons.shape[1])) % polygons.shape[1]
    fans = _fans(np.take_along_axis(polygons, columns, axis=1))
    for row in np.flatnonzero(np.count_nonzero(inward, axis=1) > 1):
        ears = _ears(_outline(corners[row], normals[row]))
        fans[row] = polygons[row][np.array(ears)]
    return fans.reshape(-1, 3)


def _fans(polygons: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return triangles (m, k - 2, 3) of polygons (m, k) around their first corners."""
    first = np.broadcast_to(polygons[:, :1], polygons[:, 2:].shape)
    return np.stack([first, polygons[:, 1:-1], polygons[:, 2:]], axis=2)


def _turns(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how polygons (m, k, 3) turn at each corner, below 0 inward, and their normals.

    The turn is the area between two edges along the normal, in areas of the polygon; the normal is
    that of M. Newell, which holds for corners that are not quite in a plane.
    """
    x, y, z = np.moveaxis(corners - corners[:, :1], 2, 0)
    edges = [np.roll(axis, -1, axis=1) - axis for axis in (x, y, z)]
    before = [np.roll(edge, 1, axis=1) for edge in edges]
    normals = np.stack([side.sum(axis=1) for side in _cross((x, y, z), edges)])
    turns = sum(n[:, None] * side for n, side in zip(normals, _cross(before, edges), strict=True))
    squares = (normals**2).sum(axis=0)[:, None]
    return np.divide(turns, squares, out=np.zeros_like(x), where=squares > 0), normals.T


def _cross(
    one: Sequence[NDArray[np.float64]], other: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], ...]:
    """Cross product of vectors whose axes are apart: several times as fast as `numpy.cross`."""
    (a, b, c), (x, y, z) = one, other
    return b * z - c * y, c * x - a * z, a * y - b * x


def _outline(corners: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a polygon (k, 2) in the plane of two axes, counter-clockwise."""
    across = int(np.abs(normal).argmax())
    axes = [(across + 1) % 3, (across + 2) % 3]
    return corners[:, axes if normal[across] > 0 else axes[::-1]]


def _ears(outline: NDArray[np.float64]) -> list[Triangle]:
    """Cut a polygon (k, 2), counter-clockwise, ear by ear (G. Meisters, 1975)."""
    left = list(range(len(outline)))
    triangles: list[Triangle] = []
    while len(left) > 2:
        ear = _ear(outline[left])
        triangles.append((left[ear - 1], left[ear], left[(ear + 1) % len(left)]))
        del left[ear]
    return triangles


def _ear(points: NDArray[np.float64]) -> int:
    """Return a corner that turns outward, no other one lies in its triangle; else the sharpest."""
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    turns = _areas(before, points, after)
    blunt = points[turns <= 0]  # if any corner lies in the triangle, one of these does
    for corner in np.flatnonzero(turns > 0):
        triangle = np.array([before[corner], points[corner], after[corner]])
        others = blunt[(blunt[:, None] != triangle).any(axis=2).all(axis=1)]
        sides = [_areas(triangle[i - 1], triangle[i], others) >= 0 for i in range(3)]
        if not np.logical_and.reduce(sides).any():
            return int(corner)
    return int(turns.argmax())  # an outline that crosses itself, or only straight corners


def _areas(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Twice the area of triangles in the plane, above 0 where they turn counter-clockwise."""
    ab, ac = b - a, c - a
    areas: NDArray[np.float64] = ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0]
    return areas
