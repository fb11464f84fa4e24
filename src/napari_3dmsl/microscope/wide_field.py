"""Frequencies of a field of view that is far larger than what one emitter lights up.

Here a point spread function ends where next to none of its light is left, so that the period of the
field is not much longer than the field. Frequencies lie in rings of about the same |k|, in which a
transfer function is a polynomial, and in bands of columns, each of which can be worked on alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.frequency_grid import Axis, fine_points, kernel_transform, turns_of
from napari_3dmsl.microscope.hankel_transform import RadialGrid, faded_um
from napari_3dmsl.microscope.pixel_sampling import PixelSampling

TERMS = 6
"""Of the polynomial that a transfer function is in a ring."""

_RING = 0.75  # width times the radius at which point spread functions end: polynomials are 1e-5


@dataclass(frozen=True)
class WideField:
    """What the frequencies of a wide field depend on.

    Attributes
    ----------
    image_size : (rows, columns)
    pixel_um : float
    band_per_um : float
        Highest lateral frequency, cycles/µm.
    outermost_um : (rows, columns)
        Largest distance of an emitter from the middle, along either axis.
    reach_um : float
        Point spread functions are exact up to this radius.
    """

    image_size: tuple[int, int]
    pixel_um: float
    band_per_um: float
    outermost_um: tuple[float, float]
    reach_um: float

    @property
    def end_um(self) -> float:
        """Radius at which point spread functions have faded to zero."""
        return faded_um(self.reach_um, self.band_per_um)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Rows and columns: from a pixel to the farthest emitter, and room for its light to end."""
        y, x = (self._axis(*axis) for axis in zip(self.image_size, self.outermost_um, strict=True))
        return y, x

    def _axis(self, pixels: int, outermost_um: float) -> Axis:
        length = pixels * self.pixel_um
        needed = max(length, 0.5 * length + outermost_um + self.end_um)
        return Axis.covering(pixels, self.pixel_um, needed)

    @property
    def period(self) -> tuple[int, int]:
        """Pixels after which the image repeats, rows and columns."""
        y, x = self.axes
        return y.padded, x.padded

    @cached_property
    def fine_shape(self) -> tuple[int, int]:
        """Points of the grid on which emitters are spread, rows and columns."""
        rows, columns = (
            fine_points(axis.period_um, outermost, self.band_per_um)
            for axis, outermost in zip(self.axes, self.outermost_um, strict=True)
        )
        return rows, columns

    @property
    def column_count(self) -> int:
        """Columns of frequencies, from 0 on."""
        return int(self.band_per_um * self.axes[1].period_um) + 1

    @property
    def row_count(self) -> int:
        """Rows of frequencies from 0 on; the others are their negation."""
        return int(self.band_per_um * self.axes[0].period_um) + 1

    @property
    def frequency_count(self) -> float:
        """About how many frequencies, of rows >= 0, all columns have."""
        return 0.25 * np.pi * self.row_count * self.column_count

    @cached_property
    def ring_count(self) -> int:
        """Rings up to the band."""
        return int(self.band_per_um / self.ring_width_per_um) + 1

    @property
    def ring_width_per_um(self) -> float:
        """Cycles/µm."""
        return _RING / self.end_um


class RingOptics:
    """Transfer functions in the rings of a field.

    Parameters
    ----------
    field : WideField

    Attributes
    ----------
    grid : RadialGrid
        Radii at which point spread functions are to be known.
    """

    def __init__(self, field: WideField) -> None:
        self.grid = RadialGrid(field.reach_um, field.band_per_um)
        self._rings = field.ring_count
        nodes = np.cos((np.arange(TERMS) + 0.5) * np.pi / TERMS)
        middles = (np.arange(self._rings) + 0.5)[:, None]
        frequency = field.ring_width_per_um * (middles + 0.5 * nodes)
        self._table = self.grid.transfer_at(frequency.ravel())
        powers = np.vander(nodes, TERMS, increasing=True)
        self._to_terms = np.linalg.inv(powers).astype(np.float32)

    def terms(self, radial: FloatArray) -> FloatArray:
        """Return the polynomials of functions of the radius, (rings, `TERMS`, n) float32.

        Their argument runs from -1 to 1 over a ring.

        Parameters
        ----------
        radial : (radii, n) array
            At the radii of the grid.
        """
        at_nodes = self._table @ radial.astype(np.float32)
        terms: FloatArray = self._to_terms @ at_nodes.reshape(self._rings, TERMS, -1)
        return terms


