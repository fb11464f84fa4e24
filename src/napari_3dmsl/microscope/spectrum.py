"""The emitters' side of an image: their spectra at a few depths, computed once per geometry.

An image is a sum over emitters of a point spread function that depends on the emitter's depth.
That dependence is smooth (band-limited), so it is interpolated at Chebyshev nodes in depth:

    image^(k) = Σ_m H_m(|k|) S_m(k),    S_m(k) = Σ_i photons_i L_m(depth_i) exp(-2πi k·r_i)

``S_m`` is computed here by a non-uniform FFT (spreading with the kernel of Barnett, Magland and
af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479); only the optics ``H_m``
change when a knob turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.hankel import gauss_legendre, radial_grid
from napari_3dmsl.microscope.raster import Raster

MARGIN_UM = 10.0
"""Emitters farther than this outside the field are ignored."""

LARGEST_GB = 4.0
"""Neither the spectra of a scene nor a stack may take more memory than this."""

_KERNEL_WIDTH = 6
_OVERSAMPLING = 1.5
_KERNEL_SHAPE = 0.97 * np.pi * _KERNEL_WIDTH * (1.0 - 0.5 / _OVERSAMPLING)
_GRID_POINTS_AT_ONCE = 16_000_000  # of all depth nodes together: 64 MB of float32
_REACH_STEP_UM = 0.5  # a shape that turns keeps its radial grid


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
        """Smallest convenient period of whole pixels that is at least ``needed_um``."""
        return cls(pixels, pixel_um, fft.next_fast_len(int(np.ceil(needed_um / pixel_um)), True))

    @property
    def period_um(self) -> float:
        """Length after which the field repeats, µm."""
        return self.padded * self.pixel_um

    @property
    def first_pixel_um(self) -> float:
        """Centre of pixel 0, measured from the middle of the image."""
        return (0.5 - 0.5 * self.pixels) * self.pixel_um


class EmitterSpectrum:
    """Spectra of emitters at depth nodes, for images of one field up to one lateral band.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field: z is the height above the coverslip, (y, x) = (0, 0) the middle.
    image_size : (rows, columns)
    pixel_um : float
    band_per_um, axial_band_per_um : float
        See `Modality`; the optics may use less, not more.

    Attributes
    ----------
    row, column : (k,) integer arrays
        Frequencies >= 0 within the band, in cycles per period. An image is real, so columns < 0
        repeat these; rows < 0 share the transfer function of rows > 0.
    spectra : (2, 2, nodes, k) float32
        Of the rows as they are and of the rows negated; real and imaginary parts. Depth nodes
        come before modes because sums over nodes are then long vector operations.
    """

    def __init__(
        self,
        emitters: Emitters,
        image_size: tuple[int, int],
        pixel_um: float,
        band_per_um: float,
        axial_band_per_um: float,
    ) -> None:
        self.image_size = image_size
        self.pixel_um = pixel_um
        self.band_per_um = band_per_um
        self.axial_band_per_um = axial_band_per_um
        half_field = 0.5 * pixel_um * np.array(image_size)
        inside = (np.abs(emitters.positions_um[:, 1:]) <= half_field + MARGIN_UM).all(axis=1)
        kept = np.flatnonzero(inside)
        # Emitters in the order of a grid's memory are spread on it several times faster.
        rows, columns = np.floor(emitters.positions_um[kept, 1:].T / pixel_um)
        kept = kept[np.lexsort((columns, rows))]
        positions, photons = emitters.positions_um[kept], emitters.photons[kept]
        outermost = np.abs(positions[:, 1:]).max(axis=0, initial=0.0)
        farthest = half_field + np.ceil(outermost / _REACH_STEP_UM) * _REACH_STEP_UM
        reach_um = float(np.hypot(*farthest))
        depths_um = float(np.ptp(positions[:, 0])) if len(positions) else 0.0
        modes = 0.25 * np.pi * np.prod(band_per_um * (farthest + 1.1 * reach_um + 1.0))
        needed_gb = 16e-9 * modes * _node_count(0.5 * depths_um, axial_band_per_um)
        if needed_gb > LARGEST_GB:
            raise ValueError(
                f"image_size = {image_size}: with emitters over {depths_um:.1f} µm of depth this "
                f"takes {needed_gb:.0f} GB of memory, at most {LARGEST_GB:g}; take fewer or "
                "smaller pixels"
            )
        self.grid = radial_grid(reach_um, band_per_um)
        self.axes = tuple(
            Axis.covering(pixels, pixel_um, reach + self.grid.end_um)
            for pixels, reach in zip(image_size, farthest, strict=True)
        )
        self.depth_um, weights = _depth_weights(positions[:, 0], axial_band_per_um)
        self.row, self.column = self._modes_in_band()
        y, x = self.axes
        self.raster = Raster(self.row, self.column, (y.padded, x.padded), image_size)
        weights *= photons[:, None]
        self.spectra = self._transform(positions[:, 1:], weights.astype(np.float32))
        self.to_modes = self._interpolation()

    def _modes_in_band(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Integer frequencies (row and column >= 0) within the band."""
        y, x = self.axes
        highest_row = int(self.band_per_um * y.period_um)
        highest_column = int(self.band_per_um * x.period_um)
        row, column = np.meshgrid(
            np.arange(highest_row + 1), np.arange(highest_column + 1), indexing="ij"
        )
        keep = np.hypot(row / y.period_um, column / x.period_um) <= self.band_per_um
        return row[keep], column[keep]

    @property
    def frequency_per_um(self) -> tuple[FloatArray, FloatArray]:
        """Row and column frequencies of the modes, cycles/µm, >= 0."""
        y, x = self.axes
        return self.row / y.period_um, self.column / x.period_um

    def _transform(self, lateral_um: FloatArray, weights: FloatArray) -> FloatArray:
        """``Σ_i weights[i, m] exp(-2πi k·r_i)`` at every mode, laid out as `spectra`."""
        shape = tuple(
            fft.next_fast_len(
                max(int(2 * _OVERSAMPLING * self.band_per_um * axis.period_um) + 1, 12), True
            )
            for axis in self.axes
        )
        periods = np.array([axis.period_um for axis in self.axes])
        position = lateral_um / periods * shape  # in points of a grid centred on the field
        low = np.floor(position.min(axis=0, initial=0.0)).astype(int) - _KERNEL_WIDTH
        high = np.ceil(position.max(axis=0, initial=0.0)).astype(int) + _KERNEL_WIDTH
        box = tuple(int(side) for side in high - low)  # only this part of the grid is not zero
        spreading = _spreading_matrix(position - low, box).T
        nodes = weights.shape[1]
        corrections = self._corrections(shape, low)
        spectra = np.empty((2, 2, nodes, len(self.row)), dtype=np.float32)
        spread_at_once = max(1, _GRID_POINTS_AT_ONCE // (box[0] * box[1]))
        at_once = max(1, _GRID_POINTS_AT_ONCE // (shape[0] * shape[1]))
        for start in range(0, nodes, spread_at_once):
            spread = (spreading @ weights[:, start : start + spread_at_once]).reshape(*box, -1)
            for first in range(0, spread.shape[2], at_once):
                on_grid = self._to_frequencies(spread[..., first : first + at_once], shape)
                some = slice(start + first, start + first + on_grid.shape[1])
                for sign, correction in enumerate(corrections):
                    modes = on_grid[self.column, :, (-self.row if sign else self.row)]
                    modes *= correction[:, None]
                    spectra[sign, 0, some] = modes.real.T
                    spectra[sign, 1, some] = modes.imag.T
        return spectra

    def _to_frequencies(self, spread: FloatArray, shape: tuple[int, ...]) -> ComplexArray:
        """Fourier transform of values on a box of the grid, as (columns >= 0, nodes, rows)."""
        rows = fft.rfft(spread, n=shape[1], axis=1, workers=-1)
        # With the rows last in memory the second transform takes half the time.
        columns = rows[:, : int(self.column.max()) + 1].transpose(1, 2, 0).copy()
        frequencies: ComplexArray = fft.fft(columns, n=shape[0], axis=2, workers=-1)
        return frequencies

    def _corrections(
        self, shape: tuple[int, ...], low: NDArray[np.intp]
    ) -> tuple[ComplexArray, ComplexArray]:
        """Take the kernel's blur away and bring pixel (0, 0) to the origin, one array a row sign.

        The mode of row and column 0 is its own negation: it belongs to the first.
        """
        turns_row, turns_column = self.row / shape[0], self.column / shape[1]
        kernel = _kernel_spectrum(turns_row) * _kernel_spectrum(turns_column)
        frequency_row, frequency_column = self.frequency_per_um
        y, x = self.axes
        by_row = frequency_row * y.first_pixel_um - turns_row * low[0]
        by_column = frequency_column * x.first_pixel_um - turns_column * low[1]
        as_is = np.exp(2j * np.pi * (by_column + by_row)) / kernel
        negated = np.where(self.row > 0, np.exp(2j * np.pi * (by_column - by_row)) / kernel, 0.0)
        return as_is.astype(np.complex64), negated.astype(np.complex64)

    def _interpolation(self) -> sparse.csr_matrix:
        """Rows of `RadialGrid.transfer_matrix` to modes: six-point Lagrange in |k|."""
        position = np.hypot(*self.frequency_per_um) / self.grid.frequency_step_per_um
        first = np.floor(position).astype(int) - 2
        offsets = np.arange(6)
        distance = (position - first)[:, None] - offsets
        weight = np.ones((len(position), 6))
        for j in range(6):
            for other in range(6):
                if other != j:
                    weight[:, j] *= distance[:, other] / (j - other)
        rows = np.abs(first[:, None] + offsets)  # transfer functions are even in |k|
        starts = np.arange(0, 6 * len(position) + 1, 6)
        shape = (len(position), len(self.grid.transfer_matrix))
        return sparse.csr_matrix((weight.astype(np.float32).ravel(), rows.ravel(), starts), shape)


def _node_count(half_depth_um: float, axial_band: float) -> int:
    """Chebyshev nodes that a function of axial band B needs over a length D: about B D / 2.

    And a few for accuracy. The outermost quarter of B (waves that graze the coverslip) holds next
    to no energy.
    """
    turns = 0.75 * axial_band * half_depth_um
    return int(np.ceil(turns + 3.0 * turns ** (1 / 3))) + 4


def _depth_weights(depth_um: FloatArray, axial_band: float) -> tuple[FloatArray, FloatArray]:
    """Chebyshev nodes over the emitters' depths and each emitter's Lagrange weights on them."""
    if len(depth_um) == 0:
        return np.zeros(1), np.zeros((0, 1))
    low, high = float(depth_um.min()), float(depth_um.max())
    half = 0.5 * (high - low)
    if half < 1e-6:
        return np.array([low]), np.ones((len(depth_um), 1))
    count = _node_count(half, axial_band)
    angle = (np.arange(count) + 0.5) * np.pi / count
    nodes = np.cos(angle)
    barycentric = np.sin(angle) * (-1.0) ** np.arange(count)
    difference = ((depth_um - low) / half - 1.0)[:, None] - nodes
    difference[difference == 0.0] = 1e-15
    weights = barycentric / difference
    weights /= weights.sum(axis=1, keepdims=True)
    return np.maximum(low + half * (nodes + 1.0), 0.0), weights


def _spreading_matrix(position: FloatArray, box: tuple[int, ...]) -> sparse.csr_matrix:
    """Kernel values of each emitter on the 6 x 6 points around it; position in grid points."""
    first = np.ceil(position - 0.5 * _KERNEL_WIDTH).astype(np.int64)
    points = first[:, :, None] + np.arange(_KERNEL_WIDTH)
    values = _kernel(points - position[:, :, None])
    flat = (points[:, 0, :, None] * box[1] + points[:, 1, None, :]).astype(np.int32)
    product = (values[:, 0, :, None] * values[:, 1, None, :]).astype(np.float32)
    per_emitter = _KERNEL_WIDTH**2
    starts = np.arange(0, per_emitter * len(position) + 1, per_emitter)
    shape = (len(position), box[0] * box[1])
    return sparse.csr_matrix((product.ravel(), flat.ravel(), starts), shape)


def _kernel(distance: FloatArray) -> FloatArray:
    """Exponential of a semicircle, the spreading kernel; distance in grid points."""
    inside = np.maximum(1.0 - (2.0 * distance / _KERNEL_WIDTH) ** 2, 0.0)
    values: FloatArray = np.exp(_KERNEL_SHAPE * (np.sqrt(inside) - 1.0))
    return values


def _kernel_spectrum(cycles_per_point: FloatArray) -> FloatArray:
    """Fourier transform of the spreading kernel, by quadrature (a few distinct arguments)."""
    arguments, where = np.unique(np.abs(cycles_per_point), return_inverse=True)
    nodes, weights = gauss_legendre(64)
    distance = 0.5 * _KERNEL_WIDTH * nodes
    waves = np.cos(2.0 * np.pi * np.outer(arguments, distance))
    spectrum: FloatArray = waves @ (0.5 * _KERNEL_WIDTH * weights * _kernel(distance))
    return spectrum[where]
