"""Images and stacks follow the knobs: quick while they turn, exact at rest."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.layers.live_pixels import settle
from napari_3dmsl.microscope.sharp_plane import has_sharp_plane, of_sharp_plane, sharp_plane
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.scenes.field_imager import FieldSample
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.microscope.image_layers import (
    IMAGE,
    STACK,
    find_image,
    follow_stack,
    put_image,
)
from napari_3dmsl.widgets.microscope.imager import Imaged, Imager, Request
from napari_3dmsl.widgets.microscope.scene_in_sight import ImageInSight
from napari_3dmsl.widgets.microscope.stack_progress import StackProgress
from napari_3dmsl.widgets.microscope.truth_mask import Shot

if TYPE_CHECKING:
    from qtpy.QtWidgets import QCheckBox

    from napari_3dmsl.widgets.common.panel import Panel
    from napari_3dmsl.widgets.microscope.form import SimulationForm
    from napari_3dmsl.widgets.microscope.pictures import Pictures
    from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice
    from napari_3dmsl.widgets.microscope.told_image import ToldImage

_PATIENCE_MS = 16.0  # a frame of most screens
_NO_TIME_S = 0.4  # of a stack: it needs no image before it
_REST_MS = 120  # as long without another image, and the knob rests


class LiveImaging(QObject):
    """Keeps the image, and the stack where one is wanted, up to date in the viewer and the pane.

    Parameters
    ----------
    panel
        Whose viewer gets the layers, and whose bar shows how far a stack is.
    form
        Tells all settings.
    sample
        Tells what is imaged, and paces a drag of its field.
    pictures
        The images in the pane.
    auto_contrast
        Whether contrast follows every image.
    told
        Says what is seen.

    Signals
    -------
    image_shown(request, image)
        An image has come, in its layer or, with a stack, in that frame.
    failed(why)
        One line.
    said(text)
        What is going on.
    """

    image_shown = Signal(object, object)
    failed = Signal(str)
    said = Signal(str)
    _shapes_read = Signal(int, int)

    def __init__(
        self,
        panel: Panel,
        form: SimulationForm,
        sample: SampleChoice,
        pictures: Pictures,
        auto_contrast: QCheckBox,
        told: ToldImage,
    ) -> None:
        super().__init__(panel)
        self._panel, self._viewer = panel, panel.viewer
        self._form, self._sample, self._pictures = form, sample, pictures
        self._auto_contrast, self._told = auto_contrast, told
        self.shots: dict[str, Shot] = {}
        """What was imaged last, by the name of its layer."""
        self._quick: Request | None = None
        self._settling: Request | None = None
        self._held: SimulatedImage | None = None
        self._asked_at = 0.0
        self._adjust_contrast = {IMAGE, STACK}
        self._bring_into_view = ImageInSight(self._viewer, panel)
        self._rest_timer = QTimer(self)
        self._rest_timer.setSingleShot(True)
        self._rest_timer.setInterval(_REST_MS)
        self._rest_timer.timeout.connect(self._at_rest)
        self._make_runners()
        sample.frame.pace.released.connect(self._put_late)

    def _make_runners(self) -> None:
        work = Imager(self._in_the_thread)
        self._shapes_read.connect(
            lambda done, of: self.said.emit(f"Reading shapes: {done:,} of {of:,}…")
        )
        self.planes = StackProgress(self._panel, self._stack_cancelled)
        self.live = LatestWins(work, self)
        self.stacks = LatestWins(Imager(self.planes.tell), self)
        self._ahead = LatestWins(work.prepare, self)
        self.live.finished.connect(self._show_image)
        self.stacks.finished.connect(self._show_stack)
        self._ahead.finished.connect(self._is_prepared)
        self._ahead.failed.connect(self._not_prepared)
        for runner in (self.live, self.stacks):
            runner.failed.connect(self.failed)

    def _in_the_thread(self, done: int, of: int, what: str) -> None:
        if what == "shapes":
            self._shapes_read.emit(done, of)

    def close(self) -> None:
        """End the work."""
        self._rest_timer.stop()
        for runner in (self.live, self._ahead, self.stacks):
            runner.close()

    def ask(self, sample: Imaged, simulation: Simulation) -> None:
        """Ask for another image, and for the stack that goes with it.

        Parameters
        ----------
        sample
            What is imaged.
        simulation
            All settings.
        """
        self._asked_at = time.perf_counter()
        if self._stack_takes_no_time():
            whole = self._form.simulation(stack=True)
            self.stacks.request(Request(sample, whole, quick=True))
            return
        patience_ms = _PATIENCE_MS if self._panel.isVisible() else 0.0
        self.live.request(Request(sample, simulation, quick=True), patience_ms)

    def adjust_contrast_once(self) -> None:
        """Let contrast follow the next image, whatever the switch says: all is different in it."""
        self._adjust_contrast = {IMAGE, STACK}

    @property
    def more_to_come(self) -> bool:
        """Whether a newer image is on its way."""
        return bool(self.live.is_running)

    def shot(self) -> Shot | None:
        """Return what *Save image…* saves: the stack, or the image, that is shown."""
        return self.shots.get(STACK if self._form.wants_stack else IMAGE)

    def rest_again(self) -> None:
        """Make the exact image after all, though something was wrong: it is what stays."""
        if self._quick is not None:
            self._rest_timer.start()

    def _stack_takes_no_time(self) -> bool:
        """Whether the stack may come at once, its sharp plane with it: the window is drawn once.

        An image before it takes the processors away from it, and is drawn as long as it is made.
        """
        last, takes_s = self.shots.get(STACK), self.stacks.took_s
        return (
            self._comes_with_stack()
            and last is not None
            and has_sharp_plane(last.image)
            and takes_s is not None
            and takes_s < _NO_TIME_S
            and not self._sample.frame.pace.is_holding
        )

    def _comes_with_stack(self) -> bool:
        """Whether the canvas draws stack and image in 3D, so that one frame shall show both."""
        shown = (find_image(self._viewer, name) for name in (IMAGE, STACK))
        return self._form.wants_stack and self._viewer.dims.ndisplay == 3 and None not in shown

    @property
    def is_at_rest(self) -> bool:
        """Whether the image and the stack are those that stay, and are told about."""
        works = self.live.is_running or self.stacks.is_running
        return not (works or self._rest_timer.isActive() or self._quick)

    def _put(self, image: SimulatedImage) -> None:
        """Show the image in its layer."""
        self._held = None
        if put_image(self._viewer, IMAGE, image, adjust_contrast=self._adjusts(IMAGE)):
            self._bring_into_view.if_new(IMAGE)

    def _put_late(self) -> None:
        """Show the image that waited for the canvas' turn in its layer."""
        if self._held is not None and not self._comes_with_stack():
            self._put(self._held)

    def _request_stack(self) -> None:
        try:
            sample, simulation = self._sample.sample(), self._form.simulation(stack=True)
        except ValueError as error:
            self.failed.emit(str(error))
            return
        if sample is not None:
            self.stacks.request(Request(sample, simulation))

    def _show_image(self, request: Request, image: SimulatedImage) -> None:
        how = {
            "adjust": self._auto_contrast.isChecked(),
            "more_to_come": self.live.is_running,
        }
        if self._form.wants_stack:
            if request.quick:  # at rest its stack is there already
                self._pictures.show_sharp_plane(image, **how)
        else:
            self._pictures.show(image, **how)
        self._take_image(request, image)
        if self._form.wants_stack and request.quick and not self.live.is_running:
            self._request_stack()

    def _take_image(self, request: Request, image: SimulatedImage) -> None:
        """Show an image and what hangs on it; the pane has it already."""
        self._sample.frame.pace.image_comes()
        if request.quick and (self._comes_with_stack() or self._sample.frame.pace.is_holding):
            self._held = image
        else:
            self._put(image)
        self.shots[IMAGE] = Shot(request.sample, image)
        if not self._form.wants_stack and self.shots.pop(STACK, None) is not None:
            follow_stack(self._viewer, wanted=False)
        self.image_shown.emit(request, image)
        if not self.live.is_running:  # else a newer image is on its way and sets the contrast too
            self._adjust_contrast.discard(IMAGE)
            self._ahead.request(request)
        if not request.quick:
            settle(self._viewer.layers)
            return
        self._quick, self._settling = request, None
        self._rest_timer.start()
        self._told.take(image, 1000.0 * (time.perf_counter() - self._asked_at))

    def _at_rest(self) -> None:
        """Do what would keep images from being painted while a knob is turned."""
        if self.stacks.is_running:  # it comes first
            if not self._stack_takes_no_time():
                self._told.tell()
            self._rest_timer.start()
            return
        self._told.tell()
        if self._quick is None or self.live.is_running:
            self._quick = None
            return
        exact = replace(self._quick, quick=False)
        if isinstance(exact.sample, FieldSample):  # in a thread that no image waits for
            self._settling = exact
            self._ahead.request(exact)
        else:
            self._quick = None
            self.live.request(exact)

    def _is_prepared(self, request: Request, was_needed: bool = True) -> None:
        """Show the image of the place where the field rests, now that it takes no time."""
        if request is not self._settling:
            return
        self._settling = self._quick = None
        if not self.live.is_running:
            self.live.request(request)

    def _not_prepared(self, why: str) -> None:
        self._settling = self._quick = None  # it is what stays
        self.failed.emit(why)

    def _show_stack(self, request: Request, image: SimulatedImage) -> None:
        if STACK not in self.shots:
            follow_stack(self._viewer, wanted=True)
        self.shots[STACK] = Shot(request.sample, image)
        self._pictures.show(image, adjust=self._auto_contrast.isChecked())
        if request.quick:  # its sharp plane has not come before it
            sharp = replace(request, simulation=of_sharp_plane(request.simulation))
            self._take_image(sharp, sharp_plane(image))
        if self._held is not None:
            self._put(self._held)
        if put_image(self._viewer, STACK, image, adjust_contrast=self._adjusts(STACK)):
            self._bring_into_view.if_new(STACK)
        if not self.stacks.is_running and not self.live.is_running:
            self._adjust_contrast.discard(STACK)
        if self._quick is not None:  # a knob that still turns comes before the exact image
            self._rest_timer.start()

    def _stack_cancelled(self) -> None:
        if self._held is not None:  # it waited for the stack
            self._put(self._held)
        self.said.emit("The z-stack was given up; the next change makes it again.")

    def _adjusts(self, name: str) -> bool:
        return self._auto_contrast.isChecked() or name in self._adjust_contrast
