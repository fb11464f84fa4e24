"""One plane of emitters that is imaged once: nothing is kept for a second one.

The same sum as in `napari_3dmsl.microscope.emitter_transform`, turned round. When the optics are
known first, most depth nodes are not needed: the transfer functions of all nodes are combinations
of a few, to within rounding, and the emitters' weights are combined in the same way:

    image^(k) = Σ_j G_j(|k|) Σ_m V_mj S_m(k),    H_m = Σ_j V_mj G_j

Emitters are spread on a grid as there. They mostly fill a small part of the field, so that sums
over the rows and columns of that part, as products of matrices, take less time than FFTs over the
field, which is mostly empty. Even and odd parts about the middle halve the sums, and rows of
frequencies below 0 come with those above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.emitter_transform import (
    DepthPolynomials,
    depth_weights,
    emitters_of_field,
    spread,
)
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.frequency_grid import (
    KERNEL_WIDTH,
    FieldFrequencies,
    frequencies_of,
)
from napari_3dmsl.microscope.modality import Modality
from napari_3dmsl.microscope.settings import Microscope

_BEYOND_BAND = 1.06
"""As far as transforms that are kept: light that is faded out has frequencies beyond its band."""


@dataclass(frozen=True)
class Spared:
    """What an image leaves out to be made in less time; by default nothing that could be seen.

    Attributes
    ----------
    beyond_um : float
        Light of an emitter farther away than this, in the plane.
    band_share : float
        Frequencies above this share of those that the optics pass: light that is far out of focus
        has next to nothing in the upper half.
    below : float
        Combinations of the depth nodes' transfer functions below this share of the largest.
    kernel_width : int
        Points that an emitter is spread on, see `Field`.
    """

    beyond_um: float = np.inf
    band_share: float = 1.0
    below: float = 3e-7  # single precision keeps no more
    kernel_width: int = KERNEL_WIDTH


_GRID_POINTS_AT_ONCE = 16_000_000  # of all combinations together: 64 MB of float32


def image_once(
    emitters: Emitters,
    microscope: Microscope,
    modality: Modality,
    stage_um: float,
    spared: Spared | None = None,
) -> FloatArray:
    """Return the expected photons of one plane, (R, C) float32.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field: z is the height above the coverslip, (y, x) = (0, 0) the middle.
    microscope : Microscope
        Its optics and pixels.
    modality : Modality
        Of the microscope.
    stage_um : float
        Negative is towards the objective.
    spared : Spared, optional
        What is left out; by default nothing that could be seen.
    """
    spared = spared or Spared()
    size, pixel_um = microscope.image_size, microscope.pixel_um
    positions, photons, field = emitters_of_field(
        emitters,
        size,
        pixel_um,
        _BEYOND_BAND * spared.band_share * modality.band_per_um,
        spared.beyond_um,
        spared.kernel_width,
    )
    frequencies = frequencies_of(field)
    axial_band = _BEYOND_BAND * modality.axial_band_per_um
    if spared.below > Spared.below and len(photons):
        depths = DepthPolynomials(positions[:, 0], axial_band)
        tables = _transfer_tables(frequencies, modality, depths.nodes_um, stage_um)
        kept = _combinations(tables, spared.below)
        transfer, mixed = tables @ kept, depths.combined(photons, kept)
    else:
        nodes_um, weights = depth_weights(positions[:, 0], photons, axial_band)
        tables = _transfer_tables(frequencies, modality, nodes_um, stage_um)
        kept = _combinations(tables, spared.below)
        transfer, mixed = tables @ kept, weights @ kept
    low, box, spreading = spread(positions[:, 1:], frequencies, even=True)
    sums = _Sums(frequencies, microscope.pixel_integration, box)
    at_once = max(1, _GRID_POINTS_AT_ONCE // (box[0] * box[1]))
    for start in range(0, mixed.shape[1], at_once):
        some = slice(start, start + at_once)
        on_grid = (spreading @ mixed[:, some]).T.reshape(-1, *box)
        sums.add(on_grid, frequencies.quadrant.transfer(transfer[:, some]))
    coefficients = sums.coefficients(low + 0.5 * (np.array(box) - 1.0))
    return np.maximum(frequencies.sampling.pixels(coefficients), 0.0)


def _transfer_tables(
    frequencies: FieldFrequencies, modality: Modality, depth_um: FloatArray, stage_um: float
) -> FloatArray:
    """Return the transfer functions of emitters at some depths, (frequencies, depths)."""
    radial = modality.radial_intensity(frequencies.grid, depth_um, stage_um)
    tables: FloatArray = frequencies.grid.transfer_matrix @ radial.astype(np.float32)
    return tables


def _combinations(tables: FloatArray, below: float) -> FloatArray:
    """Return what combines transfer functions (frequencies, nodes) to fewer, (nodes, fewer).

    The image is the same when the emitters' weights are combined alike.
    """
    double = tables.astype(np.float64)
    strength, vectors = np.linalg.eigh(double.T @ double)  # ascending
    return vectors[:, strength > below**2 * strength[-1]].astype(np.float32)


class _Sums:
    """``Σ_j G_j Σ_p spread_j[p] exp(-2πi k·p)`` about the middle of a part of the fine grid.

    In four parts, by whether they are even (cosines) or odd (sines) along rows and columns.
    """

    def __init__(
        self, frequencies: FieldFrequencies, integrated: bool, box: tuple[int, int]
    ) -> None:
        self._quadrant = frequencies.quadrant
        self._rows, self._columns = (
            self._quadrant.waves(axis, integrated=integrated)[:, : points // 2]
            for axis, points in enumerate(box)
        )
        shape = self._quadrant.shape
        self._sums = np.zeros((2, 2, *shape), dtype=np.float32)
        self._part = np.empty(shape, dtype=np.float32)

    def add(self, on_grid: FloatArray, transfer: FloatArray) -> None:
        """Add combinations: (n, rows, columns) on the grid, transfer functions (n, R, C)."""
        for row, by_row in enumerate(_even_odd(on_grid, 1)):
            for column, by_both in enumerate(_even_odd(by_row, 2)):
                by_column = by_both @ self._columns[column]
                total = self._sums[row, column]
                for values, factor in zip(by_column, transfer, strict=True):
                    np.matmul(self._rows[row].T, values, out=self._part)
                    np.multiply(self._part, factor, out=self._part)
                    total += self._part

    def coefficients(self, middle: FloatArray) -> ComplexArray:
        """Return the Fourier coefficients of rows as they are and negated, (2, K) complex64.

        ``middle`` is that of the part, in points of the fine grid from the middle of the field.
        """
        (even_even, even_odd), (odd_even, odd_odd) = self._sums
        both = np.empty((2, *even_even.shape), dtype=np.complex64)
        both.real[0], both.imag[0] = even_even - odd_odd, -(odd_even + even_odd)
        both.real[1], both.imag[1] = even_even + odd_odd, odd_even - even_odd
        by_row, by_column = (self._quadrant.shift(axis, middle[axis]) for axis in range(2))
        both *= by_column
        both[0] *= by_row[:, None]
        both[1] *= by_row.conj()[:, None]
        both[1, 0] = 0.0  # the row 0 is its own negation: it belongs to the first
        return both.reshape(2, -1)[:, self._quadrant.inside]


def _even_odd(values: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Return sum and difference of what lies as far above and below the middle of an axis."""
    half = values.shape[axis] // 2
    below, above = np.split(values, [half], axis=axis)
    below = np.flip(below, axis)
    return above + below, above - below
