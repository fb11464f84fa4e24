"""What the optics can have made, and what must be noise."""

from __future__ import annotations

import numpy as np
import pytest
from camera_scenes import CUTOFF, EPI, photons

from napari_3dmsl.matching.noise_residual import (
    BORDER,
    cutoff_per_um,
    noise_residual,
    outside_share,
)
from napari_3dmsl.microscope.presets import load_microscope

INNER = np.s_[BORDER:-BORDER, BORDER:-BORDER]


def test_the_cutoff_is_that_of_a_circular_pupil() -> None:
    assert cutoff_per_um(EPI) * EPI.pixel_um == pytest.approx(CUTOFF)
    con1 = load_microscope("con1")
    both = 2 * con1.numerical_aperture * (1 / con1.emission_nm + 1 / con1.excitation_nm)
    assert cutoff_per_um(con1) == pytest.approx(1000 * both)


def test_the_share_outside_is_the_area_around_a_disc() -> None:
    assert outside_share(0.3) == pytest.approx(1 - np.pi * 0.09, abs=0.005)
    assert outside_share(0.72) == 0.0


def test_structure_leaves_no_residual() -> None:
    light = photons(1000.0)
    assert noise_residual(light, CUTOFF).square.mean() < 1e-3 * light.mean()


@pytest.mark.parametrize("cutoff", [0.3, 0.45, 0.55])
def test_the_squared_residual_of_white_noise_is_its_variance(cutoff: float) -> None:
    rng = np.random.default_rng(1)
    found = [noise_residual(rng.normal(50, 3, (128, 160)), cutoff).square for _ in range(20)]
    assert np.mean(found) == pytest.approx(9.0, rel=0.02)


def test_noise_of_another_variance_nearby_counts_as_much_as_the_brightness_says() -> None:
    """The residual looks beyond its pixel, and so must the mean: both agree everywhere."""
    rng = np.random.default_rng(2)
    light = photons(300.0, size=160)
    squares, means = [], []
    for _ in range(40):
        found = noise_residual(light + rng.normal(0, np.sqrt(light)), CUTOFF)
        squares.append(found.square)
        means.append(found.mean)
    square, mean = np.mean(squares, axis=0), np.mean(means, axis=0)
    bright, dim = light[INNER] > 50, light[INNER] < 8
    assert square[bright].mean() == pytest.approx(mean[bright].mean(), rel=0.03)
    assert square[dim].mean() == pytest.approx(mean[dim].mean(), rel=0.02)


def test_the_covariances_are_those_that_noise_has() -> None:
    rng = np.random.default_rng(3)
    found = [noise_residual(rng.normal(0, 1, (96, 96)), CUTOFF) for _ in range(60)]
    assert np.mean([f.smooth * f.mean for f in found]) == pytest.approx(
        found[0].mean_noise, rel=0.1
    )
