"""46 numbers that describe a tile as people see it: levels, sharpness, texture, ridges, noise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, ndimage

from napari_3dmsl.matching.grey_levels import GreyLevels, check_tiles, grey_levels

Tile = NDArray[np.float32]

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
RINGS = 10  # of spatial frequencies, evenly apart in octaves
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 1 / 64, 0.5  # cycles a pixel
SCALES = (1.0, 2.0, 4.0, 8.0)  # pixels, of the differences of Gaussians
RIDGE_SCALES = (1.5, 4.0)  # pixels: the rim of a tube, and the whole tube
NOISE_BINS = 5  # of pixels by their brightness, equally many in each
_FLOOR = 0.02  # of the range of grey: what is below hardly shows
_TINY = 1e-6
_SECOND_DIFFERENCE = np.array([1.0, -2.0, 1.0], dtype=np.float32)
_NOISE_NORM = 6.0  # of the second difference along both axes: Immerkær's estimate
_BRIGHTEST = 0.05  # share of the pixels that count as the crests of objects

FEATURE_NAMES = (
    *(f"level_{100 * share:g}" for share in QUANTILES),
    *(f"spectrum_{ring}" for ring in range(RINGS)),
    *(f"{moment}_{scale:g}" for scale in SCALES for moment in ("detail", "skew", "peaks")),
    *(f"{what}_{scale:g}" for scale in RIDGE_SCALES for what in ("ridge", "elongation")),
    "filled",
    "parallel",
    *(f"noise_{part}" for part in range(NOISE_BINS)),
    "row_noise",
    "column_noise",
    "empty",
)
"""Of the columns of `own_features`, in their order."""


def own_features(tiles: ArrayLike, *, levels: GreyLevels | None = None) -> NDArray[np.float64]:
    """Describe each tile by 46 numbers, named in `FEATURE_NAMES`.

    Parameters
    ----------
    tiles : (N, R, C) array
        Grey values; each tile at least 32 × 32 pixels, all with the same pixel size.
    levels
        What counts as black and white; ``None`` takes the tiles' own, so that gain and offset of
        the whole set do not matter. Give those of a real set to describe simulated tiles where the
        grey values themselves shall agree.

    Returns
    -------
    (N, 46) array
        Mostly logarithms to base 2, so that a difference of 1 is a factor of 2.

    Raises
    ------
    ValueError
        When the tiles are no such array, or all their pixels are alike.
    """
    values = check_tiles(tiles)
    scale = grey_levels(values) if levels is None else levels
    return np.array([_describe(scale.apply(tile)) for tile in values])


def _describe(tile: Tile) -> NDArray[np.float64]:
    blurred = {sigma: _blur(tile, sigma) for sigma in SCALES}
    groups = (
        _quantiles(tile),
        _spectrum(tile),
        *(_moments(band) for band in _bands(tile, blurred)),
        _ridges(tile, blurred[SCALES[1]]),
        _noise(tile, blurred[SCALES[1]]),
        _emptiness(blurred[SCALES[2]]),
    )
    return np.concatenate(groups).astype(np.float64)


def _blur(tile: Tile, sigma: float) -> Tile:
    """Blur as far as three sigma."""
    blurred: Tile = ndimage.gaussian_filter(tile, sigma, mode="reflect", truncate=3.0)
    return blurred


def _log(values: Any, floor: float = _TINY) -> Any:
    return np.log2(np.maximum(values, 0) + floor)


def _quantiles(tile: Tile) -> Any:
    return _log(np.quantile(tile, QUANTILES), _FLOOR)


@lru_cache(maxsize=8)
def _rings(rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the ring that each frequency of `rfft2` belongs to, and a window for the tile."""
    y, x = fft.fftfreq(rows)[:, None], fft.rfftfreq(columns)[None]
    octaves = np.log2(np.maximum(np.hypot(y, x), _TINY) / LOWEST_FREQUENCY)
    width = np.log2(HIGHEST_FREQUENCY / LOWEST_FREQUENCY) / RINGS
    ring = np.floor(octaves / width).astype(np.intp)
    ring = np.where((ring < 0) | (np.hypot(y, x) > HIGHEST_FREQUENCY), RINGS, ring)
    window = np.hanning(rows)[:, None] * np.hanning(columns)[None]
    return np.minimum(ring, RINGS).ravel(), window.astype(np.float32)


def _spectrum(tile: Tile) -> Any:
    """Mean power in rings of spatial frequency, without the tile's contrast as a whole."""
    ring, window = _rings(*tile.shape)
    power = np.abs(fft.rfft2((tile - tile.mean()) * window)) ** 2
    count = np.bincount(ring, minlength=RINGS + 1)[:RINGS]
    sums = np.bincount(ring, weights=power.ravel(), minlength=RINGS + 1)[:RINGS]
    means = sums / np.maximum(count, 1)
    return _log(means / (means.sum() + _TINY), _TINY) / 2  # in amplitudes


