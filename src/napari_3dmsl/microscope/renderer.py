"""Expected photons: emitters seen through a microscope, one plane or a stack.

Work is split along what changes. The emitters' transform (`EmitterTransform`) is computed once per
geometry; a change of focus, aperture, wavelength, index or pinhole only recomputes a radial
transfer function at a few depths and one inverse FFT a plane.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_3dmsl.arrays import FloatArray, check_finite
from napari_3dmsl.memory import check_memory
from napari_3dmsl.microscope.emitter_transform import EmitterTransform
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import plane_positions
from napari_3dmsl.microscope.modality import Modality, modality_of
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.progress import Progress

_HEADROOM = 1.06
"""Transforms reach a little beyond the band in use, so that small changes of NA or λ reuse them."""

_BYTES_A_VOXEL = 30.0  # photons, and what drawing noise of any kind makes of them
_FREQUENCIES_AT_ONCE = 65_536
_OPTICS_AT_ONCE = 512  # point spread functions: depth nodes times planes


@dataclass(frozen=True)
class Photons:
    """Expected photons.

    Attributes
    ----------
    photons : (P, R, C) float32
        Per pixel, >= 0, comparable across planes.
    focus_um : (planes,) float64
        Height of each sharp plane above the object's centroid.
    stage_um : (planes,) float64
        Stage position of each plane, negative towards the objective.
    """

    photons: FloatArray
    focus_um: FloatArray
    stage_um: FloatArray

    def __post_init__(self) -> None:
        check_finite(self.photons, "photons")  # every image comes through here


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
        self._transform: EmitterTransform | None = None

    def render(self, microscope: Microscope, stage_um: float) -> FloatArray:
        """Return the expected photons of one plane, shape ``microscope.image_size``.

        Parameters
        ----------
        microscope : Microscope
            Its optics and pixels.
        stage_um : float
            Negative is towards the objective.

        Returns
        -------
        (R, C) float32
        """
        return next(self.planes(microscope, np.array([stage_um])))

    def planes(self, microscope: Microscope, stages_um: FloatArray) -> Iterator[FloatArray]:
        """Yield the expected photons of one plane after the other.

        The optics of some planes are computed in one go, which takes much less than one by one.

        Parameters
        ----------
        microscope : Microscope
            Its optics and pixels.
        stages_um : (P,) array
            Negative is towards the objective.
        """
        modality = modality_of(microscope)
        transform = self._transform_for(microscope, modality)
        at_once = max(1, _OPTICS_AT_ONCE // len(transform.depth_um))
        for start in range(0, len(stages_um), at_once):
            stages = stages_um[start : start + at_once]
            for table in _transfer_tables(transform, modality, stages):
                yield _plane(transform, table, microscope)

    def _transform_for(self, microscope: Microscope, modality: Modality) -> EmitterTransform:
        kept = self._transform
        if (
            kept is None
            or kept.image_size != microscope.image_size
            or kept.pixel_um != microscope.pixel_um
            or not modality.band_per_um <= kept.band_per_um <= 1.5 * modality.band_per_um
            or modality.axial_band_per_um > kept.axial_band_per_um
        ):
            self._transform = EmitterTransform(
                self.emitters,
                microscope.image_size,
                microscope.pixel_um,
                _HEADROOM * modality.band_per_um,
                _HEADROOM * modality.axial_band_per_um,
            )
        assert self._transform is not None
        return self._transform


def _transfer_tables(
    transform: EmitterTransform, modality: Modality, stages_um: FloatArray
) -> list[FloatArray]:
    """For each stage position the transfer function of every depth node, (frequencies, nodes)."""
    nodes = transform.depth_um
    depths, stages = np.tile(nodes, len(stages_um)), np.repeat(stages_um, len(nodes))
    radial = modality.radial_intensity(transform.frequencies.grid, depths, stages)
    tables = transform.frequencies.grid.transfer_matrix @ radial.astype(np.float32)
    return np.split(tables, len(stages_um), axis=1)


def _plane(transform: EmitterTransform, table: FloatArray, microscope: Microscope) -> FloatArray:
    field = transform.frequencies
    coefficients = np.empty((2, len(field.row)), dtype=np.complex64)
    for start in range(0, len(field.row), _FREQUENCIES_AT_ONCE):
        part = slice(start, start + _FREQUENCIES_AT_ONCE)
        transfer = (field.to_frequencies[part] @ table).T.copy()
        for sign, by_part in enumerate(transform.values[..., part]):
            coefficients.real[sign, part] = np.einsum("mk,mk->k", transfer, by_part[0])
            coefficients.imag[sign, part] = np.einsum("mk,mk->k", transfer, by_part[1])
    for sign, correction in enumerate(transform.corrections):
        coefficients[sign] *= correction
    if microscope.pixel_integration:
        coefficients *= field.pixel_blur
    return np.maximum(field.sampling.pixels(coefficients), 0.0)


def check_stack(microscope: Microscope, acquisition: Acquisition) -> None:
    """Refuse a stack, recorded with noise, that takes more memory than is allowed.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    acquisition : Acquisition
        Focus and planes.

    Raises
    ------
    ValueError
        One line with what it would take and what is allowed.
    """
    rows, columns = microscope.image_size
    pixels = acquisition.planes * rows * columns
    check_memory(
        f"planes = {acquisition.planes}: a stack of {acquisition.planes} x {rows} x {columns} "
        "pixels; take fewer planes or pixels",
        _BYTES_A_VOXEL * pixels,
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
        Its optics and pixels.
    acquisition : Acquisition
        ``depth_um`` is not used here: the emitters are imaged where they are.
    centroid_height_um : float, optional
        Height that ``focus_um`` counts from; by default the emitters' mean height.
    progress : callable, optional
        Called with (planes done, planes, what) after each plane; raise in it to cancel.

    Raises
    ------
    ValueError
        When the stack or the field takes more memory than is allowed, see `check_memory`.
    """
    check_stack(microscope, acquisition)
    renderer = emitters if isinstance(emitters, Renderer) else Renderer(emitters)
    if centroid_height_um is None:
        found = renderer.emitters
        centroid_height_um = float(np.average(found.positions_um[:, 0], weights=found.photons))
    focus, stage = plane_positions(microscope, acquisition, centroid_height_um)
    planes = np.empty((len(stage), *microscope.image_size), dtype=np.float32)
    for done, plane in enumerate(renderer.planes(microscope, stage), start=1):
        planes[done - 1] = plane
        if progress is not None:
            progress(done, len(stage), "planes")
    return Photons(planes, focus, stage)
