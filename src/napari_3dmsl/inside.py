"""Which points lie inside a closed surface: exact, the same on every machine, and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_3dmsl.geometry import triangle_normals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

MOST_PAIRS = 1_000_000  # pairs of point and triangle looked at in one go: some 200 MB


class TriangleMesh(Protocol):
    """Triangles in µm: a mesh of any room."""

    @property
    def vertices(self) -> NDArray[np.float64]:
        """(v, 3), (z, y, x)."""

    @property
    def faces(self) -> NDArray[np.integer[Any]]:
        """(f, 3), corners in their order."""


def inside_mesh(mesh: TriangleMesh, points_um: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points lie inside a closed mesh: where its winding number is not 0.

    Exact up to rounding: only points closer to the surface than a rounding error can be wrong, and
    no point of the ray has a special place (edges and corners are hit consistently).

    Parameters
    ----------
    mesh
        Closed; which way it is wound does not matter.
    points_um
        (n, 3) world µm (z, y, x).

    Returns
    -------
    (n,) bool

    Raises
    ------
    ValueError
        When the mesh has a hole, so that there is no inside, or the points are not (n, 3) numbers.
    """
    points = np.asarray(points_um, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
        raise ValueError(f"points: expected finite numbers (n, 3), found shape {points.shape}")
    if not is_closed(mesh.vertices, mesh.faces):
        raise ValueError(
            f"the mesh has a hole, so it has no inside ({len(mesh.faces)} faces); expected every "
            "edge to be shared by faces that run along it in both directions"
        )
    inside: NDArray[np.bool_] = winding_numbers(mesh.vertices[mesh.faces], points) != 0
    return inside


def winding_numbers(corners: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count how often a closed surface goes round each point, along the ray to higher z.

    The ray of a point meets the triangles whose shadow on the (y, x) plane holds the point. The
    shadow is tested edge by edge with a half-open rule that depends on the edge alone, so two
    triangles that share an edge never both claim or both deny a point, whatever the rounding.

    Parameters
    ----------
    corners
        (t, 3, 3): corners of the triangles, (z, y, x).
    points
        (n, 3), (z, y, x).

    Returns
    -------
    (n,) int64
        1 inside a surface with outward normals, 0 outside.
    """
    if len(points) == 0 or len(corners) == 0:
        return np.zeros(len(points), dtype=np.int64)
    grid = _PointGrid(points)
    shadows = _Shadows(corners)
    winding = np.zeros(len(points))
    for point, triangle in grid.candidates(shadows.low, shadows.high):
        turn = shadows.turns(grid.points[point], triangle)
        hit = np.flatnonzero(turn)
        point, triangle, turn = point[hit], triangle[hit], turn[hit]
        above = shadows.heights(grid.points[point], triangle) > grid.points[point, 0]
        winding += np.bincount(point[above], turn[above], minlength=len(points))
    result = np.empty(len(points), dtype=np.int64)
    result[grid.order] = np.rint(winding)
    return result


class _Shadows:
    """Triangles seen along z: their edges as lines x(y), their planes as z(y, x)."""

    def __init__(self, corners: NDArray[np.float64]) -> None:
        self.low, self.high = corners.min(axis=1), corners.max(axis=1)
        self._first = corners[:, 0]
        normals = triangle_normals(corners)
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = -normals[:, 1:] / normals[:, :1]
        # A triangle on edge has no height of its own; any within its range will do.
        self._slopes = np.where(np.isfinite(slopes), slopes, 0.0)
        self._edges = [self._edge(corners[:, i], corners[:, (i + 1) % 3]) for i in range(3)]

    @staticmethod
    def _edge(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of lowest y, highest y, x at the lowest, dx/dy, and -1 when it runs up, else 1."""
        up = start[:, 1] <= end[:, 1]
        low, high = np.where(up[:, None], start, end), np.where(up[:, None], end, start)
        rise = high[:, 1] - low[:, 1]
        slope = (high[:, 2] - low[:, 2]) / np.where(rise > 0, rise, 1.0)
        return np.stack([low[:, 1], high[:, 1], low[:, 2], slope, np.where(up, -1.0, 1.0)], axis=1)

    def turns(
        self, points: NDArray[np.float64], triangle: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """1 or -1 where the shadow holds the point, by the way it is wound, else 0."""
        y, x = points[:, 1], points[:, 2]
        turns = np.zeros(len(points))
        for edges in self._edges:
            low, high, at, slope, direction = edges[triangle].T
            turns += direction * ((low <= y) & (y < high) & (x < at + (y - low) * slope))
        return turns

    def heights(
        self, points: NDArray[np.float64], triangle: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Height z of the triangle at each point's (y, x)."""
        first = self._first[triangle]
        away = (points[:, 1:] - first[:, 1:]) * self._slopes[triangle]
        # Steep triangles: rounding must not leave their range.
        heights: NDArray[np.float64] = np.clip(
            first[:, 0] + away.sum(axis=1), self.low[triangle, 0], self.high[triangle, 0]
        )
        return heights


class _PointGrid:
    """Points sorted into cells of the (y, x) plane, row by row.

    Attributes
    ----------
    points
        The points, cell after cell.
    order
        Their places in the array that was given.
    """

    def __init__(self, points: NDArray[np.float64]) -> None:
        self._across = int(np.clip(np.sqrt(len(points)), 1, 512))
        self._corner = points[:, 1:].min(axis=0)
        size = np.maximum(points[:, 1:].max(axis=0) - self._corner, np.finfo(float).tiny)
        self._per_length = self._across / size
        row, column = self._cells(points).T
        cell = row * self._across + column
        self.order = np.argsort(cell, kind="stable")
        self.points = points[self.order]
        self._starts = np.searchsorted(cell[self.order], np.arange(self._across**2 + 1))

    def _cells(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        cells = np.floor((points[:, 1:] - self._corner) * self._per_length)
        clipped: NDArray[np.int64] = np.clip(cells, 0, self._across - 1).astype(np.int64)
        return clipped

    def candidates(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give pairs of point and box, in pieces, that cover all points in each box's shadow."""
        far = self.points[:, 1:].max(axis=0)
        touching = (high[:, 1:] >= self._corner).all(axis=1) & (low[:, 1:] <= far).all(axis=1)
        boxes = np.flatnonzero(touching)
        first, last = self._cells(low[boxes]), self._cells(high[boxes])
        rows = last[:, 0] - first[:, 0] + 1
        for some in _pieces(rows):
            box = np.repeat(np.arange(len(boxes))[some], rows[some])
            row = first[box, 0] + _counters(rows[some])
            # In one row of cells, the points from the first to the last column follow each other.
            start = self._starts[row * self._across + first[box, 1]]
            lengths = self._starts[row * self._across + last[box, 1] + 1] - start
            for part in _pieces(lengths):
                point = np.repeat(start[part], lengths[part]) + _counters(lengths[part])
                yield point, np.repeat(boxes[box[part]], lengths[part])


def _counters(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, …, n - 1 for each length n, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def _pieces(lengths: NDArray[np.int64]) -> Iterator[slice]:
    """Cut a list of lengths into pieces of about `MOST_PAIRS` in sum."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + MOST_PAIRS, side="right")))
        yield slice(start, stop)
        start = stop


def is_closed(vertices: NDArray[np.float64], faces: NDArray[np.integer[Any]]) -> bool:
    """Whether each edge is run along as often forward as backward; surfaces may touch."""
    if len(faces) == 0:
        return False
    if _edges_pair_up(faces.astype(np.int64)):
        return True
    # Files such as STL give each face its own vertices: compare places, not numbers.
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    return _edges_pair_up(place.reshape(-1)[faces].astype(np.int64))


def _edges_pair_up(start: NDArray[np.int64]) -> bool:
    end = np.roll(start, -1, axis=1)
    forward, backward = (start << 32 | end).ravel(), (end << 32 | start).ravel()
    different = start.ravel() != end.ravel()  # a face without area runs back along its own edge
    return bool((np.sort(forward[different]) == np.sort(backward[different])).all())
