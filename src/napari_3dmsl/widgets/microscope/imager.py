"""The work behind a live image, for a thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from napari_3dmsl.compute.one_blas_thread import one_blas_thread, usual_blas_threads
from napari_3dmsl.datasets.render.cell_imager import CellImager, CellSample
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, Simulator
from napari_3dmsl.progress import Progress
from napari_3dmsl.scenes.field_imager import FieldImager, FieldSample
from napari_3dmsl.widgets.common.latest_wins import Outdated

_TELL_EVERY_S = 0.2
_SOON_S = 0.5
"""So long a quick one is worked on when it is outdated: else a drag would show nothing at all."""

Imaged = Surface | FieldSample | CellSample
"""What can be imaged: one surface in the middle, shapes of a volume at their places, a cell."""


@dataclass(frozen=True)
class Request:
    """What to image: all that the working thread needs, frozen.

    Attributes
    ----------
    sample : Surface, FieldSample or CellSample
    simulation : Simulation
    quick : bool
        Whether it is one of many while a knob is turned. Its last bits may differ from those that
        a script makes, so the image that stays is made without.
    """

    sample: Imaged
    simulation: Simulation
    quick: bool = False


class Imager:
    """Work for `LatestWins` that keeps what consecutive images share.

    Parameters
    ----------
    tell
        Called from the thread with (done, of, what) while shapes are read and planes are made.
    """

    def __init__(self, tell: Progress | None = None) -> None:
        self._tell = tell
        self._simulator = Simulator()
        self._fields = FieldImager()
        self._cells = CellImager()

    def __call__(self, request: Request, is_outdated: Callable[[], bool]) -> SimulatedImage:
        """Image what is asked for.

        What takes long to tell of many emitters is counted here, not when it is shown.

        Parameters
        ----------
        request
            What, and how.
        is_outdated
            Whether nobody waits for the image any more.
        """
        image = self._image(request, is_outdated)
        _ = image.emitters_in_field
        return image

    def _image(self, request: Request, is_outdated: Callable[[], bool]) -> SimulatedImage:
        if isinstance(request.sample, FieldSample):
            progress = self._while_shapes_are_read(is_outdated)
            exact = not request.quick
            return self._fields.image(request.sample, request.simulation, progress, exact=exact)

        began = time.perf_counter()

        def stop_if_outdated(done: int, total: int, what: str) -> None:
            soon = request.quick and time.perf_counter() - began < _SOON_S
            if done < total and not soon and is_outdated():
                raise Outdated
            if self._tell is not None:
                self._tell(done, total, what)

        if isinstance(request.sample, CellSample):
            return self._cells.image(request.sample, request.simulation, stop_if_outdated)
        beside_the_window = request.quick and request.simulation.acquisition.planes == 1
        with one_blas_thread() if beside_the_window else usual_blas_threads():
            return self._simulator.image(request.sample, request.simulation, stop_if_outdated)

    def prepare(self, request: Request, is_outdated: Callable[[], bool]) -> bool:
        """Render what a drag of the field brings into sight next, or the area where it rests.

        For another thread. Tells whether there was something to do: an image made now is the one
        of its place.

        Parameters
        ----------
        request
            What has been imaged; not ``quick`` when the field rests there.
        is_outdated
            Whether another one has been imaged since.
        """
        if not isinstance(request.sample, FieldSample):
            return False
        rests = not request.quick
        return self._fields.prepare(request.sample, request.simulation, rests=rests)

    def _while_shapes_are_read(self, is_outdated: Callable[[], bool]) -> Progress:
        """Return progress that stops the reading alone: what is rendered serves other places."""
        told_at = time.perf_counter()

        def progress(done: int, total: int, what: str) -> None:
            nonlocal told_at
            if what == "shapes" and is_outdated() and done < total:
                raise Outdated
            now = time.perf_counter()
            often = what == "shapes" and now - told_at < _TELL_EVERY_S  # thousands a second
            if self._tell is not None and not often:
                self._tell(done, total, what)
                told_at = now

        return progress
