"""Curves of images made for it, against what they were made with."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_3dmsl.matching.curves import AXES, curves_of
from napari_3dmsl.matching.grey_levels import GreyLevels

AS_THEY_ARE = GreyLevels(0, 1)
RNG = np.random.default_rng(0)
WHITE = RNG.normal(0.5, 0.1, (4, 128, 128))


def test_the_histogram_is_the_density_of_grey_values() -> None:
    curve = curves_of(WHITE, levels=AS_THEY_ARE).histogram
    expected = np.exp(-0.5 * ((curve.x - 0.5) / 0.1) ** 2) / (0.1 * np.sqrt(2 * np.pi))
    assert np.allclose(curve.y, expected, atol=0.12)


def test_white_noise_has_a_flat_spectrum_and_a_wave_one_peak() -> None:
    flat = curves_of(WHITE, levels=AS_THEY_ARE).spectrum
    assert np.isclose(flat.y.sum(), 1)
    assert flat.y[5:].std() / flat.y[5:].mean() < 0.15
    wave = np.sin(2 * np.pi * 0.2 * np.arange(128)) * np.ones((1, 128, 1))
    peak = curves_of(wave, levels=AS_THEY_ARE).spectrum
    assert abs(peak.x[np.argmax(peak.y)] - 0.2) < 0.01


def test_variance_grows_with_the_mean_as_that_of_photons() -> None:
    light = np.linspace(5, 80, 128) * np.ones((6, 128, 1))
    counted = RNG.poisson(light) / 100
    curve = curves_of(counted, levels=AS_THEY_ARE).variance
    inside = np.isfinite(curve.y) & (curve.x > 0.1) & (curve.x < 0.75)
    assert np.allclose(curve.y[inside], curve.x[inside] / 100, rtol=0.15)
    assert np.isnan(curve.y[-1])  # no pixel is so bright


def test_correlation_falls_as_that_of_the_blur() -> None:
    smooth = gaussian_filter(RNG.normal(size=(8, 128, 128)), (0, 3, 3), mode="wrap")
    curve = curves_of(smooth, levels=GreyLevels(-1, 1)).autocorrelation
    expected = np.exp(-(curve.x**2) / (4 * 3**2))
    assert np.allclose(curve.y, expected, atol=0.06)


def test_every_curve_has_its_axes() -> None:
    curves = curves_of(WHITE)
    assert all(len(getattr(curves, what).x) == len(getattr(curves, what).y) for what in AXES)
