"""The frequencies of a field of view, its pixels and the way between them, whatever shines in it.

All that an image needs and that does not depend on the emitters is kept here and shared, so that a
shape that turns, or the next shape in the same microscope, finds it ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.hankel_transform import (
    RadialGrid,
    faded_um,
    gauss_legendre,
    table_bytes,
)
from napari_3dmsl.microscope.kept import Kept
from napari_3dmsl.microscope.pixel_sampling import PixelSampling

KERNEL_WIDTH = 6
_OVERSAMPLING = 1.5


@dataclass(frozen=True)
class Axis:
    """One lateral axis of the periodic field in which images are computed.

    The period leaves room for the point spread function of every emitter, so nothing wraps round.
    """

    pixels: int
    pixel_um: float
    padded: int

    @classmethod
    def covering(cls, pixels: int, pixel_um: float, needed_um: float) -> Axis:
        """Smallest convenient period of whole pixels that is at least ``needed_um``.

        Parameters
        ----------
        pixels : int
            Of the image along this axis.
        pixel_um : float
            Side of a pixel in the specimen.
        needed_um : float
            Length that must fit in.
        """
        return cls(pixels, pixel_um, fft.next_fast_len(int(np.ceil(needed_um / pixel_um)), True))

    @property
    def period_um(self) -> float:
        """Length after which the field repeats, µm."""
        return self.padded * self.pixel_um

    @property
    def first_pixel_um(self) -> float:
        """Centre of pixel 0, measured from the middle of the image."""
        return (0.5 - 0.5 * self.pixels) * self.pixel_um


@dataclass(frozen=True)
class Field:
    """What the frequencies of a field depend on.

    Attributes
    ----------
    image_size : (rows, columns)
    pixel_um : float
    band_per_um : float
        Highest lateral frequency, cycles/µm.
    margin_um : float
        How far from the image's middle emitters lie at most, along an axis.
    most_reach_um : float
        Light of an emitter farther away than this is left out.
    kernel_width : int
        Points of the fine grid that an emitter is spread on, along each axis.
    """

    image_size: tuple[int, int]
    pixel_um: float
    band_per_um: float
    margin_um: float
    most_reach_um: float = np.inf
    kernel_width: int = KERNEL_WIDTH

    @property
    def farthest_um(self) -> FloatArray:
        """Largest distance of an emitter from a pixel, along rows and columns, µm."""
        return 0.5 * self.pixel_um * np.array(self.image_size) + self.margin_um

    @property
    def reach_um(self) -> float:
        """Largest distance of a pixel from an emitter that lights it up, µm."""
        return min(float(np.hypot(*self.farthest_um)), self.most_reach_um)

    @property
    def frequency_count(self) -> float:
        """About how many frequencies there will be, without making them."""
        return float(
            0.25 * np.pi * np.prod(self.band_per_um * (self.farthest_um + 1.1 * self.reach_um + 1))
        )

    def nbytes(self, nodes: int, emitters: int) -> float:
        """About how much memory an image of this field takes at most, without making it.

        Measured from 128 x 128 to 4096 x 4096 pixels: right to a fifth, see the tests.

        Parameters
        ----------
        nodes
            Depths at which the emitters' transforms are kept.
        emitters
            Their number.
        """
        end_um = faded_um(self.reach_um, self.band_per_um)
        period = (self.farthest_um + end_um) / self.pixel_um
        fine = 2 * _OVERSAMPLING * self.band_per_um * (self.farthest_um + end_um)
        transforms = 16.0 * nodes * self.frequency_count
        grids = max(24.0 * float(period.prod()), 6.0 * float(fine.prod()))
        of_emitters = emitters * (4.0 * nodes + 900.0)
        tables = table_bytes(self.reach_um, self.band_per_um)
        return transforms + 200.0 * self.frequency_count + tables + max(grids, of_emitters)


class FieldFrequencies:
    """Frequencies of a field, and the way from emitters on a fine grid to them and to pixels.

    Parameters
    ----------
    field : Field
        Pixels, band and margin.

    Attributes
    ----------
    grid : RadialGrid
    axes : (Axis, Axis)
        Rows and columns.
    row, column : (K,) integer arrays
        Frequencies >= 0 within the band, in cycles per period. An image is real, so columns < 0
        repeat these; rows < 0 share the transfer function of rows > 0.
    sampling : PixelSampling
    fine_shape : (rows, columns)
        Points of the grid on which emitters are spread.
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self.grid = RadialGrid(field.reach_um, field.band_per_um)
        self.axes = tuple(
            Axis.covering(pixels, field.pixel_um, farthest + self.grid.end_um)
            for pixels, farthest in zip(field.image_size, field.farthest_um, strict=True)
        )
        self.row, self.column = self._frequencies_in_band()
        y, x = self.axes
        self.sampling = PixelSampling(self.row, self.column, (y.padded, x.padded), field.image_size)
        self.fine_shape = tuple(
            fine_points(axis.period_um, farthest, field.band_per_um)
            for axis, farthest in zip(self.axes, field.farthest_um, strict=True)
        )

    @property
    def nbytes(self) -> int:
        """About how much memory this takes when in use."""
        radii = len(self.grid.radius_um)
        return 8 * radii * (len(self.grid.transfer_matrix) // 2 + radii) + 150 * len(self.row)

    @property
    def frequency_per_um(self) -> tuple[FloatArray, FloatArray]:
        """Row and column frequencies, cycles/µm, >= 0."""
        y, x = self.axes
        return self.row / y.period_um, self.column / x.period_um

    @cached_property
    def quadrant(self) -> Quadrant:
        """The same frequencies as a rectangle, for images that are made once."""
        return Quadrant(self)

    @cached_property
    def to_frequencies(self) -> sparse.csr_matrix:
        """From rows of ``grid.transfer_matrix`` to the frequencies, (K, rows) sparse."""
        position = np.hypot(*self.frequency_per_um) / self.grid.frequency_step_per_um
        return interpolation(position, len(self.grid.transfer_matrix))

    @cached_property
    def on_fine_grid(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where frequencies, and those with their rows negated, lie in the fine grid's transform.

        When that is flattened as (columns, rows).
        """
        rows = self.fine_shape[0]
        return (
            self.column * rows + self.row,
            self.column * rows + (rows - self.row) % rows,
        )

    @cached_property
    def pixel_blur(self) -> FloatArray:
        """Transfer function of a square pixel at every frequency, (K,) float32."""
        row, column = self.frequency_per_um
        pixel = self.field.pixel_um
        blur: FloatArray = np.sinc(row * pixel) * np.sinc(column * pixel)
        return blur.astype(np.float32)

    def corrections(self, low: NDArray[np.intp]) -> tuple[ComplexArray, ComplexArray]:
        """Take the kernel's blur away and bring pixel (0, 0) to the origin, one array a row sign.

        The frequency of row and column 0 is its own negation: it belongs to the first.

        Parameters
        ----------
        low : (2,) integer array
            First row and column of the part of the fine grid that was transformed.
        """
        by_row, by_column = (
            turns_of(-start / points, frequency)
            for start, points, frequency in zip(
                low, self.fine_shape, (self.row, self.column), strict=True
            )
        )
        as_is, negated = self._unblurred
        return as_is * (by_row * by_column), negated * (by_row.conj() * by_column)

    def _frequencies_in_band(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Integer frequencies (row and column >= 0) within the band."""
        y, x = self.axes
        band = self.field.band_per_um
        row, column = np.meshgrid(
            np.arange(int(band * y.period_um) + 1),
            np.arange(int(band * x.period_um) + 1),
            indexing="ij",
        )
        keep = np.hypot(row / y.period_um, column / x.period_um) <= band
        return row[keep], column[keep]

    @cached_property
    def _unblurred(self) -> tuple[ComplexArray, ComplexArray]:
        """`corrections` of a part that begins at the origin of the fine grid."""
        y, x = self.axes
        rows, columns = self.fine_shape
        width = self.field.kernel_width
        kernel = kernel_transform(self.row / rows, width)
        kernel *= kernel_transform(self.column / columns, width)
        by_row = turns_of(y.first_pixel_um / y.period_um, self.row)
        by_column = turns_of(x.first_pixel_um / x.period_um, self.column)
        negated = np.where(self.row > 0, by_column * by_row.conj() / kernel, 0.0)
        return (by_column * by_row / kernel).astype(np.complex64), negated.astype(np.complex64)


class Quadrant:
    """The frequencies of a field as a rectangle of rows and columns >= 0, corners included.

    Parameters
    ----------
    frequencies : FieldFrequencies
        Whose rows and columns these are.

    Attributes
    ----------
    inside : (K,) integer array
        Where the frequencies of the field lie in the flat rectangle.
    """

    def __init__(self, frequencies: FieldFrequencies) -> None:
        self._frequencies = frequencies
        row, column = frequencies.row, frequencies.column
        self.shape = int(row.max()) + 1, int(column.max()) + 1
        self.inside: NDArray[np.intp] = row * self.shape[1] + column
        grid = frequencies.grid
        position = np.hypot(*frequencies.frequency_per_um) / grid.frequency_step_per_um
        # Most radii are those of several frequencies, but for rounding.
        radii, which = np.unique(np.round(position, 9), return_inverse=True)
        self._to_radii = interpolation(radii, len(grid.transfer_matrix))
        self._radius = np.full(self.shape[0] * self.shape[1], len(radii))
        self._radius[self.inside] = which
        self._waves: dict[tuple[int, bool], FloatArray] = {}

    def transfer(self, tables: FloatArray) -> FloatArray:
        """Return transfer functions at all frequencies, 0 in the corners, (n, R, C) float32.

        Parameters
        ----------
        tables : (rows of ``grid.transfer_matrix``, n) float32
            One function in each column.
        """
        radii = np.zeros((tables.shape[1], self._to_radii.shape[0] + 1), dtype=np.float32)
        radii[:, :-1] = (self._to_radii @ tables).T
        return radii.take(self._radius, axis=1).reshape(-1, *self.shape)

    def waves(self, axis: int, *, integrated: bool) -> FloatArray:
        """Return cosines and sines at half points of the fine grid, (2, points, frequencies).

        At 0.5, 1.5, ... points from where they begin, float32; over the transform of the spreading
        kernel, and times that of the pixel.

        Parameters
        ----------
        axis : int
            0 of rows, 1 of columns.
        integrated : bool
            Whether pixels collect the light of their whole area.
        """
        asked = axis, integrated
        if asked not in self._waves:
            self._waves[asked] = self._make_waves(axis, integrated)
        return self._waves[asked]

    def _make_waves(self, axis: int, integrated: bool) -> FloatArray:
        points, number = self._frequencies.fine_shape[axis], np.arange(self.shape[axis])
        field = self._frequencies.field
        factor = 1.0 / kernel_transform(number / points, field.kernel_width)
        if integrated:
            factor *= np.sinc(number * (field.pixel_um / self._period_um(axis)))
        turns = np.outer(np.arange(points // 2 + 1) + 0.5, number / points)
        phase = 2.0 * np.pi * (turns % 1.0)
        return np.stack([np.cos(phase) * factor, np.sin(phase) * factor]).astype(np.float32)

    def shift(self, axis: int, points: float) -> ComplexArray:
        """Return factors that bring pixel 0 to the origin, and what lies elsewhere to its place.

        Parameters
        ----------
        axis : int
            0 of rows, 1 of columns.
        points : float
            Where it lies, in points of the fine grid from the middle of the field.

        Returns
        -------
        (frequencies,) complex64
        """
        frequencies = self._frequencies
        turns = frequencies.axes[axis].first_pixel_um / self._period_um(axis)
        turns -= points / frequencies.fine_shape[axis]
        each: ComplexArray = np.exp(2j * np.pi * turns * np.arange(self.shape[axis]))
        return each.astype(np.complex64)

    def _period_um(self, axis: int) -> float:
        return self._frequencies.axes[axis].period_um


def interpolation(position: FloatArray, rows: int) -> sparse.csr_matrix:
    """Return the matrix from rows of `RadialGrid.transfer_matrix` to radii: six-point Lagrange.

    Parameters
    ----------
    position : (n,) array
        Radii in rows.
    rows : int
        Of the matrix.
    """
    first = np.floor(position).astype(int) - 2
    offsets = np.arange(6)
    distance = (position - first)[:, None] - offsets
    weight = np.ones((len(position), 6))
    for j in range(6):
        for other in range(6):
            if other != j:
                weight[:, j] *= distance[:, other] / (j - other)
    columns = np.abs(first[:, None] + offsets)  # transfer functions are even in |k|
    starts = np.arange(0, 6 * len(position) + 1, 6)
    shape = (len(position), rows)
    return sparse.csr_matrix((weight.astype(np.float32).ravel(), columns.ravel(), starts), shape)


_MOST_FINER = 8
"""Times the points of the band; more is asked for only where light is cut off so near that the
period has just no room, and there images are sums that need none."""


def fine_points(period_um: float, farthest_um: float, band_per_um: float) -> int:
    """Points of a side of the fine grid: for the band, and for what emitters spread on it.

    Parameters
    ----------
    period_um : float
        Length after which the field repeats.
    farthest_um : float
        Emitters lie so far from the middle at most, and spread a kernel's width to either side.
    band_per_um : float
        Highest frequency.
    """
    of_band = int(2 * _OVERSAMPLING * band_per_um * period_um) + 1
    unused = 1.0 - 2.0 * farthest_um / period_um
    points = of_band
    if unused * _MOST_FINER * of_band > 2 * KERNEL_WIDTH + 2:
        points = max(of_band, int((2 * KERNEL_WIDTH + 2) / unused) + 1)
    return int(fft.next_fast_len(points, True))


_fields: Kept[Field, FieldFrequencies] = Kept(250_000_000, lambda one: one.nbytes)


def frequencies_of(field: Field) -> FieldFrequencies:
    """Return the frequencies of a field, see `Kept`.

    Parameters
    ----------
    field : Field
        Pixels, band and margin.
    """
    return _fields.get(field, lambda: FieldFrequencies(field))


def kernel_shape(oversampling: float, width: int = KERNEL_WIDTH) -> float:
    """Return how steep the spreading kernel is to be on a grid finer than it needs to be.

    Parameters
    ----------
    oversampling : float
        Points of the grid for one that the band needs, above 1.
    width : int
        Points that the kernel touches.
    """
    return float(0.97 * np.pi * width * (1.0 - 0.5 / oversampling))


def kernel(distance: FloatArray, width: int = KERNEL_WIDTH) -> FloatArray:
    """Exponential of a semicircle, the spreading kernel; distance in grid points.

    Parameters
    ----------
    distance : array
        From the emitter, in grid points.
    width : int
        Points that the kernel touches.
    """
    inside = np.maximum(1.0 - (2.0 * distance / width) ** 2, 0.0)
    values: FloatArray = np.exp(kernel_shape(_OVERSAMPLING, width) * (np.sqrt(inside) - 1.0))
    return values


def turns_of(turns: float, frequency: NDArray[np.intp]) -> ComplexArray:
    """Return ``exp(2πi turns frequency)``, looked up: frequencies repeat a lot.

    Parameters
    ----------
    turns : float
        Of frequency 1.
    frequency : (K,) integer array
        0 or more.

    Returns
    -------
    (K,) complex64
    """
    each: ComplexArray = np.exp(2j * np.pi * turns * np.arange(int(frequency.max()) + 1))
    return each.astype(np.complex64)[frequency]


def kernel_transform(cycles_per_point: FloatArray, width: int = KERNEL_WIDTH) -> FloatArray:
    """Fourier transform of the spreading kernel, by quadrature (a few distinct arguments).

    Parameters
    ----------
    cycles_per_point : (K,) array
        Of a frequency on the grid.
    width : int
        Points that the kernel touches.
    """
    arguments, where = np.unique(np.abs(cycles_per_point), return_inverse=True)
    nodes, weights = gauss_legendre(64)
    distance = 0.5 * width * nodes
    waves = np.cos(2.0 * np.pi * np.outer(arguments, distance))
    transform: FloatArray = waves @ (0.5 * width * weights * kernel(distance, width))
    return transform[where]
