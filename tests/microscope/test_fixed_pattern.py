"""Row noise, fixed pattern, hot pixels and vignetting against closed forms and EMVA 1288."""

import numpy as np
import pytest

from napari_3dmsl.microscope.camera import (
    Camera,
    light_left,
    peak_snr,
    record,
    saturated_pixels,
    saturated_share,
)
from napari_3dmsl.microscope.fixed_pattern import hot_pixels

LINEAR = Camera(
    quantum_efficiency=1.0,
    exposure_s=1.0,
    dark_e_per_s=0.0,
    read_noise_e=0.0,
    e_per_adu=0.1,
    offset_adu=1000.0,
    background_photons=0.0,
    full_well_e=1e6,
)
"""Whose counts tell electrons to a tenth."""


def _electrons(camera, photons, seed=0):
    counts = record(photons, camera, np.random.default_rng(seed)).astype(float)
    return (counts - camera.offset_adu) * camera.e_per_adu


def _as_before(photons, camera, rng):
    """The camera as it was before it had rows and pixels of its own."""
    shining = camera.quantum_efficiency * (photons + camera.background_photons)
    expected = np.maximum(shining, 0.0) + camera.spurious_e
    electrons = np.minimum(rng.poisson(expected), camera.full_well_e)
    electrons += rng.normal(0.0, camera.read_noise_e, electrons.shape)
    digitised = np.rint(electrons / camera.e_per_adu + camera.offset_adu)
    return np.clip(digitised, 0, 2**camera.bit_depth - 1)


def test_a_camera_without_them_records_what_it_did():
    photons = np.random.default_rng(1).uniform(0, 200, (3, 40, 30)).astype(np.float32)
    rng = np.random.default_rng(5)
    before = [_as_before(plane, Camera(), rng) for plane in photons]
    assert (record(photons, Camera(), np.random.default_rng(5)) == before).all()


def test_row_noise_has_the_variance_and_covariance_of_its_model():
    """Of row means: row² + read² / columns; of two pixels: row² in one row, 0 in two."""
    camera = LINEAR.replace(read_noise_e=3.0, row_noise_e=1.5)
    dark = _electrons(camera, np.zeros((25, 200, 100)))
    means = dark.mean(axis=-1)
    assert means.var() == pytest.approx(1.5**2 + 3.0**2 / 100, rel=0.07)
    assert dark.var() == pytest.approx(1.5**2 + 3.0**2, rel=0.03)
    assert (dark[..., :50] * dark[..., 50:]).mean() == pytest.approx(1.5**2, rel=0.07)
    assert (dark[:, :100] * dark[:, 100:]).mean() == pytest.approx(0.0, abs=0.1)
    assert (means[1:] * means[:-1]).mean() == pytest.approx(0.0, abs=0.1), "another in each plane"


def test_a_stack_and_its_planes_one_by_one_have_the_same_rows():
    camera, photons = Camera(row_noise_e=2.0, gain_spread=0.1), np.full((3, 20, 20), 9.0)
    rng = np.random.default_rng(3)
    planes = [record(plane, camera, rng) for plane in photons]
    assert (record(photons, camera, np.random.default_rng(3)) == planes).all()


def test_row_noise_lowers_the_ratio_as_read_noise_does():
    rows = peak_snr(np.array(50.0), LINEAR.replace(read_noise_e=3.0, row_noise_e=4.0))
    assert rows == pytest.approx(peak_snr(np.array(50.0), LINEAR.replace(read_noise_e=5.0)))


def test_gain_and_offset_spread_are_what_emva_1288_estimates():
    """Spatial variances of averages of 40 frames, less what is left of the temporal noise."""
    camera = LINEAR.replace(read_noise_e=1.0, gain_spread=0.05, offset_spread_e=2.0)
    dark = _electrons(camera, np.zeros((40, 120, 120)))
    lit = _electrons(camera, np.full((40, 120, 120), 400.0), seed=1)
    spatial = [s.mean(axis=0).var(ddof=1) - s.var(axis=0, ddof=1).mean() / 40 for s in (dark, lit)]
    dsnu = np.sqrt(spatial[0])
    prnu = np.sqrt(spatial[1] - spatial[0]) / (lit.mean() - dark.mean())
    assert dsnu == pytest.approx(2.0, rel=0.03)
    assert prnu == pytest.approx(0.05, rel=0.03)


