"""Shapes laid flat into a thin layer: they may cross in the image, but not run into each other.

Space is cut into columns with slices of height, a bit each. The surface of a shape is entered into
every column that it may touch, from its lowest to its highest slice: shapes that share no bit
keep apart for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.geometry.quadrature import small_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.mesh import Mesh

COLUMN_UM = 0.1
"""Side of a column."""

SLICES = 64
_BELOW = np.array([(1 << k) - 1 for k in range(SLICES + 1)], dtype=np.uint64)


class FlatShape:
    """A surface turned so that it lies as flat as it can: shortest principal axis along z.

    Parameters
    ----------
    mesh : Mesh
        Closed, in its own frame.

    Attributes
    ----------
    to_rest : (4, 4) float64
        From the frame of the mesh to rest: middle at 0, longest axis along x.
    points_um : (N, 3) float64
        At rest; they cover the surface, see `_covering`.
    reach_um : float
        Of the points from the middle, seen from above and at any tilt.
    """

    def __init__(self, mesh: Mesh) -> None:
        corners = mesh.vertices[mesh.faces]
        middles = corners.mean(axis=1)
        weights = np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        centre = np.average(middles, axis=0, weights=weights)
        around = middles - centre
        _, axes = np.linalg.eigh((around * weights[:, None]).T @ around)
        turn = axes.T.copy()  # rows: shortest, middle, longest
        if np.linalg.det(turn) < 0.0:
            turn[0] *= -1.0
        self.to_rest: FloatArray = np.eye(4)
        self.to_rest[:3, :3] = turn
        self.to_rest[:3, 3] = -turn @ centre
        self.points_um = (_covering(mesh, corners) - centre) @ turn.T
        self.reach_um = float(np.sqrt((self.points_um**2).sum(axis=1).max()))


def _covering(mesh: Mesh, corners: FloatArray) -> FloatArray:
    """Corners of triangles whose sides are no longer than a column's, which cover the surface.

    All corners of such a triangle lie in the nine columns around any of its points, so that these
    know the lowest and the highest slice that the triangle reaches.
    """
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    if sides.max() <= COLUMN_UM:
        return mesh.vertices
    pieces = small_pieces(corners, COLUMN_UM).reshape(-1, 3)
    return np.unique(np.round(pieces, 4), axis=0)


def draw_turn(tilt_deg: float, rng: np.random.Generator) -> FloatArray:
    """Draw how a shape at rest is turned: any way in the plane, either side up, a little tilted.

    Parameters
    ----------
    tilt_deg : float
        Standard deviation of the tilt.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    (3, 3) float64
        Of (z, y, x) column vectors.
    """
    angle, about = rng.uniform(0.0, 2.0 * np.pi, 2)
    tilt = np.deg2rad(tilt_deg) * rng.standard_normal()
    over = np.pi * rng.integers(2)
    # Components (z, y, x) take the place of (x, y, z): turns keep their handedness.
    turns = Rotation.from_rotvec(
        [
            [0.0, 0.0, over],
            [0.0, tilt * np.sin(about), tilt * np.cos(about)],
            [angle, 0.0, 0.0],
        ]
    ).as_matrix()
    turned: FloatArray = turns[2] @ turns[1] @ turns[0]
    return turned


@dataclass(frozen=True, eq=False)
class Footprint:
    """The columns that a turned shape may touch, and its lowest and highest slice in each.

    Attributes
    ----------
    row, column : (N,) int64
        Columns from that of the shape's middle.
    low, high : (N,) int64
        Slices from that of the middle.
    offset_um : (3,) float64
        Place of the middle in its column and slice, (z, y, x).
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    offset_um: FloatArray


def footprint(points_um: FloatArray, slice_um: float, offset_um: FloatArray) -> Footprint:
    """Enter points into columns; their neighbours, too, for what lies between the points.

    Parameters
    ----------
    points_um : (N, 3) array
        Of a turned shape, from its middle.
    slice_um : float
        Height of a slice.
    offset_um : (3,) array
        Place of the middle in its column and slice.
    """
    sides = np.array([slice_um, COLUMN_UM, COLUMN_UM])
    index = np.floor((points_um + offset_um) / sides).astype(np.int64)
    first = index[:, 1:].min(axis=0) - 1
    shape = index[:, 1:].max(axis=0) - first + 2
    flat = (index[:, 1] - first[0]) * shape[1] + index[:, 2] - first[1]
    low = np.full(shape.prod(), SLICES, dtype=np.int64)
    high = np.full(shape.prod(), -SLICES, dtype=np.int64)
    np.minimum.at(low, flat, index[:, 0])
    np.maximum.at(high, flat, index[:, 0])
    low, high = -_widened(-low.reshape(shape)), _widened(high.reshape(shape))
    row, column = np.nonzero(high >= low)
    low, high = low[row, column], high[row, column]
    return Footprint(row + first[0], column + first[1], low, high, offset_um)


