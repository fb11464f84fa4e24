"""Effect sizes against the sums that define them, and against values worked out by others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from napari_3dmsl.library.effect_sizes import cliffs_delta, share_difference, wilson


def by_hand(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Delta and Cliff's variance from the whole matrix of dominance."""
    d = np.sign(y[None, :] - x[:, None])
    n, m = d.shape
    delta = d.mean()
    rows, columns = d.mean(axis=1) - delta, d.mean(axis=0) - delta
    sums = m**2 * (rows**2).sum() + n**2 * (columns**2).sum() - ((d - delta) ** 2).sum()
    return delta, sums / (n * m * (n - 1) * (m - 1))


@pytest.mark.parametrize("seed", range(5))
def test_delta_and_interval_are_those_of_the_matrix_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 12, 23), rng.integers(3, 14, 31)  # with ties
    delta, variance = by_hand(x, y)
    found = cliffs_delta(x, y)
    assert found.value == pytest.approx(delta)
    z = 1.959963984540054
    reach = z * np.sqrt(variance * ((1 - delta**2) ** 2 + z**2 * variance))
    below = 1 - delta**2 + z**2 * variance
    assert found.low == pytest.approx((delta - delta**3 - reach) / below)
    assert found.high == pytest.approx((delta - delta**3 + reach) / below)


def test_delta_is_that_of_the_u_statistic_and_turns_with_the_samples() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.lognormal(0, 1, 40), rng.lognormal(0.5, 1, 25)
    u = mannwhitneyu(y, x).statistic
    found, turned = cliffs_delta(x, y), cliffs_delta(y, x)
    assert found.value == pytest.approx(2 * u / (40 * 25) - 1)
    np.testing.assert_allclose([-turned.value, -turned.high, -turned.low], found)


def test_samples_that_do_not_overlap_have_delta_one_with_an_interval_below() -> None:
    found = cliffs_delta(np.arange(20), np.arange(30) + 100)
    z2 = 1.959963984540054**2
    assert found == pytest.approx((1.0, (20 - z2) / (20 + z2), 1.0))
    assert cliffs_delta([1, 1, 1], [1, 1, 1]).value == 0.0
    with pytest.raises(ValueError, match="two values in each sample, found 1 and 2"):
        cliffs_delta([1], [1, 2])


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Exponential samples of rates 1 and 2: P(Y > X) - P(Y < X) = (1 - 2) / (1 + 2)."""
    rng = np.random.default_rng(0)
    truth, runs = -1 / 3, 1000
    found = [cliffs_delta(rng.exponential(1, 40), rng.exponential(0.5, 30)) for _ in range(runs)]
    held = sum(one.low <= truth <= one.high for one in found)
    assert 0.93 * runs < held < 0.97 * runs


def test_shares_and_their_difference_are_those_of_newcombe() -> None:
    """The worked example (a) of Newcombe's paper: 56/70 against 48/80."""
    found = share_difference(48, 80, 56, 70)
    assert found.value == pytest.approx(0.2)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    low, high = wilson(0, 10)
    assert (low, round(high, 4)) == (0.0, 0.2775)
    with pytest.raises(ValueError, match="shares need shapes"):
        share_difference(0, 0, 1, 2)
