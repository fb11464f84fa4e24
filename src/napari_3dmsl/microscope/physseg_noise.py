"""The noise of the 3DMSL paper, which it took from PhysSeg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_3dmsl.arrays import CountArray, FloatArray

PHYSSEG_OFFSET = (20, 69)
PHYSSEG_PEAK = (200, 239)


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

    Parameters
    ----------
    photons : array
        Expected photons, an image or a stack.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    offset, peak : (int, int)
        Lowest and highest grey level that may be drawn.

    Returns
    -------
    counts : uint16 array of the shape of ``photons``
    levels : PhysSegNoise
    """
    levels = physseg_levels(rng, offset, peak)
    return physseg_counts(photons, levels, float(np.max(photons)), rng), levels


def physseg_levels(
    rng: np.random.Generator,
    offset: tuple[int, int] = PHYSSEG_OFFSET,
    peak: tuple[int, int] = PHYSSEG_PEAK,
) -> PhysSegNoise:
    """Draw the grey levels of an image, see `physseg_noise`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    offset, peak : (int, int)
        Lowest and highest grey level that may be drawn.
    """
    return PhysSegNoise(
        offset=int(rng.integers(*offset, endpoint=True)),
        peak=int(rng.integers(*peak, endpoint=True)),
    )


def physseg_counts(
    photons: FloatArray, levels: PhysSegNoise, brightest: float, rng: np.random.Generator
) -> CountArray:
    """Draw the counts of an image, or of a plane of a stack, see `physseg_noise`.

    Parameters
    ----------
    photons : array
        Expected photons.
    levels : PhysSegNoise
        Of the whole stack.
    brightest : float
        Photons of the brightest pixel of the whole stack.
    rng : numpy.random.Generator
        Draws; planes one by one draw what a stack draws.

    Returns
    -------
    uint16 array of the shape of ``photons``
    """
    relative = np.asarray(photons) / brightest if brightest > 0 else np.zeros_like(photons)
    expected = levels.offset + (levels.peak - levels.offset) * np.maximum(relative, 0.0)
    counts: CountArray = rng.poisson(expected).astype(np.uint16)
    return counts
