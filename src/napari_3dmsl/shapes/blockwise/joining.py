"""Components of blocks become components of the volume: their faces are compared, then joined.

The two planes of voxels on both sides of a wall between blocks are compared row by row of blocks,
with one line of the next row, so that contacts across edges and corners of blocks are seen as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.blockwise.grid import Grid, Triple

Face = Callable[[int, int, int], "NDArray[np.integer] | None"]
"""(block, axis, end) -> numbers on that face, 0 for background; end is 0 or 1; None: all are 0."""

NAMES = tuple((axis, end) for axis in range(3) for end in (0, 1))


def faces_of(labels: NDArray[np.integer], name: str) -> dict[str, NDArray[np.integer]]:
    """Return the six faces of a block by name, those that hold anything.

    Parameters
    ----------
    labels
        (Z, Y, X) numbers of the components in the block.
    name
        What the names begin with.
    """
    found: dict[str, NDArray[np.integer]] = {}
    for axis, end in NAMES:
        face = np.asarray(labels.take(-end, axis=axis))
        if face.any():
            found[f"{name}_face{axis}{end}"] = face
    return found


def first_voxels(labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Return the place of the first voxel, in raster order, of each component.

    Parameters
    ----------
    labels
        (Z, Y, X) numbered 1..count in the order of their first voxels, as `components` does.
    count
        Of components.

    Returns
    -------
    numpy.ndarray
        (count, 3) places (z, y, x).
    """
    places = np.empty((count, 3), np.int64)
    known = 0
    for z, plane in enumerate(labels):
        top = int(plane.max())
        if top > known:
            running = np.maximum.accumulate(plane.ravel())
            at = np.searchsorted(running, np.arange(known + 1, top + 1))
            rows, columns = np.divmod(at, plane.shape[1])
            places[known:top] = np.stack([np.full(top - known, z), rows, columns], axis=1)
            known = top
    return places


def contacts(
    grid: Grid, face: Face, offsets: NDArray[np.int64], connectivity: int
) -> NDArray[np.int64]:
    """Return the pairs of components of neighbouring blocks that touch.

    Parameters
    ----------
    grid
        The blocks.
    face
        Gives the numbers on the faces of blocks, 1..n in each.
    offsets
        For each block what is added to its numbers, so that no two components have the same.
    connectivity
        Neighbours of a voxel: 6, 18 or 26.

    Returns
    -------
    numpy.ndarray
        (P, 2), each pair once.
    """
    found = [np.empty(0, np.int64)]
    total = int(offsets[-1]) + 1
    for axis in range(3):
        across, along = [other for other in range(3) if other != axis]
        for layer in range(grid.counts[axis] - 1):
            for band in range(grid.counts[across]):
                place = [0, 0, 0]
                place[axis], place[across] = layer, band
                near = _band(grid, face, offsets, (place[0], place[1], place[2]), axis, along, 1)
                place[axis] += 1
                far = _band(grid, face, offsets, (place[0], place[1], place[2]), axis, along, 0)
                if near is not None and far is not None:
                    found.append(_pairs(near, far, connectivity, total))
    keys = np.unique(np.concatenate(found))
    return np.stack(np.divmod(keys, total), axis=1)


def joined(total: int, pairs: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return how many groups numbers become when pairs of them are the same, and whose each is in.

    Parameters
    ----------
    total
        The numbers are 0 to total - 1.
    pairs
        (P, 2).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(total, total))
    count, group = connected_components(graph, directed=False)
    return int(count), np.asarray(group, np.int64)


def _band(
    grid: Grid,
    face: Face,
    offsets: NDArray[np.int64],
    place: Triple,
    axis: int,
    along: int,
    end: int,
) -> NDArray[np.int64] | None:
    """Return one row of blocks of a plane of faces, and the first line of the next row."""
    across = 3 - axis - along
    rows = grid.edge[across]
    start = place[across] * rows
    height = min(rows + 1, grid.shape[across] - start)
    band = np.zeros((height, grid.shape[along]), np.int64)
    filled = False
    for row in range(place[across], min(place[across] + 2, grid.counts[across])):
        top = (row - place[across]) * rows
        for column in range(grid.counts[along]):
            at = list(place)
            at[across], at[along] = row, column
            number = grid.number((at[0], at[1], at[2]))
            found = face(number, axis, end)
            if found is None:
                continue
            filled = True
            seen = found[: height - top]  # its axes are in order, as those of the band
            target = band[top : top + len(seen)]
            left = column * grid.edge[along]
            part = target[:, left : left + seen.shape[1]]
            np.add(seen, offsets[number], out=part, where=seen > 0, casting="unsafe")
    return band if filled else None


def _pairs(
    near: NDArray[np.int64], far: NDArray[np.int64], connectivity: int, total: int
) -> NDArray[np.int64]:
    """Return the packed pairs of two planes of voxels that lie on each other."""
    reach = {6: 0, 18: 1, 26: 2}[connectivity]
    found = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if abs(down) + abs(right) > reach:
                continue
            a = near[_from(-down) : _to(-down), _from(-right) : _to(-right)]
            b = far[_from(down) : _to(down), _from(right) : _to(right)]
            touch = (a > 0) & (b > 0)
            found.append(np.unique(a[touch] * total + b[touch]))
    return np.unique(np.concatenate(found))


def _from(shift: int) -> int | None:
    return shift if shift > 0 else None


def _to(shift: int) -> int | None:
    return shift if shift < 0 else None
