"""The display range while a knob turns."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.figures.contrast import Contrast


def image(brightness: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    light = np.zeros((128, 128))
    light[40:60, 40:60] = brightness
    return rng.poisson(light + 100.0).astype(np.uint16)


def test_the_first_image_fills_the_display() -> None:
    found = Contrast.fitted(image(1000))
    assert 60 < found.low < 100
    assert 1050 < found.high < 1300


def test_a_brighter_image_never_ends_as_a_white_blob() -> None:
    contrast = Contrast.fitted(image(1000))
    for brightness in (1200, 2000, 5000, 20_000, 60_000):
        values = image(brightness)
        contrast = contrast.following(values)
        assert (values > contrast.high * 1.1).mean() <= 0.0005
        assert contrast.low < 110  # the ground stays black


def test_a_dimmer_image_looks_dimmer() -> None:
    contrast = Contrast.fitted(image(1000))
    assert contrast.following(image(200)) == contrast


def test_noise_alone_does_not_move_it() -> None:
    contrast = Contrast.fitted(image(1000))
    assert all(contrast.following(image(1000, seed)) == contrast for seed in range(1, 20))


def test_an_even_image_has_a_range() -> None:
    found = Contrast.fitted(np.full((8, 8), 7.0))
    assert found.low < found.high
