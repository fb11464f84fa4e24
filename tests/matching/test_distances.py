"""Distances of sets against sums by hand, closed forms, and many sets of one kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm

from napari_3dmsl.matching.distances import (
    Features,
    frechet,
    frechet16,
    halves_apart,
    kid,
    standard_of,
)


def drawn(seed: int, count: int = 30, features: int = 8, shift: float = 0.0) -> Features:
    rng = np.random.default_rng(seed)
    mixed = np.random.default_rng(99).normal(size=(features, features))
    return rng.normal(shift, 1, (count, features)) @ mixed


def kernel(a: Features, b: Features) -> float:
    return float((a @ b / len(a) + 1) ** 3)


def test_the_kernel_distance_is_the_double_sum() -> None:
    x, y = drawn(0, 7), drawn(1, 9, shift=0.3)
    xx = [kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    yy = [kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    xy = [kernel(a, b) for a in x for b in y]
    by_hand = 1000 * (np.mean(xx) + np.mean(yy) - 2 * np.mean(xy))
    assert np.isclose(kid(x, y, resamples=0).value, by_hand)


def test_own_features_count_in_three_standard_deviations() -> None:
    x, y = drawn(0), drawn(1, shift=0.5)
    inside = [(part - x.mean(axis=0)) / x.std(axis=0) / 3 for part in (x, y)]
    expected = kid(inside[0], inside[1], resamples=0).value
    assert np.isclose(kid(x, y, standard=standard_of(x), resamples=0).value, expected)


def test_units_of_the_features_do_not_matter_with_a_standard() -> None:
    x, y = drawn(0), drawn(1, shift=0.5)
    units = np.geomspace(0.01, 100, x.shape[1])
    for distance in (kid, frechet16):
        here = distance(x, y, standard=standard_of(x), resamples=0).value
        there = distance(x * units, y * units, standard=standard_of(x * units), resamples=0).value
        assert np.isclose(here, there), distance


def test_the_kernel_distance_of_sets_of_one_kind_is_zero_on_average() -> None:
    found = [kid(drawn(2 * s), drawn(2 * s + 1), resamples=0).value for s in range(200)]
    assert abs(np.mean(found)) < 2.5 * np.std(found) / np.sqrt(len(found))


def test_its_error_is_the_spread_over_sets() -> None:
    pairs = [(drawn(2 * s, 40, 4), drawn(2 * s + 1, 40, 4, shift=0.4)) for s in range(150)]
    spread = np.std([kid(x, y, resamples=0).value for x, y in pairs])
    told = np.median([kid(x, y, resamples=60).standard_error for x, y in pairs[:40]])
    assert 0.65 < told / spread < 1.35


def test_the_frechet_distance_is_that_of_matrix_roots() -> None:
    x, y = drawn(0, 50), drawn(1, 60, shift=0.4)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert np.isclose(frechet(x, y), expected)


def test_of_one_feature_it_is_that_of_means_and_deviations() -> None:
    x, y = drawn(0, 50, 1), drawn(1, 60, 1, shift=2)
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert np.isclose(frechet(x, y), expected)


def test_components_are_those_of_the_real_set_and_at_most_half_its_images() -> None:
    x = drawn(0, 50, 30)
    inside = standard_of(x)
    values = (x - x.mean(0)) / x.std(0)
    variances = np.sort(np.linalg.eigvalsh(values.T @ values / len(x)))[::-1]
    assert inside.axes.shape == (30, 16)
    assert np.allclose(inside.project(x).var(axis=0), variances[:16])
    assert standard_of(x[:10]).axes.shape == (30, 5)


def test_a_feature_that_never_varies_does_not_outweigh_all_others() -> None:
    x, y = drawn(0), drawn(1)
    x[:, 2], y[:, 2] = 5.0, 5.001
    assert kid(x, y, standard=standard_of(x), resamples=0).value < 500


@pytest.mark.parametrize("distance", [kid, frechet16])
def test_intervals_hold_the_value_and_the_same_seed_gives_the_same(distance: Any) -> None:
    x, y = drawn(0), drawn(1, shift=0.5)
    found = distance(x, y, seed=3)
    assert found.low < found.value < found.high
    assert found == distance(x, y, seed=3)
    assert found != distance(x, y, seed=4)


@pytest.mark.parametrize("distance", [kid, frechet16])
def test_halves_of_a_set_are_nearer_than_another_set(distance: Any) -> None:
    x, y = drawn(0, 60), drawn(1, 60, shift=0.8)
    own = halves_apart(x, distance, standard=standard_of(x))
    other = distance(x, y, standard=standard_of(x))
    assert own.high < other.low


def test_too_few_images_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(ValueError, match="real images: 3 of them; a distance needs 4 or more"):
        kid(drawn(0, 3), drawn(1))
    with pytest.raises(ValueError, match="simulated images: 2 of them"):
        frechet16(drawn(0), drawn(1, 2))
    with pytest.raises(ValueError, match="a distance needs 8 or more"):
        halves_apart(drawn(0, 7), kid, standard=None)
