"""Cameras: expected photons to recorded counts, and the signal-to-noise ratio that comes of it."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.fixed_pattern import (
    column_offsets_e,
    gain_map,
    hot_pixels,
    offset_map_e,
)
from napari_3dmsl.settings import Settings, Show

_TYPICAL = "Default: a typical sCMOS; the detector's preset sets it."
_OFF = "Default: none."


class Camera(Settings):
    """Photons to counts, after the EMVA 1288 linear camera model.

    The background is light, and so has shot noise; the offset is electronic and has none.
    """

    name: Annotated[
        str,
        Field(description="What the camera is called."),
        Show("Name", source="Default: custom, until a file or preset names it."),
    ] = "custom"
    quantum_efficiency: Annotated[
        float,
        Field(ge=1e-3, le=1.0, description="Electrons that one photon makes on average."),
        Show("Quantum eff.", "e⁻/photon", 2, 0.01, slider=(0.01, 1.0), source=_TYPICAL),
    ] = 0.82
    exposure_s: Annotated[
        float,
        Field(gt=0.0, le=3600.0, description="Time for which one plane is exposed."),
        Show("Exposure", "s", 3, 0.01, source=_TYPICAL),
    ] = 0.1
    dark_e_per_s: Annotated[
        float,
        Field(ge=0.0, le=1e6, description="Dark current of a pixel."),
        Show("Dark current", "e⁻/s", 3, 0.01, source=_TYPICAL),
    ] = 0.06
    clock_induced_e: Annotated[
        float,
        Field(
            ge=0.0,
            le=1000.0,
            description="Electrons that the read-out makes, on average per pixel and plane, before "
            "the gain register.",
        ),
        Show("Clock-induced", "e⁻", 4, 0.001, source="None, but in the EMCCD preset."),
    ] = 0.0
    em_gain: Annotated[
        float,
        Field(ge=1.0, le=10000.0, description="Electron multiplication; 1 is no gain register."),
        Show("EM gain", "×", slider=(1.0, 1000.0), lowest="none", source=_TYPICAL),
    ] = 1.0
    full_well_e: Annotated[
        float,
        Field(gt=0.0, le=1e9, description="Electrons that a pixel holds before it is full."),
        Show("Full well", "e⁻", step=1000.0, source=_TYPICAL),
    ] = 30000.0
    read_noise_e: Annotated[
        float,
        Field(ge=0.0, le=1e4, description="Gaussian noise of the read-out, per pixel."),
        Show("Read noise", "e⁻", 1, 0.1, slider=(0.0, 50.0), source=_TYPICAL),
    ] = 1.6
    e_per_adu: Annotated[
        float,
        Field(gt=0.0, le=1e5, description="Electrons for one count."),
        Show("Conversion", "e⁻/ADU", 2, 0.01, source=_TYPICAL),
    ] = 0.46
    offset_adu: Annotated[
        float,
        Field(ge=0.0, le=60000.0, description="Counts added by the electronics."),
        Show("Offset", "ADU", slider=(0.0, 1000.0), source=_TYPICAL),
    ] = 100.0
    bit_depth: Annotated[
        int,
        Field(ge=8, le=16, description="Bits of a count: 16 is 0 to 65,535."),
        Show("Bit depth", "bit", source=_TYPICAL),
    ] = 16
    background_photons: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e6,
            description="Light that is not from the object, per pixel and plane.",
        ),
        Show("Background", "photons", 1, slider=(0.0, 1000.0), source=_TYPICAL),
    ] = 5.0
    row_noise_e: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e4,
            description="Gaussian noise that all pixels of a row share, another in each plane: "
            "stripes in dark images.",
        ),
        Show(
            "Row noise",
            "e⁻",
            2,
            0.1,
            slider=(0.0, 10.0),
            source=f"{_OFF} Measured in the dark of real images: 0.4 times the read noise.",
        ),
    ] = 0.0
    gain_spread: Annotated[
        float,
        Field(
            ge=0.0,
            le=0.5,
            description="How differently pixels answer to light: relative deviation (PRNU of EMVA "
            "1288), the same in every image.",
        ),
        Show("Gain spread", "", 4, 0.001, source=f"{_OFF} Typical of an sCMOS: below 0.01."),
    ] = 0.0
    offset_spread_e: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e4,
            description="How different the offsets of pixels are: deviation (DSNU of EMVA 1288), "
            "the same in every image.",
        ),
        Show("Offset spread", "e⁻", 2, 0.1, source=f"{_OFF} Typical of an sCMOS: below 1 e⁻."),
    ] = 0.0
    column_spread_e: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e4,
            description="How different the offsets of columns are, each of which has an amplifier "
            "of its own: deviation, the same in every image.",
        ),
        Show(
            "Column spread",
            "e⁻",
            2,
            0.1,
            source=f"{_OFF} Seen in real sCMOS images: about 0.1 e⁻.",
        ),
    ] = 0.0
    hot_share: Annotated[
        float,
        Field(ge=0.0, le=0.1, description="Share of the pixels that are hot, always the same."),
        Show("Hot pixels", "", 5, 0.0001, source=f"{_OFF} Typical of a cooled sCMOS: below 0.001."),
    ] = 0.0
    hot_e_per_s: Annotated[
        float,
        Field(ge=0.0, le=1e6, description="Dark current of a hot pixel, beside that of all."),
        Show("Hot current", "e⁻/s", 1, 10.0, source="Default: 500 e⁻/s, our choice."),
    ] = 500.0
    vignetting: Annotated[
        float,
        Field(
            ge=0.0,
            le=0.95,
            description="Part of the light, background included, that is missing in the corners of "
            "the image; it falls off by the cos⁴ law.",
        ),
        Show("Vignetting", "", 2, 0.05, slider=(0.0, 0.9), source=_OFF),
    ] = 0.0
    pattern_seed: Annotated[
        int,
        Field(
            ge=0,
            le=2**63 - 1,
            description="Which chip: fixes gain and offset of each pixel and which are hot, in all "
            "images.",
        ),
        Show("Chip", source="Default: 0."),
    ] = 0

    def irrelevant(self) -> dict[str, str]:
        """Return what tells of a fixed pattern where there is none."""
        found = {}
        if not self.hot_share:
            found["hot_e_per_s"] = "no pixel is hot"
        spreads = (self.gain_spread, self.offset_spread_e, self.column_spread_e)
        if not (self.hot_share or any(spreads)):
            found["pattern_seed"] = "all pixels are alike"
        return found

    @property
    def spurious_e(self) -> float:
        """Mean electrons per pixel and plane that no light made."""
        return self.dark_e_per_s * self.exposure_s + self.clock_induced_e

    @property
    def excess_noise_squared(self) -> float:
        """Factor on the shot noise variance: 2 with a gain register (a gamma law), else 1."""
        return 2.0 if self.em_gain > 1.0 else 1.0

    @property
    def largest_e(self) -> float:
        """Electrons in a pixel beyond which the well or the digitiser clips (mean gain)."""
        levels = float(2**self.bit_depth - 1) - self.offset_adu
        return min(self.full_well_e, max(levels * self.e_per_adu / self.em_gain, 0.0))


def saturated_share(photons: FloatArray, camera: Camera) -> float:
    """Share of pixels whose expected electrons are more than the camera can record, 0 to 1.

    Parameters
    ----------
    photons : (..., R, C) array
        Expected photons per pixel.
    camera : Camera
        Which records.
    """
    return saturated_pixels(photons, camera) / np.size(photons)


def saturated_pixels(photons: FloatArray, camera: Camera) -> int:
    """Count the pixels whose expected electrons are more than the camera can record.

    Parameters
    ----------
    photons : (..., R, C) array
        Expected photons per pixel.
    camera : Camera
        Which records.
    """
    light = camera.quantum_efficiency * (np.asarray(photons) + camera.background_photons)
    if camera.vignetting > 0.0:
        light = light * light_left(camera.vignetting, light.shape[-2:])
    return int(np.count_nonzero(light + _spurious(camera, light.shape[-2:]) > camera.largest_e))


def light_left(vignetting: float, shape: tuple[int, ...]) -> FloatArray:
    """Return the part of the light that reaches each pixel: 1 in the middle of the image.

    By the cos⁴ law of natural vignetting, ``1 / (1 + a r²)²``, with r from the middle and ``a``
    such that the outer corners lack the part asked for.

    Parameters
    ----------
    vignetting : float
        Part that is missing in the corners, 0 to below 1.
    shape : (R, C)
        Of the image.

    Returns
    -------
    (R, C) float64
    """
    rows, columns = shape
    y = (2.0 * np.arange(rows) + 1.0 - rows)[:, None]
    x = 2.0 * np.arange(columns) + 1.0 - columns
    squared = (y**2 + x**2) / (rows**2 + columns**2)  # 1 in the outer corners
    left: FloatArray = (1.0 + (1.0 / np.sqrt(1.0 - vignetting) - 1.0) * squared) ** -2
    return left


def _spurious(camera: Camera, shape: tuple[int, ...]) -> float | FloatArray:
    """Mean electrons that no light made, of all pixels or of each."""
    if not camera.hot_share:
        return camera.spurious_e
    rows, columns = shape
    hot = hot_pixels(camera, (rows, columns))
    return camera.spurious_e + hot * (camera.hot_e_per_s * camera.exposure_s)


def record(photons: FloatArray, camera: Camera, rng: np.random.Generator) -> CountArray:
    """Record expected photons with a camera.

    Electrons are Poisson around ``QE (photons + background) + dark current * exposure + clock
    induced``, clipped at the full well, multiplied by the gain register (a gamma law with the
    electrons as its shape: Basden et al., MNRAS 345 (2003)), then read out with Gaussian noise,
    digitised and clipped. Vignetting takes from the light; hot pixels have more dark current; the
    gain of each pixel multiplies what it has collected, and its offset and that of its row are
    added as electrons.

    Parameters
    ----------
    photons : (..., R, C) array
        Expected photons per pixel, >= 0.
    camera : Camera
        Which records.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    (..., R, C) uint16
        Counts (ADU), between 0 and ``2**bit_depth - 1``.
    """
    stack = np.asarray(photons)
    recorded = np.empty(stack.shape, dtype=np.uint16)
    plane = stack.shape[-2:]
    for light, counts in zip(stack.reshape(-1, *plane), recorded.reshape(-1, *plane), strict=True):
        counts[:] = _record_plane(light, camera, rng)
    return recorded


def _record_plane(light: FloatArray, camera: Camera, rng: np.random.Generator) -> FloatArray:
    """Record one plane, as whole numbers: planes one by one draw what a stack draws."""
    shining = camera.quantum_efficiency * (light + camera.background_photons)
    if camera.vignetting > 0.0:
        shining = shining * light_left(camera.vignetting, shining.shape)
    expected = np.maximum(shining, 0.0) + _spurious(camera, shining.shape)
    electrons = np.minimum(rng.poisson(expected), camera.full_well_e)
    if camera.em_gain > 1.0:
        lit = electrons > 0
        electrons[lit] = rng.gamma(electrons[lit], camera.em_gain)
    if camera.gain_spread > 0.0:
        electrons *= gain_map(camera, electrons.shape)
    if camera.read_noise_e > 0.0:
        electrons += rng.normal(0.0, camera.read_noise_e, electrons.shape)
    if camera.row_noise_e > 0.0:
        electrons += rng.normal(0.0, camera.row_noise_e, (len(electrons), 1))
    if camera.offset_spread_e > 0.0:
        electrons += offset_map_e(camera, electrons.shape)
    if camera.column_spread_e > 0.0:
        electrons += column_offsets_e(camera, electrons.shape[1])
    digitised = np.rint(electrons / camera.e_per_adu + camera.offset_adu)
    counts: FloatArray = np.clip(digitised, 0, 2**camera.bit_depth - 1)
    return counts


def peak_snr(photons: FloatArray, camera: Camera) -> float:
    """Signal-to-noise ratio of the brightest pixel, by the CCD equation.

    ``S / sqrt(F² (S + B) + (σ / G)²)`` with the signal ``S = QE · photons``, the electrons ``B`` of
    background, dark current and clock-induced charge, the excess noise factor F (F² = 2 with a gain
    register), the read noise σ and the gain G (Mortara and Fowler, SPIE 290 (1981); with gain:
    Robbins and Hadwen, IEEE Trans. Electron Devices 50 (2003)). Row noise counts as read noise.
    Rounding to counts, vignetting and the fixed pattern are left out.

    Parameters
    ----------
    photons : array
        Expected photons per pixel, without background, >= 0.
    camera : Camera
        Which records.

    Returns
    -------
    float
        0 for a black image.
    """
    signal = camera.quantum_efficiency * float(np.max(photons))
    other, read = _noise_without_signal(camera)
    variance = camera.excess_noise_squared * (signal + other) + read
    return signal / float(np.sqrt(variance)) if signal > 0.0 else 0.0


def photons_for_snr(snr: float, camera: Camera) -> float:
    """Photons in a pixel that give it a signal-to-noise ratio (inverts `peak_snr`).

    Parameters
    ----------
    snr : float
        Above 0.
    camera : Camera
        Which records.

    Raises
    ------
    ValueError
        When ``snr`` is not above 0 and finite, or the pixel would be saturated before.
    """
    if not (np.isfinite(snr) and snr > 0.0):
        raise ValueError(f"snr = {snr:g}: must be a number above 0")
    excess = camera.excess_noise_squared
    other, read = _noise_without_signal(camera)
    linear, constant = snr**2 * excess, snr**2 * (excess * other + read)
    signal = 0.5 * (linear + float(np.sqrt(linear**2 + 4.0 * constant)))
    if signal + other > camera.largest_e:
        brightest = np.array(max(camera.largest_e - other, 0.0) / camera.quantum_efficiency)
        raise ValueError(
            f"snr = {snr:g}: needs {signal + other:,.0f} electrons in the brightest pixel, but the "
            f"camera '{camera.name}' saturates at {camera.largest_e:,.0f}; at most "
            f"{peak_snr(brightest, camera):.3g} is possible"
        )
    return signal / camera.quantum_efficiency


def _noise_without_signal(camera: Camera) -> tuple[float, float]:
    """Electrons of other sources, and variance of the read noise before the gain."""
    other = camera.quantum_efficiency * camera.background_photons + camera.spurious_e
    read = (camera.read_noise_e / camera.em_gain) ** 2
    return other, read + (camera.row_noise_e / camera.em_gain) ** 2
