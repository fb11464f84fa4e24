"""Images of a wide field: the light of its emitters, layer by layer, through a modality.

An image is a sum over layers of emitters (`DepthLayers`), each blurred in one way:

    image^(k) = Σ_m C_m(|k|) S_m(k)

The transforms ``S_m`` are kept while memory allows, so that another focus takes one pass over them.
Otherwise a few layers at a time, and if need be one band of columns of the frequencies after the
other, are transformed, added and forgotten: the field is worked on in tiles, but of layers and of
frequencies. Tiles of its area would miss the light that comes from far away; these leave nothing
out, and give the image of the whole but for the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import fft
from threadpoolctl import threadpool_limits

from napari_3dmsl.arrays import ComplexArray, FloatArray
from napari_3dmsl.memory import check_memory
from napari_3dmsl.microscope.depth_layers import DepthLayers, layer_count
from napari_3dmsl.microscope.emitter_transform import emitters_near, outermost_um
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.modality import Modality
from napari_3dmsl.microscope.pixel_sampling import pixels_of
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.microscope.wide_emitters import (
    BYTES_AN_EMITTER,
    SORTING_BYTES,
    STRIP_ROWS,
    WideEmitters,
)
from napari_3dmsl.microscope.wide_field import TERMS, BandFrequencies, RingOptics, WideField

_BYTES_A_FREQUENCY = 130.0  # of what belongs to it whatever shines: where it lies, its corrections
_MOST_LAYERS = 4
_EFFORT = {4: 1.0, 2: 1.3, 1: 1.9}
"""Layers at once, and what spreading takes then: each emitter is worked on again for the next."""
_MOST_PLANES = 16
_UNFORESEEN = 1.08  # what the system takes beside the arrays, by measurement
_LONGER = 1.5  # reach that optics may want which use less of the band


@dataclass(frozen=True)
class WidePlan:
    """How a wide field is worked on within a limit of memory.

    Attributes
    ----------
    keep : bool
        Whether the transforms of all layers are kept for the next images.
    bands : int
        Parts of the frequencies, one after the other.
    layers : int
        That are transformed at once.
    planes : int
        That are imaged at once.
    nbytes : float
        About what it takes at most.
    """

    keep: bool
    bands: int
    layers: int
    planes: int
    nbytes: float


def plan_of(
    field: WideField, layers: int, emitters: int, limit: float, wanted: int = 1
) -> WidePlan:
    """Choose the quickest way that stays within a limit; the leanest if none does.

    Parameters
    ----------
    field : WideField
        Pixels, band and reach.
    layers : int
        See `layer_count`.
    emitters : int
        Their number.
    limit : float
        Bytes.
    wanted : int
        Planes that will be asked for.
    """
    ways = [(True, 1, _MOST_LAYERS)]
    ways += [(False, 2**power, at_once) for power in range(7) for at_once in _EFFORT]
    plans = []
    for keep, bands, at_once in ways:
        at_once = min(at_once, layers)
        fixed, of_plane = _bytes_of(field, layers, emitters, keep, bands, at_once)
        planes = int(min(max((limit - fixed) / of_plane, 1), wanted, _MOST_PLANES))
        needed = max(fixed + planes * of_plane, emitters * SORTING_BYTES)
        plans.append(WidePlan(keep, bands, at_once, planes, float(needed)))
    within = [plan for plan in plans if plan.nbytes <= limit]
    if not within:
        return min(plans, key=lambda plan: plan.nbytes)
    return min(within, key=lambda plan: _effort(plan, wanted))


def _effort(plan: WidePlan, wanted: int) -> float:
    """Time that a way takes, in that of transforming all layers once."""
    if plan.keep:
        return 0.0
    passes = -(-wanted // plan.planes)
    return passes * (0.4 + 0.6 * plan.bands * _EFFORT.get(plan.layers, 1.0))


def _bytes_of(
    field: WideField, layers: int, emitters: int, keep: bool, bands: int, at_once: int
) -> tuple[float, float]:
    """Bytes that a way of working takes, and those for each plane at a time."""
    period = float(np.prod(field.period))
    radii = 2.0 * np.pi * field.band_per_um * field.end_um
    in_band = field.frequency_count / bands
    by_row = 8.0 * at_once * field.fine_shape[0] * field.column_count / bands
    strips = 45.0 * fft.get_workers() * at_once * (STRIP_ROWS + 10) * field.fine_shape[1]
    transforms = 16.0 * in_band * (layers if keep else at_once)
    optics = 5.0 * TERMS * field.ring_count * radii
    fixed = emitters * BYTES_AN_EMITTER + optics + by_row + strips + transforms
    fixed += _BYTES_A_FREQUENCY * in_band + 8.0 * period
    return _UNFORESEEN * fixed, _UNFORESEEN * (16.0 * in_band + 4.0 * period)


class WideTransform:
    """Emitters in a wide field, and the images of them.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field: z is the height above the coverslip, (y, x) = (0, 0) the middle.
    microscope : Microscope
        Its pixels.
    modality : Modality
        Its bands; the optics of an image may use less, not more.
    reach_um : float
        Point spread functions are exact up to this radius.
    memory_limit : int
        Bytes that the work may take.
    planes : int
        That will be asked for.

    Attributes
    ----------
    plan : WidePlan
        How the limit is kept.

    Raises
    ------
    ValueError
        When it takes more memory in any way.
    """

    def __init__(
        self,
        emitters: Emitters,
        microscope: Microscope,
        modality: Modality,
        reach_um: float,
        memory_limit: int,
        planes: int = 1,
    ) -> None:
        self.image_size, self.pixel_um = microscope.image_size, microscope.pixel_um
        self.band_per_um = modality.band_per_um
        self.axial_band_per_um = modality.axial_band_per_um
        self.wanted_reach_um = reach_um
        near = emitters_near(emitters.positions_um, self.image_size, self.pixel_um)
        positions, photons = emitters.positions_um[near], emitters.photons[near]
        outermost = outermost_um(positions)
        half_field = 0.5 * self.pixel_um * np.array(self.image_size)
        everything = float(np.hypot(*(half_field + outermost)))
        self.field = WideField(
            self.image_size,
            self.pixel_um,
            self.band_per_um,
            outermost,
            min(reach_um, everything),
        )
        depths = positions[:, 0]
        low, high = (float(depths.min()), float(depths.max())) if len(depths) else (0.0, 0.0)
        count = layer_count(high - low, self.axial_band_per_um)
        self.plan = plan_of(self.field, count, len(positions), memory_limit, planes)
        check_memory(
            f"image_size = {self.image_size}: pixels of {microscope.pixel_nm:g} nm with "
            f"{len(positions):,} emitters over {high - low:.1f} µm of depth; take fewer or larger "
            "pixels, or fewer emitters",
            self.plan.nbytes,
            memory_limit,
        )
        self.layers = DepthLayers(low, high, self.axial_band_per_um)
        self._emitters = WideEmitters(positions, photons, self.field, self.layers)
        self._optics = RingOptics(self.field)
        self._kept: tuple[BandFrequencies, ComplexArray] | None = None

    def fits(self, microscope: Microscope, modality: Modality, reach_um: float) -> bool:
        """Whether images through these optics can be made of what is here.

        Parameters
        ----------
        microscope : Microscope
            Its pixels.
        modality : Modality
            Its bands.
        reach_um : float
            That its point spread functions need.
        """
        return (
            self.image_size == microscope.image_size
            and self.pixel_um == microscope.pixel_um
            and modality.band_per_um <= self.band_per_um <= 1.5 * modality.band_per_um
            and modality.axial_band_per_um <= self.axial_band_per_um
            and reach_um <= _LONGER * self.wanted_reach_um
        )

    def planes(
        self,
        modality: Modality,
        stages_um: FloatArray,
        pixel_integration: bool,
        tick: Callable[[], None],
    ) -> Iterator[FloatArray]:
        """Yield the image of one stage position after the other, (R, C) float32.

        Parameters
        ----------
        modality : Modality
            Within the bands and the reach of the field.
        stages_um : (P,) array
            Negative is towards the objective.
        pixel_integration : bool
            Whether a pixel collects the light of its area.
        tick : callable
            Called now and then; raise in it to cancel.
        """
        for start in range(0, len(stages_um), self.plan.planes):
            stages = stages_um[start : start + self.plan.planes]
            terms = self._terms(modality, stages)
            rows, columns = self.field.period
            folded = np.zeros((len(stages), rows * (columns // 2 + 1)), dtype=np.complex64)
            for band, parts in self._bands(tick):
                coefficients = np.zeros((len(stages), len(band), 2), dtype=np.complex64)
                with threadpool_limits(1, "blas"):  # many small products: threads would only wait
                    for layers, transforms in parts:
                        _add_layers(coefficients, terms[..., layers], band, transforms)
                for of_plane, onto in zip(coefficients, folded, strict=True):
                    of_plane *= band.corrections
                    if pixel_integration:
                        of_plane *= band.pixel_blur[:, None]
                    band.sampling.fold(of_plane.T, onto)
                del coefficients
            for number in range(len(stages)):
                image = pixels_of(folded[number], self.field.period, self.field.image_size)
                yield np.maximum(image, 0.0)

    def _terms(self, modality: Modality, stages_um: FloatArray) -> FloatArray:
        """Transfer functions of every layer for each stage, (rings, stages, `TERMS`, layers)."""
        depths = self.layers.sample_um
        terms = []
        for stage_um in stages_um:
            radial = modality.radial_intensity(
                self._optics.grid, depths, np.full(len(depths), stage_um)
            )
            terms.append(self._optics.terms(self.layers.of_samples(radial)))
        return np.stack(terms, axis=1)

    def _bands(
        self, tick: Callable[[], None]
    ) -> Iterator[tuple[BandFrequencies, Iterator[tuple[slice, ComplexArray]]]]:
        """Each band of frequencies with the transforms of all layers, some at a time."""
        if self.plan.keep:
            band, values = self._keep(tick)
            yield band, iter([(slice(0, len(self.layers)), values)])
            return
        columns = self.field.column_count
        edges = np.linspace(0, columns, min(self.plan.bands, columns) + 1).astype(int)
        for first, last in pairwise(edges):
            band = BandFrequencies(self.field, slice(int(first), int(last)), self._emitters.low)
            yield band, self._parts(band, tick)

    def _parts(
        self, band: BandFrequencies, tick: Callable[[], None]
    ) -> Iterator[tuple[slice, ComplexArray]]:
        some = np.empty((self.plan.layers, len(band), 2), dtype=np.complex64)
        room = self._emitters.room(band, self.plan.layers)
        for layers in self._some_layers():
            tick()
            transforms = some[: layers.stop - layers.start]
            self._emitters.transforms(band, layers, transforms, room)
            yield layers, transforms

    def _keep(self, tick: Callable[[], None]) -> tuple[BandFrequencies, ComplexArray]:
        if self._kept is None:
            columns = slice(0, self.field.column_count)
            band = BandFrequencies(self.field, columns, self._emitters.low)
            values = np.empty((len(self.layers), len(band), 2), dtype=np.complex64)
            room = self._emitters.room(band, self.plan.layers)
            for layers in self._some_layers():
                tick()
                self._emitters.transforms(band, layers, values[layers], room)
            self._kept = band, values
        return self._kept

    def _some_layers(self) -> Iterator[slice]:
        for first in range(0, len(self.layers), self.plan.layers):
            yield slice(first, min(first + self.plan.layers, len(self.layers)))


def _add_layers(
    coefficients: ComplexArray, terms: FloatArray, band: BandFrequencies, transforms: ComplexArray
) -> None:
    """Add the light of some layers to the coefficients of images, (P, K, 2), ring by ring."""
    for ring, start in enumerate(band.ring_starts[:-1]):
        stop = band.ring_starts[ring + 1]
        if start == stop:
            continue
        light = transforms[:, start:stop].reshape(len(transforms), -1).view(np.float32)
        of_terms = terms[ring].reshape(-1, len(transforms)) @ light
        by_plane = of_terms.reshape(len(coefficients), TERMS, stop - start, 4)
        place = band.in_ring[start:stop, None]
        total = by_plane[:, -1]
        for term in range(TERMS - 2, -1, -1):
            total *= place
            total += by_plane[:, term]
        coefficients[:, start:stop] += total.view(np.complex64)
