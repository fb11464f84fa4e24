"""Point spread functions written a second time, straight from the formulas and slowly."""

from functools import lru_cache

import numpy as np
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.special import j0, j1


def optical_path_um(rho, scope, depth_um, stage_um):
    """Gibson and Lanni's path difference with complex roots; rho is the normalised pupil radius."""
    sine = scope.numerical_aperture * rho

    def root(index):
        return np.sqrt(index**2 - sine**2 + 0j).real

    return (
        depth_um * root(scope.specimen_index)
        + (scope.working_distance_um + stage_um) * root(scope.immersion_index)
        - scope.working_distance_um * root(scope.immersion_index_design)
        + scope.coverslip_um * root(scope.coverslip_index)
        - scope.coverslip_um_design * root(scope.coverslip_index_design)
    )


def emission_psf(radius_um, scope, wavelength_nm, depth_um, stage_um):
    """Photons per µm² and photon at one radius, by adaptive quadrature."""
    k = 2 * np.pi / (wavelength_nm / 1000)
    limit = min(1.0, scope.specimen_index / scope.numerical_aperture)

    def part(function):
        def integrand(rho):
            path = optical_path_um(rho, scope, depth_um, stage_um)
            lateral = j0(k * scope.numerical_aperture * radius_um * rho)
            return lateral * function(k * path) * rho

        return quad(integrand, 0, limit, limit=2000, epsabs=1e-10, epsrel=1e-9)[0]

    amplitude2 = part(np.cos) ** 2 + part(np.sin) ** 2
    return amplitude2 * (k * scope.numerical_aperture) ** 2 / (np.pi * limit**2)


def radial_profile(scope, wavelength_nm, depth_um, stage_um, reach_um, step_um=0.01):
    """Radii and intensities by a dense midpoint rule, for sums over whole images."""
    k = 2 * np.pi / (wavelength_nm / 1000)
    limit = min(1.0, scope.specimen_index / scope.numerical_aperture)
    angle = (np.arange(1500) + 0.5) / 1500 * np.pi / 2
    rho = limit * np.sin(angle)
    weight = limit * np.cos(angle) * rho * (np.pi / 2 / 1500)
    path = optical_path_um(rho, scope, depth_um, stage_um)
    reach_um = np.ceil(reach_um + 2 * step_um)  # whole µm, so that scenes share the waves
    radius, waves = _waves(k * scope.numerical_aperture, limit, reach_um, step_um)
    field = waves @ (weight * np.exp(1j * k * path))
    return radius, np.abs(field) ** 2 * (k * scope.numerical_aperture) ** 2 / (np.pi * limit**2)


@lru_cache(maxsize=4)
def _waves(pupil_wavenumber, limit, reach_um, step_um):
    """Radii and J0 at each of them and at each pupil radius of `radial_profile`."""
    radius = np.arange(0.0, reach_um + step_um, step_um)
    rho = limit * np.sin((np.arange(1500) + 0.5) / 1500 * np.pi / 2)
    return radius, j0(pupil_wavenumber * np.outer(radius, rho))


def _pixel_distances(scope, position, oversampling=1):
    axes = []
    for count, centre in zip(scope.image_size, position[1:], strict=True):
        fine = (np.arange(count * oversampling) + 0.5) / oversampling
        axes.append((fine - count / 2) * scope.pixel_um - centre)
    return np.hypot(*np.meshgrid(*axes, indexing="ij"))


def sum_of_emitters(scope, emitters, profile_of, oversampling=1):
    """Brute force: the image of every emitter, by its own point spread function, added up."""
    image = np.zeros([n * oversampling for n in scope.image_size])
    for position, photons in zip(emitters.positions_um, emitters.photons, strict=True):
        distance = _pixel_distances(scope, position, oversampling)
        radius, intensity = profile_of(position[0], distance.max())
        image += photons * CubicSpline(radius, intensity)(distance)
    blocks = image.reshape(scope.image_size[0], oversampling, scope.image_size[1], oversampling)
    return blocks.mean(axis=(1, 3)) * scope.pixel_um**2


