"""Columns through a closed surface: where straight lines along z run inside of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.geometry import triangle_normals

_AT_ONCE = 2_000_000  # pairs of triangle and line looked at together: some 100 MB


@dataclass(frozen=True)
class Intervals:
    """Pieces of lines along z that lie inside a surface.

    Attributes
    ----------
    yx_um : (n, 2) float64
        The line of each piece.
    low_um, high_um : (n,) float64
        Its ends in z.
    area_um2 : float
        Area of the (y, x) plane for each line.
    """

    yx_um: FloatArray
    low_um: FloatArray
    high_um: FloatArray
    area_um2: float


def columns_inside(corners: FloatArray, step_um: float) -> Intervals:
    """Cut a closed surface along a grid of lines along z.

    Each triangle is drawn row by row: the two of its edges that cross a row bound the lines that
    meet it. A crossing depends on the edge alone and spans are half open, so neighbours never both
    claim a line, nor both deny it. Inside is where the winding number is not 0.

    Parameters
    ----------
    corners : (t, 3, 3) array
        Corners of the triangles of a closed surface, (z, y, x) in µm.
    step_um : float
        Distance of the lines, > 0; a little less, so that whole steps fill the surface's box.
    """
    box = corners[:, :, 1:].reshape(-1, 2)
    size = np.ptp(box, axis=0)
    step = size / np.ceil(size / step_um)
    origin = box.min(axis=0) + 0.5 * step
    across = int(np.ceil(size[1] / step_um)) + 2
    places = (corners[:, :, 1:] - origin) / step  # lines lie at whole numbers
    hits = [_crossings(corners[part], places[part], across) for part in _parts(places)]
    line, height, turn = (np.concatenate(parts) for parts in zip(*hits, strict=True))
    order = np.lexsort((height, line))
    line, height, turn = line[order], height[order], turn[order]
    # Each line leaves the surface as often as it enters, so one running sum serves all lines.
    within = np.flatnonzero(np.cumsum(turn)[:-1] != 0)
    row, column = np.divmod(line[within], across)
    lines: FloatArray = origin + step * np.stack([row, column], axis=1)
    return Intervals(lines, height[within], height[within + 1], float(step.prod()))


def _parts(places: FloatArray) -> list[slice]:
    """Cut the triangles into parts that meet about `_AT_ONCE` lines."""
    sides = places.max(axis=1) - places.min(axis=1) + 1.0
    ends = np.cumsum(sides.prod(axis=1))
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
    bounds = np.unique([0, *cuts, len(places)])
    return [slice(a, b) for a, b in pairwise(bounds)]


def _crossings(
    corners: FloatArray, places: FloatArray, across: int
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Return line number, height and direction (1 or -1) of each crossing with a triangle."""
    first = np.ceil(places[:, :, 0].min(axis=1)).astype(np.int64)
    last = np.ceil(places[:, :, 0].max(axis=1)).astype(np.int64)  # the first row beyond
    triangle = np.repeat(np.arange(len(places)), last - first)
    row = first[triangle] + _counters(last - first)
    up, down = _row_ends(places[triangle], row)
    start = np.ceil(np.minimum(up, down)).astype(np.int64)
    stop = np.ceil(np.maximum(up, down)).astype(np.int64)
    lines = stop - start
    column = np.repeat(start, lines) + _counters(lines)
    turn = np.repeat(np.where(up > down, 1, -1), lines)
    row, triangle = np.repeat(row, lines), np.repeat(triangle, lines)
    height = _heights(corners, places, triangle, np.stack([row, column], axis=1))
    return row * across + column, height, turn


def _row_ends(places: FloatArray, row: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Where the edges that run up and down (in y) cross a row."""
    ends = np.zeros((2, len(row)))
    for corner in range(3):
        start, end = places[:, corner], places[:, (corner + 1) % 3]
        upward = start[:, 0] < end[:, 0]
        low, high = np.where(upward[:, None], start, end), np.where(upward[:, None], end, start)
        crosses = np.flatnonzero((low[:, 0] <= row) & (row < high[:, 0]))
        low, high, direction = low[crosses], high[crosses], upward[crosses].astype(int)
        share = (row[crosses] - low[:, 0]) / (high[:, 0] - low[:, 0])
        ends[direction, crosses] = low[:, 1] + share * (high[:, 1] - low[:, 1])
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
    z = corners[:, :, 0]
    height: FloatArray = np.clip(
        z[triangle, 0] + away.sum(axis=1), z.min(axis=1)[triangle], z.max(axis=1)[triangle]
    )
    return height


def _counters(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, …, n - 1 for each length n, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
