"""Objects drawn onto the pixels of an image, along lines that run through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import counters
from napari_3dmsl.geometry.line_crossings import GridIntervals, LineGrid, lines_on_grids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

_FACES_AT_ONCE = 20_000

LINES_APART_UM = 0.1
"""Lines are no further apart, so that the thinnest tubes never slip between them."""


@dataclass(frozen=True, eq=False)
class Raster:
    """One object cut along lines through the pixels of a part of an image.

    A pixel belongs to the object, or to a part of it, when at least half of the pixel's lines meet
    it: what is some pixels wide is neither swollen nor shrunk. A tube thinner than a pixel can
    cover less than half of each and would break up: where a row or column of lines meets the
    object over less than a pixel, the pixel in the middle belongs to it too. A dot between pixels
    keeps those that it covers most.

    Attributes
    ----------
    window : (rows, columns) slices
        The part of the image that the object's box covers.
    across : int
        Lines along each side of a pixel.
    row, column : (N,) int64
        The line that each piece lies on, counted in lines from the window's corner.
    first : (N,) bool
        Whether a piece is the lowest of its line; pieces are sorted by row, column and height.
    low_um, high_um : (N,) float64
        Ends of the pieces, heights above the coverslip.
    """

    window: tuple[slice, slice]
    across: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    first: NDArray[np.bool_]
    low_um: FloatArray
    high_um: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window."""
        rows, columns = self.window
        return rows.stop - rows.start, columns.stop - columns.start

    def silhouette(self) -> NDArray[np.bool_]:
        """Pixels of the whole object, whatever its height."""
        return self._pixels(self.row[self.first], self.column[self.first])

    def between(self, low_um: float, high_um: float) -> NDArray[np.bool_]:
        """Pixels of what lies between two heights.

        Parameters
        ----------
        low_um, high_um : float
            Heights above the coverslip.
        """
        pieces = np.flatnonzero((self.low_um < high_um) & (self.high_um > low_um))
        row, column = self.row[pieces], self.column[pieces]
        other = (np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0)
        return self._pixels(row[other], column[other])

    def section(self, height_um: float) -> NDArray[np.bool_]:
        """Pixels of the cut at one height.

        Parameters
        ----------
        height_um : float
            Above the coverslip.
        """
        pieces = np.flatnonzero((self.low_um <= height_um) & (self.high_um > height_um))
        return self._pixels(self.row[pieces], self.column[pieces])

    def lowest_um(self) -> FloatArray:
        """Height where light from below first meets the object: mean over the lines of a pixel.

        Infinite where no line does.
        """
        row, column = self.row[self.first], self.column[self.first]
        lines = self._per_pixel(row, column)
        heights = self._per_pixel(row, column, self.low_um[self.first])
        mean: FloatArray = np.full(self.shape, np.inf)
        np.divide(heights, lines, out=mean, where=lines > 0)
        return mean

    def _pixels(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Pixels of lines, each given once and in order."""
        lines = self._per_pixel(row, column)
        pixels: NDArray[np.bool_] = 2 * lines >= self.across**2
        if self.across > 1:
            y, x = _middles_of_short_runs(row, column, self.across)
            pixels[y // self.across, x // self.across] = True
            x, y = _middles_of_short_runs(column, row, self.across)
            pixels[y // self.across, x // self.across] = True
        if len(row) > 0 and not pixels.any():
            pixels = lines == lines.max()
        return pixels

    def _per_pixel(
        self, row: NDArray[np.int64], column: NDArray[np.int64], weights: FloatArray | None = None
    ) -> NDArray[Any]:
        """Count lines, or sum their weights, in each pixel of the window."""
        rows, columns = self.shape
        pixel = row // self.across * columns + column // self.across
        return np.bincount(pixel, weights, minlength=rows * columns).reshape(self.shape)


def _middles_of_short_runs(
    along: NDArray[np.int64], place: NDArray[np.int64], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the middles of runs, neighbouring places in one row, that are shorter than a length."""
    if len(along) == 0:
        return along, place
    stride = int(place.max()) + 2  # a gap between the rows
    number = np.sort(along * stride + place)
    ends = np.flatnonzero(np.diff(number, append=-1) != 1)
    starts = np.append(0, ends[:-1] + 1)
    short = ends - starts + 1 < length
    middles = (number[starts[short]] + number[ends[short]]) // 2
    return np.divmod(middles, stride)


def raster(placed: PlacedObject, view: FieldOfView) -> Raster | None:
    """Cut an object along lines through the pixels of an image; None when it is beyond its sides.

    Every pixel has an odd number of lines along each side, evenly spread, at most `LINES_APART_UM`
    apart: its centre alone up to pixels of 100 nm, 3 x 3 lines with pixels of 109 nm.

    Parameters
    ----------
    placed : PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.

    Raises
    ------
    ValueError
        When the object's surface has a hole that a line runs through.
    """
    (found,) = rasters([placed], view)
    return found


def rasters(objects: Sequence[PlacedObject], view: FieldOfView) -> list[Raster | None]:
    """Cut many objects, see `raster`: the same, in less time.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.

    Raises
    ------
    ValueError
        When the surface of an object has a hole that a line runs through.
    """
    found: list[Raster | None] = [None] * len(objects)
    windows = {
        number: window
        for number, placed in enumerate(objects)
        if (window := _window(placed.vertices_um, view)) is not None
    }
    across = int(np.ceil(view.pixel_um / LINES_APART_UM)) // 2 * 2 + 1
    some: list[int] = []
    faces = 0
    for number in windows:  # as many at once as stay near the processor
        some.append(number)
        faces += len(objects[number].faces)
        if faces >= _FACES_AT_ONCE or number == list(windows)[-1]:
            cut = [(objects[i], _grid(windows[i], across, view)) for i in some]
            for i, intervals in zip(some, _cut(cut), strict=True):
                found[i] = _raster(intervals, windows[i], across)
            some, faces = [], 0
    return found


def _cut(objects: Sequence[tuple[PlacedObject, LineGrid]]) -> list[GridIntervals]:
    """Cut objects along the lines of their grids; an error names the one that has a hole."""
    surfaces = [(placed.vertices_um, placed.faces, grid) for placed, grid in objects]
    try:
        return lines_on_grids(surfaces)
    except ValueError as error:
        if len(objects) > 1:
            return [part for each in objects for part in _cut([each])]
        ((placed, _),) = objects
        raise ValueError(f"object {placed.label} (shape {placed.shape_id}): {error}") from None


def _grid(window: tuple[slice, slice], across: int, view: FieldOfView) -> LineGrid:
    """Return the lines through the pixels of a window."""
    rows, columns = (side.stop - side.start for side in window)
    step = view.pixel_um / across
    corner = np.array([side.start for side in window]) - 0.5 * np.array(view.image_size)
    return LineGrid(
        corner * view.pixel_um + 0.5 * step, np.full(2, step), (across * rows, across * columns)
    )


def _raster(found: GridIntervals, window: tuple[slice, slice], across: int) -> Raster:
    columns = across * (window[1].stop - window[1].start)
    row, column = np.divmod(found.line, columns)
    first = np.diff(found.line, prepend=-1) != 0
    return Raster(window, across, row, column, first, found.low_um, found.high_um)


def _window(vertices_um: FloatArray, view: FieldOfView) -> tuple[slice, slice] | None:
    """Pixels that the box of an object covers."""
    sides = []
    for axis, count in enumerate(view.image_size, start=1):
        places = vertices_um[:, axis]
        low, high = (
            float(end) / view.pixel_um + 0.5 * count for end in (places.min(), places.max())
        )
        first, last = max(int(np.floor(low)), 0), min(int(np.ceil(high)), count)
        if first >= last:
            return None
        sides.append(slice(first, last))
    return sides[0], sides[1]


def draw_lines(
    paths_um: Sequence[FloatArray], view: FieldOfView
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Return row, column and height (µm) of points along polylines, four a pixel or more.

    Parameters
    ----------
    paths_um : sequence of (N, 3) arrays
        (z, y, x) in the frame of the field; what lies beyond the image is left out.
    view : FieldOfView
        The pixels of the image, and where they lie.

    Returns
    -------
    row, column : (N,) int64
        Pixels.
    height_um : (N,) float64
        Above the coverslip.
    """
    points = [np.zeros((0, 3)), *(_dense(path, 0.25 * view.pixel_um) for path in paths_um)]
    z, y, x = np.concatenate(points).T
    row, column = (
        np.floor(places / view.pixel_um + 0.5 * count).astype(np.int64)
        for places, count in zip((y, x), view.image_size, strict=True)
    )
    seen = (row >= 0) & (row < view.image_size[0]) & (column >= 0) & (column < view.image_size[1])
    return row[seen], column[seen], z[seen]


def _dense(path_um: FloatArray, spacing_um: float) -> FloatArray:
    """Points along a polyline, no further apart than this along any axis of the image."""
    if len(path_um) < 2:
        return path_um
    steps = np.diff(path_um, axis=0)
    count = np.maximum(np.ceil(np.abs(steps[:, 1:]).max(axis=1) / spacing_um), 1).astype(int)
    segment = np.repeat(np.arange(len(steps)), count)
    number = counters(count)
    share = (number / count[segment])[:, None]
    dense: FloatArray = np.concatenate([path_um[segment] + share * steps[segment], path_um[-1:]])
    return dense
