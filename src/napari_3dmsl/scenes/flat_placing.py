"""Shapes laid flat into a thin layer: they may cross in the image, but not run into each other.

Space is cut into columns with slices of height, a bit each. The surface of a shape is entered into
every column that it may touch, from its lowest to its highest slice: shapes that share no bit
keep apart for certain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import ndtri

from napari_3dmsl.geometry.quadrature import small_pieces
from napari_3dmsl.geometry.triangles import triangle_areas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.mesh import Mesh

SLICES = 64
POSES = 8
"""Ways that a shape is tilted and turned, drawn once for each; every one also in quarter turns and
with the other side up: 64 ways to lie."""

_BELOW = np.array([(1 << k) - 1 for k in range(SLICES + 1)], dtype=np.uint64)
_MIDDLE = SLICES // 2
_COS, _SIN = (1, 0, -1, 0), (0, 1, 0, -1)  # of quarter turns
_OVER = np.diag([-1, -1, 1])  # a half turn about x


class FlatShape:
    """A surface turned so that it lies as flat as it can: shortest principal axis along z.

    Parameters
    ----------
    mesh : Mesh
        Closed, in its own frame.
    seed : int
        Draws its poses.

    Attributes
    ----------
    to_rest : (4, 4) float64
        From the frame of the mesh to rest: middle at 0, longest axis along x.
    reach_um : float
        Of the surface from the middle.
    """

    def __init__(self, mesh: Mesh, seed: int) -> None:
        self._corners = mesh.vertices[mesh.faces]
        middles = self._corners.mean(axis=1)
        areas = triangle_areas(self._corners)
        centre = np.average(middles, axis=0, weights=areas)
        around = middles - centre
        _, axes = np.linalg.eigh((around * areas[:, None]).T @ around)
        turn = axes.T.copy()  # rows: shortest, middle, longest
        if np.linalg.det(turn) < 0.0:
            turn[0] *= -1.0
        self.to_rest: FloatArray = np.eye(4)
        self.to_rest[:3, :3] = turn
        self.to_rest[:3, 3] = -turn @ centre
        self._points: dict[float, NDArray[np.float32]] = {}
        self._drawn = np.random.default_rng([seed, POSES]).random((POSES, 3))
        self._tilted_deg = -1.0
        self._poses: dict[tuple[int, float], Pose] = {}
        self.reach_um = float(np.linalg.norm(mesh.vertices - centre, axis=1).max())

    def pose(self, way: int, tilt_deg: float, sides_um: FloatArray) -> Pose:
        """Return one of the ways to lie, with the columns that it takes; kept for the next time.

        Parameters
        ----------
        way : int
            0 to 8 `POSES` - 1.
        tilt_deg : float
            Standard deviation of the tilt.
        sides_um : (3,) array
            Of a slice and its column.
        """
        if tilt_deg != self._tilted_deg:
            self._tilted_deg, self._poses = tilt_deg, {}
        which, quarter = divmod(way, 4)
        key = which, float(sides_um[1])
        if key not in self._poses:
            if which < POSES:
                turn = _turned(tilt_deg, *self._drawn[which].tolist())
                self._poses[key] = Pose.of(turn, self.points_um(key[1]), sides_um)
            else:
                self._poses[key] = self.pose(4 * (which - POSES), tilt_deg, sides_um).over()
        return self._poses[key].quarter(quarter)

    def points_um(self, apart_um: float) -> NDArray[np.float32]:
        """Return corners of triangles that cover the surface at rest, (3, N).

        No side of them is longer than ``apart_um``: all corners of such a triangle lie in the nine
        columns of that width around any of its points, so these columns know the lowest and the
        highest slice that the triangle reaches.

        Parameters
        ----------
        apart_um : float
            Width of a column.
        """
        if apart_um not in self._points:
            pieces = small_pieces(self._corners, apart_um).reshape(-1, 3)
            # Each corner once: neighbours share them, to the last digit but for halved edges.
            z, y, x = np.round((pieces - pieces.min(axis=0)) / 1e-4).astype(np.int64).T
            _, first = np.unique((z << 40) + (y << 20) + x, return_index=True)
            rest = self.to_rest[:3, :3] @ pieces[first].T + self.to_rest[:3, 3:]
            self._points[apart_um] = np.ascontiguousarray(rest, dtype=np.float32)
        return self._points[apart_um]


def _turned(tilt_deg: float, before: float, after: float, tilt: float) -> FloatArray:
    """Turn a shape at rest about z, tilt it, and turn it again; of three numbers below 1."""
    by = math.radians(tilt_deg) * float(ndtri(0.5 * (1.0 + tilt)))
    turned: FloatArray = _about_z(2.0 * math.pi * after) @ _about_x(by)
    return turned @ _about_z(2.0 * math.pi * before)


def _about_z(angle: float) -> FloatArray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])


def _about_x(angle: float) -> FloatArray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True, eq=False)
class Pose:
    """A way to lie, and the columns that a shape may touch then.

    Attributes
    ----------
    turn : (3, 3) float64
        From rest, of (z, y, x) column vectors.
    row, column : (N,) int32
        Columns from that of the shape's middle, in which it lies in the middle.
    low, high : (N,) int32
        Lowest and highest slice in each column, from that of the middle.
    bits : (N,) uint64
        The slices that are taken when the middle is in the middle one.
    ends : (int, int)
        Lowest and highest slice of all columns.
    """

    turn: FloatArray
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    bits: NDArray[np.uint64]
    ends: tuple[int, int]

    @classmethod
    def of(cls, turn: FloatArray, points_um: NDArray[np.float32], sides_um: FloatArray) -> Self:
        """Enter points of a turned shape into columns: those of the points and all beside them.

        Parameters
        ----------
        turn
            From rest.
        points_um
            (3, N), at rest, see `FlatShape.points_um`.
        sides_um
            (3,), of a slice and its column.
        """
        places = (turn / sides_um[:, None]).astype(np.float32) @ points_um + np.float32(0.5)
        index = np.floor(places).astype(np.int32)
        first = index[1:].min(axis=1) - 1
        rows, columns = (index[1:].max(axis=1) - first + 2).tolist()
        flat = (index[1] - first[0]) * columns + (index[2] - first[1])
        low = np.full(rows * columns, 100 * SLICES, dtype=np.int32)
        high = -low
        np.minimum.at(low, flat, index[0])
        np.maximum.at(high, flat, index[0])
        low = -_widened(-low.reshape(rows, columns)).ravel()
        high = _widened(high.reshape(rows, columns)).ravel()
        there = np.flatnonzero(high >= low)
        row, column = np.divmod(there.astype(np.int32), np.int32(columns))
        low, high = low[there], high[there]
        bits = _between(_MIDDLE + low, _MIDDLE + high)
        ends = int(low.min()), int(high.max())
        return cls(turn, row + first[0], column + first[1], low, high, bits, ends)

    def over(self) -> Pose:
        """Turn the other side up."""
        bits = _between(_MIDDLE - self.high, _MIDDLE - self.low)
        ends = -self.ends[1], -self.ends[0]
        turn = _OVER @ self.turn
        return Pose(turn, -self.row, self.column, -self.high, -self.low, bits, ends)

    def quarter(self, turns: int) -> Pose:
        """Turn by quarters about z.

        Parameters
        ----------
        turns
            0 to 3.
        """
        c, s = _COS[turns], _SIN[turns]
        turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ self.turn
        row, column = ((self.row, self.column), (-self.column, self.row))[turns % 2]
        if turns > 1:
            row, column = -row, -column
        return Pose(turn, row, column, self.low, self.high, self.bits, self.ends)

    def bits_at(self, heights: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the slices that are taken, (heights, columns).

        Parameters
        ----------
        heights
            (H,), slice of the middle, ascending.
        """
        lowest, highest = int(heights[0]), int(heights[-1])
        if (
            min(lowest, _MIDDLE) + self.ends[0] < 0
            or max(highest, _MIDDLE) + self.ends[1] >= SLICES
        ):
            return _between(heights[:, None] + self.low, heights[:, None] + self.high)
        down = np.uint64(max(_MIDDLE - lowest, 0))
        up = (heights - min(lowest, _MIDDLE)).astype(np.uint64)
        moved: NDArray[np.uint64] = (self.bits >> down) << up[:, None]
        return moved


