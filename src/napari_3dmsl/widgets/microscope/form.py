"""The settings of the *Microscope* panel: presets on top, then every knob, as one `Simulation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QWidget,
)

from napari_3dmsl.image_io.microscope_metadata import (
    MICROSCOPE_SUFFIXES,
    ReadMicroscope,
    read_microscope,
)
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.pose import VIEWS, Pose
from napari_3dmsl.microscope.presets import (
    camera_names,
    load_camera,
    load_microscope,
    microscope_names,
    objective_names,
    save_microscope,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, pose_of_view, views_of
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.widgets.common.drop_button import DropButton
from napari_3dmsl.widgets.common.form import Form, button, drop_down
from napari_3dmsl.widgets.common.remembered import State
from napari_3dmsl.widgets.common.undo import UndoButton
from napari_3dmsl.widgets.microscope.instrument import OWN_OBJECTIVE, Instrument
from napari_3dmsl.widgets.microscope.what_was_read import marks_of, summary_of

OWN_POSE = "own"  # angles of none of the six views
_PRESET_TIP = "Microscopes of the 3DMSL paper (Table 2), two more, and your own files"
_OBJECTIVE_TIP = (
    "Turn another objective in: aperture, immersion, magnification and, with a camera, pixel"
)
_READ_TIP = (
    "Read from an image, chosen or dropped here, which microscope took it: fills the fields that "
    "its file tells of and marks them ✓; those that it does not tell are marked ?"
)
_OPEN_TIP = "Take a microscope from a .json or .toml file"
_UNDO_TIP = (
    "Bring back the optics and camera that the last preset, Reset, objective, camera, file or "
    "image has replaced, and a preset of yours that Keep as has"
)
_RESET_TIP = "Back to the chosen microscope and objective"
_KEEP_TIP = "Keep these optics as a preset of yours, for the list above and the command line"
_DETECTOR_TIP = "Typical detectors of each kind, and your own files; fills Camera and noise below"

_OPTICS = (
    "modality",
    "confocal",
    "psf_model",
    "numerical_aperture",
    "emission_nm",
    "excitation_nm",
    "pinhole_airy",
    "sheet_fwhm_um",
    "pixel_nm",
    "image_size",
)
_INDICES = ("immersion_index_design", "immersion_index", "coverslip_index", "specimen_index")
_LABELLING = (
    "target",
    "density_per_um2",
    "density_per_um3",
    "efficiency",
    "photons_per_fluorophore",
    "photon_distribution",
    "continuous",
    "off_time_s",
    "on_time_s",
)
_CAMERA = (
    "background_photons",
    "quantum_efficiency",
    "exposure_s",
    "em_gain",
    "read_noise_e",
    "offset_adu",
)
_PATTERN = (
    "row_noise_e",
    "gain_spread",
    "offset_spread_e",
    "column_spread_e",
    "hot_share",
    "hot_e_per_s",
    "vignetting",
    "pattern_seed",
)


class View(Settings):
    """Which of the release's views a pose is."""

    view: Annotated[
        Literal["0", "x90", "x180", "y90", "y180", "z90", "own"],
        Field(
            description="The six views of the 3DMSL release. The sliders turn further: 'own' is "
            "told then."
        ),
        Show("View", source="Default: 0, as it lies in the volume."),
    ] = "0"


class Recording(Settings):
    """Whether a stack is recorded."""

    stack: Annotated[
        bool,
        Field(description="Record a stack as a 3D layer beside the 2D image."),
        Show("z-stack", source="Default: off; a plane follows the knobs faster."),
    ] = False


