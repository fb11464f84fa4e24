"""What a microscope resolves, in the numbers that people compare instruments by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from napari_3dmsl.arrays import FloatArray, check_finite
from napari_3dmsl.microscope.focus import best_focus_stage_um, focusing_light
from napari_3dmsl.microscope.hankel_transform import RadialGrid, radial_grid
from napari_3dmsl.microscope.modality import Modality, modality_of
from napari_3dmsl.microscope.settings import Microscope

_STAGES = 80  # on each side of the focus
_REACHES = (2.0, 10.0, 40.0)  # depths of field on each side, the first that is enough


@dataclass(frozen=True)
class Resolution:
    """Resolution and sampling for a point at one depth. All lengths in µm.

    Attributes
    ----------
    lateral_fwhm_um : float
        Full width at half maximum in the sharpest plane.
    axial_fwhm_um : float
        The same along the optical axis, of the focal plane in the specimen; infinite when the point
        does not fall to half its brightness within 40 depths of field.
    axial_fwhm_stage_um : float
        The same, as the stage moves.
    airy_unit_um : float
        Diameter of the Airy disk, ``1.22 λ_em / NA``.
    nyquist_pixel_um, nyquist_step_um : float
        Largest pixel and plane distance (in the specimen) that lose nothing: half a period of the
        highest frequency that the optics pass.
    focus_stage_um : float
        Stage position at which the point is sharpest.
    relative_peak : float
        Its brightest value over that without aberration (the Strehl ratio), <= about 1.
    """

    lateral_fwhm_um: float
    axial_fwhm_um: float
    axial_fwhm_stage_um: float
    airy_unit_um: float
    nyquist_pixel_um: float
    nyquist_step_um: float
    focus_stage_um: float
    relative_peak: float

    def oversampling(self, pixel_um: float) -> float:
        """Nyquist pixel over the pixel in use; below 1 the image is undersampled.

        Parameters
        ----------
        pixel_um : float
            Above 0.
        """
        return self.nyquist_pixel_um / pixel_um


def resolution(microscope: Microscope, depth_um: float = 0.0) -> Resolution:
    """Resolution of a microscope for a point ``depth_um`` above the coverslip.

    Sampling limits: ``1 / (2 f)`` with the cut-off ``f`` of the intensity; laterally ``2 NA/λ`` for
    each factor of the point spread function (widefield has one, a confocal two), axially
    ``(n - √(n² - NA²)) / λ`` for each. The aperture is at most the specimen's index.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    depth_um : float
        Of the point, 0 or more.
    """
    modality = modality_of(microscope)
    light = focusing_light(microscope)
    stage = best_focus_stage_um(microscope, depth_um)
    grid = radial_grid(float(np.ceil(8.0 / modality.band_per_um)), modality.band_per_um)
    across = modality.radial_intensity(grid, depth_um, stage)[:, 0]
    axial_um = _axial_width_um(modality, grid, depth_um, stage)
    return Resolution(
        lateral_fwhm_um=2.0 * (float(grid.radius_um[0]) + _half_width(grid.radius_um, across)),
        axial_fwhm_um=axial_um * _focus_per_stage(microscope, depth_um),
        axial_fwhm_stage_um=axial_um,
        airy_unit_um=microscope.airy_unit_um,
        nyquist_pixel_um=0.5 / modality.cutoff_per_um,
        nyquist_step_um=np.pi / modality.axial_cutoff_per_um,
        focus_stage_um=stage,
        relative_peak=float(light.intensity(np.zeros(1), depth_um, stage)[0, 0])
        / light.focused_peak(),
    )


def depth_of_field_um(microscope: Microscope) -> float:
    """Thickness around the sharp plane that looks sharp, µm in the specimen.

    Widefield: ``λ n / NA² + n e / (M NA)`` with the pixel in the specimen as ``e / M``, the
    smallest distance that the detector resolves (S. Inoué and K. R. Spring, Video Microscopy, 2nd
    edition, Plenum, 1997). n is the index of the specimen, in which the thickness is measured, and
    NA at most that. Where the optics section (confocal, two photons, light sheet): the full width
    at half maximum along the axis of a point at the coverslip, see `resolution`.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """
    if microscope.modality != "widefield":
        return resolution(microscope).axial_fwhm_um
    index = microscope.specimen_index
    aperture = min(microscope.numerical_aperture, index)
    wave = microscope.emission_nm / 1000.0 * index / aperture**2
    return wave + index * microscope.pixel_um / aperture


@dataclass(frozen=True)
class PointImage:
    """Two sections through the image of a point, photons per µm² and emitted photon.

    Attributes
    ----------
    xy : (R, C) float32
        In the sharpest plane.
    xz : (R, C) float32
        Along the optical axis: rows are heights of the focal plane in the specimen, from above the
        point to below it.
    pixel_um : float
        Of both, in all directions.
    """

    xy: FloatArray
    xz: FloatArray
    pixel_um: float

    def __post_init__(self) -> None:
        check_finite(self.xy, "xy")
        check_finite(self.xz, "xz")


def point_image(microscope: Microscope, depth_um: float = 0.0, pixels: int = 81) -> PointImage:
    """Image a point ``depth_um`` above the coverslip, finely enough to look at; `pixels` is odd.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    depth_um : float
        Of the point, 0 or more.
    pixels : int
        Along each side, odd.
    """
    modality = modality_of(microscope)
    pixel_um = 0.2 / modality.cutoff_per_um  # 2.5 times finer than Nyquist
    place = (np.arange(pixels) - pixels // 2) * pixel_um
    reach = float(np.ceil(np.hypot(place[0], place[0])))
    grid = radial_grid(reach, modality.band_per_um)
    stages = best_focus_stage_um(microscope, depth_um) + place / _focus_per_stage(
        microscope, depth_um
    )
    profiles = modality.radial_intensity(grid, np.full(pixels, depth_um), stages)
    # An even function through the axis, so that the spline has no end there.
    radius = np.concatenate([-grid.radius_um[::-1], grid.radius_um])
    along = CubicSpline(radius, np.concatenate([profiles[::-1], profiles]))
    middle = CubicSpline(radius, np.concatenate([profiles[::-1], profiles])[:, pixels // 2])
    xy = middle(np.hypot(place[:, None], place[None, :]))
    xz = along(place).T
    return PointImage(xy.astype(np.float32), xz.astype(np.float32), pixel_um)


def _axial_width_um(
    modality: Modality, grid: RadialGrid, depth_um: float, stage_um: float
) -> float:
    """Full width at half maximum on the axis as the stage moves; infinite when too wide to find."""
    depth_of_field = 2.0 * np.pi / modality.axial_cutoff_per_um
    depths = np.full(2 * _STAGES + 1, depth_um)
    for reach in _REACHES:
        offsets = np.linspace(-reach, reach, len(depths)) * depth_of_field
        # The grid's first radius is nanometres off the axis.
        brightness = modality.radial_intensity(grid, depths, stage_um + offsets)[0]
        if brightness[[0, -1]].max() < 0.5 * brightness.max():
            top = int(np.argmax(brightness))
            above = _half_width(offsets[top:], brightness[top:])
            return above + _half_width(-offsets[top::-1], brightness[top::-1])
    return float("inf")


def _half_width(position: FloatArray, values: FloatArray) -> float:
    """Way from the first position to where values fall to half the first, linearly between."""
    after = int(np.argmax(values < 0.5 * values[0]))
    share = (values[after - 1] - 0.5 * values[0]) / (values[after - 1] - values[after])
    crossing = position[after - 1] + share * (position[after] - position[after - 1])
    return float(crossing - position[0])


def _focus_per_stage(microscope: Microscope, depth_um: float) -> float:
    """How far the sharp plane moves in the specimen for each µm of the stage."""
    below, above = depth_um - 0.25, depth_um + 0.25
    stages = best_focus_stage_um(microscope, below), best_focus_stage_um(microscope, above)
    return 0.5 / (stages[0] - stages[1])
