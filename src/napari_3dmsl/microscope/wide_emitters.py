"""Emitters of a wide field, spread on layers of a fine grid and transformed strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.depth_layers import LAYERS_TOUCHED, DepthLayers
from napari_3dmsl.microscope.frequency_grid import KERNEL_WIDTH, kernel
from napari_3dmsl.microscope.wide_field import BandFrequencies, WideField

BYTES_AN_EMITTER = 80.0
SORTING_BYTES = 220.0  # of an emitter, before there is anything else
STRIP_ROWS = 128
_AT_ONCE = 65_536
_OVERLAP = KERNEL_WIDTH - 1  # rows that emitters next to a strip reach into it


class WideEmitters:
    """Emitters in the order of a field's fine grid, with their kernel values.

    Parameters
    ----------
    positions_um : (E, 3) array
        In the frame of the field, (z, y, x); within `WideField.outermost_um`.
    photons : (E,) array
    field : WideField
    layers : DepthLayers

    Attributes
    ----------
    low : (2,) integers
        First row and column of the part of the fine grid that is not zero; counted from the
        middle of the image.
    box : (2,) integers
        Rows and columns of that part.
    """

    def __init__(
        self, positions_um: FloatArray, photons: FloatArray, field: WideField, layers: DepthLayers
    ) -> None:
        self._layers, self._field = layers, field
        places = [
            positions_um[:, axis + 1] * (points / of_axis.period_um)
            for axis, (points, of_axis) in enumerate(zip(field.fine_shape, field.axes, strict=True))
        ]
        lows, boxes, firsts = [], [], []
        for place in places:
            first = np.ceil(place - 0.5 * KERNEL_WIDTH).astype(np.int32)
            low = int(first.min(initial=0))
            lows.append(low)
            boxes.append(int(first.max(initial=0)) - low + KERNEL_WIDTH)
            firsts.append(first - np.int32(low))
        self.low, self.box = (lows[0], lows[1]), (boxes[0], boxes[1])
        # In the order of the grid's memory, spreading is several times faster.
        order = np.argsort(firsts[0].astype(np.int64) * self.box[1] + firsts[1])
        self._row, self._column = (first[order] for first in firsts)
        self._in_row, self._in_column = (
            _kernel_values(place[order], first + low)
            for place, first, low in zip(places, (self._row, self._column), self.low, strict=True)
        )
        self._position = layers.position(positions_um[order, 0]).astype(np.float32)
        self._photons = photons[order].astype(np.float32)

    def room(self, band: BandFrequencies, layers: int) -> ComplexArray:
        """Return an array in which `transforms` of some layers can be worked out.

        Parameters
        ----------
        band : BandFrequencies
            Whose transforms are wanted.
        layers : int
            At once, at most.
        """
        columns = band.columns.stop - band.columns.start
        return np.empty((layers, columns, self._field.fine_shape[0]), dtype=np.complex64)

    def transforms(
        self, band: BandFrequencies, layers: slice, out: ComplexArray, room: ComplexArray
    ) -> None:
        """Fourier transforms of what lies on some layers, but for the corrections.

        Parameters
        ----------
        band : BandFrequencies
            Whose transforms are wanted.
        layers : slice
            Of layers that follow each other.
        out : (layers, K, 2) complex64
            Takes them.
        room : array
            As from `room`; overwritten.
        """
        threads = fft.get_workers()
        count = layers.stop - layers.start
        by_row = room[:count]
        by_row[:, :, self.box[0] :] = 0.0

        def strip(first: int) -> None:
            rows = slice(first, min(first + STRIP_ROWS, self.box[0]))
            by_row[:, :, rows] = self._row_transforms(rows, layers, band.columns)

        def layer(number: int) -> None:
            by_row[number].take(band.on_fine_grid, out=out[number], mode="clip")

        with ThreadPoolExecutor(threads) as pool:
            _each(pool.map(strip, range(0, self.box[0], STRIP_ROWS)))
            by_row = fft.fft(by_row, axis=2, overwrite_x=True, workers=threads)
            _each(pool.map(layer, range(count)))

    def _row_transforms(self, rows: slice, layers: slice, columns: slice) -> ComplexArray:
        """Fourier transforms along some rows, (layers, columns of frequencies, rows)."""
        height = rows.stop - rows.start + 2 * _OVERLAP
        top = rows.start - _OVERLAP
        grid = np.zeros((height * self.box[1], layers.stop - layers.start), dtype=np.float32)
        for some in self._touching(rows, layers):
            first = (self._row[some] - top) * self.box[1] + self._column[some]
            weights = self._layers.weights(self._position[some], layers)
            weights *= self._photons[some, None]
            grid += self._spreading(some, first, len(grid)) @ weights
        inner = grid.reshape(height, self.box[1], -1)[_OVERLAP:-_OVERLAP]
        along_rows = fft.rfft(inner, n=self._field.fine_shape[1], axis=1, workers=1)
        transforms: ComplexArray = along_rows[:, columns].transpose(2, 1, 0)
        return transforms

    def _touching(self, rows: slice, layers: slice) -> Iterator[NDArray[np.intp]]:
        """Emitters that reach into some rows of some layers, a part at a time."""
        start, stop = np.searchsorted(self._row, [rows.start - _OVERLAP, rows.stop])
        half = 0.5 * LAYERS_TOUCHED
        for first in range(int(start), int(stop), _AT_ONCE):
            position = self._position[first : min(first + _AT_ONCE, int(stop))]
            near = (position > layers.start - half) & (position < layers.stop - 1 + half)
            if len(some := np.flatnonzero(near)):
                yield some + first

    def _spreading(
        self, some: NDArray[np.intp], first: NDArray[np.int32], points: int
    ) -> sparse.csc_matrix:
        """Kernel values of emitters on the 6 x 6 points around each, (points, emitters)."""
        square = np.arange(KERNEL_WIDTH, dtype=np.int32)
        offsets = (square[:, None] * np.int32(self.box[1]) + square).ravel()
        values = self._in_row[some, :, None] * self._in_column[some, None, :]
        starts = np.arange(0, values.size + 1, KERNEL_WIDTH**2, dtype=np.int32)
        at = first[:, None] + offsets
        return sparse.csc_matrix((values.ravel(), at.ravel(), starts), (points, len(some)))


def _kernel_values(place: FloatArray, first: NDArray[np.int32]) -> FloatArray:
    """Values of the kernel on the points that it touches along an axis, (E, 6) float32."""
    values = np.empty((len(place), KERNEL_WIDTH), np.float32)
    for start in range(0, len(place), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        points = first[some, None] + np.arange(KERNEL_WIDTH)
        values[some] = kernel(points - place[some, None])
    return values


def _each(results: Iterator[None]) -> None:
    """Wait for all, and raise what one of them raised."""
    for _ in results:
        pass
