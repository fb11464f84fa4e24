"""Lines through a closed surface: where straight lines along z run inside of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray, counters
from napari_3dmsl.geometry.triangles import triangle_boxes, triangle_normals

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
    corners, places, counts = _near_lines(surfaces)
    shapes = np.array([grid.shape for _, _, grid in surfaces])
    ends = np.cumsum(shapes.prod(axis=1))  # lines are numbered on, surface after surface
    starts = ends - shapes.prod(axis=1)
    if not len(corners):
        return [GridIntervals(np.zeros(0, np.int64), np.zeros(0), np.zeros(0)) for _ in surfaces]
    of_triangle = np.repeat(np.column_stack([shapes, starts]), counts, axis=0)
    low, high = triangle_boxes(places)
    hits = [
        _crossings(corners[part], places[part], (low[part], high[part]), of_triangle[part])
        for part in _parts(low, high)
    ]
    line, height, turn = (np.concatenate(parts) for parts in zip(*hits, strict=True))
    order = np.lexsort((height, line))
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


def _near_lines(
    surfaces: Sequence[tuple[FloatArray, NDArray[np.integer], LineGrid]],
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Return the corners of triangles that may meet a line, and their places among the lines.

    Surface after surface; with them how many of each there are.
    """
    points = [len(vertices) for vertices, _, _ in surfaces]
    triangles = [len(faces) for _, faces, _ in surfaces]
    grids = [[*grid.origin_um, *grid.step_um, *grid.shape] for _, _, grid in surfaces]
    origin, step, shape = np.split(np.repeat(np.array(grids), points, axis=0), 3, axis=1)
    vertices_um = np.concatenate([vertices for vertices, _, _ in surfaces])
    places = (vertices_um[:, 1:] - origin) / step  # lines lie at whole numbers
    first = np.cumsum(points) - points
    faces = np.concatenate([faces for _, faces, _ in surfaces])
    faces = faces + np.repeat(first, triangles)[:, None]
    near = np.flatnonzero(_meets_lines(places, faces, shape))
    counts = np.diff(np.searchsorted(near, [0, *np.cumsum(triangles).tolist()]))
    faces = faces[near]
    return vertices_um[faces], places[faces], counts


def _meets_lines(
    places: FloatArray, faces: NDArray[np.integer], shape: FloatArray
) -> NDArray[np.bool_]:
    """Tell which triangles have a line of each direction of their grid between their corners.

    Most triangles of a fine mesh lie between two lines: comparing whole numbers of corners that
    many triangles share costs next to nothing.
    """
    meets = np.ones(len(faces), dtype=bool)
    next_lines = np.clip(np.ceil(places), 0, shape).astype(np.int32)
    for next_line in np.ascontiguousarray(next_lines.T):
        first, second, third = (next_line.take(faces[:, corner]) for corner in range(3))
        meets &= (first != second) | (second != third)
    return meets


def _parts(low: FloatArray, high: FloatArray) -> list[slice]:
    """Cut the triangles, whose boxes are given, into parts that meet about `_AT_ONCE` lines."""
    rows, columns = (high - low + 1.0).T
    ends = np.cumsum(rows * columns)
    if ends[-1] <= _AT_ONCE:
        return [slice(0, len(low))]
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
    bounds = np.unique([0, *cuts, len(low)])
    return [slice(a, b) for a, b in pairwise(bounds)]


def _crossings(
    corners: FloatArray,
    places: FloatArray,
    boxes: tuple[FloatArray, FloatArray],
    grids: NDArray[np.int64],
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Return line number, height and direction (1 or -1) of each crossing with a triangle.

    Of each triangle ``grids`` tells the rows and columns of its grid, and its first line's number.
    """
    rows, columns, numbers = grids.T
    low, high = boxes
    # The first row that a triangle meets, and the first beyond it.
    first = np.clip(np.ceil(low[:, 0]), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(high[:, 0]), 0, rows).astype(np.int64)
    triangle = np.repeat(np.arange(len(places)), last - first)
    row = first[triangle] + counters(last - first)
    up, down = _row_ends(places.transpose(1, 2, 0).take(triangle, axis=2), row)
    across = columns[triangle]
    start = np.clip(np.ceil(np.minimum(up, down)), 0, across).astype(np.int64)
    stop = np.clip(np.ceil(np.maximum(up, down)), 0, across).astype(np.int64)
    lines = stop - start
    column = np.repeat(start, lines) + counters(lines)
    turn = np.repeat(np.where(up > down, 1, -1), lines)
    row, triangle = np.repeat(row, lines), np.repeat(triangle, lines)
    height = _heights(corners, places, triangle, np.stack([row, column], axis=1))
    return numbers[triangle] + row * columns[triangle] + column, height, turn


def _row_ends(places: FloatArray, row: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Where the edges that run up and down (in y) cross a row; places are (3, 2, triangles)."""
    ends = np.zeros((2, len(row)))
    for corner in range(3):
        (start_y, start_x), (end_y, end_x) = places[corner], places[(corner + 1) % 3]
        below, above = np.minimum(start_y, end_y), np.maximum(start_y, end_y)
        crosses = np.flatnonzero((below <= row) & (row < above))
        upward = start_y[crosses] < end_y[crosses]
        low, high = below[crosses], above[crosses]
        low_x = np.where(upward, start_x[crosses], end_x[crosses])
        high_x = np.where(upward, end_x[crosses], start_x[crosses])
        share = (row[crosses] - low) / (high - low)
        # Rounding must not leave the edge: triangles beside its box are never looked at.
        ends[upward.astype(np.intp), crosses] = np.clip(
            low_x + share * (high_x - low_x), np.minimum(low_x, high_x), np.maximum(low_x, high_x)
        )
    return ends[1], ends[0]


def _heights(
    corners: FloatArray, places: FloatArray, triangle: NDArray[np.intp], line: NDArray[np.int64]
) -> FloatArray:
    """Height of triangles at lines; rounding must not leave the range of a steep one."""
    in_steps = np.concatenate([corners[:, :, :1], places], axis=2)
    normals = triangle_normals(in_steps)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.nan_to_num(-normals[:, 1:] / normals[:, :1], posinf=0.0, neginf=0.0)
    away = (line - places[triangle, 0]) * slopes[triangle]
    low, high = triangle_boxes(corners[:, :, :1])
    height: FloatArray = np.clip(
        corners[triangle, 0, 0] + away.sum(axis=1), low[triangle, 0], high[triangle, 0]
    )
    return height