def _widened(highest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the highest of each column and the eight around it."""
    wide = highest.copy()
    np.maximum(wide[1:], highest[:-1], out=wide[1:])
    np.maximum(wide[:-1], highest[1:], out=wide[:-1])
    widest = wide.copy()
    np.maximum(widest[:, 1:], wide[:, :-1], out=widest[:, 1:])
    np.maximum(widest[:, :-1], wide[:, 1:], out=widest[:, :-1])
    return widest


class Columns:
    """Which slices of which columns are taken.

    Parameters
    ----------
    low_um : (3,) array
        Lowest corner, (z, y, x).
    size_um : (2,) array
        Extent along y and x.
    slice_um : float
        Height of a slice; there are `SLICES`.
    """

    def __init__(self, low_um: FloatArray, size_um: FloatArray, slice_um: float) -> None:
        self.low_um, self.slice_um = low_um, slice_um
        shape = np.ceil(size_um / COLUMN_UM).astype(int) + 2  # a rim that is never taken
        self._taken = np.zeros(shape, dtype=np.uint64)

    def free(
        self, found: Footprint, middle: NDArray[np.int64], heights: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell where a shape runs into no other, (places, heights).

        Parameters
        ----------
        found
            Its columns.
        middle
            (P, 2), column of the middle for each place, see `column_of`.
        heights
            (H,), slice of the middle.
        """
        row = np.clip(middle[:, :1] + found.row, 0, self._taken.shape[0] - 1)
        column = np.clip(middle[:, 1:] + found.column, 0, self._taken.shape[1] - 1)
        taken = self._taken[row, column]
        clash = taken[:, None, :] & _bits(found, heights)[None]
        free: NDArray[np.bool_] = ~clash.any(axis=2)
        return free

    def take(self, found: Footprint, middle: NDArray[np.int64], height: int) -> None:
        """Enter a shape.

        Parameters
        ----------
        found
            Its columns.
        middle
            (2,), column of the middle.
        height
            Slice of the middle.
        """
        row, column = middle[0] + found.row, middle[1] + found.column
        rows, columns = self._taken.shape
        there = (row > 0) & (row < rows - 1) & (column > 0) & (column < columns - 1)
        self._taken[row[there], column[there]] |= _bits(found, np.array([height]))[0, there]

    def column_of(self, yx_um: FloatArray) -> NDArray[np.int64]:
        """Return the column in which places (N, 2) lie.

        Parameters
        ----------
        yx_um
            From the middle of the image.
        """
        return np.floor((yx_um - self.low_um[1:]) / COLUMN_UM).astype(np.int64) + 1

    def slice_of(self, z_um: float) -> int:
        """Return the slice in which a height lies.

        Parameters
        ----------
        z_um
            From the sharp plane.
        """
        return int(np.floor((z_um - self.low_um[0]) / self.slice_um))

    def slices_between(self, low_um: float, high_um: float) -> NDArray[np.int64]:
        """Return the slices from one height to another.

        Parameters
        ----------
        low_um, high_um
            From the sharp plane.
        """
        return np.arange(self.slice_of(low_um), self.slice_of(high_um) + 1)

    def offset_of(self, place_um: FloatArray) -> FloatArray:
        """Return where in its column and slice a place (z, y, x) lies.

        Parameters
        ----------
        place_um
            From the middle of the image and the sharp plane.
        """
        sides = np.array([self.slice_um, COLUMN_UM, COLUMN_UM])
        offset: FloatArray = np.mod(place_um - self.low_um, sides)
        return offset

    def place_um(self, found: Footprint, middle: NDArray[np.int64], height: int) -> FloatArray:
        """Return where the middle of a shape lies, (z, y, x).

        Parameters
        ----------
        found
            Its columns.
        middle
            (2,), column of the middle.
        height
            Slice of the middle.
        """
        corner = np.array([height * self.slice_um, *((middle - 1) * COLUMN_UM)])
        place: FloatArray = self.low_um + corner + found.offset_um
        return place


def _bits(found: Footprint, heights: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the slices that a shape takes in its columns, (heights, columns); clipped ones too."""
    low = np.clip(heights[:, None] + found.low, 0, SLICES - 1)
    high = np.clip(heights[:, None] + found.high, 0, SLICES - 1)
    bits: NDArray[np.uint64] = _BELOW[high + 1] & ~_BELOW[low]
    return bits
