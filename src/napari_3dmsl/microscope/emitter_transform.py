"""The emitters' side of an image: Fourier transforms at a few depths, once per geometry.

An image is a sum over emitters of a point spread function that depends on the emitter's depth.
That dependence is smooth (band-limited), so it is interpolated at Chebyshev nodes in depth:

    image^(k) = Σ_m H_m(|k|) S_m(k),    S_m(k) = Σ_i photons_i L_m(depth_i) exp(-2πi k·r_i)

``S_m`` is computed here by a non-uniform FFT (spreading with the kernel of Barnett, Magland and
af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479); only the optics ``H_m``
change when a knob turns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.frequency_grid import (
    KERNEL_WIDTH,
    Field,
    FieldFrequencies,
    frequencies_of,
    kernel,
)

MARGIN_UM = 10.0
"""Emitters farther than this outside the field are ignored."""

WIDE_BYTES = 500_000_000
"""What takes more than this is imaged as a wide field, see `WideTransform`."""

_GRID_POINTS_AT_ONCE = 16_000_000  # of all depth nodes together: 64 MB of float32
_COLUMN_POINTS_AT_ONCE = 250_000  # 2 MB of complex64
_WEIGHTS_AT_ONCE = 100_000  # so that they stay near the processor
_EMITTERS_AT_ONCE = 4000  # so that their polynomials do
_MARGIN_STEP_UM = 1.0  # a shape that turns keeps its field, and shapes of about a size share it


class EmitterTransform:
    """Fourier transforms of emitters at depth nodes, for images of one field up to one band.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field: z is the height above the coverslip, (y, x) = (0, 0) the middle.
    image_size : (rows, columns)
    pixel_um : float
    band_per_um, axial_band_per_um : float
        See `Modality`; the optics may use less, not more.
    most_reach_um : float
        Light of an emitter farther away than this is left out.

    Attributes
    ----------
    frequencies : FieldFrequencies
    depth_um : (nodes,) float64
        Depth nodes.
    values : (2, 2, nodes, K) float32
        Of the rows as they are and of the rows negated; real and imaginary parts. Depth nodes
        come before frequencies because sums over nodes are then long vector operations.
    corrections : (K,) complex64, (K,) complex64
        Factors still to be applied to the values of either sign, see
        `FieldFrequencies.corrections`.
    """

    def __init__(
        self,
        emitters: Emitters,
        image_size: tuple[int, int],
        pixel_um: float,
        band_per_um: float,
        axial_band_per_um: float,
        most_reach_um: float = np.inf,
    ) -> None:
        self.image_size = image_size
        self.pixel_um = pixel_um
        self.band_per_um = band_per_um
        self.axial_band_per_um = axial_band_per_um
        positions, photons, field = emitters_of_field(
            emitters, image_size, pixel_um, band_per_um, most_reach_um
        )
        self.frequencies = frequencies_of(field)
        self.depth_um, weights = depth_weights(positions[:, 0], photons, axial_band_per_um)
        self.values = self._transform(positions[:, 1:], weights)

    def _transform(self, lateral_um: FloatArray, weights: FloatArray) -> FloatArray:
        """``Σ_i weights[i, m] exp(-2πi k·r_i)`` at every frequency, but for the corrections."""
        shape = self.frequencies.fine_shape
        low, box, spreading = spread(lateral_um, self.frequencies)
        nodes = weights.shape[1]
        self.corrections = self.frequencies.corrections(low)
        values = np.empty((2, 2, nodes, len(self.frequencies.row)), dtype=np.float32)
        spread_at_once = max(1, _GRID_POINTS_AT_ONCE // (box[0] * box[1]))
        at_once = max(1, _GRID_POINTS_AT_ONCE // (shape[0] * shape[1]))
        for start in range(0, nodes, spread_at_once):
            on_grid = (spreading @ weights[:, start : start + spread_at_once]).reshape(*box, -1)
            for first in range(0, on_grid.shape[2], at_once):
                found = values[:, :, start + first : start + first + at_once]
                self._to_frequencies(on_grid[..., first : first + at_once], found)
        return values

    def _to_frequencies(self, on_grid: FloatArray, values: FloatArray) -> None:
        """Transform values on a box of the grid, some depth nodes, to those of all frequencies."""
        points, columns = self.frequencies.fine_shape[0], int(self.frequencies.column.max()) + 1
        rows = fft.rfft(on_grid, n=self.frequencies.fine_shape[1], axis=1)[:, :columns]
        # A few nodes at a time stay near the processor.
        at_once = max(1, _COLUMN_POINTS_AT_ONCE // (columns * points))
        grid = np.empty((at_once, columns, points), dtype=np.complex64)
        chosen = np.empty((at_once, values.shape[-1]), dtype=np.complex64)
        for start in range(0, on_grid.shape[2], at_once):
            some = slice(start, min(start + at_once, on_grid.shape[2]))
            count = some.stop - some.start
            # With the rows last in memory the second transform takes half the time.
            padded = grid[:count]
            padded[:, :, : len(rows)] = rows[..., some].transpose(2, 1, 0)
            padded[:, :, len(rows) :] = 0.0
            transformed = fft.fft(padded, axis=2, overwrite_x=True).reshape(count, -1)
            for sign, where in enumerate(self.frequencies.on_fine_grid):
                # They all lie on the grid: "clip" spares the copy that "raise" makes.
                part = transformed.take(where, axis=1, out=chosen[:count], mode="clip")
                values[sign, 0, some] = part.real
                values[sign, 1, some] = part.imag


def emitters_of_field(
    emitters: Emitters,
    image_size: tuple[int, int],
    pixel_um: float,
    band_per_um: float,
    most_reach_um: float = np.inf,
    kernel_width: int = KERNEL_WIDTH,
) -> tuple[FloatArray, FloatArray, Field]:
    """Return `emitters_near` a field, in the order of its rows, and the field that they need.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field.
    image_size : (rows, columns)
        Pixels.
    pixel_um : float
        Side of a pixel.
    band_per_um : float
        See `Modality`.
    most_reach_um : float
        Light of an emitter farther away than this is left out.
    kernel_width : int
        See `Field`.

    Returns
    -------
    positions_um : (E, 3) float64
    photons : (E,) float64
    field : Field
    """
    kept = np.flatnonzero(emitters_near(emitters.positions_um, image_size, pixel_um))
    # Emitters in the order of a grid's memory are spread on it several times faster.
    rows, columns = np.floor(emitters.positions_um[kept, 1:].T / pixel_um)
    kept = kept[_in_order(rows, columns)]
    positions, photons = emitters.positions_um[kept], emitters.photons[kept]
    margin_um = max(outermost_um(positions))
    field = Field(image_size, pixel_um, band_per_um, margin_um, most_reach_um, kernel_width)
    return positions, photons, field


def _in_order(rows: FloatArray, columns: FloatArray) -> NDArray[np.int64]:
    """Sort whole numbers as `numpy.lexsort` does, several times faster."""
    count = len(rows)
    if count == 0:
        return np.zeros(0, np.int64)
    rows, columns = rows - rows.min(), columns - columns.min()
    across = float(columns.max()) + 1.0
    if (float(rows.max()) + 1.0) * across * count >= 2.0**62:  # no number for each
        return np.lexsort((columns, rows))
    numbers = (rows * across + columns).astype(np.int64) * count + np.arange(count)
    numbers.sort()
    order: NDArray[np.int64] = numbers % count
    return order


def emitters_near(
    positions_um: FloatArray, image_size: tuple[int, int], pixel_um: float
) -> NDArray[np.bool_]:
    """Return which emitters are in the field, or near enough to light it up.

    Parameters
    ----------
    positions_um : (E, 3) array
        In the frame of the field.
    image_size : (rows, columns)
        Pixels.
    pixel_um : float
        Side of a pixel.
    """
    half_field = 0.5 * pixel_um * np.array(image_size)
    row, column = half_field + MARGIN_UM
    near: NDArray[np.bool_] = np.abs(positions_um[:, 1]) <= row
    near &= np.abs(positions_um[:, 2]) <= column
    return near


def outermost_um(positions_um: FloatArray) -> tuple[float, float]:
    """Return how far from the middle emitters lie at most along rows and columns, rounded up.

    Parameters
    ----------
    positions_um : (E, 3) array
        In the frame of the field.
    """
    # Axis by axis: several times faster.
    farthest = np.array([np.abs(along).max(initial=0.0) for along in positions_um[:, 1:].T])
    rows, columns = (np.ceil(farthest / _MARGIN_STEP_UM) * _MARGIN_STEP_UM).tolist()
    return rows, columns


def transform_bytes(
    positions_um: FloatArray,
    image_size: tuple[int, int],
    pixel_um: float,
    band_per_um: float,
    axial_band_per_um: float,
) -> float:
    """Return about how much memory an image by an `EmitterTransform` takes, without making it.

    Parameters
    ----------
    positions_um : (E, 3) array
        In the frame of the field, of those `emitters_near` it.
    image_size : (rows, columns)
        Pixels.
    pixel_um : float
        Side of a pixel.
    band_per_um, axial_band_per_um : float
        See `Modality`.
    """
    extent_um = float(np.ptp(positions_um[:, 0])) if len(positions_um) else 0.0
    field = Field(image_size, pixel_um, band_per_um, max(outermost_um(positions_um)))
    return field.nbytes(_node_count(0.5 * extent_um, axial_band_per_um), len(positions_um))


def _node_count(half_depth_um: float, axial_band: float) -> int:
    """Chebyshev nodes that a function of axial band B needs over a length D: about B D / 2.

    And a few for accuracy. The outermost quarter of B (waves that graze the coverslip) holds next
    to no energy.
    """
    turns = 0.75 * axial_band * half_depth_um
    return int(np.ceil(turns + 3.0 * turns ** (1 / 3))) + 4


def depth_weights(
    depth_um: FloatArray, photons: FloatArray, axial_band: float
) -> tuple[FloatArray, FloatArray]:
    """Chebyshev nodes over the emitters' depths; each emitter's Lagrange weights times photons.

    The weights are float32, computed in double precision for some emitters at a time.

    Parameters
    ----------
    depth_um : (E,) array
        Heights above the coverslip.
    photons : (E,) array
        Of each emitter.
    axial_band : float
        See `Modality`.

    Returns
    -------
    nodes_um : (nodes,) float64
    weights : (E, nodes) float32
    """
    if len(depth_um) == 0:
        return np.zeros(1), np.zeros((0, 1), np.float32)
    low, high = float(depth_um.min()), float(depth_um.max())
    half = 0.5 * (high - low)
    if half < 1e-6:
        return np.array([low]), photons[:, None].astype(np.float32)
    angle = _node_angles(half, axial_band)
    count, nodes = len(angle), np.cos(angle)
    barycentric = np.sin(angle) * (-1.0) ** np.arange(count)
    weights = np.empty((len(depth_um), count), dtype=np.float32)
    at_once = max(1, _WEIGHTS_AT_ONCE // count)
    for start in range(0, len(depth_um), at_once):
        some = slice(start, start + at_once)
        difference = ((depth_um[some] - low) / half - 1.0)[:, None] - nodes
        difference[difference == 0.0] = 1e-15
        of_some = barycentric / difference
        of_some /= of_some.sum(axis=1, keepdims=True)
        of_some *= photons[some, None]
        weights[some] = of_some
    return np.maximum(low + half * (nodes + 1.0), 0.0), weights


def _node_angles(half_depth_um: float, axial_band: float) -> FloatArray:
    """Return the angles whose cosines are the Chebyshev nodes on [-1, 1]."""
    count = _node_count(half_depth_um, axial_band)
    angles: FloatArray = (np.arange(count) + 0.5) * np.pi / count
    return angles


class DepthPolynomials:
    """The same nodes and weights, where only some combinations of the weights are asked for.

    Lagrange's polynomials of Chebyshev nodes are sums of Chebyshev's polynomials, which take a
    third of the time of `depth_weights`. Single precision is kept, but not the last digits.

    Parameters
    ----------
    depth_um : (E,) array
        Heights above the coverslip, one or more.
    axial_band : float
        See `Modality`.

    Attributes
    ----------
    nodes_um : (nodes,) float64
    """

    def __init__(self, depth_um: FloatArray, axial_band: float) -> None:
        low, high = float(depth_um.min()), float(depth_um.max())
        half = max(0.5 * (high - low), 1e-6)
        angle = _node_angles(half, axial_band)
        self.nodes_um: FloatArray = np.maximum(low + half * (np.cos(angle) + 1.0), 0.0)
        self._place = (depth_um - low) / half - 1.0
        order = np.arange(len(angle))
        self._of_nodes = np.cos(np.outer(order, angle)) * (np.minimum(order, 1) + 1)[:, None]
        self._of_nodes /= len(angle)

    def combined(self, photons: FloatArray, kept: FloatArray) -> FloatArray:
        """Return combinations of each emitter's weights times its photons, (E, kept) float32.

        Parameters
        ----------
        photons : (E,) array
            Of each emitter.
        kept : (nodes, kept) array
            One combination in each column.
        """
        orders = (self._of_nodes @ kept).T
        found = np.empty((len(orders), len(photons)), dtype=np.float32)
        for start in range(0, len(photons), _EMITTERS_AT_ONCE):
            some = slice(start, start + _EMITTERS_AT_ONCE)
            place = self._place[some]
            polynomials = np.empty((orders.shape[1], len(place)))
            polynomials[0], polynomials[1:2] = 1.0, place
            twice = 2.0 * place
            for order in range(2, len(polynomials)):
                np.multiply(twice, polynomials[order - 1], out=polynomials[order])
                polynomials[order] -= polynomials[order - 2]
            found[:, some] = (orders @ polynomials) * photons[some]
        return np.ascontiguousarray(found.T)


def spread(
    lateral_um: FloatArray, frequencies: FieldFrequencies, *, even: bool = False
) -> tuple[NDArray[np.intp], tuple[int, int], sparse.csc_matrix]:
    """Return the part of the fine grid that emitters touch, and how they are spread on it.

    Parameters
    ----------
    lateral_um : (E, 2) array
        Places (y, x) in the frame of the field.
    frequencies : FieldFrequencies
        Of the field.
    even : bool
        Whether the part shall have even sides.

    Returns
    -------
    low : (2,) integers
        Its first row and column, on a grid centred on the field.
    box : (rows, columns)
    spreading : (rows * columns, E) sparse float32
    """
    periods = np.array([axis.period_um for axis in frequencies.axes])
    position = lateral_um / periods * frequencies.fine_shape
    width = frequencies.field.kernel_width
    low = np.floor(position.min(axis=0, initial=0.0)).astype(int) - width
    high = np.ceil(position.max(axis=0, initial=0.0)).astype(int) + width
    rows, columns = (high - low).tolist()
    if even:
        rows, columns = rows + rows % 2, columns + columns % 2
    return low, (rows, columns), _spreading_matrix(position - low, (rows, columns), width).T


def _spreading_matrix(position: FloatArray, box: tuple[int, ...], width: int) -> sparse.csr_matrix:
    """Kernel values of each emitter on the points around it; position in grid points."""
    # Single precision where the kernel is not exact to it; emitters last in memory are fast.
    precision = np.float64 if width >= KERNEL_WIDTH else np.float32
    places = np.ascontiguousarray(position.T)
    first = np.ceil(places - 0.5 * width)
    points = np.arange(width)[:, None, None]
    by_row, by_column = kernel(((first + points) - places).astype(precision), width).swapaxes(0, 1)
    corner = (first[0] * box[1] + first[1]).astype(np.int32)
    values = np.empty((len(position), width**2), dtype=np.float32)
    flat = np.empty((len(position), width**2), dtype=np.int32)
    for number in range(width**2):
        row, column = divmod(number, width)
        np.multiply(by_row[row], by_column[column], out=values[:, number], casting="same_kind")
        np.add(corner, row * box[1] + column, out=flat[:, number])
    starts = np.arange(0, width**2 * len(position) + 1, width**2)
    shape = (len(position), box[0] * box[1])
    return sparse.csr_matrix((values.ravel(), flat.ravel(), starts), shape)
