"""Which points lie inside a closed surface: exact, the same on every machine, and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_3dmsl.arrays import counters
from napari_3dmsl.geometry.triangles import triangle_boxes, triangle_normals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.arrays import FloatArray

MOST_PAIRS = 1_000_000  # pairs of point and triangle looked at in one go: some 200 MB
MANY_POINTS = 2000  # from here on it pays to find the regions without surface
CELLS_PER_POINT = 1.4  # cells along an axis, over the cube root of the number of points
TINY = float(np.finfo(float).tiny)
FEWEST_ACROSS, MOST_ACROSS = 8, 160


class TriangleMesh(Protocol):
    """Triangles in µm: a mesh of any room."""

    @property
    def vertices(self) -> NDArray[np.float64]:
        """(N, 3), (z, y, x)."""

    @property
    def faces(self) -> NDArray[np.integer[Any]]:
        """(F, 3), corners in their order."""


def inside_mesh(mesh: TriangleMesh, points_um: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points lie inside a closed mesh: where its winding number is not 0.

    Exact up to rounding: only points closer to the surface than a rounding error can be wrong, and
    no point of the ray has a special place (edges and corners are hit consistently).

    Parameters
    ----------
    mesh
        Closed; which way it is wound does not matter.
    points_um
        (N, 3) world µm (z, y, x).

    Returns
    -------
    (N,) bool

    Raises
    ------
    ValueError
        When the mesh has a hole, so that there is no inside, or the points are not (N, 3) numbers.
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
    """Count how often a closed surface goes round each point.

    Many points: space is cut into cells. Cells that no triangle's box touches and that lie side by
    side have no surface between them, so one point speaks for all points in them; only the
    points in the other cells are asked one by one.

    Parameters
    ----------
    corners
        (F, 3, 3): corners of the triangles, (z, y, x).
    points
        (N, 3), (z, y, x).

    Returns
    -------
    (N,) int64
        1 inside a surface with outward normals, 0 outside.
    """
    if len(points) < MANY_POINTS or len(corners) == 0:
        return _along_rays(corners, points)
    region = _empty_regions(corners, points)
    speaker = np.full(int(region.max()) + 1, -1)
    # Written backwards, so that the first point of each region stays.
    speaker[region[::-1]] = np.arange(len(points))[::-1]
    asked = np.concatenate([np.flatnonzero(region == 0), speaker[1:][speaker[1:] >= 0]])
    winding = np.zeros(len(points), dtype=np.int64)
    winding[asked] = _along_rays(corners, points[asked])
    answers = winding[speaker]
    answered: NDArray[np.int64] = np.where(region > 0, answers[region], winding)
    return answered


def _empty_regions(
    corners: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.integer[Any]]:
    """Return for each point the region (from 1) without any surface that it lies in, else 0."""
    import cc3d

    low, high = triangle_boxes(corners)
    across = int(np.clip(CELLS_PER_POINT * np.cbrt(len(points)), FEWEST_ACROSS, MOST_ACROSS))
    cells = _Cells(low.min(axis=0), high.max(axis=0), across)
    first, last = cells.places(low), cells.places(high)
    while np.prod(last - first + 1.0, axis=0).sum() > MOST_PAIRS and across > FEWEST_ACROSS:
        across //= 2  # large triangles: smaller cells say no more about the space between them
        cells = _Cells(low.min(axis=0), high.max(axis=0), across)
        first, last = cells.places(low), cells.places(high)
    empty = np.ones(cells.side**3, dtype=np.uint8)
    empty[cells.between(first, last)] = 0
    regions = cc3d.connected_components(empty.reshape((cells.side,) * 3), connectivity=6)
    z, y, x = cells.places(points)
    return np.asarray(regions[z, y, x])


class _Cells:
    """A box cut into cells, with one more cell on each side for all that is outside.

    Attributes
    ----------
    side
        Cells along each axis.
    """

    def __init__(self, low: NDArray[np.float64], high: NDArray[np.float64], across: int) -> None:
        self.side = across + 2
        self._corner = low
        self._per_length = across / np.maximum(high - low, across * TINY)

    def places(self, points: FloatArray) -> NDArray[np.int64]:
        """Return the cells (3, n) of points (N, 3)."""
        found = np.empty((3, len(points)), dtype=np.int64)
        for axis in range(3):
            # Each step keeps the order of numbers: no point leaves a box that it lies in.
            steps = (points[:, axis] - self._corner[axis]) * self._per_length[axis]
            found[axis] = np.clip(steps + 1, 0, self.side - 1)  # cut off: 0 or more
        return found

    def between(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of all cells in each of the boxes from first to last, both in it."""
        box, number = np.arange(first.shape[1]), np.zeros(first.shape[1], dtype=np.int64)
        for low, high in zip(first, last, strict=True):
            lengths = (high - low + 1)[box]
            start = number * self.side + low[box]
            number = np.repeat(start, lengths) + counters(lengths)
            box = np.repeat(box, lengths)
        return number


