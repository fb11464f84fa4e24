"""Expected photons: emitters seen through a microscope, one plane or a stack.

Work is split along what changes. The emitters' transform (`EmitterTransform`) is computed once per
geometry; a change of focus, aperture, wavelength, index or pinhole only recomputes a radial
transfer function at a few depths and one inverse FFT a plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from napari_3dmsl.arrays import FloatArray, check_finite
from napari_3dmsl.memory import allowed_bytes, check_memory
from napari_3dmsl.microscope.emitter_transform import (
    WIDE_BYTES,
    EmitterTransform,
    emitters_near,
    transform_bytes,
)
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um, plane_positions
from napari_3dmsl.microscope.modality import Modality, modality_of
from napari_3dmsl.microscope.one_plane import Spared, image_once
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.wide_transform import WidePlan, WideTransform
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
    memory_limit : int, optional
        Bytes that images may take; by default `allowed_bytes`. The image is the same.
    once : bool
        Nothing will be imaged again: a single plane is computed in half the time, and nothing is
        kept. The image is the same to 1e-6 of its peak.
    spared : Spared, optional
        What images leave out; by default nothing that could be seen.

    Raises
    ------
    ValueError
        When an emitter lies below the coverslip.
    """

    def __init__(
        self,
        emitters: Emitters,
        memory_limit: int | None = None,
        *,
        once: bool = False,
        spared: Spared | None = None,
    ) -> None:
        lowest = float(emitters.positions_um[:, 0].min())
        if lowest < 0.0:
            raise ValueError(
                f"z_um = {lowest:g}: an emitter lies below the coverslip; heights must be >= 0"
            )
        self.emitters = emitters
        self.memory_limit = memory_limit
        self.once = once
        self._spared = spared or Spared()
        self._transform: EmitterTransform | None = None
        self._wide: WideTransform | None = None
        self._known_bytes: dict[tuple[object, ...], float] = {}

    @property
    def plan(self) -> WidePlan | None:
        """How the last image was kept within the limit of memory, when its field was wide."""
        return None if self._wide is None else self._wide.plan

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

    def planes(
        self,
        microscope: Microscope,
        stages_um: FloatArray,
        tick: Callable[[], None] | None = None,
    ) -> Iterator[FloatArray]:
        """Yield the expected photons of one plane after the other.

        The optics of some planes are computed in one go, which takes much less than one by one.

        Parameters
        ----------
        microscope : Microscope
            Its optics and pixels.
        stages_um : (P,) array
            Negative is towards the objective.
        tick : callable, optional
            Called now and then in long work; raise in it to cancel.

        Raises
        ------
        ValueError
            When the field takes more memory than is allowed.
        """
        modality = modality_of(microscope)
        limit = allowed_bytes() if self.memory_limit is None else self.memory_limit
        needed = self._bytes_for(microscope, modality)
        if needed > WIDE_BYTES:
            wide = self._wide_for(microscope, modality, stages_um, limit)
            integrated = microscope.pixel_integration
            yield from wide.planes(modality, stages_um, integrated, tick or (lambda: None))
            return
        if self.once and len(stages_um) == 1:
            self._check(microscope, needed, limit)
            stage_um = float(stages_um[0])
            yield image_once(self.emitters, microscope, modality, stage_um, self._spared)
            return
        transform = self._transform_for(microscope, modality, needed, limit)
        at_once = max(1, _OPTICS_AT_ONCE // len(transform.depth_um))
        for start in range(0, len(stages_um), at_once):
            stages = stages_um[start : start + at_once]
            for table in _transfer_tables(transform, modality, stages):
                yield _plane(transform, table, microscope)

    def is_wide(self, microscope: Microscope) -> bool:
        """Whether an image takes so much memory that it is made as a wide field, in layers.

        Parameters
        ----------
        microscope : Microscope
            Its optics and pixels.
        """
        return self._bytes_for(microscope, modality_of(microscope)) > WIDE_BYTES

    def _bytes_for(self, microscope: Microscope, modality: Modality) -> float:
        """About what an image by an `EmitterTransform` takes."""
        size, pixel_um = microscope.image_size, microscope.pixel_um
        bands = _HEADROOM * modality.band_per_um, _HEADROOM * modality.axial_band_per_um
        asked = size, pixel_um, bands
        if asked not in self._known_bytes:
            near = emitters_near(self.emitters.positions_um, size, pixel_um)
            positions = self.emitters.positions_um
            positions = positions if near.all() else positions[near]
            self._known_bytes = {asked: transform_bytes(positions, size, pixel_um, *bands)}
        return self._known_bytes[asked]

    def _wide_for(
        self, microscope: Microscope, modality: Modality, stages_um: FloatArray, limit: int
    ) -> WideTransform:
        """Return the wide field, remade when it does not fit any more."""
        heights = self.emitters.positions_um[:, 0]
        ends = np.array([heights.min(), heights.max()])
        ratio = microscope.specimen_index / microscope.immersion_index
        focal = (best_focus_stage_um(microscope, 0.0) - stages_um) * ratio
        away = float(np.abs(focal[:, None] - ends).max())
        defocus = max(away, float(np.ptp(ends)))  # so that the focus may go through the emitters
        reach_um = modality.reach_um(np.ceil(defocus))
        if self._wide is None or not self._wide.fits(microscope, modality, reach_um):
            self._wide = None  # before the next is made
            self._wide = WideTransform(
                self.emitters, microscope, modality, reach_um, limit, len(stages_um)
            )
        return self._wide

    def _transform_for(
        self, microscope: Microscope, modality: Modality, needed: float, limit: int
    ) -> EmitterTransform:
        kept, band_per_um = self._transform, self._spared.band_share * modality.band_per_um
        if (
            kept is None
            or kept.image_size != microscope.image_size
            or kept.pixel_um != microscope.pixel_um
            or not band_per_um <= kept.band_per_um <= 1.5 * band_per_um
            or modality.axial_band_per_um > kept.axial_band_per_um
        ):
            self._check(microscope, needed, limit)
            self._transform = EmitterTransform(
                self.emitters,
                microscope.image_size,
                microscope.pixel_um,
                _HEADROOM * band_per_um,
                _HEADROOM * modality.axial_band_per_um,
                self._spared.beyond_um,
            )
        assert self._transform is not None
        return self._transform

    def _check(self, microscope: Microscope, needed: float, limit: int) -> None:
        check_memory(
            f"image_size = {microscope.image_size}: pixels of {microscope.pixel_nm:g} nm with "
            f"{len(self.emitters):,} emitters",
            needed,
            limit,
        )


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


class Counted:
    """Progress of planes, told after each and in between.

    Parameters
    ----------
    progress : callable or None
        As of all long work.
    planes : int
        In all.
    """

    def __init__(self, progress: Progress | None, planes: int) -> None:
        self._progress, self._planes, self._done = progress, planes, 0

    def tick(self) -> None:
        """Tell how many are done."""
        if self._progress is not None:
            self._progress(self._done, self._planes, "planes")

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        self.tick()


def check_stack(
    microscope: Microscope, acquisition: Acquisition, memory_limit: int | None = None
) -> None:
    """Refuse a stack, recorded with noise, that takes more memory than is allowed.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    acquisition : Acquisition
        Focus and planes.
    memory_limit : int, optional
        Bytes that it may take; by default `allowed_bytes`.

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
        memory_limit,
    )


def expected_photons(
    emitters: Emitters | Renderer,
    microscope: Microscope,
    acquisition: Acquisition,
    centroid_height_um: float | None = None,
    progress: Progress | None = None,
    memory_limit: int | None = None,
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
        Called with (planes done, planes, what) after each plane, and between the layers of a wide
        field; raise in it to cancel.
    memory_limit : int, optional
        Bytes that the stack, and the work on a plane, may take each; by default `allowed_bytes`. A
        renderer that is given has its own.

    Raises
    ------
    ValueError
        When the stack or the field takes more memory than is allowed, see `check_memory`.
    """
    renderer = emitters if isinstance(emitters, Renderer) else Renderer(emitters, memory_limit)
    check_stack(microscope, acquisition, renderer.memory_limit)
    if centroid_height_um is None:
        found = renderer.emitters
        centroid_height_um = float(np.average(found.positions_um[:, 0], weights=found.photons))
    focus, stage = plane_positions(microscope, acquisition, centroid_height_um)
    counted = Counted(progress, len(stage))
    planes = renderer.planes(microscope, stage, counted.tick)
    return collected(planes, microscope, (focus, stage), counted)


def collected(
    planes: Iterator[FloatArray],
    microscope: Microscope,
    positions: tuple[FloatArray, FloatArray],
    counted: Counted,
) -> Photons:
    """Put the planes of a stack together.

    Parameters
    ----------
    planes : iterator of (R, C) arrays
        Expected photons.
    microscope : Microscope
        Its pixels.
    positions : ((P,), (P,)) arrays
        Focus and stage of each plane, see `Photons`.
    counted : Counted
        Is told of each.
    """
    stack = np.empty((len(positions[0]), *microscope.image_size), dtype=np.float32)
    for number, plane in enumerate(planes):
        stack[number] = plane
        counted.step()
    return Photons(stack, *positions)
