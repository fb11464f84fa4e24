"""Lines through a closed surface: where straight lines along z run inside of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray, counters
from napari_3dmsl.geometry.triangles import triangle_normals

_AT_ONCE = 2_000_000  # pairs of triangle and line looked at together: some 100 MB


@dataclass(frozen=True)
class Intervals:
    """Pieces of lines along z that lie inside a surface.

    Attributes
    ----------
    yx_um : (N, 2) float64
        The line of each piece.
    low_um, high_um : (N,) float64
        Its ends in z.
    area_um2 : float
        Area of the (y, x) plane for each line.
    """

    yx_um: FloatArray
    low_um: FloatArray
    high_um: FloatArray
    area_um2: float


@dataclass(frozen=True)
class LineGrid:
    """A regular grid of lines along z.

    Attributes
    ----------
    origin_um : (y, x)
        Its first line.
    step_um : (y, x)
        Distance of the lines, > 0.
    shape : (rows, columns)
    """

    origin_um: FloatArray
    step_um: FloatArray
    shape: tuple[int, int]


@dataclass(frozen=True)
class GridIntervals:
    """Pieces of the lines of a grid that lie inside a surface, line by line and upwards in each.

    Attributes
    ----------
    line : (N,) int64
        ``row * columns + column`` of the line in its grid, ascending.
    low_um, high_um : (N,) float64
        Ends in z.
    """

    line: NDArray[np.int64]
    low_um: FloatArray
    high_um: FloatArray


def lines_inside(corners: FloatArray, step_um: float) -> Intervals:
    """Cut a closed surface along lines along z that fill its box.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles of a closed surface, (z, y, x) in µm.
    step_um : float
        Distance of the lines, > 0; a little less, so that whole steps fill the surface's box.
    """
    vertices = corners.reshape(-1, 3)
    size = np.ptp(vertices[:, 1:], axis=0)
    rows, columns = np.ceil(size / step_um).astype(int)
    step = size / (rows, columns)
    grid = LineGrid(vertices[:, 1:].min(axis=0) + 0.5 * step, step, (rows, columns))
    found = lines_on_grid(vertices, np.arange(len(vertices)).reshape(-1, 3), grid)
    row, column = np.divmod(found.line, columns)
    lines: FloatArray = grid.origin_um + step * np.stack([row, column], axis=1)
    return Intervals(lines, found.low_um, found.high_um, float(step.prod()))


def lines_on_grid(
    vertices_um: FloatArray, faces: NDArray[np.integer], grid: LineGrid
) -> GridIntervals:
    """Cut a closed surface along the lines of a grid, which may lie anywhere.

    Each triangle is drawn row by row: the two of its edges that cross a row bound the lines that
    meet it. A crossing depends on the edge alone and spans are half open, so neighbours never both
    claim a line, nor both deny it. Inside is where the winding number is not 0.

    Parameters
    ----------
    vertices_um : (N, 3) array
        (z, y, x).
    faces : (F, 3) integers
        Triangles of a closed surface.
    grid : LineGrid
        The lines.

    Raises
    ------
    ValueError
        When a line enters the surface more or less often than it leaves it.
    """
    (found,) = lines_on_grids([(vertices_um, faces, grid)])
    return found


def lines_on_grids(
    surfaces: Sequence[tuple[FloatArray, NDArray[np.integer], LineGrid]],
) -> list[GridIntervals]:
    """Cut many closed surfaces, each along the lines of a grid of its own, see `lines_on_grid`.

    To the last digit as one by one, in less time.

    Parameters
    ----------
    surfaces : sequence of (vertices, faces, grid)
        At least one.

    Raises
    ------
    ValueError
        When a line enters a surface more or less often than it leaves it.
    """
    near = _near_lines(surfaces)
    areas = np.array([np.prod(grid.shape) for _, _, grid in surfaces])
    ends = np.cumsum(areas)  # lines are numbered on, surface after surface
    starts = ends - areas
    if not len(near.surface):
        return [GridIntervals(np.zeros(0, np.int64), np.zeros(0), np.zeros(0)) for _ in surfaces]
    across = np.array([grid.shape[1] for _, _, grid in surfaces])
    hits = [_crossings(near.part(some), starts, across) for some in _parts(near)]
    line, height, turn = (np.concatenate(parts) for parts in zip(*hits, strict=True))
    order = _by_line_and_height(line, height)
    line, height, turn = line[order], height[order], turn[order]
    # Each line leaves the surface as often as it enters, so one running sum serves all lines.
    winding = np.cumsum(turn)
    if winding[np.flatnonzero(np.diff(line, append=-1))].any():
        raise ValueError(
            "the surface has a hole, so it has no inside: a line enters it and never leaves; "
            "close the mesh"
        )
    within = np.flatnonzero(winding)
    line, low, high = line[within], height[within], height[within + 1]
    cuts = np.searchsorted(line, [0, *ends.tolist()]).tolist()
    return [
        GridIntervals(line[a:b] - start, low[a:b], high[a:b])
        for (a, b), start in zip(pairwise(cuts), starts.tolist(), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Triangles:
    """Triangles that may meet a line, one coordinate of all after the other: much faster.

    Attributes
    ----------
    z_um, row, column : (3, T) float64
        Of the corners; among the lines of their grid, which lie at whole numbers.
    first, last : (2, T) int32
        The first row and column that they may meet, and the first beyond them.
    surface : (T,) int64
        Number of their surface.
    """

    z_um: FloatArray
    row: FloatArray
    column: FloatArray
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    surface: NDArray[np.int64]

    def part(self, some: slice) -> _Triangles:
        """Return some of them."""
        corners = self.z_um[:, some], self.row[:, some], self.column[:, some]
        return _Triangles(*corners, self.first[:, some], self.last[:, some], self.surface[some])


def _near_lines(
    surfaces: Sequence[tuple[FloatArray, NDArray[np.integer], LineGrid]],
) -> _Triangles:
    """Return the triangles that have a line of each direction of their grid between their corners.

    Most triangles of a fine mesh lie between two lines: comparing whole numbers of corners that
    many triangles share costs next to nothing.
    """
    points = [len(vertices) for vertices, _, _ in surfaces]
    triangles = [len(faces) for _, faces, _ in surfaces]
    before = np.cumsum(points) - points
    faces = np.concatenate([faces for _, faces, _ in surfaces]).T + np.repeat(before, triangles)
    vertices_um = np.concatenate([vertices for vertices, _, _ in surfaces])
    meets = np.ones(faces.shape[1], dtype=bool)
    places, bounds = [], []
    for axis in range(2):
        origin = np.repeat([float(grid.origin_um[axis]) for _, _, grid in surfaces], points)
        step = np.repeat([float(grid.step_um[axis]) for _, _, grid in surfaces], points)
        count = np.repeat([grid.shape[axis] for _, _, grid in surfaces], points)
        places.append((vertices_um[:, axis + 1] - origin) / step)
        next_line = np.clip(np.ceil(places[axis]), 0, count).astype(np.int32)
        a, b, c = (next_line.take(corner) for corner in faces)
        bounds.append((np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)))
        meets &= bounds[axis][0] != bounds[axis][1]
    near = np.flatnonzero(meets)
    faces = faces.take(near, axis=1)
    first, last = (
        np.stack([ends.take(near) for ends in both]) for both in zip(*bounds, strict=True)
    )
    surface = np.repeat(np.arange(len(surfaces)), triangles).take(near)
    z_um = np.ascontiguousarray(vertices_um[:, 0])
    row, column = places
    return _Triangles(z_um.take(faces), row.take(faces), column.take(faces), first, last, surface)


def _parts(near: _Triangles) -> list[slice]:
    """Cut triangles into parts that meet about `_AT_ONCE` lines."""
    rows, columns = (near.last - near.first).astype(np.int64)
    ends = np.cumsum(rows * columns)
    if ends[-1] <= _AT_ONCE:
        return [slice(0, len(ends))]
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
    bounds = np.unique([0, *cuts, len(ends)])
    return [slice(a, b) for a, b in pairwise(bounds)]


def _crossings(
    near: _Triangles, starts: NDArray[np.int64], across: NDArray[np.int64]
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Return line number, height and direction (1 or -1) of each crossing with a triangle.

    Of each surface ``starts`` tells the number of the first line, ``across`` the columns.
    """
    rows = (near.last[0] - near.first[0]).astype(np.int64)
    triangle = np.repeat(np.arange(len(rows)), rows)
    row = near.first[0].take(triangle) + counters(rows)
    up, down = _row_ends(near.row.take(triangle, axis=1), near.column.take(triangle, axis=1), row)
    surface = near.surface.take(triangle)
    columns = across.take(surface)
    start = np.clip(np.ceil(np.minimum(up, down)), 0, columns).astype(np.int64)
    stop = np.clip(np.ceil(np.maximum(up, down)), 0, columns).astype(np.int64)
    lines = stop - start
    column = np.repeat(start, lines) + counters(lines)
    turn = np.repeat(np.where(up > down, 1, -1), lines)
    number = np.repeat(starts.take(surface) + row * columns, lines) + column
    height = _heights(near, np.repeat(triangle, lines), np.repeat(row, lines), column)
    return number, height, turn