class BandFrequencies:
    """The frequencies of a band of columns, ring by ring.

    Each has a row >= 0 and stands also for the same row negated, which shares its |k|.

    Parameters
    ----------
    field : WideField
    columns : slice
        Of the columns that the field has.
    low : (2,) integers
        First row and column of the part of the fine grid on which emitters are spread.

    Attributes
    ----------
    columns : slice
    ring_starts : (rings + 1,) integer array
        Where each ring begins.
    in_ring : (K,) float32
        Where in its ring a frequency lies, from -1 to 1.
    corrections : (K, 2) complex64
        What takes the blur of spreading away and brings pixel (0, 0) to the origin. The negation of
        row 0 is row 0 itself: its factor is 0.
    pixel_blur : (K,) float32
        Transfer function of a square pixel.
    on_fine_grid : (K, 2) integer array
        Where the two lie in the transform of the band, flattened as (columns, rows).
    sampling : PixelSampling
    """

    def __init__(self, field: WideField, columns: slice, low: tuple[int, int]) -> None:
        self.columns = columns
        row, column, ring, self.in_ring = _in_rings(field, columns)
        self.ring_starts = np.searchsorted(ring, np.arange(field.ring_count + 1))
        rows = field.fine_shape[0]
        first = (column - columns.start).astype(np.intp) * rows
        self.on_fine_grid = np.stack([first + row, first + (rows - row) % rows], axis=1)
        y, x = (
            np.sinc(np.arange(count) / axis.period_um * field.pixel_um).astype(np.float32)
            for count, axis in zip((field.row_count, field.column_count), field.axes, strict=True)
        )
        self.pixel_blur: FloatArray = y[row] * x[column]
        of_row, of_column = _factors(field, low)
        self.corrections: ComplexArray = np.empty((len(row), 2), np.complex64)
        self.corrections[:, 0] = of_row[row] * of_column[column]
        self.corrections[:, 1] = np.where(row > 0, of_row.conj()[row] * of_column[column], 0.0)
        self.sampling = PixelSampling(row, column, field.period, field.image_size)

    def __len__(self) -> int:
        return len(self.in_ring)


def _in_rings(
    field: WideField, columns: slice
) -> tuple[np.ndarray, np.ndarray, np.ndarray, FloatArray]:
    """Row, column, ring and place in the ring of the frequencies of a band, ring by ring."""
    y, x = field.axes
    row_per_um = np.arange(field.row_count, dtype=np.float32) / np.float32(y.period_um)
    column_per_um = np.arange(columns.start, columns.stop) / x.period_um
    frequency = np.hypot(row_per_um[:, None], column_per_um.astype(np.float32))
    row, column = np.nonzero(frequency <= field.band_per_um)
    position = frequency[row, column] / np.float32(field.ring_width_per_um)
    ring = np.minimum(position.astype(np.int32), field.ring_count - 1)
    order = np.argsort(ring.astype(np.int16), kind="stable")  # a few values: sorted in one pass
    ring = ring[order]
    in_ring = 2.0 * (position[order] - ring) - 1.0
    return (
        row.astype(np.int32)[order],
        column.astype(np.int32)[order] + columns.start,
        ring,
        in_ring.astype(np.float32),
    )


def _factors(field: WideField, low: tuple[int, int]) -> tuple[ComplexArray, ComplexArray]:
    """Return what `BandFrequencies.corrections` are products of, for each row and each column."""
    factors = []
    for axis, points, count, start in zip(
        field.axes, field.fine_shape, (field.row_count, field.column_count), low, strict=True
    ):
        frequency = np.arange(count)
        turns = axis.first_pixel_um / axis.period_um - start / points
        factors.append(turns_of(turns, frequency) / kernel_transform(frequency / points))
    return factors[0], factors[1]
