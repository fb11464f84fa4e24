import numpy as np
import pytest

from napari_3dmsl.microscope.camera import Camera, record
from napari_3dmsl.microscope.physseg import physseg_noise

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
