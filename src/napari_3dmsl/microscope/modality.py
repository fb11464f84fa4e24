"""Ways of imaging, built from point spread functions: one small class each.

To add one: give it the two bands and the function of `Modality`, a word in
``Microscope.modality``, and its line in `modality_of`. The renderer and the files need no more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.focus import focus_heights_um
from napari_3dmsl.microscope.hankel_transform import RadialGrid, gauss_legendre
from napari_3dmsl.microscope.psf import point_spread
from napari_3dmsl.microscope.settings import Microscope


class Modality(ABC):
    """What the renderer needs to know of a way of imaging.

    Attributes
    ----------
    band_per_um : float
        Highest lateral frequency that images hold, cycles/µm.
    axial_band_per_um : float
        Width of the axial frequencies, rad/µm: how fast the image changes with an emitter's depth.
    """

    band_per_um: float
    axial_band_per_um: float
    spreads = 12.0
    """Radius, in units of how far an emitter is out of focus, that holds all but 0.3 % of its light
    (with the largest aperture). Where the excitation is focused as well, far less is left."""

    def reach_um(self, defocus_um: float) -> float:
        """Radius beyond which the light of an emitter does not count, µm.

        What falls beyond is less than 2e-4 of the peak of a crowded image; 155 periods of the
        highest frequency are as much in focus.

        Parameters
        ----------
        defocus_um : float
            How far emitters are out of focus at most.
        """
        return max(155.0 / self.band_per_um, self.spreads * defocus_um)

    @property
    def cutoff_per_um(self) -> float:
        """Lateral frequency that the optics pass at most, cycles/µm."""
        return self.band_per_um

    @property
    def axial_cutoff_per_um(self) -> float:
        """Axial frequency that the optics pass at most, rad/µm."""
        return self.axial_band_per_um

    @abstractmethod
    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """Photons per µm² and emitted photon, shape (radii of the grid, depths).

        ``stage_um`` is one position or one for each depth.

        Parameters
        ----------
        grid : RadialGrid
            Whose radii are asked for.
        depth_um : (depths,) array
            Heights of emitters above the coverslip.
        stage_um : float or (depths,) array
            One position or one for each depth; negative is towards the objective.
        """


class Widefield(Modality):
    """Epifluorescence: every emitter is imaged by the emission point spread function.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """

    def __init__(self, microscope: Microscope) -> None:
        self.emission = point_spread(microscope, microscope.emission_nm)
        self.band_per_um = self.emission.band_per_um
        self.axial_band_per_um = self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        return self.emission.intensity(grid.radius_um, depth_um, stage_um)


class Confocal(Modality):
    """Point scanning with a pinhole: ``h_ex · (h_em ⊛ pinhole disk)``.

    The excitation has unit integral in a plane and the second factor is the share of the emitted
    photons that pass the pinhole, so an open pinhole keeps every photon and closing it dims.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """

    spreads = 3.0

    def __init__(self, microscope: Microscope) -> None:
        self.excitation = point_spread(microscope, microscope.excitation_nm)
        self.emission = point_spread(microscope, microscope.emission_nm)
        self.pinhole_radius_um = 0.5 * microscope.pinhole_airy * microscope.airy_unit_um
        # The last tenth of the sum of both bands holds less than 1e-4 of an image's peak.
        self.band_per_um = 0.9 * self.cutoff_per_um
        # So does the outer part of the sum of the axial bands: both factors are near their edge.
        self.axial_band_per_um = 0.87 * self.axial_cutoff_per_um

    @property
    def cutoff_per_um(self) -> float:
        """See `Modality.cutoff_per_um`."""
        return self.excitation.band_per_um + self.emission.band_per_um

    @property
    def axial_cutoff_per_um(self) -> float:
        """See `Modality.axial_cutoff_per_um`."""
        return self.excitation.axial_band_per_um + self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        excitation = self.excitation.intensity(grid.radius_um, depth_um, stage_um)
        emission = self.emission.intensity(grid.radius_um, depth_um, stage_um)
        return excitation * grid.disk_convolution(emission, self.pinhole_radius_um)


class SquaredEmission(Modality):
    """Confocal as in the 3DMSL release: the emission point spread function, squared.

    Divided by the unaberrated peak, so that an emitter in focus is as bright as in widefield.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """

    spreads = 3.0

    def __init__(self, microscope: Microscope) -> None:
        self.emission = point_spread(microscope, microscope.emission_nm)
        self.band_per_um = 2.0 * self.emission.band_per_um
        self.axial_band_per_um = 2.0 * self.emission.axial_band_per_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        emission = self.emission.intensity(grid.radius_um, depth_um, stage_um)
        return emission**2 / self.emission.focused_peak()


class TwoPhoton(Modality):
    """Scanning with two photons at once: ``h_ex²``, and every emitted photon is detected.

    Normalised so that a fluorophore in the unaberrated focus sends all its photons; out of focus
    it is hardly excited.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """

    spreads = 3.0

    def __init__(self, microscope: Microscope) -> None:
        self.excitation = point_spread(microscope, microscope.excitation_nm)
        self.band_per_um = 2.0 * self.excitation.band_per_um
        self.axial_band_per_um = 2.0 * self.excitation.axial_band_per_um
        nodes, weights = gauss_legendre(400)
        reach = 20.0 / self.excitation.band_per_um  # beyond: 1e-6 of the integral of the square
        radius = 0.5 * reach * (nodes + 1.0)
        focused = self.excitation.focused_intensity(radius)
        self._focused_dose = float((np.pi * reach * weights * radius) @ focused**2)

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        excitation = self.excitation.intensity(grid.radius_um, depth_um, stage_um)
        return excitation**2 / self._focused_dose


class LightSheet(Modality):
    """Widefield detection of what a sheet of light excites, a Gaussian about the focal plane.

    In the middle of the sheet a fluorophore sends all its photons. The sheet is as thick
    everywhere: its divergence over the field is left out.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """

    def __init__(self, microscope: Microscope) -> None:
        self.microscope = microscope
        self.emission = point_spread(microscope, microscope.emission_nm)
        self.band_per_um = self.emission.band_per_um
        self.axial_band_per_um = self.emission.axial_band_per_um + 15.0 / microscope.sheet_fwhm_um

    def reach_um(self, defocus_um: float) -> float:
        """See `Modality.reach_um`: what is far out of focus is dark.

        Parameters
        ----------
        defocus_um : float
            How far emitters are out of focus at most.
        """
        return super().reach_um(min(defocus_um, 1.5 * self.microscope.sheet_fwhm_um))

    @property
    def axial_cutoff_per_um(self) -> float:
        """See `Modality.axial_cutoff_per_um`: up to where the sheet's spectrum is 1 %."""
        return self.emission.axial_band_per_um + 7.1 / self.microscope.sheet_fwhm_um

    def radial_intensity(
        self, grid: RadialGrid, depth_um: ArrayLike, stage_um: ArrayLike
    ) -> FloatArray:
        """See `Modality.radial_intensity`."""
        stages, which = np.unique(np.atleast_1d(stage_um), return_inverse=True)
        focal = focus_heights_um(self.microscope, stages)
        away = (np.asarray(depth_um) - focal[which]) / self.microscope.sheet_fwhm_um
        sheet: FloatArray = np.exp(-4.0 * np.log(2.0) * away**2)
        return self.emission.intensity(grid.radius_um, depth_um, stage_um) * sheet


def modality_of(microscope: Microscope) -> Modality:
    """Return the way of imaging that a microscope's settings name.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """
    if microscope.modality == "confocal" and microscope.confocal == "squared":
        return SquaredEmission(microscope)
    ways: dict[str, Callable[[Microscope], Modality]] = {
        "widefield": Widefield,
        "confocal": Confocal,
        "two_photon": TwoPhoton,
        "light_sheet": LightSheet,
    }
    return ways[microscope.modality](microscope)
