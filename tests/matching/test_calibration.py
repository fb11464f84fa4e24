"""Cameras from their images."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from camera_scenes import EPI, photons, recorded
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, rotate, zoom

from napari_3dmsl.image_io.eight_bit import stretched
from napari_3dmsl.matching.calibration import Calibration, calibrate, calibrate_files
from napari_3dmsl.microscope.camera import Camera, record
from napari_3dmsl.microscope.settings import Microscope

GAIN, READ, OFFSET = 0.46, 1.6, 100.0


def image(peak: float = 400.0, seed: int = 0, size: int = 256, rows: float = 0.0) -> NDArray[float]:
    rng = np.random.default_rng(seed)
    return recorded(photons(peak, seed, size), rng, GAIN, READ, OFFSET, rows)


def dark(seed: int = 1, rows: float = 0.0) -> NDArray[float]:
    rng = np.random.default_rng(seed)
    return recorded(np.zeros((256, 256)), rng, GAIN, READ, OFFSET, rows)


def refusal(picture: NDArray[float], microscope: Microscope = EPI) -> str:
    found = calibrate([picture], microscope=microscope)
    assert found.refusal is not None
    assert "\n" not in found.refusal
    assert found.e_per_adu is None
    return found.refusal


def test_one_image_tells_the_gain_and_no_more() -> None:
    found = calibrate([image()], microscope=EPI)
    assert found.refusal is None
    assert found.e_per_adu is not None
    assert found.e_per_adu.value == pytest.approx(GAIN, abs=3 * found.e_per_adu.standard_error)
    assert found.e_per_adu.relative_error < 0.04
    assert found.offset_adu is None
    assert found.read_noise_e is None
    assert found.background_e is None
    assert found.most_read_noise_e is not None
    assert found.most_read_noise_e > READ


def test_with_a_dark_frame_all_is_told() -> None:
    found = calibrate([image(rows=0.7)], dark=[dark(rows=0.7)], microscope=EPI)
    truth = {"e_per_adu": GAIN, "read_noise_e": READ, "offset_adu": OFFSET, "row_noise_e": 0.7}
    for name, value in truth.items():
        estimate = getattr(found, name)
        assert estimate.value == pytest.approx(value, abs=3 * estimate.standard_error), name
        assert estimate.relative_error < 0.15, name
    assert found.background_e is not None
    assert 4.5 < found.background_e.value < 12.0  # 5 and the scene's own haze


def test_row_noise_is_found_without_a_dark_frame() -> None:
    found = calibrate([image(rows=1.5)], microscope=EPI).row_noise_e
    assert found is not None
    assert found.value == pytest.approx(1.5, abs=3 * found.standard_error)
    none = calibrate([image()], microscope=EPI).row_noise_e
    assert none is not None
    assert none.value < 3 * none.standard_error


def test_errors_are_honest_with_our_own_camera() -> None:
    camera = Camera(e_per_adu=1.3, read_noise_e=3.0, quantum_efficiency=1.0)
    off = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        light = photons(500.0, seed, 192)
        found = calibrate([record(light, camera, rng)], microscope=EPI).adu_per_e
        assert found is not None
        off.append((found.value - 1 / 1.3) / found.standard_error)
    assert abs(np.mean(off)) < 1.0
    assert 0.5 < np.std(off) < 1.6


def test_a_gain_register_doubles_the_noise_of_light() -> None:
    rng = np.random.default_rng(4)
    camera = Camera(em_gain=200.0, e_per_adu=10.0, read_noise_e=50.0, quantum_efficiency=1.0)
    counts = record(photons(150.0), camera, rng)
    found = calibrate([counts], microscope=EPI, em_gain=True)
    assert found.adu_per_e is not None
    assert found.adu_per_e.value == pytest.approx(20.0, rel=0.1)
    assert found.camera(camera).e_per_adu == pytest.approx(10.0, rel=0.1)


@pytest.mark.parametrize("with_dark", [False, True])
def test_the_camera_that_is_made_has_the_same_noise(with_dark: bool) -> None:
    found = calibrate([image()], dark=[dark()] if with_dark else None, microscope=EPI)
    camera = found.camera(Camera(quantum_efficiency=0.8, read_noise_e=1.0, exposure_s=0.1))
    rng = np.random.default_rng(5)
    light = np.full((200, 200), 50.0)
    counts = record((light / 0.8), camera.replace(background_photons=0.0), rng)
    mean = float(counts.mean())
    assert found.line is not None
    expected = found.line.slope * mean + found.line.intercept
    assert counts.var() == pytest.approx(expected, rel=0.05)
    assert camera.offset_adu == pytest.approx(OFFSET, abs=1.0 if with_dark else 12.0)


def test_stretched_images_are_calibrated_as_they_are_and_say_so() -> None:
    counts = image(2000.0)
    low, high = float(counts.min()) - 1, float(counts.max()) + 1
    found = calibrate([stretched(counts, low, high)], microscope=EPI)
    assert any("8-bit" in warning for warning in found.warnings)
    assert found.e_per_adu is not None
    assert found.e_per_adu.value == pytest.approx(GAIN * (high - low) / 255, rel=0.15)


def test_images_stretched_one_by_one_are_told() -> None:
    found = calibrate([image(seed=1), 2.5 * image(seed=2)], microscope=EPI)
    assert any("differ in gain" in warning for warning in found.warnings)


def test_too_little_signal_is_refused() -> None:
    rng = np.random.default_rng(0)
    assert "too little signal" in refusal(recorded(photons(2.0), rng, GAIN, 4.0))
    assert "too little signal" in refusal(image(size=64))
    assert "all its pixels are equal" in refusal(np.full((64, 64), 7.0))
    assert "too small: 20 × 20 pixels" in refusal(image()[:20, :20])


def test_hot_pixels_do_not_matter() -> None:
    hot = image()
    hot[np.random.default_rng(1).random(hot.shape) < 2e-4] += 900.0
    found = calibrate([hot], dark=[dark()], microscope=EPI).e_per_adu
    assert found is not None
    assert found.value == pytest.approx(GAIN, rel=0.05)


def with_hot(planes: NDArray[float], count: int, more: float, seed: int = 8) -> NDArray[float]:
    """Make the same pixels of all planes brighter, whatever their place is."""
    found = planes.reshape(len(planes), -1).copy()
    places = np.random.default_rng(seed).choice(found.shape[1], count, replace=False)
    found[:, places] += more
    return found.reshape(planes.shape)


def ramps(light: float, count: int = 20, seed: int = 7) -> NDArray[float]:
    """Draw planes of a camera with 2 e-/ADU, 1.5 e- of read noise and an offset of 100."""
    rng = np.random.default_rng(seed)
    bright = np.full((count, 128, 128), light * np.linspace(0.05, 1.0, 128))
    return np.rint((rng.poisson(bright) + rng.normal(0.0, 1.5, bright.shape)) / 2.0 + 100.0)


@pytest.mark.parametrize(("count", "more"), [(5, 3000.0), (40, 3000.0), (160, 100.0)])
def test_pixels_that_the_dark_shows_to_be_hot_are_left_out(count: int, more: float) -> None:
    images, frames = with_hot(ramps(400.0), count, more), with_hot(ramps(0.0), count, more)
    found = calibrate(images, dark=frames, microscope=EPI)
    assert found.e_per_adu is not None
    assert found.e_per_adu.value == pytest.approx(2.0, rel=0.03)
    assert found.read_noise_e is not None
    assert found.read_noise_e.value == pytest.approx(1.5, rel=0.05)
    assert found.hot_pixels == count
    assert not found.warnings


@pytest.mark.parametrize(
    ("planes", "count", "more"), [(1, 40, 3000.0), (20, 160, 100.0), (20, 160, 30.0)]
)
def test_hot_pixels_are_found_without_a_dark_frame(planes: int, count: int, more: float) -> None:
    light = photons(400.0)
    rng = np.random.default_rng(2)
    images = np.stack([recorded(light, rng, 2.0, 1.5) for _ in range(planes)])
    found = calibrate(with_hot(images, count, more), microscope=EPI)
    assert found.e_per_adu is not None
    error = 3 * found.e_per_adu.standard_error
    assert found.e_per_adu.value == pytest.approx(2.0, abs=error)
    assert found.hot_pixels == pytest.approx(count, rel=0.05)
    assert any("a dark frame of the same size shows them" in each for each in found.warnings)


def test_cosmic_rays_are_left_out() -> None:
    rng = np.random.default_rng(3)
    images = [image(seed=seed) for seed in range(5)]
    for each in images:
        each.flat[rng.choice(each.size, 30, replace=False)] += rng.integers(300, 9000, 30)
    found = calibrate(images, dark=[dark()], microscope=EPI).e_per_adu
    assert found is not None
    assert found.value == pytest.approx(GAIN, rel=0.03)


def test_sound_images_have_no_hot_pixels() -> None:
    for seed in range(4):
        found = calibrate([image(2000.0, seed)], dark=[dark()], microscope=EPI)
        assert found.hot_pixels == 0
        assert found.warnings == ()


def test_darks_that_cannot_be_are_refused() -> None:
    lit, unlit = [image(seed=1), image(seed=2)], [dark(1), dark(2)]
    with pytest.raises(ValueError, match="above the darkest ground of the images"):
        calibrate(unlit, dark=lit, microscope=EPI)
    with pytest.raises(ValueError, match="the dark frame has the same pixels as the images"):
        calibrate(lit, dark=lit, microscope=EPI)
    with pytest.raises(ValueError, match="plane 2 of 2 has the same pixels"):
        calibrate(lit, dark=[unlit[0], lit[1]], microscope=EPI)
    eight = (unlit[0] - 60.0).astype(np.uint8)
    with pytest.raises(ValueError, match="dark frame has pixels of uint8, the images of uint16"):
        calibrate([lit[0].astype(np.uint16)], dark=[eight], microscope=EPI)


def test_darks_that_may_be_wrong_are_told() -> None:
    def warned(frame: NDArray[float]) -> str:
        return "\n".join(calibrate([image()], dark=[frame], microscope=EPI).warnings)

    rng = np.random.default_rng(6)
    assert warned(dark()) == ""
    other_offset = recorded(np.zeros((256, 256)), rng, GAIN, READ, 50.0)
    assert "does not lie on the line" in warned(other_offset)
    glowing = recorded(np.full((256, 256), np.linspace(0.0, 9.0, 256)), rng, GAIN, READ, OFFSET)
    assert "is not even" in warned(glowing)
    ground = calibrate([image()], microscope=EPI).ground_adu
    assert ground is not None
    assert "above the darkest ground" in warned(dark() + np.rint(ground.value - OFFSET + 4.0))
    assert "float32" in warned(dark().astype(np.float32))


def test_planes_that_come_twice_count_once() -> None:
    once = calibrate([image()], dark=[dark(1), dark(2)], microscope=EPI)
    twice = calibrate([image()] * 2, dark=[dark(1), dark(2), dark(2)], microscope=EPI)
    assert twice.e_per_adu == once.e_per_adu
    assert twice.read_noise_e == once.read_noise_e
    assert twice.images == 1
    assert sum("same pixels as another" in each for each in twice.warnings) == 2


def test_only_eight_bit_images_are_called_so() -> None:
    rng = np.random.default_rng(0)
    dim = recorded(photons(400.0), rng, 3.0, READ, 10.0)
    assert dim.max() < 256.0
    assert calibrate([dim.astype(np.uint16)], microscope=EPI).warnings == ()
    eight = calibrate([dim.astype(np.uint8)], microscope=EPI).warnings
    assert any("8-bit images" in each for each in eight)
    shifted = calibrate([dim.astype(np.uint16) * 256], microscope=EPI).warnings
    assert any("some counts never occur" in each for each in shifted)


def test_counts_below_0_are_no_clipped_ones() -> None:
    found = calibrate([image() - 600.0], dark=[dark() - 600.0], microscope=EPI)
    assert found.e_per_adu is not None
    assert found.e_per_adu.value == pytest.approx(GAIN, rel=0.05)
    assert found.offset_adu is not None
    assert found.offset_adu.value == pytest.approx(OFFSET - 600.0, abs=0.3)
    assert any("counts below 0" in each for each in found.warnings)


def test_messages_name_the_file(tmp_path: Path) -> None:
    def saved(name: str, counts: NDArray[float]) -> Path:
        np.save(tmp_path / name, counts.astype(np.uint16))
        return tmp_path / name

    real = saved("real.npy", image())
    with pytest.raises(ValueError, match="low.npy is clipped"):
        calibrate_files(
            [real], dark=[saved("low.npy", (dark() - OFFSET).clip(0.0))], microscope=EPI
        )
    white = saved("white.npy", np.full((256, 256), 4095.0))
    found = calibrate_files([real, white], microscope=EPI).refusal
    assert found == (
        "white.npy: saturated: all its pixels have the highest count (4095); expose less"
    )
    lossy = tmp_path / "dark.jpg"
    Image.fromarray(dark().clip(0, 255).astype(np.uint8)).save(lossy)
    assert "dark.jpg is compressed as JPEG" in str(
        calibrate_files([real], dark=[lossy], microscope=EPI).refusal
    )


def test_saturated_images_are_refused() -> None:
    assert refusal(np.full((64, 64), 65535.0)).startswith("saturated: all its pixels")
    assert "saturated: " in refusal(image().clip(None, 300.0))
    slightly = image().clip(None, np.percentile(image(), 99.9))
    found = calibrate([slightly], microscope=EPI).e_per_adu
    assert found is not None
    assert found.value == pytest.approx(GAIN, rel=0.1)


def test_processed_images_are_refused() -> None:
    sharp = image() + 1.5 * (image() - gaussian_filter(image(), 0.6))
    for processed in (
        gaussian_filter(image(), 0.5),
        sharp,
        zoom(image()[:128, :128], 2, order=1),
        np.rint(rotate(image(), 12.0, reshape=False, order=1, mode="reflect")),
    ):
        assert "filtered" in refusal(processed)


@pytest.mark.parametrize("quality", [60, 85])
def test_jpeg_is_refused_by_its_blocks_too(quality: int) -> None:
    grey = Image.fromarray(stretched(image(), 100.0, float(image().max())))
    file = io.BytesIO()
    grey.save(file, "JPEG", quality=quality)
    reason = refusal(np.asarray(Image.open(file), dtype=float))
    assert "JPEG" in reason or "filtered" in reason


def test_undersampled_images_are_refused() -> None:
    reason = refusal(image(), EPI.replace(pixel_nm=160.0))
    assert "undersampled" in reason
    assert "pixels below 141 nm" in reason


def test_a_refused_calibration_makes_no_camera() -> None:
    found = calibrate([image(size=64)], microscope=EPI)
    with pytest.raises(ValueError, match="too little signal"):
        found.camera(Camera())
    with pytest.raises(ValueError, match="no image"):
        calibrate([], microscope=EPI)


def test_all_of_it_goes_into_json() -> None:
    found = calibrate([image()], dark=[dark()], microscope=EPI)
    told = json.loads(json.dumps(found.as_dict()))
    assert told["e_per_adu"]["value"] == found.e_per_adu.value  # type: ignore[union-attr]
    assert set(told) == set(Calibration.__dataclass_fields__)


def test_work_can_be_cancelled() -> None:
    def cancel(_done: int, _total: int, _what: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        calibrate([image()], microscope=EPI, progress=cancel)


def test_jpeg_files_are_refused_by_their_kind(tmp_path: Path) -> None:
    file = tmp_path / "real.jpg"
    Image.fromarray(image().clip(0, 255).astype(np.uint8)).save(file, quality=98)
    assert "real.jpg is compressed as JPEG" in str(calibrate_files([file], microscope=EPI).refusal)
