"""Features of tiles by their settings, learnt from tiles rendered with known settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_PENALTIES = 10.0 ** np.arange(-2.0, 4.0, 0.5)


def terms(shares: Values) -> Values:
    """Return what features are linear in, (N, T): settings, their squares and their products.

    Parameters
    ----------
    shares : (N, K) array
        Settings, 0 to 1 each.
    """
    centred = 2.0 * shares - 1.0
    first, second = np.triu_indices(centred.shape[1])
    return np.hstack([np.ones((len(centred), 1)), centred, centred[:, first] * centred[:, second]])


@dataclass(frozen=True, eq=False)
class FeatureModel:
    """Features of tiles by their settings, and how tiles of the same settings differ.

    Attributes
    ----------
    coefficients : (T, F) array
        Of `terms`.
    residuals : (N, F) array
        Of the tiles that it was learnt from, as large as those of new tiles.
    explained : (F,) array
        Share of the variance that the settings explain, of tiles left out in their turn.
    """

    coefficients: Values
    residuals: Values
    explained: Values

    def features(self, shares: Values, chosen: NDArray[np.intp]) -> Values:
        """Return features of tiles of some settings, (M, F).

        Parameters
        ----------
        shares : (M, K) array
            0 to 1 each.
        chosen : (M,) array
            Which of the residuals each has.
        """
        found: Values = terms(shares) @ self.coefficients + self.residuals[chosen]
        return found

    def slope(self, shares: Values, by_feature: Values) -> Values:
        """Return the derivative of a number by settings, (M, K).

        Parameters
        ----------
        shares : (M, K) array
            0 to 1 each.
        by_feature : (M, F) array
            Its derivative by the features of the tiles.
        """
        count = shares.shape[1]
        first, second = np.triu_indices(count)
        linear, products = self.coefficients[1 : count + 1], self.coefficients[count + 1 :]
        both = np.zeros((count, count, products.shape[1]))
        both[first, second] = products
        both += both.transpose(1, 0, 2)
        curved = (by_feature @ both.reshape(count**2, -1).T).reshape(-1, count, count)
        centred = 2.0 * shares - 1.0
        found: Values = by_feature @ linear.T + np.einsum("nkl,nl->nk", curved, centred)
        return 2.0 * found


def learn(shares: Values, features: Values, weights: Values) -> FeatureModel:
    """Learn features by their settings: ridge regression on `terms`.

    The penalty of each feature is that with the least error of tiles left out one by one.

    Parameters
    ----------
    shares : (N, K) array
        Settings of the tiles, 0 to 1 each.
    features : (N, F) array
        Of the tiles.
    weights : (N,) array
        How much each counts.
    """
    root = np.sqrt(weights / weights.mean())[:, None]
    design = terms(shares)
    scale = np.full(design.shape[1], 1.0)
    scale[0] = 30.0  # the mean is hardly penalised
    scale[1 : shares.shape[1] + 1] = 2.0  # what is simple comes first
    design = design * scale
    u, s, vt = np.linalg.svd(root * design, full_matrices=False)
    projected = u.T @ (root * features)
    count = features.shape[1]
    best, coefficients = np.full(count, np.inf), np.zeros((design.shape[1], count))
    residuals = np.zeros_like(features)
    for penalty in _PENALTIES:
        shrunk = s**2 / (s**2 + penalty)
        leverage = np.minimum((u**2 * shrunk).sum(axis=1), 0.98)
        fitted = root * features - u @ (shrunk[:, None] * projected)
        left_out = fitted / (1 - leverage)[:, None]
        error = (left_out**2).sum(axis=0)
        better = error < best
        best = np.where(better, error, best)
        coefficients[:, better] = (vt.T @ ((s / (s**2 + penalty))[:, None] * projected))[:, better]
        unbiased = fitted / np.sqrt(1 - leverage)[:, None] / root
        residuals[:, better] = unbiased[:, better]
    mean = np.average(features, axis=0, weights=weights)
    whole = (root * (features - mean)) ** 2
    explained = 1.0 - best / np.maximum(whole.sum(axis=0), 1e-12)
    return FeatureModel(coefficients * scale[:, None], residuals, explained)