def _bands(tile: Tile, blurred: dict[float, Tile]) -> Iterator[Tile]:
    finer = tile
    for sigma in SCALES:
        yield finer - blurred[sigma]
        finer = blurred[sigma]


def _moments(band: Tile) -> Any:
    """How strong the detail of one size is, whether it is bright or dark, and how rare."""
    centred = band - band.mean()
    squares = centred * centred
    variance = float(squares.mean()) + _TINY**2
    skew = float((squares * centred).mean()) / variance**1.5
    kurtosis = float((squares * squares).mean()) / variance**2
    return np.array([np.log2(np.sqrt(variance) + _TINY), np.cbrt(skew), np.log2(kurtosis + 1)])


def _ridges(tile: Tile, smooth: Tile) -> Any:
    """Bright lines: how strong, how much longer than wide, whether full, whether parallel."""
    contrast = float(tile.std()) + _TINY
    found: list[float] = []
    for sigma in RIDGE_SCALES:
        blurred = _blur(tile, sigma)
        across, along = _curvatures(blurred, sigma)
        bright = across >= np.quantile(across, 1 - _BRIGHTEST)
        strength = float(across[bright].mean()) + _TINY
        found += [float(_log(strength / contrast)), 1 - float(along[bright].mean()) / strength]
    crest = bright & _is_crest(blurred)
    fine = np.add(*_curvatures(_blur(tile, RIDGE_SCALES[0]), RIDGE_SCALES[0]))
    full = float(fine[crest].sum()) / max(1, int(crest.sum())) / (2 * strength)
    return np.array([*found, full, _parallel(smooth)])


def _curvatures(smooth: Tile, sigma: float) -> tuple[Tile, Tile]:
    """How much brighter each pixel is than those beside it, across its line and along it."""
    dy, dx = _slopes(smooth)
    yy, yx = _slopes(dy)
    _, xx = _slopes(dx)
    mean = -(yy + xx) * np.float32(sigma**2 / 2)
    spread = np.hypot((yy - xx) / 2, yx) * np.float32(sigma**2)
    return mean + spread, mean - spread


def _slopes(image: Tile) -> tuple[Tile, Tile]:
    return np.asarray(np.gradient(image, axis=0)), np.asarray(np.gradient(image, axis=1))


def _is_crest(smooth: Tile) -> NDArray[np.bool_]:
    """Whether a pixel is brighter than its two neighbours along the axis that is more curved."""
    second = [ndimage.correlate1d(smooth, _SECOND_DIFFERENCE, axis=axis) for axis in (0, 1)]
    over_rows = second[0] < second[1]
    crest = np.zeros(smooth.shape, dtype=bool)
    for image, mark, wanted in ((smooth, crest, over_rows), (smooth.T, crest.T, ~over_rows.T)):
        middle = image[1:-1]
        mark[1:-1] |= wanted[1:-1] & (middle > image[:-2]) & (middle >= image[2:])
    return crest


def _parallel(smooth: Tile) -> float:
    """How far lines within 8 pixels run the same way, 0 to 1, where the image changes most."""
    dy, dx = _slopes(smooth)
    xx, yy, xy = _blur(dx * dx, SCALES[3]), _blur(dy * dy, SCALES[3]), _blur(dx * dy, SCALES[3])
    energy = float((xx + yy).sum()) + _TINY**2
    return float(np.hypot(xx - yy, 2 * xy).sum()) / energy


def _noise(tile: Tile, smooth: Tile) -> Any:
    """Noise where the image is dark to bright, and how far rows and columns have their own."""
    residual = ndimage.correlate1d(tile, _SECOND_DIFFERENCE, axis=0)
    residual = ndimage.correlate1d(residual, _SECOND_DIFFERENCE, axis=1) / _NOISE_NORM
    order = np.argsort(smooth, axis=None)
    size = np.abs(residual).ravel()[order]
    bins = np.array([part.mean() for part in np.array_split(size, NOISE_BINS)])
    lines = [_line_noise(tile - smooth, axis) for axis in (1, 0)]
    return np.array([*_log(bins * np.sqrt(np.pi / 2), _TINY), *lines])


def _line_noise(fine: Tile, axis: int) -> float:
    """Variance of the means of rows (axis 1) beside that of noise without rows, in octaves."""
    median = np.median(np.abs(fine))
    kept = np.clip(fine, -3 * median, 3 * median)  # objects count no more than noise does
    means = kept.mean(axis=axis)
    change = np.diff(means)
    white = 2 * float(kept.var()) / fine.shape[axis] + _TINY**2
    return float(np.log2(float((change * change).mean()) / white + _FLOOR))


def _emptiness(coarse: Tile) -> Any:
    """Share of a tile in which, once blurred, nothing stands out of the ground."""
    return np.array([float((coarse < 0.1).mean())])
