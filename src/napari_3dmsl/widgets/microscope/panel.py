"""The *Microscope* panel: turn a knob and the image of the selected shape follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton

from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.widgets.common.bring_into_view import BringIntoView
from napari_3dmsl.widgets.common.canvas_view import pose_of_view
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.remembered import State, tick, ticks
from napari_3dmsl.widgets.common.save_layer import save_layer
from napari_3dmsl.widgets.common.tabs import open_panel
from napari_3dmsl.widgets.microscope.comparison import Comparison
from napari_3dmsl.widgets.microscope.copy_as import CopyAs
from napari_3dmsl.widgets.microscope.focus_drag import FocusDrag
from napari_3dmsl.widgets.microscope.form import SimulationForm
from napari_3dmsl.widgets.microscope.image_layers import (
    IMAGE,
    STACK,
    find_image,
    put_focal_plane,
    put_image,
    put_photons,
    put_point,
)
from napari_3dmsl.widgets.microscope.imager import Request, imager
from napari_3dmsl.widgets.microscope.messages import (
    ADJUST_CONTRAST,
    READ_OUT_TIP,
    Point,
    ReadOut,
    read_out_of,
    read_out_text,
    too_bright,
    what_is_seen,
)
from napari_3dmsl.widgets.microscope.pictures import Pictures
from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice
from napari_3dmsl.widgets.microscope.truth_mask import TruthMask

if TYPE_CHECKING:
    import napari

_READ_OUT_DELAY_MS = 150
_BUSY_DELAY_MS = 400  # a bar for every quick stack would flicker


class MicroscopePanel(Panel):
    """Collects microscope settings and keeps the image layers up to date.

    Parameters
    ----------
    viewer
        Which gets the images.
    remember
        Whether fields show what they held when the panel was last used.
    """

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        work = imager()
        self._live = LatestWins(work, self)
        self._ahead = LatestWins(work.prepare, self)
        self._stacks = LatestWins(imager(), self)
        self._resolutions = LatestWins(read_out_of, self)
        self._read_out_timer = self._timer(_READ_OUT_DELAY_MS, self._request_read_out)
        self._busy_timer = self._timer(_BUSY_DELAY_MS, self.progress.show)
        self._asked_at = 0.0
        self._adjust_contrast = {IMAGE, STACK}
        self._height_um = 0.0
        self._bring_into_view = BringIntoView(viewer, self)
        self.form = SimulationForm(self)
        self.sample = SampleChoice(viewer, self)
        self.pictures = Pictures(viewer)
        self.comparison = Comparison(viewer, self, self.pictures)
        self._mask = TruthMask(viewer, self)
        self._mask.failed.connect(lambda why: self.complain(f"No ground-truth mask: {why}"))
        self.at_end(self._mask.close)
        self._focus_drag = FocusDrag(viewer, self)
        self._focus_drag.focused.connect(self.form.take_focus)
        self.at_end(self._focus_drag.stop)
        self._build()
        self._live.finished.connect(self._show_image)
        self._stacks.finished.connect(self._show_stack)
        self._resolutions.finished.connect(self._show_read_out)
        for runner in (self._live, self._ahead, self._stacks, self._resolutions):
            runner.failed.connect(self.complain)
            self.at_end(runner.close)
        self.at_end(self.comparison.close)
        self.at_end(self.sample.close)
        self._stacks.busy.connect(self._show_busy)
        self.sample.changed.connect(self._sample_changed)
        self.sample.edited.connect(self._knob_turned)
        self.sample.resized.connect(self.form.take_image_size)
        self.sample.failed.connect(self.complain)
        self.form.failed.connect(self.complain)
        self.form.grey_levels_changed.connect(self._other_grey_levels)
        self.form.changed.connect(self._knob_turned)
        self.comparison.changed.connect(self._knob_turned)
        self.comparison.failed.connect(self.complain)
        self._switches = (
            self.auto_contrast,
            self.point,
            self.focal_plane,
            self.photons,
            self.truth,
        )
        changed = [self.form.changed, *(box.toggled for box in self._switches)]
        self.keep_in_mind("microscope", self._state, self._take_state, changed)
        self._sample_changed()

    def _state(self) -> State:
        """Return what is remembered: the instrument and the labelling, not what is imaged."""
        return {**self.form.state(), "show": ticks(self._switches)}

    def _take_state(self, state: State) -> None:
        self.form.take_state(state)
        tick(self._switches, state.get("show", {}))

    def _timer(self, delay_ms: int, work: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(delay_ms)
        timer.timeout.connect(work)
        return timer

    def _build(self) -> None:
        self.auto_contrast = QCheckBox(ADJUST_CONTRAST, self)
        self.auto_contrast.setObjectName("auto_contrast")
        self.auto_contrast.setToolTip("Off: contrast stays, so that an image out of focus is dim")
        self.auto_contrast.toggled.connect(self._knob_turned)
        self.read_out = _text("read_out")
        self.read_out.setToolTip(READ_OUT_TIP)
        self.point = QCheckBox("Show the point spread function", self)
        self.point.setObjectName("point")
        self.point.setToolTip(
            "The image of a point at the object's height as a layer: in the sharp plane (xy) and "
            "along the axis (xz, in the specimen). Displayed with gamma 0.5, to show the rings."
        )
        self.point.toggled.connect(self._request_read_out)
        form = self.form
        self.add(form.presets())
        self.add(self.comparison.rows())
        self.add(self.sample.rows())
        self.add(self.auto_contrast)
        self.add_section("Sample", form.labelling)
        take_view = QPushButton("Use this view", self)
        take_view.setObjectName("use_view")
        take_view.setToolTip("Turn the shape as the 3D canvas shows it: along the line of sight")
        take_view.clicked.connect(self._take_view)
        self.add_section("Pose", form.view, form.pose, take_view)
        self.add_section("Optics", form.optics, self.read_out, self.point)
        self.add_section("Refractive indices", form.indices, opened=False)
        self.focal_plane = QCheckBox("Show the focal plane in 3D", self)
        self.focal_plane.setObjectName("focal_plane")
        self.focal_plane.setToolTip(
            "Draw the sharp plane through the shape, in orange; drag it with the mouse to focus"
        )
        self.focal_plane.toggled.connect(self._knob_turned)
        self.add_section("Focus and z-stack", form.focus, self.focal_plane, form.stack, form.planes)
        self.photons = QCheckBox("Show the photons without noise beside it", self)
        self.photons.setObjectName("photons")
        self.photons.setToolTip("Expected photons per pixel, before camera and noise, as a layer")
        self.photons.toggled.connect(self._knob_turned)
        self.truth = QCheckBox("Show the ground-truth mask beside it", self)
        self.truth.setObjectName("truth")
        self.truth.setToolTip(
            "The pixels that the shape covers, projected along z, as a Labels layer; the same for "
            "every plane of a stack"
        )
        self.truth.toggled.connect(self._knob_turned)
        self.add_section(
            "Camera and noise", form.noise, form.camera, form.seed, self.photons, self.truth
        )
        self.add_section("Rows, pixels and corners", form.pattern, opened=False)
        save = self.add_button("save", "Save image…", "Write the image or stack as OME-TIFF")
        save.clicked.connect(self._save)
        self.add_footer(CopyAs(self, self._shown_simulation, self.sample.reference))

    def simulation(self, *, stack: bool = False) -> Simulation:
        """Return all settings as shown; ValueError when one is wrong.

        Parameters
        ----------
        stack
            All planes, not only the sharp one.
        """
        return self.form.simulation(stack=stack)

    def _take_view(self) -> None:
        try:
            self.form.take_pose(pose_of_view(self.viewer))
        except ValueError as error:
            self.complain(str(error))

    def _other_grey_levels(self) -> None:
        self._adjust_contrast = {IMAGE, STACK}
        self.pictures.begin_anew()

    def _sample_changed(self) -> None:
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
        self._read_out_timer.start()
        if sample is None:
            self.say(self.sample.missing)
            return
        self._asked_at = time.perf_counter()
        self._live.request(Request(sample, simulation))

    def _request_stack(self) -> None:
        try:
            sample, simulation = self.sample.sample(), self.simulation(stack=True)
        except ValueError as error:
            self.complain(str(error))
            return
        if sample is not None:
            self._stacks.request(Request(sample, simulation))

    def _show_image(self, request: Request, image: SimulatedImage) -> None:
        if self.form.wants_stack:
            self.pictures.show_sharp_plane(image)
        else:
            self.pictures.show(image)
        if put_image(self.viewer, IMAGE, image, adjust_contrast=self._adjusts(IMAGE)):
            self._bring_into_view.if_new(IMAGE)
        self.sample.shown(request.sample, image)
        put_photons(self.viewer, image if self.photons.isChecked() else None)
        put_focal_plane(self.viewer, image if self.focal_plane.isChecked() else None)
        if self.truth.isChecked():
            self._mask.follow(request.sample, image)
        else:
            self._mask.hide()
        if not self._live.is_running:  # else a newer image is on its way and sets the contrast too
            self._adjust_contrast.discard(IMAGE)
            self.comparison.follow(request)
            self._ahead.request(request)
            if self.form.wants_stack:
                self._request_stack()
        if abs(image.scene.placed.centroid_height_um - self._height_um) > 0.01:
            self._height_um = image.scene.placed.centroid_height_um
            self._read_out_timer.start()
        took = (time.perf_counter() - self._asked_at) * 1000
        shown = find_image(self.viewer, IMAGE)
        bright = too_bright(shown.data, shown.contrast_limits[1])
        doubts = "".join(f"; {text}" for text in self.sample.doubts)
        self.say(f"{what_is_seen(image)}{doubts}{bright}; {took:.0f} ms")

    def _show_stack(self, request: Request, image: SimulatedImage) -> None:
        self.pictures.show(image)
        if put_image(self.viewer, STACK, image, adjust_contrast=self._adjusts(STACK)):
            self._bring_into_view.if_new(STACK)
        if not self._stacks.is_running and not self._live.is_running:
            self._adjust_contrast.discard(STACK)

    def _show_busy(self, busy: bool) -> None:
        self.progress.setRange(0, 0)
        if busy:
            self._busy_timer.start()
        else:
            self._busy_timer.stop()
            self.progress.hide()

    def _adjusts(self, name: str) -> bool:
        return self.auto_contrast.isChecked() or name in self._adjust_contrast

    def _request_read_out(self) -> None:
        try:
            microscope = self.form.microscope()
        except ValueError:  # told already
            return
        depth_um = round(self._height_um, 2)
        self._resolutions.request(Point(microscope, depth_um, self.point.isChecked()))

    def _show_read_out(self, point: Point, found: ReadOut) -> None:
        self.read_out.setText(read_out_text(point, found.resolution))
        put_point(self.viewer, found.point)

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


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label
