"""The *Microscope* panel: turn a knob and the image of the selected shape follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.kept import forget_all
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.widgets.common.canvas_view import pose_of_view
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.form import native
from napari_3dmsl.widgets.common.history import History
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
    put_focal_plane,
    put_photons,
)
from napari_3dmsl.widgets.microscope.imager import Request
from napari_3dmsl.widgets.microscope.live_imaging import LiveImaging
from napari_3dmsl.widgets.microscope.live_read_out import LiveReadOut
from napari_3dmsl.widgets.microscope.pictures import Pictures
from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice
from napari_3dmsl.widgets.microscope.save_with_truth import SaveWithTruth
from napari_3dmsl.widgets.microscope.scene_in_sight import SceneInSight
from napari_3dmsl.widgets.microscope.shape_knob_keys import add_keys
from napari_3dmsl.widgets.microscope.steps import Steps
from napari_3dmsl.widgets.microscope.switches import Switches
from napari_3dmsl.widgets.microscope.told_image import ToldImage
from napari_3dmsl.widgets.microscope.truth_mask import TruthMask

if TYPE_CHECKING:
    import napari


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

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self.at_end(forget_all)  # after all that makes images has ended
        self.form = SimulationForm(self)
        self.switches = Switches(self)
        self.read_out = LiveReadOut(viewer, self.form, self.switches.point, self)
        self.sample = SampleChoice(viewer, self)
        self.pictures = Pictures(viewer, self._shape_and_microscopes)
        self.comparison = Comparison(viewer, self, self.pictures)
        self._told = ToldImage(viewer, self.sample, self)
        self._told.said.connect(self.say)
        self.imaging = LiveImaging(
            self, self.form, self.sample, self.pictures, self.switches.auto_contrast, self._told
        )
        self._mask = TruthMask(viewer, self)
        self._mask.failed.connect(lambda why: self.complain(f"No ground-truth mask: {why}"))
        self.at_end(self._mask.close)
        self._focus_drag = FocusDrag(viewer, self)
        self._focus_drag.focused.connect(self.form.take_focus)
        self.at_end(self._focus_drag.stop)
        self.at_end(SceneInSight(viewer, self).stop)
        self.steps = Steps(self.form, self.sample, self.comparison, self.switches, self)
        self._build()
        self.imaging.image_shown.connect(self._follow)
        self.imaging.said.connect(self.say)
        for runner in (self.imaging, self.read_out):
            runner.failed.connect(self.complain)
            self.at_end(runner.close)
        self.at_end(self.comparison.close)
        self.at_end(self.pictures.close)
        self.at_end(self.sample.close)
        self.imaging.planes.follow(self.imaging.stacks)
        self.sample.changed.connect(self._sample_changed)
        self.sample.edited.connect(self._knob_turned)
        self.sample.resized.connect(self.form.take_image_size)
        self.sample.failed.connect(self.complain)
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

    def _state(self) -> State:
        """Return what is remembered: the instrument and the labelling, not what is imaged."""
        return {**self.form.state(), "show": self.switches.ticks}

    def _take_state(self, state: State) -> None:
        with self.history.together("state"):
            self.form.take_state(state)
            tick(self.switches.all, state.get("show", {}))

    @property
    def is_at_rest(self) -> bool:
        """Whether the image and the stack are those that stay, and are told about."""
        return self.imaging.is_at_rest

    @property
    def history(self) -> History:
        """What can be taken back."""
        return self.steps.history

    def _begin_steps(self) -> None:
        """Let every change from now on be taken back."""
        self.history.failed.connect(self.complain)
        self.steps.buttons.done.connect(self._told.tell_undone)
        self.steps.begin((self.sample.frame, self._focus_drag))
        for steps in (self.form.stepped, self.sample.stepped):
            steps.connect(self._told.forget_undone)

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
        self.save_with_truth = SaveWithTruth(self, self.imaging.shot, self.sample.shape_class)
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
        self.imaging.adjust_contrast_once()
        self.pictures.begin_anew()

    def _sample_changed(self) -> None:
        for part in self._turning:  # a cell lies flat, as its line tells
            part.setVisible(self.sample.kind != "cell")
        self.pictures.begin_anew()
        self.imaging.adjust_contrast_once()
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
        self.imaging.ask(sample, simulation)

    def _follow(self, request: Request, image: SimulatedImage) -> None:
        """Show what hangs on an image."""
        self.sample.shown(request.sample, image)
        put_photons(self.viewer, image if self.switches.photons.isChecked() else None)
        put_focal_plane(self.viewer, image if self.switches.focal_plane.isChecked() else None)
        if self.switches.truth.isChecked():
            self._mask.follow(request.sample, image)
        else:
            self._mask.hide()
        if not self.imaging.more_to_come:
            self.comparison.follow(request)
        self.read_out.take_height(image.scene.placed.centroid_height_um)

    def say(self, text: str) -> None:
        """See `Panel.say`."""
        self._told.forget()
        super().say(text)

    def complain(self, text: str) -> None:
        """See `Panel.complain`."""
        self._told.forget()
        self.imaging.rest_again()
        super().complain(text)

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