def confocal_profile(scope, depth, stage, reach):
    """Excitation times emission averaged over the pinhole, by a two-dimensional sum."""
    pinhole = 0.61 * scope.emission_nm / 1000 / scope.numerical_aperture * scope.pinhole_airy
    far = reach + pinhole + 1
    radius, emission = radial_profile(scope, scope.emission_nm, depth, stage, far, 0.004)
    _, excitation = radial_profile(scope, scope.excitation_nm, depth, stage, far, 0.004)
    nodes, weights = np.polynomial.legendre.leggauss(40 + int(8 * scope.pinhole_airy))
    ring = 0.5 * pinhole * (nodes + 1)
    turns = 64 + int(4 * scope.pinhole_airy)
    angle = (np.arange(turns) + 0.5) / turns * np.pi
    step = 0.006 * max(1.0, 0.3 / scope.numerical_aperture)  # low apertures change slowly
    coarse = np.arange(0, reach + step, step)
    away = np.sqrt(
        coarse[:, None, None] ** 2
        + ring[None, :, None] ** 2
        + 2 * coarse[:, None, None] * ring[None, :, None] * np.cos(angle)
    )
    around = CubicSpline(radius, emission)(away).mean(axis=2)
    through = around @ (np.pi * pinhole * weights * ring)
    return coarse, CubicSpline(radius, excitation)(coarse) * through


def emission_profile(scope, depth, stage, reach):
    """What a widefield microscope collects."""
    return radial_profile(scope, scope.emission_nm, depth, stage, reach, 0.004)


def focused_profile(wavelength_nm, aperture, radius_um):
    """Airy pattern of unit integral."""
    k_aperture = 2 * np.pi / (wavelength_nm / 1000) * aperture
    argument = np.maximum(k_aperture * radius_um, 1e-9)
    return k_aperture**2 / np.pi * (j1(argument) / argument) ** 2


def squared_profile(scope, depth, stage, reach):
    """Emission, squared, over the unaberrated peak."""
    radius, intensity = radial_profile(scope, scope.emission_nm, depth, stage, reach, 0.004)
    aperture = min(scope.numerical_aperture, scope.specimen_index)
    peak = (2 * np.pi / (scope.emission_nm / 1000) * aperture) ** 2 / (4 * np.pi)
    return radius, intensity**2 / peak


def two_photon_profile(scope, depth, stage, reach):
    """Excitation, squared, over the dose in the unaberrated focus (a sum over an Airy pattern)."""
    radius, intensity = radial_profile(scope, scope.excitation_nm, depth, stage, reach, 0.004)
    aperture = min(scope.numerical_aperture, scope.specimen_index)
    fine = (np.arange(200_000) + 0.5) * 1e-4
    airy = focused_profile(scope.excitation_nm, aperture, fine)
    return radius, intensity**2 / (2e-4 * np.pi * np.sum(fine * airy**2))


def light_sheet_profile(scope, depth, stage, focal_um, reach):
    """Emission times a Gaussian of the sheet's full width at half maximum."""
    radius, intensity = radial_profile(scope, scope.emission_nm, depth, stage, reach, 0.004)
    return radius, intensity * 0.5 ** ((2 * (depth - focal_um) / scope.sheet_fwhm_um) ** 2)


def full_width_at_half_maximum(position, values):
    """Width of the central peak at half its height, by linear interpolation."""
    values = np.asarray(values) / np.max(values)
    top = int(np.argmax(values))
    right = top + int(np.argmax(values[top:] < 0.5))
    left = top - int(np.argmax(values[top::-1] < 0.5))

    def crossing(inside, outside):
        share = (values[inside] - 0.5) / (values[inside] - values[outside])
        return position[inside] + share * (position[outside] - position[inside])

    return abs(crossing(right - 1, right) - crossing(left + 1, left))
