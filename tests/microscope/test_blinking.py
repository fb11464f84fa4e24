"""The telegraph process against its closed forms."""

import numpy as np
import pytest

from napari_3dmsl.microscope.blinking import on_fractions

COUNT = 100_000


@pytest.mark.parametrize(
    ("exposure", "on", "off"),
    [(1, 0.1, 0.3), (1, 2, 0.5), (0.01, 1, 1), (1, 1e-3, 1e-2), (1, 0.3, 30), (3600, 0.01, 0.02)],
)
def test_mean_and_variance_of_the_time_on(exposure, on, off):
    found = on_fractions(COUNT, exposure, on, off, np.random.default_rng(0))
    share, relaxed = on / (on + off), on * off / (on + off) / exposure
    variance = 2 * share * (1 - share) * relaxed * (1 - relaxed * -np.expm1(-1 / relaxed))
    assert ((found >= 0) & (found <= 1)).all()
    assert found.mean() == pytest.approx(share, abs=4.5 * np.sqrt(variance / COUNT))
    fourth = ((found - found.mean()) ** 4).mean()
    error = np.sqrt((fourth - variance**2) / COUNT)  # of a sample variance
    assert found.var() == pytest.approx(variance, abs=4.5 * error)


def test_some_stay_dark_or_lit_throughout():
    found = on_fractions(COUNT, 1.0, 0.5, 0.8, np.random.default_rng(1))
    share = 0.5 / 1.3
    for value, expected in ((0.0, (1 - share) * np.exp(-1 / 0.8)), (1.0, share * np.exp(-2.0))):
        error = np.sqrt(expected * (1 - expected) / COUNT)
        assert (found == value).mean() == pytest.approx(expected, abs=4.5 * error)


def test_the_law_is_that_of_a_process_followed_switch_by_switch():
    """Against the plain way: draw one time after the other until the exposure ends."""
    rng = np.random.default_rng(2)
    on, off, plain = 0.07, 0.05, []
    for _ in range(4000):
        lit, time, shone = rng.random() < on / (on + off), 0.0, 0.0
        while time < 1.0:
            lasts = min(rng.exponential(on if lit else off), 1.0 - time)
            shone += lasts * lit
            time += lasts
            lit = not lit
        plain.append(shone)
    found = on_fractions(40_000, 1.0, on, off, rng)
    from scipy.stats import ks_2samp

    assert ks_2samp(found, plain).pvalue > 1e-3
