"""Cameras: expected photons to recorded counts."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.settings import Settings


class Camera(Settings):
    """Photons to counts, after the EMVA 1288 linear camera model.

    ``em_gain`` 1 means no gain register. ``background_photons`` is light, per pixel and plane, and
    so has shot noise; ``offset_adu`` is electronic and has none.
    """

    name: str = "custom"
    quantum_efficiency: float = Field(0.82, gt=0.0, le=1.0)
    exposure_s: float = Field(0.1, gt=0.0, le=3600.0)
    dark_e_per_s: float = Field(0.06, ge=0.0, le=1e6)
    em_gain: float = Field(1.0, ge=1.0, le=10000.0)
    full_well_e: float = Field(30000.0, gt=0.0, le=1e9)
    read_noise_e: float = Field(1.6, ge=0.0, le=1e4)
    e_per_adu: float = Field(0.46, gt=0.0, le=1e5)
    offset_adu: float = Field(100.0, ge=0.0, le=60000.0)
    bit_depth: int = Field(16, ge=8, le=16)
    background_photons: float = Field(5.0, ge=0.0, le=1e6)


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