class SimulationForm(QObject):
    """One `Simulation`, the instrument that it began with, and the forms that show both.

    The forms never change anything but what a person edits: a setting of a preset or file is
    kept to the last digit, also where no field shows it.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    changed
        Some setting is another one.
    grey_levels_changed
        Another instrument or kind of noise: counts can no longer be compared.
    failed
        A preset cannot be used; why, in one line.
    """

    changed = Signal()
    grey_levels_changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._instrument = Instrument.of_preset()
        self._simulation = Simulation()
        self._problem: ValueError | None = None
        self.preset = drop_down("microscope", microscope_names(), _PRESET_TIP)
        self.objective = drop_down("objective", [OWN_OBJECTIVE, *objective_names()], _OBJECTIVE_TIP)
        self.detector = drop_down("camera", camera_names(), _DETECTOR_TIP)
        self.changes = QLabel()
        self.changes.setObjectName("changes")
        self.changes.setWordWrap(True)
        self.reset = button("reset", "Reset", _RESET_TIP, self._reset)
        self.open = button("open_microscope", "Open…", _OPEN_TIP, self._ask_what_to_open)
        self.keep = button("keep", "Keep as…", _KEEP_TIP, self._ask_for_name)
        self.read = DropButton("Read from image…", _READ_TIP, MICROSCOPE_SUFFIXES)
        self.read.setObjectName("read_image")
        self.read.chosen.connect(self._read_and_ask)
        self.read_from = QLabel()
        self.read_from.setObjectName("read_from")
        self.read_from.setWordWrap(True)
        self.read_from.hide()
        self.undo = UndoButton(_UNDO_TIP)
        self.undo.failed.connect(self.failed)
        self.optics = Form(Microscope, _OPTICS)
        self.indices = Form(Microscope, _INDICES)
        self.focus = Form(Acquisition, ("focus_um", "depth_um"))
        self.stack = Form(Recording)
        self.planes = Form(Acquisition, ("planes", "step_nm", "z_axis"))
        self.view = Form(View)
        self.pose = Form(Pose, ("rotation_deg",))
        self.labelling = Form(Labelling, _LABELLING)
        self.noise = Form(Simulation, ("noise", "snr"))
        self.camera = Form(Camera, _CAMERA)
        self.pattern = Form(Camera, _PATTERN)
        self.seed = Form(Simulation, ("seed",))
        self.planes.set_values({"planes": 31})
        words = self.view.field("view").native
        words.model().item(words.findText(OWN_POSE)).setEnabled(False)  # it is told only
        self._listen()
        self._take(lambda: self._instrument, undoable=False)

    def _listen(self) -> None:
        self.preset.textActivated.connect(self.take_preset)
        self.objective.textActivated.connect(self._choose_objective)
        self.detector.textActivated.connect(self._choose_camera)
        for form in (self.optics, self.indices):
            form.changed.connect(self._optics_edited)
        self.view.changed.connect(self._view_edited)
        self.pose.changed.connect(self._pose_edited)
        self.noise.changed.connect(self._noise_edited)
        for form in (
            self.focus,
            self.stack,
            self.planes,
            self.labelling,
            self.camera,
            self.pattern,
            self.seed,
        ):
            form.changed.connect(self._edited)

    def presets(self) -> QWidget:
        """Return the rows that choose microscope, objective and camera."""
        widget = QWidget()
        layout = QFormLayout(widget)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addRow("Microscope", self.preset)
        layout.addRow("Objective", self.objective)
        layout.addRow("Camera", self.detector)
        layout.addRow(self.changes)
        buttons = QHBoxLayout()
        for each in (self.reset, self.undo, self.open, self.keep):
            buttons.addWidget(each)
        layout.addRow(buttons)
        layout.addRow(self.read)
        layout.addRow(self.read_from)
        return widget

    @property
    def wants_stack(self) -> bool:
        """Whether a z-stack is asked for beside the image."""
        return bool(self.stack.values()["stack"])

    def microscope(self) -> Microscope:
        """Return the microscope as shown; ValueError when a setting is wrong."""
        return self._instrument.changed(self._optics())

    def simulation(self, *, stack: bool = False) -> Simulation:
        """Return all settings as shown; ValueError when one is wrong.

        Parameters
        ----------
        stack
            All planes, not only the sharp one.
        """
        if self._problem is not None:
            raise self._problem
        found = self._simulation
        if stack or found.acquisition.planes == 1:
            return found
        plane = found.acquisition.model_copy(update={"planes": 1})
        return found.model_copy(update={"acquisition": plane})

    def take_preset(self, name: str) -> None:
        """Fill the optics, the indices and the camera from a microscope's preset.

        Parameters
        ----------
        name
            Of the microscope.
        """
        self._take(lambda: Instrument.of_preset(name))

    def open_microscope(self, path: Path) -> None:
        """Fill the fields from a microscope's file; it is not kept among the presets.

        Parameters
        ----------
        path
            ``.json`` or ``.toml``.
        """
        self._take(lambda: Instrument.of_file(path))

    def read_image(self, read: ReadMicroscope) -> None:
        """Fill the fields from what the file of an image tells, and mark them.

        Parameters
        ----------
        read
            From `read_microscope`.
        """
        try:
            shown = self.microscope()
        except ValueError:  # of a field that is being edited
            shown = self._instrument.microscope
        camera = self._instrument.camera.replace(**self._camera_values())
        self._take(lambda: Instrument.of_image(read, shown, camera))
        marks = marks_of(read)
        for form in self._instrument_forms:
            form.mark(marks)
        self._tell_read(summary_of(read, {n for f in self._instrument_forms for n in f.names}))

    def _read_and_ask(self, path: Path) -> None:
        """Read the microscope of an image; where it has channels, ask for the one that is meant."""
        try:
            read = read_microscope(path)
            if len(read.channels) > 1:
                names = [f"{n}: {name}".rstrip(": ") for n, name in enumerate(read.channels)]
                name, agreed = QInputDialog.getItem(
                    self.read, "Read from image", "Which channel?", names, 0, False
                )
                if not agreed:
                    return
                read = read_microscope(path, names.index(name))
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self.read_image(read)

    def _tell_read(self, text: str) -> None:
        self.read_from.setText(text)
        self.read_from.setVisible(bool(text))

    @property
    def _instrument_forms(self) -> tuple[Form, ...]:
        """Forms of what an instrument has."""
        return self.optics, self.indices, self.camera, self.pattern

    def _camera_values(self) -> dict[str, Any]:
        return {**self.camera.values(), **self.pattern.values()}

    def keep_microscope(self, name: str) -> None:
        """Keep the microscope as shown as a preset, and choose it; *Undo* restores a former one.

        Parameters
        ----------
        name
            Of the new preset.
        """
        former = load_microscope(name) if name in microscope_names() else None
        try:
            save_microscope(self.microscope(), name)
            kept = Instrument.of_preset(name).with_camera(self._instrument.camera)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self._begin_step(None if former is None else lambda: save_microscope(former, name))
        if self.preset.findText(name) < 0:
            self.preset.addItem(name)
        self._instrument = kept
        self._show_optics()
        self._edited()

    def state(self) -> State:
        """Return instrument and labelling as plain values, for `take_state`."""
        chosen, camera = self._instrument.microscope, self._instrument.camera
        return {
            "instrument": self._instrument.as_remembered(),
            "optics": _changed_only(self._optics(), chosen),
            "camera": {
                **_changed_only(self._camera_values(), camera),
                **self.noise.values(),
                **self.seed.values(),
            },
            "labelling": self.labelling.values(),
            "stack": {**self.stack.values(), **self.planes.values()},
        }

    def take_state(self, state: State) -> None:
        """Fill the fields from a state; whatever does not fit is left as it is.

        Parameters
        ----------
        state
            As the form was before.
        """
        self._instrument = Instrument.remembered(state.get("instrument", {}))
        self._show_optics()
        self._show_camera()
        for group, forms in (
            ("optics", (self.optics, self.indices)),
            ("camera", (self.camera, self.pattern, self.noise, self.seed)),
            ("labelling", (self.labelling,)),
            ("stack", (self.stack, self.planes)),
        ):
            kept = state.get(group, {})
            for form in forms:
                with form.changed.blocked():
                    form.take(kept)
        self._seen = self._optics()
        self.grey_levels_changed.emit()
        self._edited()

    def take_focus(self, focus_um: float) -> None:
        """Set the height of the sharp plane.

        Parameters
        ----------
        focus_um
            Above the centroid.
        """
        self.focus.set_values({"focus_um": focus_um})

    def take_image_size(self, size: tuple[int, int]) -> None:
        """Set the pixels of the image; `changed` is told also when they are as before.

        Parameters
        ----------
        size
            Rows and columns.
        """
        self.optics.set_values({"image_size": size})

    def take_pose(self, pose: Pose) -> None:
        """Set the three angles, to the tenth of a degree that the fields show.

        Parameters
        ----------
        pose
            Of the object.
        """
        angles = tuple(round(angle, 1) for angle in pose.angles_deg)
        self.pose.show_values({"rotation_deg": angles})
        self._pose_edited()

    def _take(self, choose: Callable[[], Instrument], *, undoable: bool = True) -> None:
        """Take another instrument and show it as it is; one that cannot be had is told."""
        try:
            chosen = choose()
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        if undoable:
            self._begin_step()
        self._instrument = chosen
        self._show_optics()
        self._show_camera()
        self._tell_read("")
        self._name_view()
        self.grey_levels_changed.emit()
        self._edited()

    def _reset(self) -> None:
        self._take(lambda: self._instrument)

    def _choose_objective(self, name: str) -> None:
        self._take(lambda: self._instrument.with_objective(name))

    def _choose_camera(self, name: str) -> None:
        """Take another camera; the optics stay as they were changed."""
        try:
            camera = load_camera(name)
        except ValueError as error:
            self.failed.emit(str(error))
            return
        self._begin_step()
        self._instrument = self._instrument.with_camera(camera)
        self._show_camera()
        self.grey_levels_changed.emit()
        self._edited()

    def _begin_step(self, first: Callable[[], Any] | None = None) -> None:
        """Keep the instrument, which is about to be replaced, for *Undo*."""
        instrument = self._instrument
        forms = (*self._instrument_forms, self.noise, self.seed)
        before = [(form, form.values(), form.marks) for form in forms]
        told = self.read_from.text()

        def back() -> None:
            if first is not None:
                first()
            self._instrument = instrument
            self._show_choices()
            for form, values, marks in before:
                form.show_values(values)
                form.mark(marks)
            self._tell_read(told)
            self._seen = self._optics()
            self._name_view()
            self.grey_levels_changed.emit()
            self._edited()

        self.undo.add(back)

    def _ask_what_to_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self.keep, "Open a microscope", "", "Microscopes (*.json *.toml)"
        )
        if path:
            self.open_microscope(Path(path))

    def _ask_for_name(self) -> None:
        name, agreed = QInputDialog.getText(self.keep, "Keep this microscope", "Name of the preset")
        if agreed:
            self.keep_microscope(name.strip())

    def _show_choices(self) -> None:
        """Name the instrument; the microscope of a file is none of the list."""
        self.preset.setPlaceholderText(self._instrument.own.name)
        self.preset.setCurrentIndex(self.preset.findText(self._instrument.preset))
        self.objective.setCurrentText(self._instrument.objective)
        self.detector.setPlaceholderText(self._instrument.camera.name)
        self.detector.setCurrentIndex(self.detector.findText(self._instrument.camera.name))

    def _show_optics(self) -> None:
        values = dict(self._instrument.microscope)
        for form in (self.optics, self.indices):
            form.show_values(values)
            form.mark({})
        self._seen = self._optics()
        self._show_choices()

    def _show_camera(self) -> None:
        for form in (self.camera, self.pattern):
            form.show_values(dict(self._instrument.camera))
            form.mark({})
        self._show_choices()

    def _optics(self) -> dict[str, Any]:
        return {**self.optics.values(), **self.indices.values()}

    def _optics_edited(self) -> None:
        """Fill what goes with another modality, its usual camera, and with another objective."""
        before, now = self._seen, self._optics()
        if now["immersion_index_design"] != before["immersion_index_design"]:
            # first of all it is used as it is made
            self.indices.show_values({"immersion_index": now["immersion_index_design"]})
        if now["modality"] != before["modality"]:
            other = self._instrument.microscope.model_copy(update={"modality": now["modality"]})
            self._instrument = self._instrument.with_camera(usual_camera(other))
            self._show_camera()
        self._seen = self._optics()
        self._edited()

    def _noise_edited(self) -> None:
        if self.noise.values()["noise"] != self._simulation.noise:
            self.grey_levels_changed.emit()
        self._edited()

    def _view_edited(self) -> None:
        """One of the paper's six views: set the three angles, as this microscope turns objects."""
        view = self.view.values()["view"]
        if view in VIEWS:
            self.take_pose(pose_of_view(self._instrument.microscope, view))

    def _pose_edited(self) -> None:
        self._name_view()
        self._edited()

    def _name_view(self) -> None:
        """Tell which view the angles are, or that they are none of the six."""
        angles = self.pose.values()["rotation_deg"]
        same = [*views_of(self._instrument.microscope, angles), OWN_POSE]
        if self.view.values()["view"] not in same[:-1]:
            self.view.show_values({"view": same[0]})

    def _edited(self) -> None:
        """Take what the fields hold into the simulation, and tell of it."""
        try:
            self._simulation, self._problem = self._shown(), None
        except ValueError as error:  # told when the simulation is asked for
            self._problem = error
        self._grey_out()
        self._tell_changes()
        self.changed.emit()

    def _shown(self) -> Simulation:
        noise = self.noise.values()
        planes = self.planes.values()
        if not self.wants_stack:
            planes["planes"] = 1
        return Simulation(
            microscope=self.microscope(),
            acquisition=Acquisition(**self.focus.values(), **planes),
            pose=Pose(**self.pose.values()),
            labelling=Labelling(**self.labelling.values()),
            camera=self._instrument.camera.replace(**self._camera_values()),
            noise=noise["noise"],
            snr=noise["snr"] if noise["noise"] == "camera" else None,
            **self.seed.values(),
        )

    def _tell_changes(self) -> None:
        """Name what differs from the choice, so that nobody takes one for the other."""
        names = self._instrument.differing(self._optics())
        labels = {**self.optics.labels_by_name, **self.indices.labels_by_name}
        different = ", ".join(labels[name].lower() for name in names)
        self.changes.setText(f"Changed: {different}" if different else "")
        self.changes.setVisible(bool(different))
        self.reset.setEnabled(bool(different))

    def _grey_out(self) -> None:
        """Grey out what has no effect with the present choices."""
        optics = self._instrument.microscope.model_copy(update=self._optics())
        self.optics.show_only(without=optics.irrelevant())
        labelling = Labelling.model_construct(**self.labelling.values())  # checked elsewhere
        self.labelling.show_only(without=labelling.irrelevant())
        idle = self._simulation.model_copy(update=self.noise.values()).irrelevant()
        self.noise.show_only(without=idle)
        camera = Camera.model_construct(**self._camera_values()).irrelevant()
        for form in (self.camera, self.pattern):
            form.show_only(without=dict.fromkeys(form.names, idle["camera"]) if idle else camera)
        self.detector.setEnabled(not idle)


def _changed_only(values: Mapping[str, Any], chosen: Settings) -> dict[str, Any]:
    """Return values, None for each that is as chosen."""
    return {
        name: None if value == getattr(chosen, name) else value for name, value in values.items()
    }
