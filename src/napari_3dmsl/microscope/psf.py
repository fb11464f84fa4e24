"""Point spread functions: Gibson-Lanni emission, and the modalities built from it.

The scalar model of Gibson and Lanni (J. Opt. Soc. Am. A 9 (1992) 154): a spherical wave from an
emitter at height ``depth_um`` above the coverslip crosses specimen, coverslip and immersion medium;
the optical path differs from the one that the objective is corrected for, and the pupil integral of
that phase error is the amplitude in the image. The pupil is cut where the wave would be evanescent
in any of the media. No apodisation: the pupil amplitude is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import j0

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.hankel import RadialGrid, gauss_legendre
from napari_3dmsl.microscope.instruments import Microscope


class Modality(Protocol):
    """What the renderer needs to know of a way of imaging.

    Attributes
    ----------
    band_per_um : float
        Highest lateral frequency that an image can hold, cycles/µm.
    axial_band_per_um : float
        Width of the axial frequencies, rad/µm: how fast the image changes with an emitter's depth.
    """

    band_per_um: float
    axial_band_per_um: float

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """Photons per µm² and emitted photon, shape (radii of the grid, depths).

        ``stage_um`` is one position or one for each depth.
        """
        ...


@dataclass(frozen=True)
class GibsonLanni:
    """Emission (or excitation) point spread function at one wavelength.

    Intensities have unit integral over any plane: ``|A|² (k NA)² / (π a²)``, by Parseval, with
    ``a`` the part of the pupil radius that light can pass.
    """

    microscope: Microscope
    wavelength_nm: float

    @property
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

    def intensity(
        self, radius_um: FloatArray, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """Photons per µm² and emitted photon, shape (radii, depths).

        Parameters
        ----------
        radius_um : (r,) array
        depth_um : float or (d,) array
            Emitter heights above the coverslip, >= 0.
        stage_um : float or (d,) array
            Stage positions, negative towards the objective.
        """
        depth = np.atleast_1d(np.asarray(depth_um, dtype=np.float64))
        stage = np.asarray(stage_um, dtype=np.float64)
        limit = self.pupil_limit
        spatial = self.wavenumber_per_um * self.microscope.numerical_aperture
        reach = spatial * limit * float(np.max(radius_um, initial=0.0))
        rho, weight = _pupil(limit, _node_count(reach, self._phase_range(depth, stage)))
        phase = self.phase(rho, depth, stage)
        bessel = _bessel(tuple(spatial * rho), radius_um.tobytes())
        real = bessel @ (np.cos(phase) * weight[:, None])
        imaginary = bessel @ (np.sin(phase) * weight[:, None])
        intensity: FloatArray = (real**2 + imaginary**2) * (spatial**2 / (np.pi * limit**2))
        return intensity

    def _phase_range(self, depth: FloatArray, stage: FloatArray) -> float:
        few = self.phase(np.linspace(0.0, self.pupil_limit, 9), depth, stage)
        return float(np.ptp(few, axis=0).max())

    def focused_peak(self) -> float:
        """On-axis intensity without aberration, photons per µm² and emitted photon."""
        spatial = self.wavenumber_per_um * self.microscope.numerical_aperture
        return float((spatial * self.pupil_limit) ** 2 / (4.0 * np.pi))


def _node_count(lateral_range: float, phase_range: float) -> int:
    """Quadrature nodes for an integrand that turns by so many radians; steps of 32 keep caches."""
    return 32 * int(np.ceil((0.8 * (lateral_range + phase_range) + 40.0) / 32.0))


@lru_cache(maxsize=64)
def _pupil(limit: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of ``∫ f(ρ) ρ dρ`` over the pupil.

    ``ρ = limit sin t`` takes away the square-root singularity of the phase at a clipped edge.
    """
    nodes, weights = gauss_legendre(count)
    angle = 0.25 * np.pi * (nodes + 1.0)
    rho = limit * np.sin(angle)
    return rho, 0.25 * np.pi * weights * rho * limit * np.cos(angle)


@lru_cache(maxsize=8)
def _bessel(scaled_rho: tuple[float, ...], radius: bytes) -> FloatArray:
    """``J0`` of every radius times every pupil node; it only depends on NA and wavelength."""
    matrix: FloatArray = j0(np.outer(np.frombuffer(radius), np.array(scaled_rho)))
    return matrix


