"""Expected photons: emitters seen through a microscope, one plane or a stack.

Work is split along what changes. The emitters' spectra (`EmitterSpectrum`) are computed once per
geometry; a change of focus, aperture, wavelength, index or pinhole only recomputes a radial
transfer function at a few depths and one inverse FFT a plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.optimize import brentq

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.instruments import Acquisition, Microscope
from napari_3dmsl.microscope.psf import Modality, best_focus_stage_um, modality_of
from napari_3dmsl.microscope.spectrum import EmitterSpectrum

Progress = Callable[[int, int, str], None]

_HEADROOM = 1.06
"""Spectra reach a little beyond the band in use, so that small changes of NA or λ reuse them."""


@dataclass(frozen=True)
class Photons:
    """Expected photons.

    Attributes
    ----------
    photons : (planes, rows, columns) float32
        Per pixel, >= 0, comparable across planes.
    focus_um : (planes,) float64
        Height of each sharp plane above the object's centroid.
    stage_um : (planes,) float64
        Stage position of each plane, negative towards the objective.
    """

    photons: FloatArray
    focus_um: FloatArray
    stage_um: FloatArray


class Renderer:
    """Renders one set of emitters and keeps what later images of it can reuse.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field: z is the height above the coverslip (>= 0), (y, x) = (0, 0) the
        middle of the image.

    Raises
    ------
    ValueError
        When an emitter lies below the coverslip.
    """

    def __init__(self, emitters: Emitters) -> None:
        lowest = float(emitters.positions_um[:, 0].min())
        if lowest < 0.0:
            raise ValueError(
                f"z_um = {lowest:g}: an emitter lies below the coverslip; heights must be >= 0"
            )
        self.emitters = emitters
        self._spectrum: EmitterSpectrum | None = None

    def render(self, microscope: Microscope, stage_um: float) -> FloatArray:
        """Return the expected photons of one plane, shape ``microscope.image_size``."""
        modality = modality_of(microscope)
        spectrum = self._spectrum_for(microscope, modality)
        return _plane(spectrum, modality, microscope, stage_um)

    def _spectrum_for(self, microscope: Microscope, modality: Modality) -> EmitterSpectrum:
        kept = self._spectrum
        if (
            kept is None
            or kept.image_size != microscope.image_size
            or kept.pixel_um != microscope.pixel_um
            or not modality.band_per_um <= kept.band_per_um <= 1.5 * modality.band_per_um
            or modality.axial_band_per_um > kept.axial_band_per_um
        ):
            self._spectrum = EmitterSpectrum(
                self.emitters,
                microscope.image_size,
                microscope.pixel_um,
                _HEADROOM * modality.band_per_um,
                _HEADROOM * modality.axial_band_per_um,
            )
        assert self._spectrum is not None
        return self._spectrum


def _plane(
    spectrum: EmitterSpectrum, modality: Modality, microscope: Microscope, stage_um: float
) -> FloatArray:
    radial = modality.radial_intensity(spectrum.grid, spectrum.depth_um, stage_um)
    transfer = spectrum.to_modes @ (spectrum.grid.transfer_matrix @ radial.astype(np.float32))
    modes = np.einsum("km,km->k", transfer, spectrum.spectra)
    if microscope.pixel_integration:
        frequency_row, frequency_column = spectrum.frequency_per_um
        pixel = microscope.pixel_um
        modes = modes * (np.sinc(frequency_row * pixel) * np.sinc(frequency_column * pixel))
    return _sample(spectrum, modes)


def _sample(spectrum: EmitterSpectrum, modes: ComplexArray) -> FloatArray:
    """Pixel values from the spectrum of a continuous image.

    The grid is made fine enough for the band and every n-th point kept, so a pixel too coarse for
    the band aliases as it does on a real detector.
    """
    y, x = spectrum.axes
    fineness = max(1, int(np.ceil(2.0 * spectrum.band_per_um * spectrum.pixel_um + 1e-9)))
    shape = y.padded * fineness, x.padded * fineness
    plane = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex64)
    plane[spectrum.row, spectrum.column] = modes
    dense = fft.irfft2(plane, s=shape, workers=-1, overwrite_x=True)
    rows, columns = spectrum.image_size
    pixels = dense[: rows * fineness : fineness, : columns * fineness : fineness]
    photons: FloatArray = np.maximum(pixels * np.float32(fineness**2), 0.0)
    return photons


def plane_positions(
    microscope: Microscope, acquisition: Acquisition, centroid_height_um: float
) -> tuple[FloatArray, FloatArray]:
    """Focus (µm above the centroid) and stage position (µm) of every plane.

    A stack is centred on the acquisition's plane and equally spaced along its ``z_axis``.
    """
    offsets = (np.arange(acquisition.planes) - 0.5 * (acquisition.planes - 1)) * (
        acquisition.step_nm / 1000.0
    )

    def stage_of(focus: float) -> float:
        return best_focus_stage_um(microscope, centroid_height_um + focus)

    def focus_of(stage: float) -> float:
        return focus_height_um(microscope, stage) - centroid_height_um

    if acquisition.z_axis == "focus":
        focus = acquisition.focus_um + offsets
        if acquisition.stage_um is not None:
            focus = focus_of(acquisition.stage_um) + offsets
            if acquisition.planes == 1:
                return focus, np.array([acquisition.stage_um])
        return focus, np.array([stage_of(f) for f in focus])
    middle = acquisition.stage_um
    if middle is None:
        middle = stage_of(acquisition.focus_um)
    stage = middle - offsets  # towards the objective is deeper into the specimen
    return np.array([focus_of(s) for s in stage]), stage


def focus_height_um(microscope: Microscope, stage_um: float) -> float:
    """Height above the coverslip that is sharp at a stage position (inverts the best focus)."""
    ratio = microscope.specimen_index / microscope.immersion_index
    at_coverslip = best_focus_stage_um(microscope, 0.0)
    guess = (at_coverslip - stage_um) * ratio
    reach = 1.0 + abs(guess)
    return float(
        brentq(
            lambda height: best_focus_stage_um(microscope, float(height)) - stage_um,
            guess - reach,
            guess + reach,
            xtol=1e-3,
        )
    )


def expected_photons(
    emitters: Emitters | Renderer,
    microscope: Microscope,
    acquisition: Acquisition,
    centroid_height_um: float | None = None,
    progress: Progress | None = None,
) -> Photons:
    """Image emitters that are placed in the field.

    Parameters
    ----------
    emitters : Emitters or Renderer
        In the frame of the field, see `Renderer`; a renderer reuses its earlier work.
    microscope : Microscope
    acquisition : Acquisition
        ``depth_um`` is not used here: the emitters are imaged where they are.
    centroid_height_um : float, optional
        Height that ``focus_um`` counts from; by default the emitters' mean height.
    progress : callable, optional
        Called with (planes done, planes, what) after each plane; raise in it to cancel.
    """
    renderer = emitters if isinstance(emitters, Renderer) else Renderer(emitters)
    if centroid_height_um is None:
        found = renderer.emitters
        centroid_height_um = float(np.average(found.positions_um[:, 0], weights=found.photons))
    focus, stage = plane_positions(microscope, acquisition, centroid_height_um)
    planes = np.stack(list(_planes(renderer, microscope, stage, progress)))
    return Photons(planes, focus, stage)


def _planes(
    renderer: Renderer,
    microscope: Microscope,
    stages_um: FloatArray,
    progress: Progress | None,
) -> Iterable[FloatArray]:
    for done, stage in enumerate(stages_um, start=1):
        yield renderer.render(microscope, float(stage))
        if progress is not None:
            progress(done, len(stages_um), "planes")
