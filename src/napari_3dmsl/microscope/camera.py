"""Cameras: expected photons to recorded counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.instruments import Camera

PHYSSEG_OFFSET = (20, 69)
PHYSSEG_PEAK = (200, 239)


def record(photons: FloatArray, camera: Camera, rng: np.random.Generator) -> CountArray:
    """Record expected photons with a camera.

    Electrons are Poisson around ``QE (photons + background) + dark current * exposure``, clipped at
    the full well, multiplied by the gain register (a gamma law with the electrons as its shape:
    Basden et al., MNRAS 345 (2003)), then read out with Gaussian noise, digitised and clipped.

    Parameters
    ----------
    photons : (..., rows, columns) array
        Expected photons per pixel, >= 0.
    camera : Camera
    rng : numpy.random.Generator

    Returns
    -------
    (..., rows, columns) uint16
        Counts (ADU), between 0 and ``2**bit_depth - 1``.
    """
    light = camera.quantum_efficiency * (np.asarray(photons) + camera.background_photons)
    expected = np.maximum(light, 0.0) + camera.dark_e_per_s * camera.exposure_s
    electrons = np.minimum(rng.poisson(expected), camera.full_well_e).astype(np.float64)
    if camera.em_gain > 1.0:
        shining = electrons > 0
        electrons[shining] = rng.gamma(electrons[shining], camera.em_gain)
    if camera.read_noise_e > 0.0:
        electrons += rng.normal(0.0, camera.read_noise_e, electrons.shape)
    counts = np.rint(electrons / camera.e_per_adu + camera.offset_adu)
    recorded: CountArray = np.clip(counts, 0, 2**camera.bit_depth - 1).astype(np.uint16)
    return recorded


@dataclass(frozen=True)
class PhysSegNoise:
    """Grey levels drawn for one image: its dimmest and its brightest expected value."""

    offset: int
    peak: int


def physseg_noise(
    photons: FloatArray,
    rng: np.random.Generator,
    offset: tuple[int, int] = PHYSSEG_OFFSET,
    peak: tuple[int, int] = PHYSSEG_PEAK,
) -> tuple[CountArray, PhysSegNoise]:
    """Noise of the 3DMSL paper: ``Poisson(offset + (peak - offset) I / max I)``.

    Offset and peak are grey levels drawn from ranges, both ends included; by default those of
    Sekh et al., Nature Machine Intelligence 3 (2021), as used for 3DMSL. A stack shares one pair,
    so its planes stay comparable.

    Returns
    -------
    counts : uint16 array of the shape of ``photons``
    levels : PhysSegNoise
    """
    levels = PhysSegNoise(
        offset=int(rng.integers(*offset, endpoint=True)),
        peak=int(rng.integers(*peak, endpoint=True)),
    )
    brightest = float(np.max(photons))
    relative = np.asarray(photons) / brightest if brightest > 0 else np.zeros_like(photons)
    expected = levels.offset + (levels.peak - levels.offset) * np.maximum(relative, 0.0)
    return rng.poisson(expected).astype(np.uint16), levels
