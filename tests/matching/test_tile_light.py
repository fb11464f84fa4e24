"""Gain, light and greys come back from images that were made apart from the package."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.helpers.camera_scenes import EPI, photons, recorded

from napari_3dmsl.image_io.eight_bit import stretched
from napari_3dmsl.matching.tile_light import tile_light
from napari_3dmsl.microscope.camera import Camera

CAMERA = Camera(quantum_efficiency=1.0, read_noise_e=1.5)


def test_each_stretched_image_tells_its_own_gain_and_peak() -> None:
    tiles, gains, skies, crests = [], [], [], []
    for number, peak in enumerate((120.0, 300.0, 600.0)):
        light = photons(peak, seed=number, background=6.0)
        counts = recorded(light, np.random.default_rng(number), 0.4, 1.5)
        low, high = counts.min() - 20.0, counts.max() + 60.0
        tiles.append(stretched(counts, low, high))
        gains.append(255 / (high - low) / 0.4)
        skies.append(float(np.quantile(light, 0.05)))
        crests.append(float(np.quantile(gaussian_filter(light, 1.0), 0.9995)) - skies[-1])
    found = tile_light(np.array(tiles), np.arange(3), EPI, CAMERA)
    assert found.measured == 3
    assert found.gain == pytest.approx(gains, rel=0.12)
    assert found.peak_e == pytest.approx(crests, rel=0.12)
    assert found.ground_e == pytest.approx(skies, abs=2.5)
    assert found.black.tolist() == [float(tile.min()) for tile in tiles]
    assert not found.one_camera


def test_an_image_that_does_not_tell_has_the_gain_of_the_others() -> None:
    bright = recorded(photons(400.0), np.random.default_rng(0), 0.5, 1.5)
    empty = recorded(np.full((256, 256), 3.0), np.random.default_rng(1), 0.5, 1.5)
    found = tile_light(np.array([bright, empty]), np.arange(2), EPI, CAMERA)
    assert found.measured == 1
    assert found.gain[1] == found.gain[0] == pytest.approx(2.0, rel=0.12)
    assert found.one_camera


def test_where_none_tells_the_usual_camera_is_assumed() -> None:
    flat = np.random.default_rng(0).integers(90, 110, (2, 128, 128)).astype(np.uint16)
    found = tile_light(flat, np.arange(2), EPI, CAMERA.replace(e_per_adu=0.5))
    assert found.measured == 0
    assert (found.gain == 2.0).all()
