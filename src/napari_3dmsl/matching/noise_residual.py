"""The part of an image that its optics cannot have made: noise, and what brightness it had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.microscope.settings import Microscope

BORDER = 6
"""Pixels along the sides that are left out: mirrored noise is not white there."""

_AXIS_LINES = 2  # lines of frequencies along each axis that hold row noise and what the sides cut
_SMOOTH_PIXELS = 3.0  # standard deviation of what tells bright from dark ground


def cutoff_per_um(microscope: Microscope) -> float:
    """Return the highest frequency that the optics pass, cycles/µm.

    Parameters
    ----------
    microscope
        Widefield and light sheet pass ``2 NA / λ``; excitation that is shaped adds its own.
    """
    emitted = 2.0e3 * microscope.numerical_aperture / microscope.emission_nm
    excited = 2.0e3 * microscope.numerical_aperture / microscope.excitation_nm
    if microscope.modality == "two_photon":
        return 2.0 * excited
    if microscope.modality == "confocal":
        squared = microscope.confocal == "squared"
        return 2.0 * emitted if squared else emitted + excited
    return emitted


@dataclass(frozen=True, eq=False)
class NoiseResidual:
    """The noise of an image beyond the cut-off, and the brightness where it was seen.

    Attributes
    ----------
    square : (R, C) float64
        Squared residual; its expectation is the variance of a pixel, averaged over the
        neighbourhood that the filter looks at.
    mean : (R, C) float64
        Counts, without bias, averaged over the same neighbourhood.
    smooth : (R, C) float64
        Counts, smoothed: says which pixels count how much, and no more.
    mean_noise, square_noise : float
        Covariance of ``smooth`` with ``mean`` for a variance of 1, and of ``smooth`` with
        ``square`` for a third moment of 1.
    spectrum : (R, C) float64
        Squared amplitudes at the frequencies ``k / (2 R)`` and ``l / (2 C)`` cycles/pixel.
    outside : (R, C) bool
        Which of them lie beyond the cut-off.
    share : float
        Of the noise that is outside.
    """

    square: FloatArray
    mean: FloatArray
    smooth: FloatArray
    mean_noise: float
    square_noise: float
    spectrum: FloatArray
    outside: NDArray[np.bool_]
    share: float


def frequencies(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return the frequencies of the cosine transform along rows and columns, cycles/pixel.

    Parameters
    ----------
    shape
        Of the image.

    Returns
    -------
    along_y : (R, 1) float64
    along_x : (1, C) float64
    """
    rows, columns = shape
    return np.arange(rows)[:, None] / (2 * rows), np.arange(columns)[None] / (2 * columns)


def outside_share(cutoff: float, size: int = 256) -> float:
    """Return the share of all frequencies that lie beyond a cut-off, 0 to 1.

    Parameters
    ----------
    cutoff
        Cycles/pixel.
    size
        Of the grid on which they are counted.
    """
    y, x = frequencies((size, size))
    return float(np.mean(np.hypot(y, x) > cutoff))


def noise_residual(image: FloatArray, cutoff: float) -> NoiseResidual:
    """Part an image into what the optics can have made and what must be noise.

    The image is mirrored at its sides (a cosine transform), so that no jump there looks like
    noise.

    Parameters
    ----------
    image : (R, C) array
        Counts.
    cutoff
        Highest frequency that the optics pass, cycles/pixel.

    Returns
    -------
    NoiseResidual
        Its maps are `BORDER` pixels smaller on each side.
    """
    amplitudes = fft.dctn(image, norm="ortho")
    y, x = frequencies(image.shape)
    radius = np.hypot(y, x)
    outside, passed = _outside(y, x, image.shape, cutoff), radius <= cutoff
    squared = _response(_whole_outside(image.shape, cutoff).astype(float)) ** 2
    share = float(squared.sum())
    looked_at = squared / share
    averaging = fft.fft2(looked_at).real[: image.shape[0], : image.shape[1]] * passed
    smoothing = np.exp(-2.0 * (np.pi * _SMOOTH_PIXELS * radius) ** 2)
    smooth_response = _response(_mirrored(smoothing))
    inner = np.s_[BORDER:-BORDER, BORDER:-BORDER]
    residual = fft.idctn(amplitudes * outside, norm="ortho")[inner]
    return NoiseResidual(
        square=residual**2 / share,
        mean=fft.idctn(amplitudes * averaging, norm="ortho")[inner],
        smooth=fft.idctn(amplitudes * smoothing, norm="ortho")[inner],
        mean_noise=float((smooth_response * _response(_mirrored(averaging))).sum()),
        square_noise=float((smooth_response * looked_at).sum()),
        spectrum=amplitudes**2,
        outside=outside,
        share=share,
    )


def _outside(
    y: FloatArray, x: FloatArray, shape: tuple[int, ...], cutoff: float
) -> NDArray[np.bool_]:
    """Tell which frequencies lie beyond the cut-off and off the lines along the axes."""
    rows, columns = shape
    off_axis = (y >= _AXIS_LINES / (2 * rows)) & (x >= _AXIS_LINES / (2 * columns))
    beyond: NDArray[np.bool_] = (np.hypot(y, x) > cutoff) & off_axis
    return beyond


def _whole_outside(shape: tuple[int, int], cutoff: float) -> NDArray[np.bool_]:
    """Tell the same on the Fourier grid of the mirrored image, twice as large."""
    y = np.abs(fft.fftfreq(2 * shape[0]))[:, None]
    x = np.abs(fft.fftfreq(2 * shape[1]))[None]
    return _outside(y, x, shape, cutoff)


def _mirrored(transfer: FloatArray) -> FloatArray:
    """Continue a transfer function from cosines to the Fourier grid of the mirrored image."""
    rows, columns = transfer.shape
    whole = np.zeros((2 * rows, 2 * columns))
    whole[:rows, :columns] = transfer
    whole[rows + 1 :, :columns] = transfer[:0:-1]
    whole[:, columns + 1 :] = whole[:, columns - 1 : 0 : -1]
    return whole


def _response(transfer: FloatArray) -> FloatArray:
    """Return what a filter makes of a single pixel."""
    response: FloatArray = fft.ifft2(transfer).real
    return response
