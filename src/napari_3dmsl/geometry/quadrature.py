"""Points and weights that stand for a labelling of endless density: integrals over a shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray, counters
from napari_3dmsl.geometry.line_crossings import lines_inside
from napari_3dmsl.geometry.triangles import triangle_areas

FINEST_UM = 0.14
"""The finest that images resolve: ``0.61 λ / (√2 NA)``, confocal at 450 nm and NA 1.4."""

EDGE_UM = FINEST_UM / 4
CELL_UM = FINEST_UM / 4
MOST_POINTS = 400_000
_LINES_ACROSS = 3


def surface_points(
    corners: FloatArray, edge_um: float = EDGE_UM, most: int = MOST_POINTS
) -> tuple[FloatArray, FloatArray]:
    """Cover triangles with points, each at the middle of a piece and weighted by its area.

    Triangles are cut until no edge is longer than ``edge_um``, see `small_pieces`; a surface that
    would need more than ``most`` pieces gets coarser ones.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, (z, y, x) in µm.
    edge_um : float
        Longest edge of a piece.
    most : int
        Pieces, about.

    Returns
    -------
    points_um : (N, 3) float64
    areas_um2 : (N,) float64
        They sum to the area of the surface.
    """
    pieces = small_pieces(corners, edge_um, most)
    return pieces.mean(axis=1), triangle_areas(pieces)


def small_pieces(corners: FloatArray, edge_um: float, most: float = np.inf) -> FloatArray:
    """Halve triangles at their longest edge until no edge is longer than ``edge_um``.

    Before the pieces outnumber ``most``, halving stops; they are never fewer than the triangles.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, (z, y, x) in µm.
    edge_um : float
        Longest edge of a piece.
    most : float
        Pieces that are allowed.

    Returns
    -------
    (F, 3, 3) float64
    """
    done: list[FloatArray] = []
    count = len(corners)
    while True:
        edges = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
        longest = edges.argmax(axis=1)
        long = edges.max(axis=1) > edge_um
        count += int(long.sum())
        if not long.any() or count > most:
            return np.concatenate([*done, corners])
        done.append(corners[~long])
        corners = _halved(corners[long], longest[long])


def _halved(corners: FloatArray, longest: NDArray[np.intp]) -> FloatArray:
    turn = (longest[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(corners, turn[:, :, None], axis=1).transpose(1, 0, 2)
    middle = 0.5 * (a + b)
    halves: FloatArray = np.concatenate(
        [np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)]
    )
    return halves


def solid_points(
    corners: FloatArray,
    volume_um3: float,
    cell_um: float = CELL_UM,
    most: int = MOST_POINTS // 2,
) -> tuple[FloatArray, FloatArray]:
    """Fill a closed surface with points, one at the centre of what lies inside of each cell.

    Lines along z, three across a cell, are cut exactly at the surface and into pieces of half a
    cell; what a cell holds of them becomes one point. Cells at the surface so count with their part
    inside. The cells grow where more than about ``most`` would be filled, or the lines be too
    many, and shrink for small shapes, until their box holds a fifth of ``most``.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Of a closed surface, (z, y, x) in µm.
    volume_um3 : float
        Volume inside, which the weights sum to.
    cell_um : float
        Side of a cell.
    most : int
        Points, about.

    Returns
    -------
    points_um : (N, 3) float64
    volumes_um3 : (N,) float64
        They sum to ``volume_um3``.
    """
    box = np.ptp(corners.reshape(-1, 3), axis=0)
    coarse_enough = max(np.cbrt(volume_um3 / most), np.sqrt(box[1] * box[2] / (2 * most)))
    fine_enough = np.cbrt(box.prod() / (0.2 * most))
    cell = float(max(min(cell_um, fine_enough), coarse_enough))
    found = lines_inside(corners, cell / _LINES_ACROSS)
    length = found.high_um - found.low_um
    count = np.maximum(np.ceil(length / (0.5 * cell)), 1).astype(np.int64)
    piece = np.repeat(length / count, count)
    number = counters(count)
    z = np.repeat(found.low_um, count) + (number + 0.5) * piece
    points = np.column_stack([z, np.repeat(found.yx_um, count, axis=0)])
    return _gathered(points, piece * (volume_um3 / piece.sum()), cell)


def _gathered(
    points: FloatArray, weights: FloatArray, cell_um: float
) -> tuple[FloatArray, FloatArray]:
    """Replace all points of a cubic cell by one at their weighted mean."""
    cells = ((points - points.min(axis=0)) / cell_um).astype(np.int64)
    across = cells.max(axis=0) + 1
    flat = (cells[:, 0] * across[1] + cells[:, 1]) * across[2] + cells[:, 2]
    _, where = np.unique(flat, return_inverse=True)
    total = np.bincount(where, weights).astype(np.float64)
    means = [np.bincount(where, weights * points[:, axis]) / total for axis in range(3)]
    return np.column_stack(means), total
