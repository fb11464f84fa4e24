"""How far two samples lie apart, with its interval: numbers that do not grow with the samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95


class Effect(NamedTuple):
    """An effect size and its confidence interval."""

    value: float
    low: float
    high: float


def cliffs_delta(first: ArrayLike, second: ArrayLike) -> Effect:
    """Return Cliff's delta, the rank-biserial correlation, and its interval of 95 %.

    The chance that a value of the second sample is larger than one of the first, less the chance
    that it is smaller: 0 when they lie alike, 1 when all of the second are larger. The interval is
    the asymmetric one of Feng and Cliff (2004, J. Mod. Appl. Stat. Methods 3), from the consistent
    variance of Cliff (1993, Psychol. Bull. 114, 494); it needs neither normal nor equal samples.

    Parameters
    ----------
    first, second : (N,) and (M,) array-like
        Finite, at least two each.

    Raises
    ------
    ValueError
        When a sample has less than two values.
    """
    x, y = (np.asarray(values, dtype=np.float64) for values in (first, second))
    n, m = len(x), len(y)
    if min(n, m) < 2:
        raise ValueError(f"Cliff's delta needs two values in each sample, found {n} and {m}")
    of_first = _dominance(np.sort(y), x)  # for each x: share of y above it, less that below
    of_second = -_dominance(np.sort(x), y)
    delta = float(of_first.mean())
    unequal = n * m - _ties(x, y)
    spread = unequal - n * m * delta**2
    variance = (
        m**2 * float(((of_first - delta) ** 2).sum())
        + n**2 * float(((of_second - delta) ** 2).sum())
        - spread
    ) / (n * m * (n - 1) * (m - 1))
    least = (1 - delta**2) / (n * m - 1)  # Cliff's bound: the estimate may be negative
    return Effect(delta, *_interval(delta, max(variance, least), min(n, m)))


def _dominance(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    above = len(ordered) - np.searchsorted(ordered, values, side="right")
    below = np.searchsorted(ordered, values, side="left")
    return np.asarray((above - below) / len(ordered))


def _ties(x: np.ndarray, y: np.ndarray) -> int:
    ordered = np.sort(y)
    right = np.searchsorted(ordered, x, side="right")
    return int((right - np.searchsorted(ordered, x, side="left")).sum())


def _interval(delta: float, variance: float, fewest: int) -> tuple[float, float]:
    z = _quantile()
    if abs(delta) == 1.0:  # no overlap at all: what would still be likely
        end = (fewest - z**2) / (fewest + z**2)
        return (end, 1.0) if delta > 0 else (-1.0, -end)
    middle = delta - delta**3
    reach = z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + z**2 * variance)
    below = 1 - delta**2 + z**2 * variance
    low, high = (middle - reach) / below, (middle + reach) / below
    return float(max(low, -1.0)), float(min(high, 1.0))


def share_difference(first: int, of_first: int, second: int, of_second: int) -> Effect:
    """Return how much larger the second of two shares is, and its interval of 95 %.

    Newcombe's (1998, Stat. Med. 17, 873, method 10), from Wilson's intervals of both shares: right
    for few and for rare shapes, too.

    Parameters
    ----------
    first, of_first
        Shapes of a kind in the first sample, and all of it.
    second, of_second
        Likewise of the second sample.

    Raises
    ------
    ValueError
        When a sample is empty.
    """
    if min(of_first, of_second) < 1:
        raise ValueError(f"shares need shapes, found {of_first} and {of_second}")
    p, q = first / of_first, second / of_second
    (low_p, high_p), (low_q, high_q) = wilson(first, of_first), wilson(second, of_second)
    low = q - p - float(np.hypot(q - low_q, high_p - p))
    high = q - p + float(np.hypot(high_q - q, p - low_p))
    return Effect(q - p, max(low, -1.0), min(high, 1.0))


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % of a share.

    Parameters
    ----------
    count, total
        Shapes of a kind, and all of them.
    """
    z = _quantile()
    share = count / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return float(max(middle - reach, 0.0)), float(min(middle + reach, 1.0))


def _quantile() -> float:
    from scipy.stats import norm

    return float(norm.ppf(0.5 + CONFIDENCE / 2))
