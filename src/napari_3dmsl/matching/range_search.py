"""Ranges of settings whose tiles are as a set like real ones, by a learnt model of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_3dmsl.matching.distances import Standard
    from napari_3dmsl.matching.feature_model import FeatureModel

    Values = NDArray[np.float64]

DRAWN = 256  # tiles that stand for those of a recipe
_PRIOR = 0.3  # weight of staying in the middle, where the model knows most
_MARGINS = 0.5  # weight of each feature's mean and spread beside the distance
_ROUNDS = 150


@dataclass(frozen=True, eq=False)
class Ranges:
    """Where settings lie, as shares of the way from lowest to highest.

    Attributes
    ----------
    middle, half : (K,) float64
        Middle of each range and half of its width; 0 for what all images share.
    """

    middle: Values
    half: Values

    @property
    def low(self) -> Values:
        """Lower ends, 0 to 1."""
        return np.clip(self.middle - self.half, 0.0, 1.0)

    @property
    def high(self) -> Values:
        """Upper ends, 0 to 1."""
        return np.clip(self.middle + self.half, 0.0, 1.0)

    def at(self, uniform: Values) -> Values:
        """Return settings drawn from the ranges, (M, K).

        Parameters
        ----------
        uniform : (M, K) array
            0 to 1 each.
        """
        return self.low + (self.high - self.low) * uniform

    def times(self, factor: Values) -> Ranges:
        """Return ranges as wide as these by a factor.

        Parameters
        ----------
        factor : (K,) array
            1 leaves a range as it is.
        """
        return Ranges(self.middle, self.half * factor)

    def wider(self, by: float, drawn: NDArray[np.bool_]) -> Ranges:
        """Return ranges that reach further on both sides.

        Parameters
        ----------
        by
            How far, as a share of the whole way; of shared settings half of that.
        drawn : (K,) array
            Which are drawn for each image.
        """
        return Ranges(self.middle, self.half + np.where(drawn, by, 0.5 * by))


@dataclass(frozen=True, eq=False)
class Space:
    """Which settings are sought, and which of them go together.

    Attributes
    ----------
    drawn : (K,) bool
        Those drawn for each image.
    home : Ranges
        Where a search begins, and whence it does not go far without need.
    seen : (N, K) float64
        Of what is drawn together: where in its range at home each tile lies, 0 to 1. NaN for what
        is drawn on its own.
    fixed : (K,) bool
        Those that stay at home.
    """

    drawn: NDArray[np.bool_]
    home: Ranges
    seen: Values
    fixed: NDArray[np.bool_]

    @classmethod
    def free(cls, drawn: NDArray[np.bool_]) -> Space:
        """Return that of settings of which none goes with another.

        Parameters
        ----------
        drawn : (K,) array
            Which are drawn for each image.
        """
        count = len(drawn)
        home = Ranges(np.full(count, 0.5), np.where(drawn, 0.3, 0.0))
        return cls(drawn, home, np.full((1, count), np.nan), np.zeros(count, dtype=bool))

    @classmethod
    def around(cls, drawn: NDArray[np.bool_], shares: Values, fixed: NDArray[np.bool_]) -> Space:
        """Return that in which some settings were seen.

        Parameters
        ----------
        drawn, fixed : (K,) arrays
            As the attributes.
        shares : (N, K) array
            What tiles have, 0 to 1; NaN for what is drawn on its own.
        """
        free, seen = cls.free(drawn), np.full_like(shares, np.nan)
        middle, half = free.home.middle, free.home.half
        for place in np.flatnonzero(np.isfinite(shares[0])):
            low, high = shares[:, place].min(), shares[:, place].max()
            middle[place], half[place] = 0.5 * (low + high), 0.5 * (high - low)
            way = high - low
            seen[:, place] = (shares[:, place] - low) / way if way > 0.0 else 0.5
        return cls(drawn, Ranges(middle, half), seen, fixed)

    @property
    def together(self) -> NDArray[np.bool_]:
        """Those drawn together, (K,)."""
        found: NDArray[np.bool_] = np.isfinite(self.seen[0])
        return found

    def bounds(self) -> list[tuple[float, float]]:
        """Return how far a search may go: middles of all, then halves of what is drawn.

        What goes together keeps its spread; where it lies is sought as far as it fits.
        """
        home, whole = self.home, self.together
        lowest = np.where(self.fixed, home.middle, np.where(whole, home.half, 0.0))
        highest = np.where(self.fixed, home.middle, np.where(whole, 1.0 - home.half, 1.0))
        least = np.where(whole, home.half, 0.02)[self.drawn]
        most = np.where(whole, home.half, 0.5)[self.drawn]
        lows, highs = np.append(lowest, least), np.append(highest, most)
        return list(zip(lows.tolist(), highs.tolist(), strict=True))

    def drawn_from(self, uniform: Values, rng: np.random.Generator, jitter: float = 0.0) -> Values:
        """Return uniform numbers (M, K) in which what goes together is that of tiles.

        Parameters
        ----------
        uniform : (M, K) array
            0 to 1 each.
        rng
            Draws the tiles.
        jitter
            Standard deviation of what is added to them; what is fixed has none.
        """
        found, rows = uniform.copy(), np.arange(len(uniform)) % len(self.seen)
        at = self.together
        found[:, at] = self.seen[rng.permutation(rows)][:, at]
        moved = at & ~self.fixed
        found[:, moved] += jitter * rng.standard_normal((len(found), int(moved.sum())))
        return np.clip(found, 0.0, 1.0)


def search(
    model: FeatureModel,
    real: Values,
    standard: Standard,
    start: Ranges,
    space: Space,
    latest: int,
    rng: np.random.Generator,
    tell: Callable[[], None] | None = None,
) -> Ranges:
    """Return the ranges whose tiles lie nearest to real ones.

    Parameters
    ----------
    model
        Of the features.
    real : (N, F) array
        Features of real tiles.
    standard
        Units and principal components of the real tiles.
    start
        Where to begin.
    space
        What is sought, and what goes together.
    latest
        So many of the model's residuals, the last, stand for what its settings do not tell.
    rng
        Draws the tiles that stand for those of a recipe, once.
    tell
        Called now and then; raise in it to cancel.
    """
    from scipy.optimize import minimize
    from scipy.stats import qmc

    drawn, count = space.drawn, len(space.drawn)
    uniform = space.drawn_from(qmc.Sobol(count, rng=rng).random(DRAWN), rng)
    chosen = len(model.residuals) - 1 - rng.integers(latest, size=DRAWN)
    wanted = _Wanted(real, standard)

    def ranges(x: Values) -> Ranges:
        half = np.zeros(count)
        half[drawn] = x[count:]
        return Ranges(x[:count], half)

    def cost(x: Values) -> tuple[float, Values]:
        if tell is not None:
            tell()
        at = ranges(x)
        shares = at.at(uniform)
        value, by_feature = wanted.cost(model.features(shares, chosen))
        by_share = model.slope(shares, by_feature)
        # An end that is at its limit does not move any more.
        by_low = ((1 - uniform) * by_share).sum(axis=0) * (at.middle - at.half > 0.0)
        by_high = (uniform * by_share).sum(axis=0) * (at.middle + at.half < 1.0)
        off = x[:count] - space.home.middle
        slope = np.concatenate([by_low + by_high + 2 * _PRIOR * off, (by_high - by_low)[drawn]])
        return value + _PRIOR * float(off @ off), slope

    bounds = space.bounds()
    found = minimize(
        cost,
        np.concatenate([start.middle, start.half[drawn]]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _ROUNDS},
    )
    return ranges(found.x)


class _Wanted:
    """How far features of a set are from those of the real tiles, and which way is nearer."""

    def __init__(self, real: Values, standard: Standard) -> None:
        self._standard = standard
        projected = standard.project(real)
        self._middle = projected.mean(axis=0)
        self._covariance = np.atleast_2d(np.cov(projected, rowvar=False))
        self._root = _power(self._covariance, 0.5)
        scaled = standard.apply(real)
        self._mean, self._spread = scaled.mean(axis=0), scaled.std(axis=0)

    def cost(self, features: Values) -> tuple[float, Values]:
        """Return the cost, and its derivative by each feature of each tile."""
        scaled = self._standard.apply(features)
        apart, slope = self._frechet(scaled @ self._standard.axes)
        count, mean, spread = len(scaled), scaled.mean(axis=0), scaled.std(axis=0) + 1e-9
        means, spreads = mean - self._mean, spread - self._spread
        value = apart + _MARGINS * float(means @ means + spreads @ spreads)
        off = (scaled - mean) / spread
        by_scaled = slope @ self._standard.axes.T
        by_scaled += 2 * _MARGINS / count * (means + spreads * off)
        return value, by_scaled / self._standard.spread

    def _frechet(self, y: Values) -> tuple[float, Values]:
        """Return what `frechet` does, and its derivative by each of the values."""
        off, far = y - y.mean(axis=0), y.mean(axis=0) - self._middle
        covariance = np.atleast_2d(off.T @ off) / (len(y) - 1)
        inner = self._root @ covariance @ self._root
        crossed = float(np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0.0)).sum())
        value = float(far @ far) + float(np.trace(self._covariance + covariance)) - 2 * crossed
        by_covariance = np.eye(len(far)) - self._root @ _power(inner, -0.5) @ self._root
        return value, 2 * far / len(y) + 2 * off @ by_covariance / (len(y) - 1)


def _power(symmetric: Values, power: float) -> Values:
    values, vectors = np.linalg.eigh(symmetric)
    found: Values = (vectors * np.maximum(values, 1e-9 * values[-1]) ** power) @ vectors.T
    return found