def _row_ends(
    y: FloatArray, x: FloatArray, row: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Where the edges that run up and down (in y) cross a row; places are (3, triangles)."""
    ends = np.zeros((2, len(row)))
    for corner in range(3):
        after = (corner + 1) % 3
        below, above = np.minimum(y[corner], y[after]), np.maximum(y[corner], y[after])
        crosses = np.flatnonzero((below <= row) & (row < above))
        low, high = below.take(crosses), above.take(crosses)
        start_x, end_x = x[corner].take(crosses), x[after].take(crosses)
        upward = y[corner].take(crosses) == low
        low_x, high_x = np.where(upward, start_x, end_x), np.where(upward, end_x, start_x)
        share = (row.take(crosses) - low) / (high - low)
        # Rounding must not leave the edge: triangles beside its box are never looked at.
        ends[upward.astype(np.intp), crosses] = np.clip(
            low_x + share * (high_x - low_x), np.minimum(low_x, high_x), np.maximum(low_x, high_x)
        )
    return ends[1], ends[0]


def _heights(
    near: _Triangles,
    triangle: NDArray[np.intp],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
) -> FloatArray:
    """Height of triangles at lines; rounding must not leave the range of a steep one."""
    corners = np.stack([near.z_um, near.row, near.column], axis=2).transpose(1, 0, 2)
    normals = triangle_normals(corners)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.nan_to_num(-normals[:, 1:] / normals[:, :1], posinf=0.0, neginf=0.0)
    away = (row - near.row[0].take(triangle)) * slopes[:, 0].take(triangle)
    away += (column - near.column[0].take(triangle)) * slopes[:, 1].take(triangle)
    a, b, c = near.z_um
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    height: FloatArray = np.clip(a.take(triangle) + away, low.take(triangle), high.take(triangle))
    return height


def _by_line_and_height(line: NDArray[np.int64], height: FloatArray) -> NDArray[np.intp]:
    """Sort as `numpy.lexsort` by line, then by height; in a third of the time.

    One number for both, whose rounding may only mix up heights next to each other.
    """
    low = float(height.min())
    tall = max(2.0 * (float(height.max()) - low), 1e-9)
    order = np.argsort(line + (height - low) / tall)
    there = line.take(order)
    same = there[1:] == there[:-1]
    if (same & (np.diff(height.take(order)) <= 0.0)).any() or (np.diff(there) < 0).any():
        return np.lexsort((height, line))
    return order
