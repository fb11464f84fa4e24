"""Shapes laid flat into a thin layer: they may cross in the image, but not run into each other.

Space is cut into columns with slices of height, a bit each. The surface of a shape is entered into
every column that it may touch, from its lowest to its highest slice: shapes that share no bit
keep apart for certain.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import ndtri

from napari_3dmsl.geometry.quadrature import small_pieces
from napari_3dmsl.geometry.triangles import triangle_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.mesh import Mesh

SLICES = 64
POSES = 4
"""Ways that a shape is tilted and turned, drawn once for each; every one also in quarter turns and
with the other side up: 32 ways to lie."""

_BELOW = np.array([(1 << k) - 1 for k in range(SLICES + 1)], dtype=np.uint64)
_QUARTERS = [  # turns about z
    np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    for c, s in zip((1, 0, -1, 0), (0, 1, 0, -1), strict=True)
]
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
        self._turns: FloatArray = np.zeros((0, 3, 3))
        self._outlines: dict[tuple[int, float], Outline] = {}
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
            self._tilted_deg, self._outlines = tilt_deg, {}
            self._turns = _turned(tilt_deg, *self._drawn.T)
        which, quarters = divmod(way, 4)
        return Pose(self._outline(which, sides_um), quarters)

    def _outline(self, which: int, sides_um: FloatArray) -> Outline:
        """Return one of the ways to lie, the last half of which have the other side up."""
        key = which, float(sides_um[1])
        if (found := self._outlines.get(key)) is None:
            if which < POSES:
                found = Outline.of(self._turns[which], self.points_um(key[1]), sides_um)
            else:
                found = self._outline(which - POSES, sides_um).over()
            self._outlines[key] = found
        return found

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
            # Those of the haze, whose columns are twice as wide, are met on the way.
            wide = small_pieces(self._corners, 2.0 * apart_um)
            self._points.setdefault(2.0 * apart_um, self._at_rest(wide))
            self._points[apart_um] = self._at_rest(small_pieces(wide, apart_um))
        return self._points[apart_um]

    def _at_rest(self, pieces: FloatArray) -> NDArray[np.float32]:
        """Return the corners of triangles at rest, (3, N)."""
        corners = pieces.reshape(-1, 3)
        # Each corner once: neighbours share them, to the last digit but for halved edges.
        z, y, x = np.round((corners - corners.min(axis=0)) / 1e-4).astype(np.int64).T
        _, first = np.unique((z << 40) + (y << 20) + x, return_index=True)
        rest = self.to_rest[:3, :3] @ corners[first].T + self.to_rest[:3, 3:]
        return np.ascontiguousarray(rest, dtype=np.float32)


def _turned(tilt_deg: float, before: FloatArray, after: FloatArray, tilt: FloatArray) -> FloatArray:
    """Turn a shape at rest about z, tilt it, and turn it again; (N, 3, 3), of numbers below 1."""
    by = math.radians(tilt_deg) * ndtri(0.5 * (1.0 + tilt))
    turned: FloatArray = _about(0, 2.0 * math.pi * after) @ _about(2, by)
    return turned @ _about(0, 2.0 * math.pi * before)


def _about(axis: int, angles: FloatArray) -> FloatArray:
    """Return turns about z (0) or x (2), (N, 3, 3)."""
    turns = np.zeros((len(angles), 3, 3))
    first, second = (each for each in range(3) if each != axis)
    turns[:, axis, axis] = 1.0
    turns[:, first, first] = turns[:, second, second] = np.cos(angles)
    turns[:, first, second] = np.sin(angles)
    turns[:, second, first] = -turns[:, first, second]
    return turns


class Outline:
    """The columns that a shape may touch in a way to lie, before it is turned by quarters.

    Parameters
    ----------
    turn : (3, 3) float64
        From rest, of (z, y, x) column vectors.
    row, column : (N,) int32
        Columns from that of the shape's middle, in which it lies in the middle.
    low, high : (N,) int32
        Lowest and highest slice in each column, from that of the middle.
    shifts : (S, N) uint8
        For `run_into`.

    Attributes
    ----------
    ends : (int, int)
        Lowest and highest slice of all columns.
    bits : (N,) uint64
        Slices that are taken when the lowest of all is 0; where there are no more than `SLICES`.
    """

    def __init__(
        self,
        turn: FloatArray,
        row: NDArray[np.int32],
        column: NDArray[np.int32],
        low: NDArray[np.int32],
        high: NDArray[np.int32],
        shifts: NDArray[np.uint8],
    ) -> None:
        self.turn, self.row, self.column = turn, row, column
        self.low, self.high, self.shifts = low, high, shifts
        self.ends = int(low.min()), int(high.max())
        length = np.minimum(high - low + 1, SLICES)
        self.bits: NDArray[np.uint64] = _BELOW[length] << _first_shift(low, self.ends[0])
        self._across, self._in_a_row = 0, (np.zeros(0, np.int64), np.zeros(0, np.int64))

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
        row, column = row + first[0], column + first[1]
        return cls(turn, row, column, low, high, _shifts(low, high))

    def over(self) -> Outline:
        """Turn the other side up."""
        low, high = -self.high, -self.low
        shifts = self.shifts.copy()
        shifts[0] = _first_shift(low, -self.ends[1])
        return Outline(_OVER @ self.turn, -self.row, self.column, low, high, shifts)

    def in_a_row(self, across: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return columns from that of the middle, counted in a row of all, and a quarter turn on.

        Parameters
        ----------
        across
            Columns side by side.
        """
        if across != self._across:
            row, column = self.row.astype(np.int64), self.column.astype(np.int64)
            self._across, self._in_a_row = across, (row * across + column, row - column * across)
        return self._in_a_row

    def run_into(self, taken: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return for each column, as bits, the heights at which the shape meets what is taken.

        Of its lowest slice, as long as neither it nor its highest one is beyond the slices.

        Parameters
        ----------
        taken
            (places, columns), the slices that are.
        """
        first, *others = self.shifts.astype(np.uint64)
        met: NDArray[np.uint64] = taken >> first
        for shift in others:
            met |= met >> shift
        return met


class Pose:
    """A way to lie: an outline turned by quarters about z.

    Parameters
    ----------
    outline : Outline
        As it was entered into columns.
    quarters : int
        0 to 3.
    """

    __slots__ = ("outline", "quarters")

    def __init__(self, outline: Outline, quarters: int) -> None:
        self.outline, self.quarters = outline, quarters

    @property
    def turn(self) -> FloatArray:
        """From rest, of (z, y, x) column vectors, (3, 3)."""
        turn: FloatArray = _QUARTERS[self.quarters] @ self.outline.turn
        return turn

    @property
    def row(self) -> NDArray[np.int32]:
        """Rows of columns from that of the shape's middle, (N,)."""
        outline = self.outline
        return (outline.row, -outline.column, -outline.row, outline.column)[self.quarters]

    @property
    def column(self) -> NDArray[np.int32]:
        """Columns from that of the shape's middle, (N,)."""
        outline = self.outline
        return (outline.column, outline.row, -outline.column, -outline.row)[self.quarters]

    @property
    def low(self) -> NDArray[np.int32]:
        """Lowest slice in each column from that of the middle, (N,)."""
        return self.outline.low

    @property
    def high(self) -> NDArray[np.int32]:
        """Highest slice in each column from that of the middle, (N,)."""
        return self.outline.high

    def around(self, middles: NDArray[np.int64] | np.int64, across: int) -> NDArray[np.int64]:
        """Return the columns that are touched, counted in a row of all, (..., columns).

        Parameters
        ----------
        middles
            Column of the shape's middle: one, or (P, 1).
        across
            Columns side by side.
        """
        away = self.outline.in_a_row(across)[self.quarters % 2]
        found: NDArray[np.int64] = middles + away if self.quarters < 2 else middles - away
        return found

    def fits_in(self, lowest: int, highest: int) -> bool:
        """Tell whether no slice lies beyond the slices when the middle is between two of them.

        Parameters
        ----------
        lowest, highest
            Slices of the middle.
        """
        low, high = self.outline.ends
        return lowest + low >= 0 and highest + high < SLICES

    def bits_in(self, height: int) -> NDArray[np.uint64]:
        """Return the slices that are taken, (columns,).

        Parameters
        ----------
        height
            Slice of the middle, at which the shape `fits_in`.
        """
        bits: NDArray[np.uint64] = self.outline.bits << np.uint64(height + self.outline.ends[0])
        return bits

    def bits_at(self, heights: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the slices that are taken, (heights, columns).

        Parameters
        ----------
        heights
            (H,), slice of the middle; wherever that is.
        """
        return _between(heights[:, None] + self.low, heights[:, None] + self.high)


def _shifts(low: NDArray[np.int32], high: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return by how much bits are moved to tell where slices from low to high meet any.

    First to the lowest slice of each column. Then what is known of some of its slices is known of
    twice as many, until it is of all.
    """
    length = high - low + 1
    known = [1 << k for k in range((int(length.max()) - 1).bit_length())]
    # Slices are not told apart beyond their number: poses that reach so far are never asked.
    doubled = [np.maximum(np.minimum(length - some, some % SLICES), 0) for some in known]
    return np.array([_first_shift(low, int(low.min())), *doubled], dtype=np.uint8)


def _first_shift(low: NDArray[np.int32], lowest: int) -> NDArray[np.uint64]:
    """Return by how much the lowest slice of each column is above the lowest of all."""
    return np.minimum(low - lowest, SLICES - 1).astype(np.uint64)


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
        # Even, so that wider columns hold two by two.
        rows, self._across = (2 * np.ceil(0.5 * size_um / column_um).astype(int)).tolist()
        self._taken = np.zeros(rows * self._across, dtype=np.uint64)

    def coarser(self, slices: int) -> Columns:
        """Return columns twice as wide in which the same is taken.

        What is taken in the highest slice may reach higher: that is not told.

        Parameters
        ----------
        slices
            That come together in one.
        """
        slice_um, column_um, _ = (self.sides_um * [slices, 2, 2]).tolist()
        wide = Columns(self.low_um, np.zeros(2), slice_um, column_um)
        pairs = self._taken.reshape(-1, 2, self._across // 2, 2)
        fine = np.bitwise_or.reduce(np.bitwise_or.reduce(pairs, axis=3), axis=1).ravel()
        wide._across, wide._taken = self._across // 2, np.zeros_like(fine)
        for number, first in enumerate(range(0, SLICES, slices)):
            together = _between(np.array(first), np.array(first + slices - 1))
            wide._taken |= ((fine & together) != 0).astype(np.uint64) << np.uint64(number)
        return wide

    def spot(
        self, found: Pose, middles: NDArray[np.int64], heights: NDArray[np.int64], wanted: int
    ) -> tuple[int, int] | None:
        """Return the first place that is free at any height, and the height next to the wanted.

        None where there is none.

        Parameters
        ----------
        found
            Columns of a shape.
        middles
            (P,), column of the middle for each place, see `column_of`.
        heights
            (H,), slices of the middle that will do, ascending, without gaps.
        wanted
            One of them.
        """
        if found.fits_in(wanted, wanted):  # most are found by one look
            taken = self._taken.take(found.around(middles[0], self._across), mode="wrap")
            if not np.count_nonzero(taken & found.bits_in(wanted)):
                return int(middles[0]), wanted
        for some in (middles[:1], middles[1:]):  # the first is free as often as all others
            if not len(some):
                break
            free = self.free(found, some, heights)
            number = int(free.any(axis=1).argmax())
            if free[number].any():
                there = heights[free[number]]
                return int(some[number]), int(there[np.abs(there - wanted).argmin()])
        return None

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
            (H,), slice of the middle, ascending.
        """
        taken = self._taken.take(found.around(middles[:, None], self._across), mode="wrap")
        if not found.fits_in(int(heights[0]), int(heights[-1])):
            clash = (taken[:, None, :] & found.bits_at(heights)) != 0
            free: NDArray[np.bool_] = np.logical_not(clash.any(axis=2))
            return free
        # A bit for each height of the shape's lowest slice: whether it runs into anything there.
        clashes = np.bitwise_or.reduce(found.outline.run_into(taken), axis=1)
        bits = np.uint64(1) << (heights + found.outline.ends[0]).astype(np.uint64)
        free = (clashes[:, None] & bits) == 0
        return free

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
        inside = found.fits_in(height, height)
        bits = found.bits_in(height) if inside else found.bits_at(np.array([height]))[0]
        column = found.around(np.int64(middle), self._across) % len(self._taken)
        self._taken[column] |= bits

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

    def places_um(self, middles: Sequence[int], heights: Sequence[int]) -> FloatArray:
        """Return where the middles of shapes lie, (N, 3), (z, y, x).

        Parameters
        ----------
        middles
            (N,), column of each.
        heights
            (N,), slice of each.
        """
        row, column = np.divmod(np.array(middles, dtype=np.int64), self._across)
        corners = np.stack([np.array(heights, dtype=np.int64), row, column], axis=1) + 0.5
        places: FloatArray = self.low_um + corners * self.sides_um
        return places


def _widened(highest: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the highest of each column and the eight around it."""
    wide = highest.copy()
    np.maximum(wide[1:], highest[:-1], out=wide[1:])
    np.maximum(wide[:-1], highest[1:], out=wide[:-1])
    widest = wide.copy()
    np.maximum(widest[:, 1:], wide[:, :-1], out=widest[:, 1:])
    np.maximum(widest[:, :-1], wide[:, 1:], out=widest[:, :-1])
    return widest
