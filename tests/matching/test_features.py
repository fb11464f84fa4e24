"""Each feature answers to what its name says, on images made for that alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from napari_3dmsl.matching.features import (
    FEATURE_NAMES,
    HIGHEST_FREQUENCY,
    LOWEST_FREQUENCY,
    RINGS,
    own_features,
)
from napari_3dmsl.matching.grey_levels import GreyLevels

SIZE = 128
AS_THEY_ARE = GreyLevels(0, 1)
Y, X = np.mgrid[:SIZE, :SIZE].astype(float)


def described(tile: NDArray[np.floating]) -> dict[str, float]:
    (row,) = own_features(tile[None], levels=AS_THEY_ARE)
    return dict(zip(FEATURE_NAMES, row, strict=True))


def spots(count: int = 12) -> NDArray[np.floating]:
    """Distance from the nearest of some points."""
    rng = np.random.default_rng(5)
    empty = np.ones((SIZE, SIZE), bool)
    empty[tuple(rng.integers(10, SIZE - 10, (2, count)))] = False
    return np.asarray(distance_transform_edt(empty))


def noise(sigma: float = 0.05) -> NDArray[np.floating]:
    return np.random.default_rng(1).normal(0.5, sigma, (SIZE, SIZE))


def test_there_are_46_with_a_name_each_and_all_are_finite() -> None:
    rows = own_features(np.random.default_rng(0).integers(0, 255, (3, 64, 96)))
    assert rows.shape == (3, 46)
    assert len(set(FEATURE_NAMES)) == 46
    assert np.isfinite(rows).all()
    assert np.isfinite(list(described(np.zeros((SIZE, SIZE))).values())).all()  # a black field


def test_gain_and_offset_of_a_whole_set_do_not_matter() -> None:
    tiles = np.random.default_rng(0).poisson(20 * np.exp(-spots() / 5) + 5, (3, SIZE, SIZE))
    there, here = own_features(tiles), own_features(100.0 + 2.5 * tiles)
    assert np.allclose(there, here, atol=1e-3)


def test_with_the_levels_of_another_set_they_do() -> None:
    tile = noise()
    dim, bright = described(tile), described(2 * tile)
    assert np.isclose(bright["level_50"] - dim["level_50"], 1, atol=0.05)  # octaves


@pytest.mark.parametrize("sigma", [0.01, 0.1])
def test_noise_is_measured_as_it_was_made(sigma: float) -> None:
    found = described(noise(sigma))
    measured = [2 ** found[f"noise_{part}"] for part in range(5)]
    assert np.allclose(measured, sigma, rtol=0.1)


def test_noise_that_grows_with_the_light_is_seen_to_grow() -> None:
    light = 20 + 180 * X / SIZE
    found = described(np.random.default_rng(2).poisson(light) / 200)
    bins = 20 + 180 * (np.arange(5) + 0.5) / 5
    measured = [2 ** found[f"noise_{part}"] * 200 for part in range(5)]
    assert np.allclose(measured, np.sqrt(bins), rtol=0.12)


@pytest.mark.parametrize(("axis", "more", "same"), [(0, "row", "column"), (1, "column", "row")])
def test_rows_with_noise_of_their_own_are_told_from_columns(
    axis: int, more: str, same: str
) -> None:
    plain = noise()
    lines = np.expand_dims(np.random.default_rng(3).normal(0, 0.02, SIZE), 1 - axis)
    before, after = described(plain), described(plain + lines)
    assert after[f"{more}_noise"] - before[f"{more}_noise"] > 2
    assert abs(after[f"{same}_noise"] - before[f"{same}_noise"]) < 0.6


@pytest.mark.parametrize("frequency", [1 / 32, 1 / 8, 0.3])
def test_a_wave_lies_in_the_ring_of_its_frequency(frequency: float) -> None:
    found = described(np.sin(2 * np.pi * frequency * X))
    ring = RINGS * np.log2(frequency / LOWEST_FREQUENCY)
    ring /= np.log2(HIGHEST_FREQUENCY / LOWEST_FREQUENCY)
    spectrum = [found[f"spectrum_{number}"] for number in range(RINGS)]
    assert np.argmax(spectrum) == int(ring)


def test_blur_takes_from_the_fine_end_of_the_spectrum() -> None:
    sharp = np.exp(-(spots() ** 2) / 4)
    blurred = gaussian_filter(sharp, 2)
    fine = [f"spectrum_{ring}" for ring in (6, 7, 8)]
    assert all(described(blurred)[name] < described(sharp)[name] - 1 for name in fine)


def test_tubes_with_bright_rims_are_hollow_and_others_are_filled() -> None:
    away = abs(((Y + 3 * np.sin(X / 15)) % 32) - 16)  # from the axes of wavy tubes
    hollow, wide = (gaussian_filter(part * 1.0, 1) for part in (abs(away - 3) < 1, away < 4.5))
    thin = gaussian_filter((away < 2) * 1.0, 1)
    filled = [described(tile)["filled"] for tile in (hollow, wide, thin)]
    assert filled[0] < -0.1 < 0.05 < filled[1] < filled[2]


def test_lines_are_longer_than_spots_and_lie_parallel() -> None:
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * X / 20)
    dots = lines * (0.5 + 0.5 * np.sin(2 * np.pi * Y / 20))
    for name in ("elongation_1.5", "elongation_4", "parallel"):
        assert described(lines)[name] > described(dots)[name] + 0.3, name


def test_what_stands_out_of_the_ground_is_not_empty() -> None:
    half = np.where(X < SIZE / 2, 0.0, 0.8)
    assert np.isclose(described(half)["empty"], 0.5, atol=0.05)