class Widefield:
    """Epifluorescence: every emitter is imaged by the emission point spread function."""

    def __init__(self, microscope: Microscope) -> None:
        self.emission = GibsonLanni(microscope, microscope.emission_nm)
        self.band_per_um = self.emission.band_per_um
        self.axial_band_per_um = self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        return self.emission.intensity(grid.radius_um, depth_um, stage_um)


class Confocal:
    """Point scanning with a pinhole: ``h_ex · (h_em ⊛ pinhole disk)``.

    The excitation has unit integral in a plane and the second factor is the share of the emitted
    photons that pass the pinhole, so an open pinhole keeps every photon and closing it dims.
    """

    def __init__(self, microscope: Microscope) -> None:
        self.excitation = GibsonLanni(microscope, microscope.excitation_nm)
        self.emission = GibsonLanni(microscope, microscope.emission_nm)
        self.pinhole_radius_um = 0.5 * microscope.pinhole_airy * microscope.airy_unit_um
        # The last tenth of the sum of both bands holds less than 1e-4 of an image's peak.
        self.band_per_um = 0.9 * (self.excitation.band_per_um + self.emission.band_per_um)
        self.axial_band_per_um = self.excitation.axial_band_per_um + self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        excitation = self.excitation.intensity(grid.radius_um, depth_um, stage_um)
        emission = self.emission.intensity(grid.radius_um, depth_um, stage_um)
        band = self.emission.band_per_um
        return excitation * (grid.disk_convolution(band, self.pinhole_radius_um) @ emission)


class SquaredEmission:
    """Confocal as in the 3DMSL release: the emission point spread function, squared.

    Divided by the unaberrated peak, so that an emitter in focus is as bright as in widefield.
    """

    def __init__(self, microscope: Microscope) -> None:
        self.emission = GibsonLanni(microscope, microscope.emission_nm)
        self.band_per_um = 2.0 * self.emission.band_per_um
        self.axial_band_per_um = 2.0 * self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        emission = self.emission.intensity(grid.radius_um, depth_um, stage_um)
        return emission**2 / self.emission.focused_peak()


def modality_of(microscope: Microscope) -> Modality:
    """Return the way of imaging that a microscope's settings name."""
    if microscope.modality == "widefield":
        return Widefield(microscope)
    return Confocal(microscope) if microscope.confocal == "pinhole" else SquaredEmission(microscope)


@lru_cache(maxsize=4096)
def best_focus_stage_um(microscope: Microscope, depth_um: float) -> float:
    """Stage position at which an emitter ``depth_um`` above the coverslip is sharpest.

    Sharpest: highest on-axis intensity at the emission wavelength. Negative is towards the
    objective. A negative depth continues the same law below the coverslip's upper face, so that a
    focal plane under the object has a stage position too.
    """
    optics = GibsonLanni(microscope, microscope.emission_nm)
    count = _node_count(0.0, 2.0 * optics.axial_band_per_um * abs(depth_um) + 200.0)
    rho, weight = _pupil(optics.pupil_limit, count)
    per_stage = optics.phase(rho, 0.0, 1.0)[:, 0] - optics.phase(rho, 0.0, 0.0)[:, 0]
    fixed = optics.phase(rho, depth_um, 0.0)[:, 0]

    def dimness(stage: ArrayLike) -> FloatArray:
        total = fixed[:, None] + per_stage[:, None] * np.atleast_1d(np.asarray(stage))
        amplitude = weight @ np.cos(total), weight @ np.sin(total)
        return -np.asarray(amplitude[0] ** 2 + amplitude[1] ** 2)

    mean_fixed, mean_stage = np.average([fixed, per_stage], axis=1, weights=weight)
    spread = weight @ (per_stage - mean_stage) ** 2
    middle = -float(weight @ ((fixed - mean_fixed) * (per_stage - mean_stage)) / spread)
    reach = 0.5 + 0.25 * abs(middle)
    candidates = np.arange(middle - reach, middle + reach, 0.1)  # finer than any focus
    best = candidates[int(np.argmin(dimness(candidates)))]
    refined = optimize.minimize_scalar(
        lambda stage: float(dimness(stage)[0]), bounds=(best - 0.1, best + 0.1), method="bounded"
    )
    return float(refined.x)
