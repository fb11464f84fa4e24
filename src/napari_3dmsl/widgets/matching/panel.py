"""The *Match my microscope* panel: from real images to a recipe that makes images like them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_3dmsl.matching.calibration_figure import draw_calibration
from napari_3dmsl.matching.figure import draw_comparison
from napari_3dmsl.microscope.kept import forget_all
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.widgets.common.background_process import BackgroundProcess
from napari_3dmsl.widgets.common.background_thread import BackgroundThread, BackgroundWork
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.labelled_rows import FieldLabel
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.common.save_layer import try_to_write
from napari_3dmsl.widgets.common.tabs import open_panel
from napari_3dmsl.widgets.common.undo import UndoButton
from napari_3dmsl.widgets.image_set.panel import RECIPES, ImageSetPanel
from napari_3dmsl.widgets.matching.image_drop import ImageDrop
from napari_3dmsl.widgets.matching.match import Compared, Match
from napari_3dmsl.widgets.matching.messages import calibrated, compared, fitted, told
from napari_3dmsl.widgets.matching.picture import Picture
from napari_3dmsl.widgets.matching.real_images import RealImages, images_of_layer, read_images
from napari_3dmsl.widgets.matching.work import calibrated_match, compared_match, fitted_match
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    import napari
    from numpy.typing import ArrayLike

    from napari_3dmsl.matching.calibration import Calibration
    from napari_3dmsl.matching.fitted_scene import SceneFit

OPTICS = (
    "modality",
    "numerical_aperture",
    "emission_nm",
    "excitation_nm",
    "pixel_nm",
    "immersion_index",
)
_PATIENCE_S = 5.0  # for the scene that is being rendered when the panel is closed
_BEGIN = "Drop real images, choose files, or take an open layer."

_FIRST = (
    "Start here: drop images of your microscope below, as it has written them. None at hand? Open "
    "a sample and press Take it."
)


class MatchPanel(Panel):
    """Leads from real images to an image set like them, step by step; each can be taken back.

    Parameters
    ----------
    viewer
        Beside which it is docked.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "match.md"

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self.at_end(forget_all)
        self._match = Match()
        self._works = False
        self._threaded = BackgroundThread(self, _PATIENCE_S)
        self._working = BackgroundProcess(self)
        self._then: Callable[[Any], None] = self._take_images
        self._build()
        self._connect()
        self.keep_in_mind(
            "matching",
            lambda: {"optics": self.optics.values()},
            lambda state: self.optics.take(state.get("optics", {})),
            [self.optics.changed],
        )
        self._show(Match(optics=self.optics.values()))
        self.say(_BEGIN)

    def _build(self) -> None:
        self.images = ImageDrop(
            "real_images", "Drop images of your microscope here", "real images", self
        )
        self.layer = LayerChoice(
            self.viewer,
            _image_kind(),
            lambda layer: layer.ndim >= 2,
            name="real_layer",
            tooltip="An image layer that is open in napari, as its file has it",
        )
        self.take_layer = button(
            "take_layer", "Take it", "Use the planes of this layer as real images", self._take_layer
        )
        self.add_section("1. Real images", self.images, self._layer_row())
        self.told = _text("told")
        self.optics = Form(Microscope, OPTICS)
        self.optics_section = self.add_section("2. Microscope", self.told, self.optics)
        self.dark = ImageDrop(
            "dark_images",
            "Dark frames, if you have some: shutter closed, the same exposure",
            "dark frames",
            self,
        )
        self.em_gain = QCheckBox("A gain register multiplied the electrons (EMCCD)", self)
        self.em_gain.setObjectName("em_gain")
        self.em_gain.setToolTip("The random gain of an EMCCD doubles the noise of light")
        self.calibrate_button = button(
            "calibrate",
            "Calibrate the camera",
            "Measure gain and noise from the images: what is finer than the optics pass is noise",
            self._calibrate,
        )
        self.calibration = _text("calibration")
        self.calibration_picture = Picture("calibration_picture", self)
        self.save_camera_button = button(
            "save_camera",
            "Save the camera…",
            "Keep the camera as a file, for recipes, the command line and the Microscope panel",
            self._save_camera,
        )
        self.add_section(
            "3. Camera",
            self.dark,
            self.em_gain,
            self.calibrate_button,
            self.calibration,
            self.calibration_picture,
            self.save_camera_button,
        )
        self._build_scene()
        self.first_steps.offer(
            "open_sample",
            "Open a sample",
            "A simulated image of a cell as a layer; press Take it below to try this panel with it",
            self._open_sample,
        )
        self.first_steps.tell(_FIRST)
        self.use_button = self.add_button(
            "use",
            "Use for image sets",
            "Open what was found, so far as it goes, in the Image set panel",
        )
        self.undo = UndoButton("Take the last step back: its result is gone", self)
        self.undo.setText("Back")
        self.add_footer(self.undo)
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop what is being worked on")

    def _open_sample(self) -> None:
        self.say("Drawing the sample, for some seconds: press Take it when it is there.")
        self.viewer.open_sample("napari-3dmsl", "cell_scene")

    def _build_scene(self) -> None:
        self.fit_button = button(
            "fit",
            "Fit the scene",
            "Find density, brightness, haze and blur whose images are like yours: some minutes",
            self._fit,
        )
        self.fit = _text("fitted")
        self.save_recipe_button = button(
            "save_recipe",
            "Save the recipe…",
            "Keep the recipe as a file, for the Image set panel and napari-3dmsl dataset",
            self._save_recipe,
        )
        self.add_section("4. Scene", self.fit_button, self.fit, self.save_recipe_button)
        self.compare_button = button(
            "compare",
            "Compare",
            "Make some images of the recipe and lay them beside yours",
            self._compare,
        )
        self.compared = _text("compared")
        self.comparison_picture = Picture("comparison_picture", self)
        self.add_section("5. Compare", self.compare_button, self.compared, self.comparison_picture)

    def _layer_row(self) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(4, 2, 4, 2)
        label = FieldLabel("Or an open layer", row)
        field = self.layer.native
        label.setBuddy(field)
        for part, stretch in ((label, 0), (field, 1), (self.take_layer, 0)):
            line.addWidget(part, stretch)
        return row

    def _connect(self) -> None:
        self.images.given.connect(lambda paths: self._read(paths, self._take_images))
        self.dark.given.connect(lambda paths: self._read(paths, self._take_dark))
        self.layer.layer_changed.connect(self._renew_buttons)
        self.optics.changed.connect(self._optics_changed)
        self.em_gain.toggled.connect(self._optics_changed)
        self.use_button.clicked.connect(self._use)
        self.cancel_button.clicked.connect(self._cancel)
        self.undo.failed.connect(self.complain)
        for work in (self._threaded, self._working):
            self._listen(work)
        self.at_end(self.layer.disconnect_viewer)

    def _listen(self, work: BackgroundWork) -> None:
        work.progressed.connect(self._show_progress)
        work.finished.connect(self._finish)
        work.failed.connect(self._fail)
        work.cancelled.connect(self._stopped)
        self.at_end(work.close)

    @property
    def match(self) -> Match:
        """What has been found so far."""
        return self._match

    def _step(self, match: Match, text: str) -> None:
        """Go on to what a step has found, and offer the way back."""
        before = self._match
        self.undo.add(lambda: self._go_back(before))
        self._show(match)
        self.say(text)

    def _go_back(self, before: Match) -> None:
        self._show(before)
        self.say("The last step is taken back." if before.real else _BEGIN)

    def _show(self, match: Match) -> None:
        self._match = match
        real, dark, found = match.real, match.dark, match.calibration
        self.optics.show_values(match.optics)
        self.images.show_text(real.words if real else "")
        self.first_steps.tell("" if real else _FIRST)
        self.dark.show_text(dark.words if dark else "")
        without = self._show_relevant()
        asked = [name for name in OPTICS if name not in without]
        self.told.setText(told(real.read, asked) if real else "")
        self.told.setVisible(real is not None)
        self.em_gain.blockSignals(True)
        self.em_gain.setChecked(match.em_gain)
        self.em_gain.blockSignals(False)
        self.calibration.setText(calibrated(found) if found else "")
        self.calibration.setVisible(found is not None)
        drawable = found is not None and bool(found.curve)
        self.calibration_picture.show_figure(
            draw_calibration(found) if found is not None and drawable else None
        )
        self.fit.setText(fitted(match.fit) if match.fit else "")
        self.fit.setVisible(match.fit is not None)
        self._show_compared(match.compared)
        self._renew_buttons()

    def _show_compared(self, found: Compared | None) -> None:
        self.compared.setText(compared(found.comparison) if found else "")
        self.compared.setVisible(found is not None)
        figure = None
        if found is not None:
            tiles: dict[str, ArrayLike] = {"real": found.real, "simulated": found.simulated}
            figure = draw_comparison(found.comparison, tiles)
        self.comparison_picture.show_figure(figure)

    def _show_relevant(self) -> dict[str, str]:
        """Grey out what the modality has no use for, and return it."""
        try:
            without = self._match.microscope.irrelevant()
        except ValueError:  # told where the field was changed
            return {}
        self.optics.show_only(without=without)
        return without

    def _renew_buttons(self, works: bool = False) -> None:
        self._works = works
        match = self._match
        ready = match.real is not None and not works
        found = match.calibration is not None and match.calibration.refusal is None
        self.take_layer.setEnabled(self.layer.layer is not None and not works)
        self.calibrate_button.setEnabled(ready)
        self.save_camera_button.setVisible(found)
        self.fit_button.setEnabled(ready)
        self.save_recipe_button.setVisible(match.fit is not None)
        self.compare_button.setEnabled(ready and match.fit is not None)
        self.use_button.setEnabled(ready)
        self.cancel_button.setEnabled(works)
        for drop in (self.images, self.dark):
            drop.setEnabled(not works)
        self.undo.setVisible(not works)
        self.progress.setVisible(works)
        self.progress.setRange(0, 0)

    def _start(
        self, work: BackgroundWork, then: Callable[[Any], None], function: Any, *arguments: Any
    ) -> None:
        if self._works:
            return
        self._then = then
        self._renew_buttons(works=True)
        start: Any = work
        start.start(function, *arguments)

    def _read(self, paths: list[Path], then: Callable[[Any], None]) -> None:
        self.say("Reading…")
        self._start(self._threaded, then, read_images, paths)

    def _take_layer(self) -> None:
        try:
            self._take_images(images_of_layer(self.layer.layer))
        except (ValueError, OSError) as error:
            self.complain(str(error))

    def _take_images(self, real: RealImages) -> None:
        optics = self.optics.values()
        if real.read is not None:
            optics |= real.read.values(OPTICS)
        self._step(self._match.with_real(real, optics), real.words)

    def _take_dark(self, dark: RealImages) -> None:
        self._step(self._match.with_changed(dark=dark), f"Dark frames: {dark.words}")

    def _optics_changed(self) -> None:
        """Take the values of the fields; what was calibrated with others counts no more."""
        changes = {"optics": self.optics.values(), "em_gain": self.em_gain.isChecked()}
        had = self._match.calibration is not None
        self._show(self._match.with_changed(**changes))
        try:
            self._match.microscope.irrelevant()
        except ValueError as error:
            self.complain(str(error))
            return
        if had:
            self.say("Calibrate again: the microscope has changed.")

    def _calibrate(self) -> None:
        self.say("Calibrating…")
        self._start(self._working, self._take_calibration, calibrated_match, self._match)

    def _take_calibration(self, found: Calibration) -> None:
        self._step(
            self._match.with_changed(calibration=found), f"Calibrated from {found.images} planes."
        )
        if found.refusal:
            self.complain(f"Not calibrated: {found.refusal}")

    def _fit(self) -> None:
        self.say("Fitting…")
        self._start(self._threaded, self._take_fit, fitted_match, self._match)

    def _take_fit(self, found: SceneFit) -> None:
        match = replace(self._match, fit=found, compared=None)
        self._step(match, "Fitted. Compare shows how like your images its images are.")

    def _compare(self) -> None:
        self.say("Making images…")
        self._start(self._working, self._take_comparison, compared_match, self._match)

    def _take_comparison(self, found: Compared) -> None:
        self._step(replace(self._match, compared=found), "Compared.")

    def _save_recipe(self) -> None:
        fit = self._match.fit
        if fit is not None:
            ask_for_path(
                self,
                "Save the recipe",
                "matched.toml",
                RECIPES,
                lambda path: try_to_write(self, lambda: fit.save(path), path),
            )

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{done} of {total} {what}" if total else f"{what}…")

    def _finish(self, result: Any) -> None:
        self._renew_buttons()
        self._then(result)

    def _fail(self, why: str) -> None:
        self._renew_buttons()
        self.complain(why)

    def _stopped(self) -> None:
        self._renew_buttons()
        self.say("Cancelled; nothing has changed.")

    def _cancel(self) -> None:
        self._threaded.cancel()
        self._working.cancel()

    def _save_camera(self) -> None:
        ask_for_path(self, "Save the camera", "camera.json", "Cameras (*.json)", self._write_camera)

    def _write_camera(self, path: Path) -> None:
        def write() -> None:
            with whole_file(path) as temporary:
                temporary.write_text(self._match.camera.model_dump_json(indent=2) + "\n", "utf-8")

        try_to_write(self, write, path)

    def _use(self) -> None:
        """Open what was found in the Image set panel."""
        try:
            recipe = self._match.recipe()
        except ValueError as error:
            self.complain(str(error))
            return
        panel = open_panel(self.viewer, ImageSetPanel, "Image set")
        panel.show_recipe(recipe)
        self.say("Opened in the Image set panel.")


def _image_kind() -> type:
    from napari.layers import Image

    return Image


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setContentsMargins(6, 0, 6, 0)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
