"""What frames without light tell of a camera: offset, read noise, noise of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft
from scipy.optimize import minimize
from scipy.special import ndtr

from napari_3dmsl.matching.hot_pixels import OFF, hot_in_dark, robust_deviation
from napari_3dmsl.matching.noise_residual import frequencies
from napari_3dmsl.matching.variance_line import DarkPoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray

ROUNDING = 1.0 / 12.0
"""Variance that rounding to whole counts adds, ADU²."""

_MOST_CLIPPED = 0.001  # share of the pixels of a dark frame that may be at 0
_SLOW = 0.05  # cycles/pixel below which a dark frame may have shading
_COARSE = 0.5  # variance, ADU², below which rounding is more than a variance of its own
_NODES = 161  # of the integral over the noise of a row
_NORMAL = 1.4826  # standard deviations of a normal law for a median absolute deviation
_FEWEST_WHITE = 64  # frequencies without shading that a frame must have


@dataclass(frozen=True)
class RowNoise:
    """Variance that the pixels of a row share, ADU², with its standard error."""

    variance: float
    error: float


@dataclass(frozen=True)
class Dark:
    """A camera without light, in ADU.

    Attributes
    ----------
    point : DarkPoint
        Where the line of variance against brightness begins; the pixels' own offsets count as
        noise there, as they do in an image.
    read_variance, read_error : float
        Of one pixel from frame to frame, as far as the frames tell, without rounding.
    row_noise : RowNoise
    hot : (R, C) bool
        Pixels left out, as an image has to leave them out.
    """

    point: DarkPoint
    read_variance: float
    read_error: float
    row_noise: RowNoise
    hot: NDArray[np.bool_]


def measure_dark(frames: Sequence[FloatArray], what: str = "the dark frame") -> Dark:
    """Measure frames that were taken without light.

    Parameters
    ----------
    frames : list of (R, C) arrays
        Counts, all of one size. Two or more part the noise of the read-out from the offsets of
        single pixels; with one frame both are read noise.
    what
        What errors call them, such as the name of their file.

    Raises
    ------
    ValueError
        When they differ in size, are too small, are clipped at 0, or hold one value only or values
        that are no numbers.
    """
    _check(frames, what)
    hot = hot_in_dark(frames)
    cooled, kept = zip(*(_without_hot(frame, hot) for frame in frames), strict=True)
    mean = float(np.mean([frame.mean() for frame in cooled]))
    spectra = [fft.dctn(frame, norm="ortho") ** 2 for frame in cooled]
    # A pixel with the middle value in its place brings no variance.
    variance = float(np.mean([_white(spectrum).mean() for spectrum in spectra]) / np.mean(kept))
    count = sum(_white(spectrum).size for spectrum in spectra)
    if variance <= 0.0:
        raise ValueError(f"{what} holds one value only: an empty or a clipped image?")
    row_noise = RowNoise(*_of_rows(spectra, variance))
    error = variance * float(np.sqrt(2.0 / count))
    if variance < _COARSE and all(np.array_equal(frame, np.rint(frame)) for frame in frames):
        mean, exact, error, row_noise = _before_rounding(np.concatenate(cooled))
        variance = exact + ROUNDING
    read, read_error = variance - ROUNDING, error
    if len(frames) > 1 and variance >= _COARSE:
        between = np.diff(cooled, axis=0) / np.sqrt(2.0)
        white = [_white(fft.dctn(frame, norm="ortho") ** 2) for frame in between]
        read = float(np.mean(white) / np.mean(kept)) - ROUNDING
        read_error = (read + ROUNDING) * float(np.sqrt(2.0 / np.size(white)))
    wandering = np.sqrt(variance / sum(map(np.size, cooled)) + row_noise.variance / len(cooled[0]))
    point = DarkPoint(mean, variance, float(wandering), error)
    return Dark(point, max(read, 0.0), read_error, row_noise, hot)


def _check(frames: Sequence[FloatArray], what: str) -> None:
    if len({frame.shape for frame in frames}) > 1:
        sizes = sorted({" × ".join(map(str, frame.shape)) for frame in frames})
        raise ValueError(
            f"{what}: dark frames of {' and '.join(sizes)} pixels: all must have one size"
        )
    if not all(np.isfinite(frame).all() for frame in frames):
        raise ValueError(
            f"{what} holds values that are no finite numbers; give a dark frame as "
            "the camera gave it"
        )
    rows, columns = frames[0].shape
    if np.count_nonzero(np.add(*frequencies((rows, columns))) > 2.0 * _SLOW) < _FEWEST_WHITE:
        raise ValueError(f"{what} is too small: {rows} × {columns} pixels; give a whole dark frame")
    # With counts below 0, from which something was subtracted, 0 is no limit.
    clipped = max(float(np.mean(frame == 0.0)) if frame.min() >= 0.0 else 0.0 for frame in frames)
    if clipped == 1.0:
        raise ValueError(f"{what} holds one value only: all its pixels are 0")
    if clipped > _MOST_CLIPPED:
        raise ValueError(
            f"{what} is clipped: {clipped:.1%} of its pixels are at 0, so it shows neither "
            "offset nor noise; raise the offset of the camera"
        )


def row_noise_of(spectrum: FloatArray, beyond: float, variance: float) -> RowNoise | None:
    """Measure the noise that rows share, where no structure can be.

    Parameters
    ----------
    spectrum : (R, C) array
        Squared amplitudes of the cosine transform of an image.
    beyond
        Frequency above which it has no structure, cycles/pixel.
    variance
        Of single pixels, ADU².

    Returns
    -------
    RowNoise or None
        None when every frequency of the row means may be structure.
    """
    y, _ = frequencies(spectrum.shape)
    means = spectrum[y[:, 0] > beyond, 0]
    if len(means) < 8:
        return None
    rows = spectrum.shape[1]
    level = float(means.mean())
    return RowNoise((level - variance) / rows, level * float(np.sqrt(2.0 / len(means))) / rows)


def _of_rows(spectra: Sequence[FloatArray], variance: float) -> tuple[float, float]:
    found = [row_noise_of(spectrum, _SLOW, variance) for spectrum in spectra]
    known = [each for each in found if each is not None]
    if not known:
        return 0.0, variance
    mean = float(np.mean([each.variance for each in known]))
    return mean, float(np.sqrt(np.sum([each.error**2 for each in known]))) / len(known)


def _white(spectrum: FloatArray) -> FloatArray:
    """Frequencies that neither shading nor rows nor columns have."""
    y, x = frequencies(spectrum.shape)
    found: FloatArray = spectrum[(y > _SLOW) & (x > _SLOW)]
    return found


def _without_hot(frame: FloatArray, hot: NDArray[np.bool_]) -> tuple[FloatArray, float]:
    """Put the median in place of pixels that are off; return the share of those that are not."""
    values = np.asarray(frame, dtype=np.float64)
    middle = float(np.median(values[~hot]))
    off = np.abs(values - middle)
    out = hot | (off > OFF * max(robust_deviation(off), 0.5))
    return np.where(out, middle, values), 1.0 - float(out.mean())


def _before_rounding(rows: FloatArray) -> tuple[float, float, float, RowNoise]:
    """Return mean and variance of noise before it was rounded, its error, and the row noise.

    By maximum likelihood: each count stands for the noise from half below to half above it, in
    normal noise of the pixels around normal noise of their row, which is summed over.
    """
    first = int(rows.min())
    levels = np.arange(first, int(rows.max()) + 1)
    times = np.array([np.bincount(row - first, minlength=len(levels)) for row in rows.astype(int)])
    nodes = np.linspace(-4.0, 4.0, _NODES)
    weights = np.exp(-0.5 * nodes**2)
    weights /= weights.sum()

    def surprise(parameters: FloatArray) -> float:
        middle, pixel, row = parameters[0], np.exp(parameters[1]), np.exp(parameters[2])
        off = levels - (middle + row * nodes)[:, None]
        upper, lower = (off + 0.5) / pixel, (off - 0.5) / pixel
        chance = np.where(lower > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
        each = times @ np.log(np.maximum(chance, 1e-300)).T
        most = each.max(axis=1, keepdims=True)
        return float(-np.sum(most[:, 0] + np.log(np.exp(each - most) @ weights)))

    deviation = 0.5 * np.log(max(rows.var(), 0.02))
    simplex = np.array([rows.mean(), deviation, deviation - 1.0]) + np.vstack(
        [np.zeros(3), np.diag([0.05, 0.3, 0.7])]
    )
    options: Any = {"xatol": 1e-3, "fatol": 1e-2, "initial_simplex": simplex}
    found: Any = minimize(surprise, simplex[0], method="Nelder-Mead", options=options)
    middle, pixel, row = (float(parameter) for parameter in found.x)
    variance, of_rows = float(np.exp(2.0 * pixel)), float(np.exp(2.0 * row))
    step = np.array([0.0, 0.05, 0.0])
    bend = surprise(found.x - step) - 2.0 * surprise(found.x) + surprise(found.x + step)
    error = 2.0 * variance / float(np.sqrt(max(bend / 0.05**2, 1e-6)))
    level = of_rows + (variance + ROUNDING) / rows.shape[1]
    return middle, variance, error, RowNoise(of_rows, level * float(np.sqrt(2.0 / len(rows))))
