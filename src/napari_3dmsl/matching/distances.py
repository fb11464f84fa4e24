"""How far apart two sets of images are, by their features: kernel distance and Fréchet distance.

Both are known from judging generated images: the unbiased kernel distance (KID, Bińkowski et al.,
2018) and the Fréchet distance (FID, Heusel et al., 2017). With tens of images the latter is taken
on few principal components only: on a thousand features it measures the number of images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Features = NDArray[np.float64]

FEWEST = 4  # images of a set
COMPONENTS = 16
RESAMPLES = 300
_COVERED = (0.025, 0.975)
_KID_SCALE = 1000.0  # as everybody prints it
_KERNEL_UNIT = 3.0  # standard deviations: keeps the cube from seeing nothing but the farthest image


@dataclass(frozen=True)
class Distance:
    """A distance between two sets, with what chance leaves open.

    Attributes
    ----------
    value
        0 for sets of one kind, on average; an unbiased estimate also falls below.
    standard_error
        Of the value, by resampling the images.
    low, high
        Interval that covers 95 %, by the same resampling.
    """

    value: float
    standard_error: float
    low: float
    high: float

    def __str__(self) -> str:
        """Value and interval: ``12.3 [10.1, 14.0]``."""
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"


@dataclass(frozen=True, eq=False)
class Standard:
    """Features in units of how much they vary from one real image to the next.

    Attributes
    ----------
    centre, spread : (F,) arrays
        Mean and standard deviation in the real set.
    axes : (F, C) array
        Principal components of the real set, the largest first; C is 16, or less for few images.
    """

    centre: Features
    spread: Features
    axes: Features

    def apply(self, features: ArrayLike) -> Features:
        """Return the features of any set in these units.

        Parameters
        ----------
        features : (N, F) array
            As the real ones were made.
        """
        return (np.asarray(features, dtype=np.float64) - self.centre) / self.spread

    def project(self, features: ArrayLike) -> Features:
        """Return the principal components of any set.

        Parameters
        ----------
        features : (N, F) array
            As the real ones were made.
        """
        return self.apply(features) @ self.axes


def standard_of(real: ArrayLike, components: int = COMPONENTS) -> Standard:
    """Fit units and principal components on a real set.

    Parameters
    ----------
    real : (N, F) array
        Features of at least 4 images.
    components
        At most so many; never more than half of the images.

    Raises
    ------
    ValueError
        When there are too few images.
    """
    values = _check(real, "real images")
    centre, spread = values.mean(axis=0), values.std(axis=0)
    # What hardly varies in the real set would count without limit.
    spread = np.maximum(spread, np.maximum(1e-3 * np.abs(centre), 1e-6))
    _, _, axes = np.linalg.svd((values - centre) / spread, full_matrices=False)
    kept = min(components, len(values) // 2, values.shape[1])
    return Standard(centre, spread, axes[:kept].T)


def kid(
    real: ArrayLike,
    simulated: ArrayLike,
    *,
    standard: Standard | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Distance:
    """Return the unbiased kernel distance of two sets of features, times 1,000.

    The kernel is (x · y / F + 1)³ for F features. The error comes from subsamples of half of the
    images of each set: their spread is the standard error of the whole.

    Parameters
    ----------
    real : (N, F) array
        Features of at least 4 images.
    simulated : (M, F) array
        The same.
    standard
        Of a real set, for `own_features`, which then count in three standard deviations; ``None``
        takes the features as they are, as is usual for those of networks.
    seed
        Of the subsamples.
    resamples
        How many; 0 leaves the error out (NaN).

    Raises
    ------
    ValueError
        When a set is too small or its features are other ones.
    """
    x, y = _check(real, "real images"), _check(simulated, "simulated images")
    if standard is not None:
        x, y = standard.apply(x) / _KERNEL_UNIT, standard.apply(y) / _KERNEL_UNIT
    kernels = _Kernels.of(x, y)
    value = kernels.distance()
    rng = np.random.default_rng(seed)
    halves = [kernels.half(rng).distance() for _ in range(resamples)]
    return _scaled(_distance(value, np.array(halves)), _KID_SCALE)


@dataclass(frozen=True, eq=False)
class _Kernels:
    """The kernel of each pair of images: within the sets, and between them."""

    real: Features
    simulated: Features
    between: Features

    @classmethod
    def of(cls, x: Features, y: Features) -> _Kernels:
        return cls(*((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))))

    def distance(self) -> float:
        within = sum(
            (kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))
            for kernel in (self.real, self.simulated)
        )
        return float(within - 2 * self.between.mean())

    def half(self, rng: np.random.Generator) -> _Kernels:
        x, y = (rng.permutation(size)[: (size + 1) // 2] for size in self.between.shape)
        return _Kernels(
            self.real[np.ix_(x, x)], self.simulated[np.ix_(y, y)], self.between[np.ix_(x, y)]
        )


def frechet16(
    real: ArrayLike,
    simulated: ArrayLike,
    *,
    standard: Standard | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Distance:
    """Return the Fréchet distance of two sets on at most 16 principal components of the real set.

    It is that of normal distributions with the means and covariances of the sets, squared. Small
    sets are further apart than large ones, so read it beside the distance of two halves of the real
    set. The interval comes from bootstrap, around the value itself.

    Parameters
    ----------
    real : (N, F) array
        Features of at least 4 images.
    simulated : (M, F) array
        The same.
    standard
        Units and components; ``None`` fits them on `real`.
    seed
        Of the bootstrap.
    resamples
        How many; 0 leaves the error out (NaN).

    Raises
    ------
    ValueError
        When a set is too small or its features are other ones.
    """
    first, second = _check(real, "real images"), _check(simulated, "simulated images")
    units = standard_of(first) if standard is None else standard
    x, y = units.project(first), units.project(second)
    rng = np.random.default_rng(seed)
    drawn = [frechet(_drawn(x, rng), _drawn(y, rng)) for _ in range(resamples)]
    return _distance(frechet(x, y), np.array(drawn))


def frechet(x: Features, y: Features) -> float:
    """Return the squared Fréchet distance of the normal distributions fitted to two sets.

    Parameters
    ----------
    x : (N, C) array
        Such as principal components; at least 2 of each.
    y : (M, C) array
        The same of the other set.
    """
    root = _root(_covariance(x))
    inner = root @ _covariance(y) @ root
    crossed = float(np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0)).sum())
    apart = float(((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum())
    spread = float(x.var(axis=0, ddof=1).sum() + y.var(axis=0, ddof=1).sum())
    return max(apart + spread - 2 * crossed, 0.0)


def halves_apart(
    real: ArrayLike,
    distance: Callable[..., Distance],
    *,
    standard: Standard | None,
    seed: int = 0,
    splits: int = 20,
) -> Distance:
    """Return the distance between random halves of one set: what chance alone makes.

    Parameters
    ----------
    real : (N, F) array
        Features of at least 8 images.
    distance
        `kid` or `frechet16`.
    standard
        As that function takes it.
    seed
        Of the halves.
    splits
        How many pairs of halves.

    Returns
    -------
    Distance
        The mean of the pairs; the error is their spread.

    Raises
    ------
    ValueError
        When the set is too small.
    """
    values = _check(real, "real images", 2 * FEWEST)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(splits):
        order = rng.permutation(len(values))
        first, second = values[order[::2]], values[order[1::2]]
        found.append(distance(first, second, standard=standard, resamples=0).value)
    low, high = np.quantile(found, _COVERED)
    return Distance(float(np.mean(found)), float(np.std(found)), float(low), float(high))


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.2g}"


def _check(features: ArrayLike, what: str, fewest: int = FEWEST) -> Features:
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or len(values) < fewest:
        raise ValueError(
            f"{what}: {len(values) if values.ndim else 0} of them; a distance needs {fewest} or "
            "more, and tens to mean much: add images, or cut them into smaller tiles"
        )
    return values


def _covariance(x: Features) -> Features:
    return np.atleast_2d(np.cov(x, rowvar=False))


def _root(covariance: Features) -> Features:
    values, vectors = np.linalg.eigh(covariance)
    root: Features = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def _drawn(x: Features, rng: np.random.Generator) -> Features:
    drawn: Features = x[rng.integers(len(x), size=len(x))]
    return drawn


def _distance(value: float, resampled: NDArray[Any]) -> Distance:
    """Put the spread of resampled values around the value: their own mean may be biased."""
    if not len(resampled):
        return Distance(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(resampled - resampled.mean(), _COVERED)
    return Distance(value, float(resampled.std()), value + float(low), value + float(high))


def _scaled(distance: Distance, factor: float) -> Distance:
    d = distance
    return Distance(d.value * factor, d.standard_error * factor, d.low * factor, d.high * factor)
