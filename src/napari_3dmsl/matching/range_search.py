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


def search(
    model: FeatureModel,
    real: Values,
    standard: Standard,
    start: Ranges,
    drawn: NDArray[np.bool_],
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
    drawn : (K,) array
        Which settings are drawn for each image.
    latest
        So many of the model's residuals, the last, stand for what its settings do not tell.
    rng
        Draws the tiles that stand for those of a recipe, once.
    tell
        Called now and then; raise in it to cancel.
    """
    from scipy.optimize import minimize
    from scipy.stats import qmc

    count = len(drawn)
    uniform = qmc.Sobol(count, rng=rng).random(DRAWN)
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
        off = x[:count] - 0.5
        slope = np.concatenate([by_low + by_high + 2 * _PRIOR * off, (by_high - by_low)[drawn]])
        return value + _PRIOR * float(off @ off), slope

    bounds = [(0.0, 1.0)] * count + [(0.02, 0.5)] * int(drawn.sum())
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
