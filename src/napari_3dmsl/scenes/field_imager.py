"""A field that is dragged over an EM volume: more than is seen is rendered, and the field is cut.

Expected photons do not depend on where a field ends. Those of an area around the field are rendered
once for a focus; while the field stays in it, an image is a cut of them with new noise.

Areas begin at multiples of a number of pixels, so that each place has one: an image from there is
the same to the last bit, however the field came to its place. On the way to it an image may be cut
from the area of the place before, which is as exact, and differs in the last digits. Where no area
is ready, an image on the way is rendered for itself alone and leaves out what few would see.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft

from napari_3dmsl.compute.one_blas_thread import Unlimited, one_blas_thread, usual_blas_threads
from napari_3dmsl.microscope.one_plane import Spared
from napari_3dmsl.microscope.renderer import Photons, Renderer
from napari_3dmsl.microscope.simulation import image_of_photons, photons_of_scene
from napari_3dmsl.scenes.field import LitWindow, PosedVolume, Window
from napari_3dmsl.scenes.shapes_in_place import ShapesInPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.scenes.field import Place
    from napari_3dmsl.shapes.collection import ShapeSource

_LEAST_MORE_PX, _MORE_PX = 64, 512  # that an area is wider than the field
_LARGEST_PX = 4096  # of an image along a side
_ALL_BUT_ONE = max(1, (os.cpu_count() or 1) - 1)  # threads, while somebody waits for images
_AREAS = 2  # kept: where the field is, and where it was
_COARSE = Spared(8.0, 1.0, 3e-3, 4)
"""What an image on the way leaves out: it differs by 1 % of its peak at most, in a fifth of the
time."""


@dataclass(frozen=True, eq=False)
class FieldSample:
    """What is imaged: everything in a field of a volume, or some of its shapes.

    Attributes
    ----------
    source : ShapeSource
        A library, or shapes just extracted.
    centre_um : (z, y, x) or None
        World point in the middle of the field; None for the middle of all shapes.
    ids : tuple of int or None
        Only these shapes; None for all.
    """

    source: ShapeSource
    centre_um: Place | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class _Area:
    """A part of the plane with everything that shines into it, and its photons for one focus."""

    lit: LitWindow
    renderer: Renderer
    pixel_nm: float
    photons_of: tuple[Any, ...]
    photons: Photons
    is_exact: bool = True  # to the last bit


class FieldImager:
    """Images fields again and again and renders only what comes into sight or has changed.

    One thread may image while another one makes ready what comes next, see `prepare`.
    """

    def __init__(self) -> None:
        self._shapes: ShapesInPlace | None = None
        self._volume: PosedVolume | None = None
        self._volume_of: tuple[Any, ...] = ()
        self._areas: tuple[_Area, ...] = ()  # newest first; replaced, never changed
        self._rendering = threading.Lock()
        self._labelling = threading.Lock()

    def image(
        self,
        sample: FieldSample,
        simulation: Simulation,
        progress: Progress | None = None,
        *,
        exact: bool = True,
    ) -> SimulatedImage:
        """Image a field.

        Parameters
        ----------
        sample : FieldSample
            What is imaged.
        simulation : Simulation
            All settings of the image.
        progress : callable, optional
            Called with (done, of, what) while shapes are read and planes rendered; raise in it to
            cancel.
        exact : bool
            Cut it from the area of its place, whether or not another one holds it: the image is the
            same to the last bit, however the field came there. False is for a place on the way:
            cut from any area, or else rendered for itself, to 1 % of its peak.

        Raises
        ------
        ValueError
            One line: shapes or settings that cannot be imaged.
        """
        volume = self._volume_for(sample, simulation)
        window = volume.window(sample.centre_um, simulation.microscope)
        area = _found(self._areas, window, simulation, exact)
        if area is None and not exact:
            area = self._coarse(volume, window, simulation, progress)
        if area is None:
            with self._rendering:  # something else may just have made it ready
                area = _found(self._areas, window, simulation, exact)
                if area is None:
                    with usual_blas_threads():
                        area = self._render(volume, window, simulation, progress)
        rows, columns = area.lit.window.part(window)
        photons = replace(area.photons, photons=area.photons.photons[:, rows, columns].copy())
        scene = volume.scene(area.lit, window, simulation.microscope)
        return image_of_photons(photons, scene, simulation)

    def prepare(
        self,
        sample: FieldSample,
        simulation: Simulation,
        progress: Progress | None = None,
        *,
        rests: bool = False,
    ) -> bool:
        """Render the area of a field, when its image was cut from that of a place before.

        So what comes into sight next is ready before the field is there.

        Parameters
        ----------
        sample : FieldSample
            What has been imaged.
        simulation : Simulation
            All settings of the image.
        progress : callable, optional
            See `image`.
        rests : bool
            Whether the field stays. Otherwise nothing is rendered for one that has left all areas:
            that would take the time of the images on its way.

        Returns
        -------
        bool
            Whether there was something to do.
        """
        volume = self._volume
        if volume is None:
            return False
        window = volume.window(sample.centre_um, simulation.microscope)
        if not self._is_to_prepare(window, simulation, rests):
            return False
        with self._rendering:
            if self._volume is not volume or not self._is_to_prepare(window, simulation, rests):
                return False
            threads = -1 if rests else _ALL_BUT_ONE  # images on the way come first
            self._render(volume, window, simulation, progress, threads)
            return True

    def _is_to_prepare(self, window: Window, simulation: Simulation, rests: bool) -> bool:
        """Whether the area of a window is missing that is wanted where it rests, or on its way."""
        if rests:
            return _found(self._areas, window, simulation, exact=True) is None
        found = _found(self._areas, window, simulation, exact=False)
        return found is not None and found.lit.window != _area_of(window, simulation)

    def _volume_for(self, sample: FieldSample, simulation: Simulation) -> PosedVolume:
        """Return the volume as it is posed; another one when something about it has changed."""
        of = (
            sample.source,
            sample.ids,
            simulation.labelling,
            simulation.pose,
            simulation.acquisition.depth_um,
            simulation.seed,
            simulation.microscope.as_released,
        )
        if self._volume is None or of != self._volume_of:
            with self._rendering:
                if self._shapes is None or of[:2] != self._volume_of[:2]:
                    self._shapes = ShapesInPlace(sample.source, sample.ids)
                self._volume, self._volume_of = PosedVolume(self._shapes, simulation), of
                self._areas = ()
        return self._volume

    def _coarse(
        self,
        volume: PosedVolume,
        window: Window,
        simulation: Simulation,
        progress: Progress | None,
    ) -> _Area | None:
        """Render a window alone to what is seen of it; None for a stack and for wide fields."""
        microscope = simulation.microscope
        if simulation.acquisition.planes > 1:
            return None
        lit = self._lit(volume, window, microscope, progress)
        renderer = Renderer(lit.emitters, once=True, spared=_COARSE)
        if renderer.is_wide(microscope):
            return None
        scene = replace(volume.scene(lit, window, microscope), renderer=renderer)
        with one_blas_thread():
            photons = photons_of_scene(scene, simulation)
        return _Area(lit, renderer, microscope.pixel_nm, _photons_of(simulation), photons)

    def _lit(
        self,
        volume: PosedVolume,
        window: Window,
        microscope: Microscope,
        progress: Progress | None,
    ) -> LitWindow:
        """Return what shines into a window; one thread at a time labels shapes."""
        with self._labelling:
            return volume.lit(window, microscope, progress)

    def _render(
        self,
        volume: PosedVolume,
        window: Window,
        simulation: Simulation,
        progress: Progress | None,
        threads: int = -1,
    ) -> _Area:
        """Render the area of a window; of one that was rendered for another focus what is new."""
        unlimited = Unlimited()
        microscope = simulation.microscope
        around = _area_of(window, simulation)
        lit, renderer = self._known(around, microscope)
        if lit is None or renderer is None:
            lit = self._lit(volume, around, microscope, progress)
            renderer = Renderer(lit.emitters)
        wide = simulation.replace(microscope=microscope.replace(image_size=lit.window.size))
        scene = replace(volume.scene(lit, lit.window, wide.microscope), renderer=renderer)
        with fft.set_workers(threads):  # one image at a time may use all cores
            photons = photons_of_scene(scene, wide, progress)
        of = _photons_of(simulation)
        area = _Area(lit, renderer, microscope.pixel_nm, of, photons, bool(unlimited))
        if self._volume is volume:
            # What a renderer keeps is large: that of the newest area is enough.
            others = (
                replace(each, renderer=Renderer(each.lit.emitters))
                for each in self._areas
                if each.lit.window != lit.window
            )
            self._areas = (area, *others)[:_AREAS]
        return area

    def _known(
        self, window: Window, microscope: Microscope
    ) -> tuple[LitWindow, Renderer] | tuple[None, None]:
        """Return what shines into a window, when other photons of it have been rendered."""
        for area in self._areas:
            same = area.pixel_nm == microscope.pixel_nm and area.lit.window == window
            if same and area.is_exact:
                return area.lit, area.renderer
        return None, None


def _photons_of(simulation: Simulation) -> tuple[Any, ...]:
    """Return all that the expected photons of a place depend on, but for the volume."""
    camera = simulation.camera.exposure_s if simulation.labelling.blinks else None
    microscope = simulation.microscope.model_copy(update={"image_size": (0, 0), "name": ""})
    return microscope, simulation.acquisition, camera


def _found(
    areas: tuple[_Area, ...], window: Window, simulation: Simulation, exact: bool
) -> _Area | None:
    """Return the area of a window, or else another one that holds it unless it is to be exact."""
    of, around = _photons_of(simulation), _area_of(window, simulation)
    found = [area for area in areas if area.photons_of == of and area.lit.window.holds(window)]
    own = (area for area in found if area.lit.window == around and (area.is_exact or not exact))
    return next(own, found[0] if found and not exact else None)


def _area_of(window: Window, simulation: Simulation) -> Window:
    """Return the area that belongs to a window; a stack is rendered only where it is seen."""
    if simulation.acquisition.planes > 1:
        return window
    size = np.array(window.size)
    beside = np.clip(size, _LEAST_MORE_PX, _MORE_PX) // 2
    beside = np.clip(beside, 0, (_LARGEST_PX - size) // 2)
    step = np.maximum(beside, 1)
    first = np.floor((np.array(window.first) - beside) / step + 0.5).astype(int) * step
    row, column = first.tolist()
    rows, columns = (size + 2 * beside).tolist()
    return Window((row, column), (rows, columns))


def simulate_field(
    source: ShapeSource,
    simulation: Simulation,
    centre_um: Place | None = None,
    ids: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> SimulatedImage:
    """Image everything that lies in a field of an EM volume, as a `FieldImager` does.

    Parameters
    ----------
    source : ShapeSource
        A library, or shapes just extracted, whose meshes keep their place in the volume.
    simulation : Simulation
        All settings of the image.
    centre_um : (z, y, x), optional
        World point in the middle of the field; by default the middle of all shapes.
    ids : sequence of int, optional
        Image only these shapes, as if there were no others.
    progress : callable, optional
        Called with (shapes done, shapes, what), then with planes; raise in it to cancel.

    Raises
    ------
    ValueError
        One line: shapes or settings that cannot be imaged.
    """
    chosen = None if ids is None else tuple(ids)
    return FieldImager().image(FieldSample(source, centre_um, chosen), simulation, progress)