def test_the_pattern_is_the_same_in_every_image_of_a_chip_and_another_one_in_the_next():
    camera = LINEAR.replace(offset_spread_e=30.0, read_noise_e=1.0)
    dark = np.zeros((60, 60))
    first, second = (_electrons(camera, dark, seed) for seed in (0, 1))
    other = _electrons(camera.replace(pattern_seed=1), dark)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.99
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.1


def test_columns_have_offsets_of_their_own_which_stay():
    camera = LINEAR.replace(column_spread_e=3.0, read_noise_e=1.0)
    first, second = (
        _electrons(camera, np.full((400, 500), 20.0), seed).mean(axis=0) for seed in (0, 1)
    )
    alike = np.cov(first, second)[0, 1]
    assert alike == pytest.approx(9.0, rel=0.2)
    assert first.var() - alike == pytest.approx(21.0 / 400, abs=0.05)


def test_so_many_pixels_are_hot_and_have_so_much_more_dark_current():
    camera = LINEAR.replace(hot_share=0.01, hot_e_per_s=300.0, exposure_s=2.0, dark_e_per_s=1.0)
    dark = _electrons(camera, np.zeros((300, 300)))
    hot = dark > 100
    assert hot.sum() == pytest.approx(900, abs=5 * np.sqrt(900))
    assert (hot == hot_pixels(camera, (300, 300))).all()
    assert (hot == (_electrons(camera, np.zeros((300, 300)), seed=7) > 100)).all()
    assert dark[hot].mean() == pytest.approx(602, rel=0.01)
    assert dark[~hot].mean() == pytest.approx(2, rel=0.02)


def test_hot_pixels_that_are_full_count_as_saturated():
    camera = LINEAR.replace(hot_share=0.01, hot_e_per_s=1e6, full_well_e=1000.0)
    dark = np.zeros((100, 100))
    recorded = _electrons(camera, dark)
    assert saturated_pixels(dark, camera) == (recorded == 1000).sum() > 50


def test_vignetting_takes_its_part_in_the_corners_and_none_in_the_middle():
    left = light_left(0.4, (201, 301))
    assert left[100, 150] == 1.0
    assert left[0, 0] == pytest.approx(0.6, abs=0.005)
    assert left[0, 0] == left[0, -1] == left[-1, 0] == left.min()
    assert light_left(0.4, (20_001, 1))[0, 0] == pytest.approx(0.6, abs=1e-4)


def test_vignetting_follows_the_cosine_of_the_angle_to_its_fourth_power():
    left = light_left(0.5, (101, 101))
    tangent = np.sqrt(np.sqrt(2.0) - 1.0)  # of the angle of the corner, where half is left
    middle = np.arange(101) - 50.0
    radius = np.hypot(middle[:, None], middle) / (50.5 * np.sqrt(2.0))
    assert left == pytest.approx(np.cos(np.arctan(tangent * radius)) ** 4)


def test_vignetting_takes_from_light_and_background_but_not_from_dark_current_and_offset():
    camera = LINEAR.replace(vignetting=0.5, background_photons=100.0, dark_e_per_s=50.0)
    electrons = _electrons(camera, np.full((200, 64, 64), 300.0)).mean(axis=0)
    expected = 400.0 * light_left(0.5, (64, 64)) + 50.0
    assert electrons == pytest.approx(expected, abs=5 * np.sqrt(450 / 200))


def test_what_the_corners_lack_does_not_saturate():
    camera = LINEAR.replace(vignetting=0.9, full_well_e=100.0)
    share = saturated_share(np.full((50, 50), 150.0), camera)
    assert share == (150.0 * light_left(0.9, (50, 50)) > 100.0).mean()
    assert 0.1 < share < 0.5


def test_what_has_no_effect_is_told():
    assert set(Camera().irrelevant()) == {"hot_e_per_s", "pattern_seed"}
    assert set(Camera(gain_spread=0.01).irrelevant()) == {"hot_e_per_s"}
    assert not Camera(hot_share=0.01).irrelevant()
