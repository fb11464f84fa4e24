"""The *Microscope* panel: turn a knob and the image of the selected shape follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_3dmsl.layers.live_pixels import settle
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.kept import forget_all
from napari_3dmsl.microscope.sharp_plane import has_sharp_plane, of_sharp_plane, sharp_plane
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.scenes.field_imager import FieldSample
from napari_3dmsl.widgets.common.canvas_view import pose_of_view
from napari_3dmsl.widgets.common.form import button, native
from napari_3dmsl.widgets.common.history import History
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.remembered import State, tick
from napari_3dmsl.widgets.common.save_layer import save_layer
from napari_3dmsl.widgets.common.tabs import open_panel
from napari_3dmsl.widgets.microscope.comparison import Comparison
from napari_3dmsl.widgets.microscope.copy_as import CopyAs
from napari_3dmsl.widgets.microscope.first_shape import offer_shapes, tell_first
from napari_3dmsl.widgets.microscope.focus_drag import FocusDrag
from napari_3dmsl.widgets.microscope.form import SimulationForm
from napari_3dmsl.widgets.microscope.found_pages import FoundPages
from napari_3dmsl.widgets.microscope.image_layers import (
    IMAGE,
    STACK,
    find_image,
    follow_stack,
    put_focal_plane,
    put_image,
    put_photons,
)
from napari_3dmsl.widgets.microscope.imager import Imager, Request
from napari_3dmsl.widgets.microscope.live_read_out import LiveReadOut
from napari_3dmsl.widgets.microscope.messages import too_bright, what_is_seen
from napari_3dmsl.widgets.microscope.pictures import Pictures
from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice
from napari_3dmsl.widgets.microscope.save_with_truth import SaveWithTruth
from napari_3dmsl.widgets.microscope.scene_in_sight import ImageInSight, SceneInSight
from napari_3dmsl.widgets.microscope.shape_knob_keys import add_keys
from napari_3dmsl.widgets.microscope.stack_progress import StackProgress
from napari_3dmsl.widgets.microscope.steps import Steps
from napari_3dmsl.widgets.microscope.switches import Switches
from napari_3dmsl.widgets.microscope.truth_mask import Shot, TruthMask

if TYPE_CHECKING:
    import napari

_PATIENCE_MS = 16.0  # a frame of most screens
_NO_TIME_S = 0.4  # of a stack: it needs no image before it
_REST_MS = 120  # as long without another image, and the knob rests
_TOLD_EVERY_S = 0.4  # while a knob is turned on and on


class MicroscopePanel(Panel):
    """Collects microscope settings and keeps the image layers up to date.

    Parameters
    ----------
    viewer
        Which gets the images.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "microscope.md"

    _shapes_read = Signal(int, int)

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self.at_end(forget_all)  # after all that makes images has ended
        work = Imager(self._in_the_thread)
        self._shapes_read.connect(lambda done, of: self.say(f"Reading shapes: {done:,} of {of:,}…"))
        self._live = LatestWins(work, self)
        self._ahead = LatestWins(work.prepare, self)
        self._planes = StackProgress(self, self._stack_cancelled)
        self._stacks = LatestWins(Imager(self._planes.tell), self)
        self._rest_timer = self._timer(_REST_MS, self._at_rest)
        self.at_end(self._rest_timer.stop)
        self._to_tell: tuple[SimulatedImage, float] | None = None
        self._told_at = 0.0
        self._undone = ""
        self._quick: Request | None = None
        self._shots: dict[str, Shot] = {}
        self._settling: Request | None = None
        self._held: SimulatedImage | None = None
        self._asked_at = 0.0
        self._adjust_contrast = {IMAGE, STACK}
        self._bring_into_view = ImageInSight(viewer, self)
        self.form = SimulationForm(self)
        self.switches = Switches(self)
        self.read_out = LiveReadOut(viewer, self.form, self.switches.point, self)
        self.sample = SampleChoice(viewer, self)
        self.pictures = Pictures(viewer, self._shape_and_microscopes)
        self.comparison = Comparison(viewer, self, self.pictures)
        self._mask = TruthMask(viewer, self)
        self._mask.failed.connect(lambda why: self.complain(f"No ground-truth mask: {why}"))
        self.at_end(self._mask.close)
        self._focus_drag = FocusDrag(viewer, self)
        self._focus_drag.focused.connect(self.form.take_focus)
        self.at_end(self._focus_drag.stop)
        self.at_end(SceneInSight(viewer, self).stop)
        self.steps = Steps(self.form, self.sample, self.comparison, self.switches, self)
        self._build()
        self._live.finished.connect(self._show_image)
        self._stacks.finished.connect(self._show_stack)
        self._ahead.finished.connect(self._is_prepared)
        self._ahead.failed.connect(self._not_prepared)
        for runner in (self._live, self._stacks, self.read_out):
            runner.failed.connect(self.complain)
        for runner in (self._live, self._ahead, self._stacks, self.read_out):
            self.at_end(runner.close)
        self.at_end(self.comparison.close)
        self.at_end(self.pictures.close)
        self.at_end(self.sample.close)
        self._planes.follow(self._stacks)
        self.sample.changed.connect(self._sample_changed)
        self.sample.edited.connect(self._knob_turned)
        self.sample.resized.connect(self.form.take_image_size)
        self.sample.failed.connect(self.complain)
        self.sample.frame.pace.released.connect(self._put_late)
        self.form.failed.connect(self.complain)
        self.form.grey_levels_changed.connect(self._other_grey_levels)
        self.form.changed.connect(self._knob_turned)
        self.comparison.changed.connect(self._knob_turned)
        self.comparison.failed.connect(self.complain)
        self.switches.turned.connect(self._knob_turned)
        self.switches.point_turned.connect(self.read_out.renew)
        changed = [self.form.changed, *(box.toggled for box in self.switches.all)]
        self.keep_in_mind("microscope", self._state, self._take_state, changed)
        self._begin_steps()
        self._sample_changed()

    def _in_the_thread(self, done: int, of: int, what: str) -> None:
        if what == "shapes":
            self._shapes_read.emit(done, of)

    def _state(self) -> State:
        """Return what is remembered: the instrument and the labelling, not what is imaged."""
        return {**self.form.state(), "show": self.switches.ticks}

    def _take_state(self, state: State) -> None:
        with self.history.together("state"):
            self.form.take_state(state)
            tick(self.switches.all, state.get("show", {}))

    def _timer(self, delay_ms: int, work: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(delay_ms)
        timer.timeout.connect(work)
        return timer

    @property
    def history(self) -> History:
        """What can be taken back."""
        return self.steps.history

    def _begin_steps(self) -> None:
        """Let every change from now on be taken back."""
        self.history.failed.connect(self.complain)
        self.steps.buttons.done.connect(self._tell_undone)
        self.steps.begin((self.sample.frame, self._focus_drag))
        for steps in (self.form.stepped, self.sample.stepped):
            steps.connect(self._forget_undone)

    def _build(self) -> None:
        self.pages = FoundPages("Pages of the Microscope panel", self)
        self.pages.found.connect(self._scroll.ensureWidgetVisible)
        self.form.changed.connect(self.pages.refresh)
        self.add(self._top_row())
        self._add_pages()
        self.add(self.pages)
        self.pages.bar.currentChanged.connect(self.read_out.renew)
        self.steps.buttons.watch(self)
        save = self.add_button("save", "Save image…", "Write the image or stack as OME-TIFF")
        save.clicked.connect(self._save)
        offer_shapes(self)
        add_keys(self, self.form)
        self.add_footer(CopyAs(self, self._shown_simulation, self.sample.reference))

    def _add_pages(self) -> None:
        fields, choice = self.form.fields, self.form.choice
        self.save_with_truth = SaveWithTruth(self, self._shot, self.sample.shape_class)
        self.at_end(self.save_with_truth.close_work)
        take_view = button(
            "use_view",
            "Use this view",
            "Turn the shape as the 3D canvas shows it: along the line of sight",
            self._take_view,
        )
        pose = (fields.focus, fields.view, fields.pose, take_view)
        self._turning = tuple(native(part) for part in pose[1:])
        self.pages.add_page(
            "Basics",
            "What one turns daily: microscope, focus, pose, brightness, z-stack, noise",
            choice.preset_rows(),
            self.sample.rows(),
            *pose,
            self.form.labelling_choice.rows(),
            fields.brightness,
            fields.stack,
            fields.planes,
            fields.noise,
            self.switches.auto_contrast,
        )
        self.pages.add_page(
            "Optics",
            "Objective, wavelengths, pixels, indices, and what they resolve",
            choice.file_rows(),
            fields.optics,
            self.read_out.table,
            fields.indices,
            fields.depth,
            self.switches.point,
        )
        self.pages.add_page(
            "Label",
            "Where fluorophores are, how they shine, and where the numbers are from",
            fields.labelling,
            self.form.labelling_choice.source,
        )
        self.pages.add_page(
            "Camera",
            "Detector, background, noise of rows and pixels",
            choice.camera_rows(),
            fields.snr,
            fields.camera,
            fields.pattern,
            fields.seed,
        )
        self.pages.add_page(
            "Beside it",
            "Other microscopes, photons, ground truth and focal plane beside the image",
            self.comparison.rows(),
            self.switches.focal_plane,
            self.switches.photons,
            self.switches.truth,
            self.save_with_truth,
        )

    @property
    def is_at_rest(self) -> bool:
        """Whether the image and the stack are those that stay, and are told about."""
        works = self._live.is_running or self._stacks.is_running
        return not (works or self._rest_timer.isActive() or self._quick)

    def _top_row(self) -> QWidget:
        """Return what stands above all pages: a line to find settings by, undo and redo."""
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(4, 2, 4, 2)
        line.addWidget(self.pages.search, 1)
        line.addWidget(self.steps.buttons.undo)
        line.addWidget(self.steps.buttons.redo)
        return row

    def simulation(self, *, stack: bool = False) -> Simulation:
        """Return all settings as shown; ValueError when one is wrong.

        Parameters
        ----------
        stack
            All planes, not only the sharp one.
        """
        return self.form.simulation(stack=stack)

    def _shape_and_microscopes(self) -> tuple[Surface, list[Simulation]]:
        """Return the shape that is imaged, and the settings of each microscope that is shown."""
        sample, simulation = self.sample.sample(), self.simulation()
        if not isinstance(sample, Surface):
            raise ValueError("the six views turn one shape: image “the selected shape”")
        return sample, [simulation, *self.comparison.simulations(simulation)]

    def _take_view(self) -> None:
        try:
            self.form.take_pose(pose_of_view(self.viewer))
        except ValueError as error:
            self.complain(str(error))

    def _other_grey_levels(self) -> None:
        self._adjust_contrast = {IMAGE, STACK}
        self.pictures.begin_anew()

    def _sample_changed(self) -> None:
        for part in self._turning:  # a cell lies flat, as its line tells
            part.setVisible(self.sample.kind != "cell")
        self.pictures.begin_anew()
        self._adjust_contrast = {IMAGE, STACK}
        self._knob_turned()

    def _knob_turned(self) -> None:
        """Ask for a new image; a wrong setting is told and the image stays as it is."""
        try:
            sample = self.sample.sample()
            simulation = self.simulation()
        except ValueError as error:
            self.complain(str(error))
            return
        self.read_out.soon()
        tell_first(self, there=sample is not None)
        if sample is None:
            self.say(self.sample.missing)
            return
        self._asked_at = time.perf_counter()
        if self._stack_takes_no_time():
            self._stacks.request(Request(sample, self.simulation(stack=True), quick=True))
            return
        patience_ms = _PATIENCE_MS if self.isVisible() else 0.0
        self._live.request(Request(sample, simulation, quick=True), patience_ms)

    def _stack_takes_no_time(self) -> bool:
        """Whether the stack may come at once, its sharp plane with it: the window is drawn once.

        An image before it takes the processors away from it, and is drawn as long as it is made.
        """
        last, takes_s = self._shots.get(STACK), self._stacks.took_s
        return (
            self._comes_with_stack()
            and last is not None
            and has_sharp_plane(last.image)
            and takes_s is not None
            and takes_s < _NO_TIME_S
            and not self.sample.frame.pace.is_holding
        )

    def _comes_with_stack(self) -> bool:
        """Whether the canvas draws stack and image in 3D, so that one frame shall show both."""
        shown = (find_image(self.viewer, name) for name in (IMAGE, STACK))
        return self.form.wants_stack and self.viewer.dims.ndisplay == 3 and None not in shown

    def _put(self, image: SimulatedImage) -> None:
        """Show the image in its layer."""
        self._held = None
        if put_image(self.viewer, IMAGE, image, adjust_contrast=self._adjusts(IMAGE)):
            self._bring_into_view.if_new(IMAGE)

    def _put_late(self) -> None:
        """Show the image that waited for the canvas' turn in its layer."""
        if self._held is not None and not self._comes_with_stack():
            self._put(self._held)

    def _request_stack(self) -> None:
        try:
            sample, simulation = self.sample.sample(), self.simulation(stack=True)
        except ValueError as error:
            self.complain(str(error))
            return
        if sample is not None:
            self._stacks.request(Request(sample, simulation))

    def _show_image(self, request: Request, image: SimulatedImage) -> None:
        how = {
            "adjust": self.switches.auto_contrast.isChecked(),
            "more_to_come": self._live.is_running,
        }
        if self.form.wants_stack:
            if request.quick:  # at rest its stack is there already
                self.pictures.show_sharp_plane(image, **how)
        else:
            self.pictures.show(image, **how)
        self._take_image(request, image)
        if self.form.wants_stack and request.quick and not self._live.is_running:
            self._request_stack()

    def _take_image(self, request: Request, image: SimulatedImage) -> None:
        """Show an image and what hangs on it; the pane has it already."""
        self.sample.frame.pace.image_comes()
        if request.quick and (self._comes_with_stack() or self.sample.frame.pace.is_holding):
            self._held = image
        else:
            self._put(image)
        self._shots[IMAGE] = Shot(request.sample, image)
        if not self.form.wants_stack and self._shots.pop(STACK, None) is not None:
            follow_stack(self.viewer, wanted=False)
        self.sample.shown(request.sample, image)
        put_photons(self.viewer, image if self.switches.photons.isChecked() else None)
        put_focal_plane(self.viewer, image if self.switches.focal_plane.isChecked() else None)
        if self.switches.truth.isChecked():
            self._mask.follow(request.sample, image)
        else:
            self._mask.hide()
        if not self._live.is_running:  # else a newer image is on its way and sets the contrast too
            self._adjust_contrast.discard(IMAGE)
            self.comparison.follow(request)
            self._ahead.request(request)
        self.read_out.take_height(image.scene.placed.centroid_height_um)
        if not request.quick:
            settle(self.viewer.layers)
            return
        self._quick, self._settling = request, None
        self._to_tell = image, 1000.0 * (time.perf_counter() - self._asked_at)
        self._rest_timer.start()
        if time.perf_counter() - self._told_at > _TOLD_EVERY_S:
            QTimer.singleShot(0, self._tell)  # the image is painted first

    def _at_rest(self) -> None:
        """Do what would keep images from being painted while a knob is turned."""
        if self._stacks.is_running:  # it comes first
            if not self._stack_takes_no_time():
                self._tell()
            self._rest_timer.start()
            return
        self._tell()
        if self._quick is None or self._live.is_running:
            self._quick = None
            return
        exact = replace(self._quick, quick=False)
        if isinstance(exact.sample, FieldSample):  # in a thread that no image waits for
            self._settling = exact
            self._ahead.request(exact)
        else:
            self._quick = None
            self._live.request(exact)

    def _is_prepared(self, request: Request, was_needed: bool = True) -> None:
        """Show the image of the place where the field rests, now that it takes no time."""
        if request is not self._settling:
            return
        self._settling = self._quick = None
        if not self._live.is_running:
            self._live.request(request)

    def _not_prepared(self, why: str) -> None:
        self._settling = self._quick = None  # it is what stays
        self.complain(why)

    def _tell(self) -> None:
        """Say what is seen in the image, unless something else has been said since."""
        shown = find_image(self.viewer, IMAGE)
        if self._to_tell is None or shown is None:
            return
        image, took_ms = self._to_tell
        bright = too_bright(shown.data, shown.contrast_limits[1])
        doubts = "".join(f"; {text}" for text in self.sample.doubts)
        self._told_at = time.perf_counter()
        undone, self._undone = self._undone, ""
        undone = f"{undone}. " if undone else ""
        self.say(f"{undone}{what_is_seen(image)}{doubts}{bright}; {took_ms:.0f} ms")

    def _tell_undone(self, text: str) -> None:
        """Say which step came back, and say so of the image that follows, too."""
        self.say(text)
        self._undone = text

    def _forget_undone(self, *_: Any) -> None:
        self._undone = ""

    def say(self, text: str) -> None:
        """See `Panel.say`."""
        self._to_tell = None
        super().say(text)

    def complain(self, text: str) -> None:
        """See `Panel.complain`."""
        self._to_tell = None
        if self._quick is not None:  # it is what stays
            self._rest_timer.start()
        super().complain(text)

    def _shot(self) -> Shot | None:
        """Return what *Save image…* saves: the stack, or the image, that is shown."""
        return self._shots.get(STACK if self.form.wants_stack else IMAGE)

    def _show_stack(self, request: Request, image: SimulatedImage) -> None:
        if STACK not in self._shots:
            follow_stack(self.viewer, wanted=True)
        self._shots[STACK] = Shot(request.sample, image)
        self.pictures.show(image, adjust=self.switches.auto_contrast.isChecked())
        if request.quick:  # its sharp plane has not come before it
            sharp = replace(request, simulation=of_sharp_plane(request.simulation))
            self._take_image(sharp, sharp_plane(image))
        if self._held is not None:
            self._put(self._held)
        if put_image(self.viewer, STACK, image, adjust_contrast=self._adjusts(STACK)):
            self._bring_into_view.if_new(STACK)
        if not self._stacks.is_running and not self._live.is_running:
            self._adjust_contrast.discard(STACK)
        if self._quick is not None:  # a knob that still turns comes before the exact image
            self._rest_timer.start()

    def _stack_cancelled(self) -> None:
        if self._held is not None:  # it waited for the stack
            self._put(self._held)
        self.say("The z-stack was given up; the next change makes it again.")

    def _adjusts(self, name: str) -> bool:
        return self.switches.auto_contrast.isChecked() or name in self._adjust_contrast

    def _shown_simulation(self) -> Simulation:
        return self.simulation(stack=self.form.wants_stack)

    def _save(self) -> None:
        name = STACK if self.form.wants_stack else IMAGE
        layer = find_image(self.viewer, name)
        if layer is None:
            self.complain("No image to save yet: select a shape first.")
            return
        save_layer(self, layer)


def panel_of(viewer: napari.viewer.Viewer) -> MicroscopePanel:
    """Return the viewer's *Microscope* panel; it is opened if it is not there.

    Parameters
    ----------
    viewer
        In whose window it is docked.
    """
    return open_panel(viewer, MicroscopePanel, "Microscope")
