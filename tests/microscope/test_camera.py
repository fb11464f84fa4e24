import numpy as np
import pytest

from napari_3dmsl.microscope.camera import (
    Camera,
    peak_snr,
    photons_for_snr,
    record,
    saturated_share,
)
from napari_3dmsl.microscope.physseg_noise import physseg_noise
from napari_3dmsl.microscope.presets import camera_names, load_camera

IDEAL = Camera(
    quantum_efficiency=1.0,
    dark_e_per_s=0.0,
    read_noise_e=0.0,
    e_per_adu=1.0,
    offset_adu=0.0,
    background_photons=0.0,
    full_well_e=1e6,
)
FLAT = np.full((400, 400), 60.0, dtype=np.float32)


def _record(camera, photons=FLAT, seed=0):
    return record(photons, camera, np.random.default_rng(seed)).astype(float)


def test_an_ideal_camera_is_poisson():
    counts = _record(IDEAL)
    assert counts.mean() == pytest.approx(60, rel=0.01)
    assert counts.var() == pytest.approx(60, rel=0.02)


def test_quantum_efficiency_and_background_scale_the_light():
    counts = _record(IDEAL.replace(quantum_efficiency=0.5, background_photons=40))
    assert counts.mean() == pytest.approx(50, rel=0.01)


def test_dark_frames_show_offset_and_read_noise():
    camera = IDEAL.replace(offset_adu=100, read_noise_e=4.0, e_per_adu=0.5)
    dark = _record(camera, np.zeros((400, 400)))
    assert dark.mean() == pytest.approx(100, abs=0.1)
    assert dark.std() * 0.5 == pytest.approx(4.0, rel=0.02)


def test_em_gain_doubles_the_shot_noise_variance():
    counts = _record(IDEAL.replace(em_gain=100, e_per_adu=1.0)) / 100
    assert counts.mean() == pytest.approx(60, rel=0.01)
    assert counts.std() / np.sqrt(60) == pytest.approx(np.sqrt(2), rel=0.03)


def test_bright_light_saturates_and_never_wraps_round():
    bright = np.full((8, 8), 1e7)
    assert (_record(IDEAL.replace(full_well_e=5000), bright) == 5000).all()
    assert (_record(IDEAL.replace(full_well_e=1e8, bit_depth=12), bright) == 4095).all()


def test_physseg_noise_is_poisson_between_its_two_levels():
    ramp = np.tile(np.linspace(0, 3.0, 200, dtype=np.float32), (3000, 1))
    counts, levels = physseg_noise(ramp, np.random.default_rng(2))
    assert 20 <= levels.offset <= 69
    assert 200 <= levels.peak <= 239
    assert counts[:, 0].mean() == pytest.approx(levels.offset, rel=0.02)
    assert counts[:, -1].mean() == pytest.approx(levels.peak, rel=0.02)
    assert counts[:, 100].var() == pytest.approx(counts[:, 100].mean(), rel=0.1)


def test_the_seed_fixes_the_noise():
    assert (_record(IDEAL, seed=3) == _record(IDEAL, seed=3)).all()
    assert (_record(IDEAL, seed=3) != _record(IDEAL, seed=4)).any()


def test_a_black_image_stays_defined():
    counts, levels = physseg_noise(np.zeros((50, 50)), np.random.default_rng(0))
    assert counts.mean() == pytest.approx(levels.offset, rel=0.1)


def test_the_ideal_preset_has_shot_noise_alone():
    """160,000 pixels: the mean is known to 0.03 %, the variance to 0.4 % (one deviation)."""
    counts = _record(load_camera("ideal"))
    assert counts.mean() == pytest.approx(60, rel=0.0015)
    assert counts.var() == pytest.approx(60, rel=0.015)


@pytest.mark.parametrize("name", camera_names())
def test_presets_give_offset_and_noise_of_dark_frames(name):
    camera = load_camera(name).replace(background_photons=0)
    dark = _record(camera, np.zeros((400, 400)))
    electrons = camera.dark_e_per_s * camera.exposure_s + camera.clock_induced_e
    unit = camera.em_gain / camera.e_per_adu
    mean = camera.offset_adu + electrons * unit
    variance = electrons * unit**2 * (2 if camera.em_gain > 1 else 1)
    variance += (camera.read_noise_e / camera.e_per_adu) ** 2
    rounding = 1 / 12 if camera.read_noise_e else 0
    spread = np.sqrt((variance + 0.1) / dark.size)
    assert dark.mean() == pytest.approx(mean, abs=5 * spread + 1e-9)
    assert dark.var() == pytest.approx(variance + rounding, rel=0.05, abs=0.2)


def test_clock_induced_charge_is_multiplied_by_the_gain_register():
    camera = IDEAL.replace(clock_induced_e=0.05, em_gain=100, offset_adu=50)
    dark = _record(camera, np.zeros((400, 400))) - 50
    assert dark.mean() == pytest.approx(5.0, rel=5 * np.sqrt(2 / 0.05 / 160_000))
    assert (dark > 0).mean() == pytest.approx(1 - np.exp(-0.05), rel=0.06)


@pytest.mark.parametrize("name", camera_names())
def test_peak_snr_is_what_many_exposures_show(name):
    """20,000 exposures: the ratio of mean and deviation is known to about 0.5 %."""
    camera = load_camera(name).replace(background_photons=3)
    for photons in (4.0, 90.0):
        unit = camera.e_per_adu / camera.em_gain / camera.quantum_efficiency
        counts = _record(camera, np.full(20_000, photons)) * unit
        expected = peak_snr(np.array([0.0, photons]), camera)
        assert photons / counts.std() == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("name", camera_names())
@pytest.mark.parametrize("snr", [0.1, 3.0, 12.0])
def test_photons_for_snr_inverts_it(name, snr):
    camera = load_camera(name)
    assert peak_snr(np.array(photons_for_snr(snr, camera)), camera) == pytest.approx(snr)


def test_a_ratio_that_the_camera_cannot_reach_is_refused_with_the_best_one():
    camera = IDEAL.replace(full_well_e=10_000, name="small")
    with pytest.raises(ValueError, match="snr = 200: .*'small' saturates at 10,000; at most 100 "):
        photons_for_snr(200, camera)
    with pytest.raises(ValueError, match="snr = 0: must be a number above 0"):
        photons_for_snr(0, camera)
    assert peak_snr(np.zeros((4, 4)), IDEAL) == 0


def test_the_share_that_saturates_is_what_the_recorded_image_shows():
    camera = load_camera("ideal").replace(bit_depth=8, background_photons=0)
    photons = np.zeros((100, 100))
    photons[:30] = 1000.0
    counts = record(photons, camera, np.random.default_rng(0))
    assert (counts == 255).mean() == 0.3
    assert saturated_share(photons, camera) == 0.3
    assert saturated_share(photons / 10, camera) == 0.0
