"""Images whose optics and camera are known, made apart from the package's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_3dmsl.microscope.settings import Microscope

EPI = Microscope(numerical_aperture=1.4, emission_nm=600.0, pixel_nm=80.0)
CUTOFF = 2 * 1.4 / 0.6 * 0.08
"""Of `EPI`, cycles/pixel."""


def photons(peak: float, seed: int = 0, size: int = 256, background: float = 5.0) -> NDArray[float]:
    """Draw wavy lines, as the optics of `EPI` show them: no frequency beyond `CUTOFF`.

    The optical transfer function of a disc is multiplied with lines that are drawn in the Fourier
    transform's own periodic world.
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((size, size))
    along = np.linspace(0.0, 2.0 * np.pi, 400)
    for _ in range(size // 4):
        middle, length = rng.uniform(0, size, 2), rng.uniform(10, 40)
        turn, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-4, 4)
        y = middle[0] + length * np.sin(turn) * (along / np.pi - 1) + bend * np.sin(along)
        x = middle[1] + length * np.cos(turn) * (along / np.pi - 1) + bend * np.cos(along)
        bright = rng.uniform(0.3, 1.0)
        for wide in (0, 1, 2):
            np.add.at(drawn, (y.astype(int) % size, (x + wide).astype(int) % size), bright)
    radius = np.hypot(fft.fftfreq(size)[:, None], fft.fftfreq(size)[None]) / CUTOFF
    inside = np.minimum(radius, 1.0)
    transfer = 2 / np.pi * (np.arccos(inside) - inside * np.sqrt(1 - inside**2))
    seen = fft.ifft2(fft.fft2(drawn) * transfer).real.clip(0.0)
    return np.asarray(background + peak * seen / seen.max())


def recorded(
    light: NDArray[float],
    rng: np.random.Generator,
    e_per_adu: float,
    read_noise_e: float,
    offset: float = 100.0,
    row_noise_e: float = 0.0,
) -> NDArray[float]:
    """Count electrons: shot noise, read noise, row noise, gain, offset, rounding."""
    electrons = rng.poisson(light) + rng.normal(0.0, read_noise_e, light.shape)
    electrons += rng.normal(0.0, row_noise_e, (len(light), 1)) if row_noise_e else 0.0
    return np.rint(electrons / e_per_adu + offset)