def _along_rays(corners: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count the windings of a closed surface along the ray from each point to higher z.

    The ray of a point meets the triangles whose shadow on the (y, x) plane holds the point. The
    shadow is tested edge by edge with a half-open rule that depends on the edge alone, so two
    triangles that share an edge never both claim or both deny a point, whatever the rounding.
    """
    winding = np.zeros(len(points), dtype=np.int64)
    if len(points) == 0 or len(corners) == 0:
        return winding
    grid = _PointGrid(points)
    low, high = triangle_boxes(corners)
    for point, triangle in grid.candidates(low, high):
        # Below the top of the triangle, and in the box of its shadow.
        near = grid.points[:, 0].take(point) < high[:, 0].take(triangle)
        for axis in (1, 2):
            place = grid.points[:, axis].take(point)
            near &= low[:, axis].take(triangle) <= place
            near &= place <= high[:, axis].take(triangle)
        point, triangle = point[near], triangle[near]
        turns = _turns(grid.points.take(point, axis=0), corners, triangle)
        hit = np.flatnonzero(turns)
        point, triangle, turns = point[hit], triangle[hit], turns[hit]
        above = _heights(grid.points[point], corners[triangle]) > grid.points[point, 0]
        np.add.at(winding, grid.order[point[above]], turns[above])
    return winding


def _turns(
    points: NDArray[np.float64], corners: NDArray[np.float64], triangle: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return 1 or -1 where the shadow of its triangle holds a point, by its winding, else 0."""
    shadows = corners[:, :, 1:].take(triangle, axis=0)
    below = shadows[:, :, 0] <= points[:, 1:2]
    turns = np.zeros(len(points), dtype=np.int64)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        # Only an edge between a corner below the point's row and one above crosses the row.
        across = np.flatnonzero(below[:, first] != below[:, second])
        up = below[across, first]
        start, end = shadows[across, first], shadows[across, second]
        low, high = np.where(up[:, None], start, end), np.where(up[:, None], end, start)
        slope = (high[:, 1] - low[:, 1]) / (high[:, 0] - low[:, 0])
        y, x = points[across, 1], points[across, 2]
        # Rounding must not leave the edge: beyond its box a triangle is never looked at.
        at = np.clip(
            low[:, 1] + (y - low[:, 0]) * slope,
            np.minimum(low[:, 1], high[:, 1]),
            np.maximum(low[:, 1], high[:, 1]),
        )
        turns[across] += np.where(up, -1, 1) * (x < at)
    return turns


def _heights(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height z of triangle i over the (y, x) of point i."""
    normals = triangle_normals(corners)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = -normals[:, 1:] / normals[:, :1]
    # A triangle on edge has no height of its own; any within its range will do.
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    away = ((points[:, 1:] - corners[:, 0, 1:]) * slopes).sum(axis=1)
    low, high = triangle_boxes(corners)
    # Steep triangles: rounding must not leave their range.
    heights: NDArray[np.float64] = np.clip(corners[:, 0, 0] + away, low[:, 0], high[:, 0])
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
        self._corner, self._far = points[:, 1:].min(axis=0), points[:, 1:].max(axis=0)
        extent = np.maximum(self._far - self._corner, self._across * TINY)
        self._per_length = self._across / extent
        cell = self._cells(points, 1) * self._across + self._cells(points, 2)
        self.order = np.argsort(cell, kind="stable")
        self.points = points[self.order]
        self._starts = np.searchsorted(cell[self.order], np.arange(self._across**2 + 1))

    def _cells(self, points: FloatArray, axis: int) -> NDArray[np.int64]:
        steps = (points[:, axis] - self._corner[axis - 1]) * self._per_length[axis - 1]
        found: NDArray[np.int64] = np.clip(steps, 0, self._across - 1).astype(np.int64)
        return found

    def candidates(
        self, low: FloatArray, high: FloatArray
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give pairs of point and box, in pieces, that cover all points in each box's shadow."""
        touching = (high[:, 1] >= self._corner[0]) & (low[:, 1] <= self._far[0])
        touching &= (high[:, 2] >= self._corner[1]) & (low[:, 2] <= self._far[1])
        boxes = np.flatnonzero(touching)
        low, high = low[boxes], high[boxes]
        first_row, first_column = self._cells(low, 1), self._cells(low, 2)
        rows, last_column = self._cells(high, 1) - first_row + 1, self._cells(high, 2)
        for some in _pieces(rows):
            box = np.repeat(np.arange(len(boxes))[some], rows[some])
            row = (first_row[box] + counters(rows[some])) * self._across
            # In one row of cells, the points from the first to the last column follow each other.
            start = self._starts[row + first_column[box]]
            lengths = self._starts[row + last_column[box] + 1] - start
            for part in _pieces(lengths):
                point = np.repeat(start[part], lengths[part]) + counters(lengths[part])
                yield point, np.repeat(boxes[box[part]], lengths[part])


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
    """Whether each edge is run along as often forward as backward; surfaces may touch.

    Parameters
    ----------
    vertices : (N, 3) array
        (z, y, x), in any unit.
    faces : (F, 3) integers
        Corners of each triangle, in their order.
    """
    if len(faces) == 0:
        return False
    if _edges_pair_up(faces.astype(np.int64)):
        return True
    # Files such as STL give each face its own vertices: compare places, not numbers.
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    return _edges_pair_up(place.reshape(-1)[faces].astype(np.int64))


def _edges_pair_up(start: NDArray[np.int64]) -> bool:
    end = np.roll(start, -1, axis=1)
    real = (start != end).ravel()  # a face without area runs back along its own edge
    start, end = start.ravel()[real], end.ravel()[real]
    both = np.minimum(start, end) << 31 | np.maximum(start, end)
    edges = np.sort(both << 1 | (start > end))
    if len(edges) % 2 == 0 and ((edges[::2] ^ edges[1::2]) == 1).all():
        return True
    # Where surfaces touch, four and more faces share an edge.
    forward, backward = both[start < end], both[start > end]
    return np.array_equal(np.sort(forward), np.sort(backward))
