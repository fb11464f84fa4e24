"""Variance against mean count, from residuals."""

from __future__ import annotations

import numpy as np
import pytest
from camera_scenes import CUTOFF, photons
from numpy.typing import NDArray

from napari_3dmsl.matching.noise_residual import noise_residual
from napari_3dmsl.matching.variance_line import DarkPoint, VarianceLine, fit_line

SLOPE, DARK = 1.7, DarkPoint(100.0, 6.0, 0.0, 0.0)
LIGHT = photons(300.0, background=10.0)


def fitted(image: NDArray[float], dark: DarkPoint | None = None) -> VarianceLine:
    residual = noise_residual(image, CUTOFF)
    return fit_line([residual], [np.ones(residual.square.shape, bool)], dark)


def image(seed: int) -> NDArray[float]:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, np.sqrt(DARK.variance), LIGHT.shape)
    return DARK.mean + SLOPE * rng.poisson(LIGHT / SLOPE) + noise


@pytest.mark.parametrize("dark", [None, DARK])
def test_the_slope_is_found_without_bias_and_its_error_is_honest(dark: DarkPoint | None) -> None:
    lines = [fitted(image(seed), dark) for seed in range(24)]
    slopes = np.array([line.slope for line in lines])
    errors = np.array([line.slope_error for line in lines])
    assert slopes.mean() == pytest.approx(SLOPE, abs=3 * errors.mean() / np.sqrt(len(lines)))
    assert 0.6 < slopes.std() / errors.mean() < 1.5


def test_a_dark_frame_makes_it_surer() -> None:
    assert fitted(image(0), DARK).slope_error < 0.8 * fitted(image(0)).slope_error


def test_errors_of_the_dark_frame_are_those_of_the_slope_too() -> None:
    unsure = DarkPoint(DARK.mean, DARK.variance, 2.0, 2.0)
    assert fitted(image(0), unsure).slope_error > 1.5 * fitted(image(0), DARK).slope_error


def test_several_images_are_one_fit() -> None:
    residuals = [noise_residual(image(seed), CUTOFF) for seed in range(4)]
    kept = [np.ones(each.square.shape, bool) for each in residuals]
    line = fit_line(residuals, kept)
    assert line.slope_error == pytest.approx(fitted(image(0)).slope_error / 2, rel=0.4)
    assert line.pixels == sum(each.size for each in kept)
