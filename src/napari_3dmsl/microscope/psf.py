"""Point spread functions of light of one wavelength, focused through coverslip into a specimen.

Three models of one situation: an emitter at height ``depth_um`` above the coverslip, whose light
crosses specimen, coverslip and immersion medium. The optical path differs from the one that the
objective is corrected for, and the pupil integral of that phase error is the field in the image
(Gibson and Lanni, J. Opt. Soc. Am. A 9 (1992) 154). The pupil is cut where the wave would be
evanescent in any of the media. All models have unit integral over every plane.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j0, j1, jv

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.hankel_transform import gauss_legendre
from napari_3dmsl.microscope.kept import Kept
from napari_3dmsl.microscope.settings import Microscope


@dataclass(frozen=True)
class PointSpread(ABC):
    """Emission (or excitation) point spread function at one wavelength."""

    microscope: Microscope
    wavelength_nm: float

    @cached_property
    def pupil_limit(self) -> float:
        """Normalised pupil radius beyond which some medium turns the wave evanescent, <= 1."""
        scope = self.microscope
        media = (
            scope.specimen_index,
            scope.immersion_index,
            scope.immersion_index_design,
            scope.coverslip_index,
            scope.coverslip_index_design,
        )
        return min(1.0, *(index / scope.numerical_aperture for index in media))

    @property
    def wavenumber_per_um(self) -> float:
        """``2π/λ`` in vacuum, rad/µm."""
        return 2000.0 * np.pi / self.wavelength_nm

    @property
    def pupil_wavenumber_per_um(self) -> float:
        """Lateral wavenumber at the rim of the pupil, ``2π NA/λ``, rad/µm."""
        return self.wavenumber_per_um * self.microscope.numerical_aperture

    @property
    def band_per_um(self) -> float:
        """Lateral cut-off ``2 NA a / λ``, cycles/µm."""
        effective_aperture = self.microscope.numerical_aperture * self.pupil_limit
        return 2000.0 * effective_aperture / self.wavelength_nm

    @property
    def axial_band_per_um(self) -> float:
        """Range of axial wave vectors in the specimen, rad/µm."""
        index = self.microscope.specimen_index
        aperture = self.microscope.numerical_aperture * self.pupil_limit
        return self.wavenumber_per_um * (index - float(np.sqrt(max(index**2 - aperture**2, 0.0))))

    def phase(self, rho: FloatArray, depth_um: ArrayLike, stage_um: ArrayLike) -> FloatArray:
        """Phase error over the pupil, rad, shape (rho, depths or stages).

        ``k [pz ns' + (ti0 + zv) ni' - ti0 ni0' + tg ng' - tg0 ng0']`` with ``n' = √(n² - NA² ρ²)``.

        Parameters
        ----------
        rho : (K,) array
            Radii in the pupil, 0 to `pupil_limit`.
        depth_um : float or array
            Heights of emitters above the coverslip.
        stage_um : float or array
            Negative is towards the objective.
        """
        scope = self.microscope
        aperture2 = (scope.numerical_aperture * rho) ** 2

        def axial(index: float) -> FloatArray:
            root: FloatArray = np.sqrt(np.maximum(index**2 - aperture2, 0.0))[:, None]
            return root

        working = scope.working_distance_um
        path = np.asarray(depth_um) * axial(scope.specimen_index)
        path = path + (working + np.asarray(stage_um)) * axial(scope.immersion_index)
        path = path - working * axial(scope.immersion_index_design)
        path = path + scope.coverslip_um * axial(scope.coverslip_index)
        path = path - scope.coverslip_um_design * axial(scope.coverslip_index_design)
        error: FloatArray = self.wavenumber_per_um * path
        return error

    def pupil_nodes(self, turn: float) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of ``∫ f(ρ) ρ dρ`` for an integrand that turns by so many radians.

        Parameters
        ----------
        turn : float
            Radians, 0 or more.

        Returns
        -------
        rho, weight : (K,) float64
        """
        return _pupil(self.pupil_limit, 32 * int(np.ceil((0.8 * turn + 40.0) / 32.0)))

    def intensity(
        self, radius_um: FloatArray, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """Photons per µm² and emitted photon, shape (radii, depths).

        Parameters
        ----------
        radius_um : (radii,) array
            Distances from the axis.
        depth_um : float or (depths,) array
            Emitter heights above the coverslip, >= 0.
        stage_um : float or (depths,) array
            Stage positions, negative towards the objective.
        """
        depth = np.atleast_1d(np.asarray(depth_um, dtype=np.float64))
        stage = np.asarray(stage_um, dtype=np.float64)
        few = self.phase(np.linspace(0.0, self.pupil_limit, 9), depth, stage)
        rho, weight = self.pupil_nodes(
            self._lateral_turn(radius_um) + float(np.ptp(few, axis=0).max())
        )
        return self._from_pupil(radius_um, rho, weight, self.phase(rho, depth, stage))

    def focused_intensity(self, radius_um: FloatArray) -> FloatArray:
        """Intensity in focus without aberration, photons per µm² and emitted photon, (radii,).

        Parameters
        ----------
        radius_um : (radii,) array
            From the axis.
        """
        rho, weight = self.pupil_nodes(self._lateral_turn(radius_um))
        return self._from_pupil(radius_um, rho, weight, np.zeros((len(rho), 1)))[:, 0]

    def focused_peak(self) -> float:
        """On-axis intensity without aberration, photons per µm² and emitted photon."""
        return float(self.focused_intensity(np.zeros(1))[0])

    def axial_amplitude(self, rho: FloatArray) -> FloatArray:
        """Amplitude of the pupil for the field on the axis, in any unit.

        Parameters
        ----------
        rho : (K,) array
            Radii in the pupil.
        """
        return np.ones_like(rho)

    def _lateral_turn(self, radius_um: FloatArray) -> float:
        reach = float(np.max(radius_um, initial=0.0))
        return self.pupil_wavenumber_per_um * self.pupil_limit * reach

    @abstractmethod
    def _from_pupil(
        self, radius_um: FloatArray, rho: FloatArray, weight: FloatArray, phase: FloatArray
    ) -> FloatArray:
        """Intensity, (radii, columns of the phase), from phase errors at the pupil's nodes."""


class GibsonLanni(PointSpread):
    """Scalar model by quadrature over the pupil, whose amplitude is 1 (no apodisation).

    ``|∫ J0(k NA r ρ) exp(iW) ρ dρ|² (k NA)² / (π a²)``, by Parseval, with ``a`` the part of the
    pupil radius that light can pass.
    """

    def _from_pupil(
        self, radius_um: FloatArray, rho: FloatArray, weight: FloatArray, phase: FloatArray
    ) -> FloatArray:
        spatial = self.pupil_wavenumber_per_um
        squared = _squared_integral(0, spatial * rho, radius_um, weight, phase)
        return squared * (spatial**2 / (np.pi * self.pupil_limit**2))


class Vectorial(PointSpread):
    """Fluorophores that turn freely, seen by an aplanatic objective without polariser.

    The field that the objective focuses through the media is that of Török and Varga (Appl. Opt. 36
    (1997) 2305), with an apodisation of ``1/√cos θ`` over the pupil area and the transmission of
    both polarisations from immersion to specimen. By reciprocity, the mean over directions of a
    dipole of what it sends to the image, summed over both polarisations there, is
    ``|K0|² + 2|K1|² + |K2|²``. The same formula is the excitation by light without polarisation.
    """

    def _from_pupil(
        self, radius_um: FloatArray, rho: FloatArray, weight: FloatArray, phase: FloatArray
    ) -> FloatArray:
        spatial = self.pupil_wavenumber_per_um
        fields = self._pupil_fields(rho)
        energy = 0.0
        intensity = np.zeros((len(radius_um), phase.shape[1]))
        for order, (field, times) in enumerate(zip(fields, (1.0, 2.0, 1.0), strict=True)):
            energy += times * float(weight @ field**2)
            intensity += times * _squared_integral(
                order, spatial * rho, radius_um, weight * field, phase
            )
        return intensity * (spatial**2 / (2.0 * np.pi * energy))

    def axial_amplitude(self, rho: FloatArray) -> FloatArray:
        """See `PointSpread.axial_amplitude`: K0 alone does not vanish on the axis."""
        return self._pupil_fields(rho)[0]

    def _pupil_fields(self, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Amplitudes over the pupil that the Bessel functions of order 0, 1 and 2 go with."""
        scope = self.microscope
        media = (scope.immersion_index, scope.coverslip_index, scope.specimen_index)
        sine = scope.numerical_aperture * rho
        cosines = [np.sqrt(np.maximum(1.0 - (sine / index) ** 2, 0.0)) for index in media]
        s_wave, p_wave = np.ones_like(rho), np.ones_like(rho)
        for n1, n2, cos1, cos2 in zip(media, media[1:], cosines, cosines[1:], strict=False):
            s_wave = s_wave * 2.0 * n1 * cos1 / (n1 * cos1 + n2 * cos2)
            p_wave = p_wave * 2.0 * n1 * cos1 / (n2 * cos1 + n1 * cos2)
        apodisation = 1.0 / np.sqrt(cosines[0])
        along = p_wave * cosines[2]
        return (
            apodisation * (s_wave + along),
            apodisation * p_wave * sine / scope.specimen_index,
            apodisation * (s_wave - along),
        )


class GibsonLanniSeries(PointSpread):
    """Scalar model by the Bessel series of Li, Xue and Blu (J. Opt. Soc. Am. A 34 (2017) 1029).

    ``exp(iW)`` is fitted by ``Σ c_m J0(σ_m ρ)``, whose pupil integrals are known in closed form.
    100 terms and 1000 samples over the pupil, as in the programs of the paper's authors and of the
    3DMSL authors. ``Microscope.series_constant_nm`` scales the ``σ_m``: with large values the
    series does not converge and gives other images, which those of the PhysSeg simulator are.
    """

    def intensity(
        self, radius_um: FloatArray, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `PointSpread.intensity`."""
        rho = np.linspace(0.0, self.pupil_limit, _SERIES_SAMPLES)
        phase = self.phase(rho, np.atleast_1d(np.asarray(depth_um, np.float64)), stage_um)
        return self._from_pupil(radius_um, rho, np.empty(0), phase)

    def focused_intensity(self, radius_um: FloatArray) -> FloatArray:
        """See `PointSpread.focused_intensity`."""
        rho = np.linspace(0.0, self.pupil_limit, _SERIES_SAMPLES)
        return self._from_pupil(radius_um, rho, np.empty(0), np.zeros((len(rho), 1)))[:, 0]

    def _from_pupil(
        self, radius_um: FloatArray, rho: FloatArray, weight: FloatArray, phase: FloatArray
    ) -> FloatArray:
        spatial, limit = self.pupil_wavenumber_per_um, self.pupil_limit
        scope = self.microscope
        scale = scope.numerical_aperture * scope.series_constant_nm / self.wavelength_nm
        fit = _series_fit(limit, scale)
        integrals = _series_integrals(limit, scale, spatial, radius_um.tobytes())
        amplitude = integrals @ (fit @ np.cos(phase)), integrals @ (fit @ np.sin(phase))
        intensity: FloatArray = amplitude[0] ** 2 + amplitude[1] ** 2
        return intensity * (spatial**2 / (np.pi * limit**2))


_SERIES_TERMS = 100
_SERIES_SAMPLES = 1000


@lru_cache(maxsize=1024)
def point_spread(microscope: Microscope, wavelength_nm: float) -> PointSpread:
    """Return the model that a microscope's settings name, at one wavelength.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    wavelength_nm : float
        In vacuum.
    """
    models: dict[str, type[PointSpread]] = {
        "gibson_lanni": GibsonLanni,
        "gibson_lanni_series": GibsonLanniSeries,
        "vectorial": Vectorial,
    }
    return models[microscope.psf_model](microscope, wavelength_nm)


@lru_cache(maxsize=64)
def _pupil(limit: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of ``∫ f(ρ) ρ dρ`` over the pupil.

    ``ρ = limit sin t`` takes away the square-root singularity of the phase at a clipped edge.
    """
    nodes, weights = gauss_legendre(count)
    angle = 0.25 * np.pi * (nodes + 1.0)
    rho = limit * np.sin(angle)
    return rho, 0.25 * np.pi * weights * rho * limit * np.cos(angle)


def _squared_integral(
    order: int,
    spatial_rho: FloatArray,
    radius_um: FloatArray,
    weight: FloatArray,
    phase: FloatArray,
) -> FloatArray:
    """``|∫ J_order(k NA r ρ) exp(iW) ρ dρ|²`` for every radius and column of the phase."""
    bessel = _bessel(order, spatial_rho, radius_um)
    real = bessel @ (np.cos(phase) * weight[:, None])
    imaginary = bessel @ (np.sin(phase) * weight[:, None])
    squared: FloatArray = real**2 + imaginary**2
    return squared


_waves: Kept[tuple[int, bytes, bytes], FloatArray] = Kept(100_000_000, lambda one: one.nbytes)


def _bessel(order: int, spatial_rho: FloatArray, radius_um: FloatArray) -> FloatArray:
    """Bessel function of every radius times every pupil node; needs only NA and wavelength."""

    def made() -> FloatArray:
        return np.asarray((j0, j1, partial(jv, 2))[order](np.outer(radius_um, spatial_rho)))

    return _waves.get((order, spatial_rho.tobytes(), radius_um.tobytes()), made)


def _series_frequencies(scale: float) -> FloatArray:
    return scale * (3.0 * np.arange(1, _SERIES_TERMS + 1) - 2.0)


@lru_cache(maxsize=8)
def _series_fit(limit: float, scale: float) -> FloatArray:
    """Least-squares coefficients of a function over the pupil, (terms, samples)."""
    rho = np.linspace(0.0, limit, _SERIES_SAMPLES)
    fit: FloatArray = np.linalg.pinv(j0(np.outer(rho, _series_frequencies(scale))))
    return fit


@lru_cache(maxsize=8)
def _series_integrals(limit: float, scale: float, spatial: float, radius_um: bytes) -> FloatArray:
    """``∫ J0(σ_m ρ) J0(b ρ) ρ dρ`` over the pupil, ``b = k NA r``, (radii, terms)."""
    sigma = _series_frequencies(scale)[None, :]
    b = spatial * np.frombuffer(radius_um)[:, None]
    # Where both frequencies agree the quotient is 0/0; next to it, it is the integral.
    b = np.where(np.isclose(b, sigma, rtol=1e-7, atol=0.0), b * (1.0 + 1e-6), b)
    crossed = sigma * j1(sigma * limit) * j0(b * limit) - b * j0(sigma * limit) * j1(b * limit)
    integrals: FloatArray = limit * crossed / (sigma**2 - b**2)
    return integrals