def _between(low: NDArray[np.integer], high: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return the bits from one slice to another; what lies beyond all counts as the outermost."""
    first, last = low.clip(0, SLICES - 1), high.clip(0, SLICES - 1)
    bits: NDArray[np.uint64] = _BELOW[last + 1] & ~_BELOW[first]
    return bits


class Columns:
    """Which slices of which columns are taken.

    Parameters
    ----------
    low_um : (3,) array
        Lowest corner, (z, y, x).
    size_um : (2,) array
        Extent along y and x. What lies beyond it comes in again at the other side, which wastes
        some room there.
    slice_um, column_um : float
        Height of a slice, and width of a column; there are `SLICES`.
    """

    def __init__(
        self, low_um: FloatArray, size_um: FloatArray, slice_um: float, column_um: float
    ) -> None:
        self.low_um = low_um
        self.sides_um = np.array([slice_um, column_um, column_um])
        rows, self._across = np.ceil(size_um / column_um).astype(int).tolist()
        self._taken = np.zeros(rows * self._across, dtype=np.uint64)

    def free(
        self, found: Pose, middles: NDArray[np.int64], heights: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell where a shape runs into no other, (places, heights).

        Parameters
        ----------
        found
            Its columns.
        middles
            (P,), column of the middle for each place, see `column_of`.
        heights
            (H,), slice of the middle.
        """
        taken = self._taken.take(middles[:, None] + self._from_middle(found), mode="wrap")
        clash = taken[:, None, :] & found.bits_at(heights)
        free: NDArray[np.bool_] = np.logical_not(clash.any(axis=2))
        return free

    def _from_middle(self, found: Pose) -> NDArray[np.int64]:
        """Columns of a shape from that of its middle, counted in a row of all columns."""
        columns: NDArray[np.int64] = found.row.astype(np.int64) * self._across + found.column
        return columns

    def take(self, found: Pose, middle: int, height: int) -> None:
        """Enter a shape.

        Parameters
        ----------
        found
            Its columns.
        middle
            Column of the middle.
        height
            Slice of the middle.
        """
        column = (middle + self._from_middle(found)) % len(self._taken)
        self._taken[column] |= found.bits_at(np.array([height]))[0]

    def column_of(self, yx_um: FloatArray) -> NDArray[np.int64]:
        """Return the column in which places (N, 2) lie.

        Parameters
        ----------
        yx_um
            From the middle of the image.
        """
        row, column = np.floor((yx_um - self.low_um[1:]) / self.sides_um[1:]).astype(np.int64).T
        found: NDArray[np.int64] = row * self._across + column
        return found

    def slice_of(self, z_um: float) -> int:
        """Return the slice in which a height lies.

        Parameters
        ----------
        z_um
            From the sharp plane.
        """
        return math.floor(float((z_um - self.low_um[0]) / self.sides_um[0]))

    def slices_between(self, low_um: float, high_um: float) -> NDArray[np.int64]:
        """Return the slices from one height to another.

        Parameters
        ----------
        low_um, high_um
            From the sharp plane.
        """
        return np.arange(self.slice_of(low_um), self.slice_of(high_um) + 1)

    def place_um(self, middle: int, height: int) -> FloatArray:
        """Return where the middle of a shape lies, (z, y, x).

        Parameters
        ----------
        middle
            Column of the middle.
        height
            Slice of the middle.
        """
        corner = np.array([height, *divmod(middle, self._across)]) + 0.5
        place: FloatArray = self.low_um + corner * self.sides_um
        return place


def _widened(highest: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the highest of each column and the eight around it."""
    wide = highest.copy()
    np.maximum(wide[1:], highest[:-1], out=wide[1:])
    np.maximum(wide[:-1], highest[1:], out=wide[:-1])
    widest = wide.copy()
    np.maximum(widest[:, 1:], wide[:, :-1], out=widest[:, 1:])
    np.maximum(widest[:, :-1], wide[:, 1:], out=widest[:, :-1])
    return widest
