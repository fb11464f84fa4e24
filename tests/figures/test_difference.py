"""Differences of two pictures of one object."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.difference import difference
from napari_3dmsl.figures.picture import Picture


def ball(pixel_um: float, count: int, bright: float, dark: float) -> Picture:
    """A smooth blob, the same whatever the pixels and the camera."""
    places = pixel_um * (np.arange(count) - 0.5 * (count - 1))
    y, x = np.meshgrid(places, places, indexing="ij")
    values = dark + (bright - dark) * np.exp(-(x**2 + (y - 0.3) ** 2) / (2 * 0.4**2))
    return Picture("a", "", values, pixel_um=pixel_um, emission_nm=500)


def test_on_the_same_pixels_it_is_the_difference_of_the_scaled_values() -> None:
    first, second = ball(0.1, 40, 1000, 100), ball(0.1, 40, 300, 20)
    ranges = Contrast(100, 1000), Contrast(0, 500)
    found = difference(
        (first, first.values, ranges[0]), (second, second.values, ranges[1]), "d", "d"
    )
    expected = (first.values - 100) / 900 - second.values / 500
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert found.signed


def test_the_same_object_on_other_pixels_with_another_camera_makes_no_difference() -> None:
    coarse, fine = ball(0.1, 40, 1000, 100), ball(0.07, 64, 300, 20)
    one = coarse, coarse.values, Contrast(100, 1000)
    found = difference(one, (fine, fine.values, Contrast(20, 300)), "d", "")
    assert found.pixel_um == 0.07
    assert found.values.shape == (57, 57)  # 4 µm: the smaller field of the two
    assert np.abs(found.values).max() < 0.015  # straight lines between pixels
