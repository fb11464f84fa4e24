"""Cameras without light."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_3dmsl.matching.dark_frames import measure_dark

SHAPE = (192, 192)


def frame(
    seed: int, read: float, offset: float, rows: float = 0.0, fixed: float = 0.0
) -> NDArray[float]:
    """All in ADU; the fixed pattern is the same in all frames."""
    rng = np.random.default_rng(seed)
    pattern = np.random.default_rng(99).normal(0.0, fixed, SHAPE) if fixed else 0.0
    noise = rng.normal(0.0, read, SHAPE) + rng.normal(0.0, rows or 1e-9, (SHAPE[0], 1))
    return np.rint(offset + noise + pattern)


@pytest.mark.parametrize("read", [0.25, 0.45, 0.8, 3.0])
@pytest.mark.parametrize("offset", [100.0, 100.3])
def test_read_noise_and_offset_whatever_rounding_does(read: float, offset: float) -> None:
    dark = measure_dark([frame(0, read, offset)])
    assert np.sqrt(dark.read_variance) == pytest.approx(read, rel=0.05)
    assert dark.point.mean == pytest.approx(offset, abs=0.1)
    assert dark.point.variance == pytest.approx(read**2 + 1 / 12, rel=0.05)


@pytest.mark.parametrize(("read", "rows"), [(0.4, 0.3), (2.0, 0.8)])
def test_what_rows_share_is_no_read_noise(read: float, rows: float) -> None:
    dark = measure_dark([frame(1, read, 100.0, rows)])
    assert np.sqrt(dark.read_variance) == pytest.approx(read, rel=0.05)
    assert np.sqrt(dark.row_noise.variance) == pytest.approx(rows, rel=0.2)


def test_where_rows_share_nothing_none_is_found() -> None:
    noise = measure_dark([frame(2, 2.0, 100.0)]).row_noise
    assert abs(noise.variance) < 3 * noise.error


def test_errors_are_honest() -> None:
    darks = [measure_dark([frame(seed, 2.0, 100.0, 0.8)]) for seed in range(30)]
    for found in (
        [(dark.read_variance, dark.read_error) for dark in darks],
        [(dark.row_noise.variance, dark.row_noise.error) for dark in darks],
        [(dark.point.mean, dark.point.mean_error) for dark in darks],
    ):
        values, errors = np.array(found).T
        assert 0.6 < values.std() / errors.mean() < 1.5


def test_two_frames_part_the_pattern_of_the_chip_from_noise() -> None:
    frames = [frame(seed, 1.5, 100.0, fixed=2.0) for seed in range(3)]
    assert np.sqrt(measure_dark(frames[:1]).read_variance) == pytest.approx(2.5, rel=0.05)
    dark = measure_dark(frames)
    assert np.sqrt(dark.read_variance) == pytest.approx(1.5, rel=0.05)
    assert dark.point.variance == pytest.approx(2.5**2 + 1 / 12, rel=0.05)


def test_hot_pixels_do_not_matter() -> None:
    hot = frame(0, 2.0, 100.0)
    hot[::40, ::40] = 4000.0
    assert measure_dark([hot]).read_variance == pytest.approx(4.0, rel=0.05)
    assert measure_dark([hot]).point.mean == pytest.approx(100.0, abs=0.1)


@pytest.mark.parametrize("more", [30.0, 4000.0])
def test_hot_pixels_are_told_by_their_mean_and_by_their_noise(more: float) -> None:
    rng = np.random.default_rng(5)
    frames = [frame(seed, 2.0, 100.0) for seed in range(8)]
    bright, noisy = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    bright[10::40, 10::40], noisy[30::40, 30::40] = True, True
    for each in frames:
        each[bright] += more
        each[noisy] += np.rint(rng.normal(0.0, more, noisy.sum()))
    dark = measure_dark(frames)
    assert dark.hot[bright].all()
    assert dark.hot[noisy].mean() > 0.9
    assert not dark.hot[~(bright | noisy)].any()
    assert dark.read_variance == pytest.approx(4.0, rel=0.03)


def test_a_glow_is_no_hot_pixel() -> None:
    glow = np.rint(60.0 * np.exp(-np.arange(SHAPE[1]) / 20.0))
    assert not measure_dark([frame(seed, 2.0, 100.0) + glow for seed in range(4)]).hot.any()


def test_counts_below_0_are_not_clipped() -> None:
    dark = measure_dark([frame(0, 2.0, -200.0)])
    assert dark.point.mean == pytest.approx(-200.0, abs=0.1)
    assert dark.read_variance == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([np.zeros(SHAPE) + 7], "one value only"),
        ([frame(0, 2.0, 2.0).clip(0)], "clipped: .* at 0"),
        ([np.full(SHAPE, np.nan)], "no finite numbers"),
        ([frame(0, 2.0, 100.0)[:2, :2]], "too small: 2 × 2 pixels"),
        ([frame(0, 2.0, 100.0), frame(1, 2.0, 100.0)[:100]], "100 × 192 and 192 × 192 pixels"),
    ],
)
def test_frames_that_tell_nothing_are_refused(frames: list[NDArray[float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measure_dark(frames)
