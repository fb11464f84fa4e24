"""Point spread functions written a second time, straight from the formulas and slowly."""

import numpy as np
from scipy.integrate import quad
from scipy.special import j0


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
    radius = np.arange(0.0, reach_um + 2 * step_um, step_um)
    k = 2 * np.pi / (wavelength_nm / 1000)
    limit = min(1.0, scope.specimen_index / scope.numerical_aperture)
    angle = (np.arange(1500) + 0.5) / 1500 * np.pi / 2
    rho = limit * np.sin(angle)
    weight = limit * np.cos(angle) * rho * (np.pi / 2 / 1500)
    path = optical_path_um(rho, scope, depth_um, stage_um)
    field = j0(k * scope.numerical_aperture * np.outer(radius, rho)) @ (
        weight * np.exp(1j * k * path)
    )
    return radius, np.abs(field) ** 2 * (k * scope.numerical_aperture) ** 2 / (np.pi * limit**2)


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
