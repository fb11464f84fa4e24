"""Radial functions and their two-dimensional Fourier transforms, by quadrature."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from scipy.special import j0, j1, roots_legendre

from napari_3dmsl.arrays import FloatArray

Waves = tuple[FloatArray, FloatArray, FloatArray]

_VALUES_AT_ONCE = 4_000_000
_FADING_PERIODS = 4.5


@lru_cache(maxsize=64)
def gauss_legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1].

    Parameters
    ----------
    count : int
        Nodes, 1 or more.

    Returns
    -------
    nodes, weights : (count,) float64
    """
    nodes, weights = roots_legendre(count)
    return nodes, weights


class RadialGrid:
    """Radii that carry a band-limited radial function, and its Hankel transform.

    Parameters
    ----------
    reach_um : float
        The function is exact up to this radius and fades to zero beyond, see `faded_um`.
    band_per_um : float
        Highest lateral frequency of the functions, cycles/µm.
    """

    def __init__(self, reach_um: float, band_per_um: float) -> None:
        self.reach_um = reach_um
        self.band_per_um = band_per_um
        self.end_um = faded_um(reach_um, band_per_um)
        nodes, weights = gauss_legendre(_radius_count(band_per_um, self.end_um))
        self.radius_um: FloatArray = 0.5 * self.end_um * (nodes + 1.0)
        fade = np.clip((self.radius_um - reach_um) / (self.end_um - reach_um), 0.0, 1.0)
        taper = np.cos(0.5 * np.pi * fade) ** 2
        self._area_weight = np.pi * self.end_um * weights * self.radius_um * taper
        self._kept_waves: dict[int, Waves] = {}

    @cached_property
    def frequency_step_per_um(self) -> float:
        """Spacing of `transfer_matrix` rows: eight times finer than the reach demands."""
        return 1.0 / (8.0 * self.end_um)

    @cached_property
    def transfer_matrix(self) -> FloatArray:
        """Intensity at the radii to transfer function, rows spaced by `frequency_step_per_um`.

        Row j is the frequency ``j * step``; three rows beyond the band serve interpolation.
        """
        count = int(np.ceil(self.band_per_um / self.frequency_step_per_um)) + 4
        return self.transfer_at(np.arange(count) * self.frequency_step_per_um)

    def transfer_at(self, frequency_per_um: FloatArray) -> FloatArray:
        """Intensity at the radii to transfer function at some frequencies, (n, radii) float32.

        Parameters
        ----------
        frequency_per_um : (n,) array
            Up to about the band.
        """
        return _bessel_table(frequency_per_um, self.radius_um, self._area_weight)

    def disk_convolution(self, intensity: FloatArray, disk_radius_um: float) -> FloatArray:
        """Convolve functions of the grid, (radii, n), with the indicator of a disk.

        There and back through the frequencies: only the factor between depends on the disk. Single
        precision is 1e-6 of the largest value, far below what images keep.

        Parameters
        ----------
        intensity : (radii, n) array
            One function in each column.
        disk_radius_um : float
            Above 0.

        Returns
        -------
        (radii, n) float32
        """
        waves, frequency, weights = self._waves(int(np.ceil(disk_radius_um)))
        disk = disk_radius_um * j1(2.0 * np.pi * frequency * disk_radius_um) / frequency
        spectrum = waves.T @ (self._area_weight[:, None] * intensity).astype(np.float32)
        spectrum *= (2.0 * np.pi * weights * frequency * disk).astype(np.float32)[:, None]
        convolved: FloatArray = waves @ spectrum
        return convolved

    def _waves(self, reach_um: int) -> Waves:
        """J0 of every radius times every frequency, the frequencies, and quadrature weights.

        Enough frequencies for functions that reach so much farther than the grid.
        """
        if reach_um not in self._kept_waves:
            count = int(np.ceil(np.pi * self.band_per_um * (self.end_um + reach_um))) + 40
            nodes, weights = gauss_legendre(count)
            frequency = 0.5 * self.band_per_um * (nodes + 1.0)
            waves = _bessel_table(self.radius_um, frequency, np.ones(count))
            self._kept_waves[reach_um] = waves, frequency, 0.5 * self.band_per_um * weights
        return self._kept_waves[reach_um]


def table_bytes(reach_um: float, band_per_um: float) -> float:
    """About how much memory the tables of a `RadialGrid` take, without making them.

    Parameters
    ----------
    reach_um, band_per_um : float
        See `RadialGrid`.
    """
    end_um = faded_um(reach_um, band_per_um)
    radii = float(_radius_count(band_per_um, end_um))
    frequencies, waves = 8.0 * band_per_um * end_um, 0.5 * radii
    return 4.0 * radii * (frequencies + waves)


def faded_um(reach_um: float, band_per_um: float) -> float:
    """Radius at which functions that are wanted up to ``reach_um`` have faded to zero.

    They fade over some periods of their highest frequency at least: what ends faster than it can
    change has frequencies beyond its band, which an image of a low aperture would lack.

    Parameters
    ----------
    reach_um, band_per_um : float
        Above 0.
    """
    return reach_um + max(1.0, 0.1 * reach_um, _FADING_PERIODS / band_per_um)


def _radius_count(band_per_um: float, end_um: float) -> int:
    return int(np.ceil(2.0 * np.pi * band_per_um * end_um)) + 40


def _bessel_table(rows: FloatArray, columns: FloatArray, weight: FloatArray) -> FloatArray:
    """``J0(2π rows columns)`` times a weight for each column, float32; in double only in part."""
    table = np.empty((len(rows), len(columns)), dtype=np.float32)
    at_once = max(1, _VALUES_AT_ONCE // len(columns))
    for start in range(0, len(rows), at_once):
        some = slice(start, start + at_once)
        table[some] = j0(2.0 * np.pi * np.outer(rows[some], columns)) * weight
    return table


@lru_cache(maxsize=4)
def radial_grid(reach_um: float, band_per_um: float) -> RadialGrid:
    """Return a `RadialGrid` that is kept: its matrices cost more than an image.

    Parameters
    ----------
    reach_um, band_per_um : float
        See `RadialGrid`.
    """
    return RadialGrid(reach_um, band_per_um)
