"""Curves that show in what sets of images differ: grey values, frequencies, noise, likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, ndimage

from napari_3dmsl.matching.grey_levels import GreyLevels, check_tiles, grey_levels

Values = NDArray[np.float64]

_LOWEST, _HIGHEST, _BINS = -0.1, 1.2, 65  # of the histogram, in levels
_FREQUENCIES = 48
_FARTHEST = 32  # pixels
_NOISE_BINS = 20
_FEWEST_PIXELS = 200
_LOCAL_SIGMA = 2.0  # pixels
_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32) / 6
_TYPICAL = 1.4826  # standard deviations in a median of sizes


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a graph.

    Attributes
    ----------
    x, y : (N,) arrays
        As the axes say.
    """

    x: Values
    y: Values


@dataclass(frozen=True, eq=False)
class Curves:
    """What a set of tiles is like.

    Attributes
    ----------
    histogram
        Density of the pixels by grey value, 0 black to 1 white.
    spectrum
        Mean power by spatial frequency in cycles a pixel; 1 in all.
    variance
        Variance of the noise by grey value, both on the same scale as the histogram.
    autocorrelation
        How alike pixels are that lie so many pixels apart, 1 for the same pixel.
    """

    histogram: Curve
    spectrum: Curve
    variance: Curve
    autocorrelation: Curve


AXES = {
    "histogram": ("grey value (0 black, 1 white)", "density"),
    "spectrum": ("spatial frequency, cycles a pixel", "power"),
    "variance": ("local mean", "variance of the noise"),
    "autocorrelation": ("distance, pixels", "correlation"),
}
"""What stands at the axes of each of the `Curves`."""


def curves_of(tiles: ArrayLike, *, levels: GreyLevels | None = None) -> Curves:
    """Work out the curves of a set of tiles.

    Parameters
    ----------
    tiles : (N, R, C) array
        Grey values.
    levels
        What counts as black and white; ``None`` takes the tiles' own.

    Raises
    ------
    ValueError
        When the tiles are no such array, or all their pixels are alike.
    """
    values = check_tiles(tiles)
    scale = grey_levels(values) if levels is None else levels
    grey = scale.apply(values)
    spectrum, correlation = _frequencies(grey)
    return Curves(_histogram(grey), spectrum, _variance(grey), correlation)


def _histogram(grey: NDArray[Any]) -> Curve:
    edges = np.linspace(_LOWEST, _HIGHEST, _BINS + 1)
    counts, _ = np.histogram(grey, edges)  # what lies outside counts as pixels all the same
    return Curve((edges[1:] + edges[:-1]) / 2, counts / (grey.size * np.diff(edges)))


def _frequencies(grey: NDArray[Any]) -> tuple[Curve, Curve]:
    """Power by frequency, and from the same transform the correlation by distance."""
    rows, columns = grey.shape[1:]
    window = (np.hanning(rows)[:, None] * np.hanning(columns)).astype(np.float32)
    frequency = np.hypot(fft.fftfreq(rows)[:, None], fft.rfftfreq(columns))
    power = np.zeros(frequency.shape)
    lags: NDArray[Any] = np.zeros((2 * rows, 2 * columns))
    for tile in grey:
        centred = tile - tile.mean()
        power += np.abs(fft.rfft2(centred * window)) ** 2
        lags += fft.irfft2(np.abs(fft.rfft2(centred, s=lags.shape)) ** 2, s=lags.shape)
    edges = np.linspace(0, 0.5, _FREQUENCIES + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    means = _ring_means(frequency, power, edges)
    return Curve(middle, means / max(np.nansum(means), 1e-30)), _correlation(lags, rows, columns)


def _correlation(lags: NDArray[Any], rows: int, columns: int) -> Curve:
    farthest = min(_FARTHEST, min(rows, columns) // 2)
    y, x = fft.fftfreq(2 * rows, 1 / (2 * rows)), fft.fftfreq(2 * columns, 1 / (2 * columns))
    pairs = (rows - np.abs(y))[:, None] * (columns - np.abs(x))
    each = np.where(pairs > 0, lags / np.maximum(pairs, 1), 0)
    distance = np.hypot(y[:, None], x)
    edges = np.arange(farthest + 2) - 0.5
    means = _ring_means(distance, each, edges)
    return Curve(np.arange(farthest + 1.0), means / max(means[0], 1e-30))


def _ring_means(radius: NDArray[Any], values: NDArray[Any], edges: NDArray[Any]) -> Values:
    inside = (radius >= edges[0]) & (radius < edges[-1])
    ring = np.digitize(radius[inside], edges) - 1
    count = np.bincount(ring, minlength=len(edges) - 1)
    sums = np.bincount(ring, weights=values[inside], minlength=len(edges) - 1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _variance(grey: NDArray[Any]) -> Curve:
    """Robust variance of what differs from its neighbours, by local mean; NaN where too few."""
    mean = ndimage.gaussian_filter(grey, (0, _LOCAL_SIGMA, _LOCAL_SIGMA))
    residual = np.abs(ndimage.correlate(grey, _IMMERKAER[None]))
    edges = np.linspace(0, 1, _NOISE_BINS + 1)
    place = np.digitize(mean.ravel(), edges) - 1
    found = np.full(_NOISE_BINS, np.nan)
    for number in range(_NOISE_BINS):
        inside = residual.ravel()[place == number]
        if len(inside) >= _FEWEST_PIXELS:
            found[number] = (_TYPICAL * float(np.median(inside))) ** 2
    return Curve((edges[1:] + edges[:-1]) / 2, found)
