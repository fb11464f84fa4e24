"""The settings of the *Microscope* panel: presets on top, then every knob, as one `Simulation`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QWidget,
)

from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.pose import VIEWS, Pose
from napari_3dmsl.microscope.presets import (
    camera_names,
    load_camera,
    load_microscope,
    load_objective,
    microscope_names,
    objective_names,
    save_microscope,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, pose_of_view, views_of
from napari_3dmsl.widgets.common.form import button, drop_down
from napari_3dmsl.widgets.common.relevance import (
    camera_without_effect,
    labelling_without_effect,
    optics_without_effect,
)
from napari_3dmsl.widgets.common.remembered import State, fitted
from napari_3dmsl.widgets.common.row_form import RowForm
from napari_3dmsl.widgets.common.undo import UndoButton
from napari_3dmsl.widgets.microscope import rows as rows

OWN_OBJECTIVE = "the microscope's own"
_INSTRUMENT = {"instrument", "optics", "indices", "camera"}
_CAMERAS_WITH_PIXELS = {"widefield", "light_sheet"}


class SimulationForm(QObject):
    """Forms for sample, pose, optics, focus and camera, and the presets that fill them.

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
        self._base = load_microscope("con1")
        self._as_chosen = self._base
        self._chosen = {"microscope": "con1", "objective": OWN_OBJECTIVE}
        self._camera = usual_camera(self._base)
        self.preset = drop_down("microscope", microscope_names(), rows.PRESET_TIP)
        self.objective = drop_down(
            "objective", [OWN_OBJECTIVE, *objective_names()], rows.OBJECTIVE_TIP
        )
        self.detector = drop_down("camera", camera_names(), rows.DETECTOR_TIP)
        self.changes = QLabel()
        self.changes.setObjectName("changes")
        self.changes.setWordWrap(True)
        self.reset = button("reset", "Reset", "Back to the chosen preset", self._reset)
        self.open = button("open_microscope", "Open…", rows.OPEN_TIP, self._ask_what_to_open)
        self.keep = button("keep", "Keep as…", rows.KEEP_TIP, self._ask_for_name)
        self.undo = UndoButton(rows.UNDO_TIP)
        self.undo.failed.connect(self.failed)
        self.optics = RowForm(rows.OPTICS)
        self.indices = RowForm(rows.INDICES)
        self.focus = RowForm(rows.FOCUS)
        self.stack = RowForm(rows.STACK)
        self.pose = RowForm(rows.POSE)
        self.labelling = RowForm(rows.LABELLING)
        self.camera = RowForm(rows.CAMERA)
        self.labelling.set_values(Labelling().model_dump())
        self.stack.set_values({"planes": 31, "step_nm": 250})
        self.focus.set_values({"focus_um": 0.0, "depth_um": 0.0})
        self.preset.textActivated.connect(self._choose_preset)
        self.objective.textActivated.connect(self._take_objective)
        self.detector.textActivated.connect(self._take_camera)
        for form in self._forms():
            form.changed.connect(self._field_changed)
        self.optics.field("modality").currentTextChanged.connect(self._take_usual_camera)
        self.indices.field("immersion_index_design").currentIndexChanged.connect(self._immerse)
        self._view = self.pose.field("view")
        self._view.model().item(self._view.findText(rows.OWN_POSE)).setEnabled(False)  # told only
        self._view.currentTextChanged.connect(self._take_view)
        for axis in "zyx":
            self.pose.field(f"rotation_deg_{axis}").valueChanged.connect(self._name_view)
        self.camera.field("noise").currentIndexChanged.connect(self.grey_levels_changed)
        self.take_preset("con1")

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
        return widget

    def _forms(self) -> tuple[RowForm, ...]:
        return (
            self.labelling,
            self.pose,
            self.optics,
            self.indices,
            self.focus,
            self.stack,
            self.camera,
        )

    @property
    def wants_stack(self) -> bool:
        """Whether a z-stack is asked for beside the image."""
        return bool(self.stack.values()["stack"])

    def microscope(self) -> Microscope:
        """Return the microscope as shown; ValueError when a setting is wrong."""
        values = {**self.optics.values(), **self.indices.values()}
        size = values.pop("image_size")
        shown = self._base.replace(image_size=(size, size), **values)
        if shown.modality != self._base.modality:  # a camera has pixels, a scan has points
            shown = shown.replace(pixel_integration=shown.modality in _CAMERAS_WITH_PIXELS)
        return shown if shown == self._base else shown.replace(name=f"{self._base.name}, changed")

    def simulation(self, *, stack: bool = False) -> Simulation:
        """Return all settings as shown; ValueError when one is wrong."""
        pose = self.pose.values()
        planes = self.stack.values()
        camera = self.camera.values()
        noise, seed, snr = (camera.pop(name) for name in ("noise", "seed", "snr"))
        return Simulation(
            microscope=self.microscope(),
            acquisition=Acquisition(
                **self.focus.values(),
                planes=planes["planes"] if stack else 1,
                step_nm=planes["step_nm"],
                z_axis=planes["z_axis"],
            ),
            pose=Pose(rotation_deg=tuple(pose[f"rotation_deg_{axis}"] for axis in "zyx")),
            labelling=Labelling(**self.labelling.values()),
            camera=self._camera.replace(**camera),
            noise=noise,
            snr=snr if snr and noise == "camera" else None,
            seed=seed,
        )

    def take_preset(self, name: str) -> None:
        """Fill the optics, the indices and the camera from a microscope's preset."""
        try:
            self._base = load_microscope(name)
        except ValueError as error:
            self.failed.emit(str(error))
            return
        self._as_chosen = self._base
        self._chosen = {"microscope": name, "objective": OWN_OBJECTIVE}
        self.objective.setCurrentText(OWN_OBJECTIVE)
        self._camera = usual_camera(self._base)
        self._show_instrument()

    def open_microscope(self, path: Path) -> None:
        """Fill the fields from a microscope's file; it is not kept among the presets."""
        try:
            base = Microscope.load(path)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self._begin_step()
        self._base = base
        self._camera = usual_camera(self._base)
        self._show_instrument()

    def keep_microscope(self, name: str) -> None:
        """Keep the microscope as shown as a preset, and choose it; *Undo* restores a former one."""
        former = _yours(name)
        try:
            save_microscope(self.microscope(), name)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self._begin_step(None if former is None else lambda: save_microscope(former, name))
        if self.preset.findText(name) < 0:
            self.preset.addItem(name)
        self.preset.setCurrentText(name)
        camera = self._camera
        self.take_preset(name)
        self._camera = camera
        self._show_camera()

    def _choose_preset(self, name: str) -> None:
        self._begin_step()
        self.take_preset(name)

    def _reset(self) -> None:
        self._choose_preset(self.preset.currentText())

    def _begin_step(self, first: Callable[[], Any] | None = None) -> None:
        """Keep the instrument, which is about to be replaced, for *Undo*."""
        before = {name: group for name, group in self.state().items() if name in _INSTRUMENT}

        def back() -> None:
            if first is not None:
                first()
            self.take_state(before)

        self.undo.add(back)

    def state(self) -> State:
        """Return instrument and labelling as plain values, for `take_state`."""
        same = self._base == self._as_chosen
        instrument = {
            **self._chosen,  # not what the drop-downs show: they are ahead while one chooses
            "base": None if same else self._base.model_dump(mode="json"),
            "camera": self._camera.name,
        }
        return {
            "instrument": instrument,
            "optics": self.optics.values(),
            "indices": self.indices.values(),
            "camera": self.camera.values(),
            "labelling": self.labelling.values(),
            "stack": self.stack.values(),
        }

    def take_state(self, state: State) -> None:
        """Fill the fields from a state; whatever does not fit is left as it is."""
        instrument = state.get("instrument", {})
        with QSignalBlocker(self):
            for box, take in (
                (self.preset, self.take_preset),
                (self.objective, self._turn_in),
            ):
                name = instrument.get(box.objectName())
                if isinstance(name, str) and box.findText(name) >= 0:
                    box.setCurrentText(name)
                    take(name)
            base = instrument.get("base")
            self._base = fitted(self._base, base if isinstance(base, dict) else {})
            self._show_instrument()
            self.optics.take(state.get("optics", {}))
            self.indices.take(state.get("indices", {}))
            camera = instrument.get("camera")
            if isinstance(camera, str) and self.detector.findText(camera) >= 0:
                self._camera = load_camera(camera)
            self._show_camera()
            self.camera.take(state.get("camera", {}))
            self.labelling.take(state.get("labelling", {}))
            self.stack.take(state.get("stack", {}))
        self.grey_levels_changed.emit()
        self._field_changed()

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

    def _tell_changes(self) -> None:
        """Name what differs from the preset, so that nobody takes one for the other."""
        try:
            shown = self.microscope().model_dump(exclude={"name"})
            preset = load_microscope(self.preset.currentText()).model_dump()
        except ValueError:  # told elsewhere
            return
        different = [
            name.replace("_", " ") for name, value in shown.items() if value != preset[name]
        ]
        self.changes.setText(f"Changed: {', '.join(different)}" if different else "")
        self.changes.setVisible(bool(different))
        self.reset.setEnabled(bool(different))

    def _take_objective(self, name: str) -> None:
        self._begin_step()
        self._turn_in(name)

    def _turn_in(self, name: str) -> None:
        """Put an objective into the preset's microscope."""
        try:
            base = load_microscope(self.preset.currentText())
            if name != OWN_OBJECTIVE:
                base = with_objective(base, load_objective(name))
        except ValueError as error:
            self.failed.emit(str(error))
            return
        self._base = base
        self._chosen["objective"] = name
        self._show_instrument()

    def _take_camera(self, name: str) -> None:
        try:
            camera = load_camera(name)
        except ValueError as error:
            self.failed.emit(str(error))
            return
        self._begin_step()
        self._camera = camera
        self.grey_levels_changed.emit()
        self._show_camera()

    def _show_instrument(self) -> None:
        values = self._base.model_dump()
        values["image_size"] = values["image_size"][0]
        with QSignalBlocker(self):
            for form in (self.optics, self.indices):
                form.set_values(values)
            self._show_camera()
        self._name_view()
        self._grey_out()
        self._tell_changes()
        self.grey_levels_changed.emit()
        self.changed.emit()

    def _show_camera(self) -> None:
        self.detector.setCurrentText(self._camera.name)
        self.camera.set_values(self._camera.model_dump())

    def _take_usual_camera(self) -> None:
        """Another modality is recorded by another detector."""
        modality = self.optics.values()["modality"]
        self._camera = usual_camera(self._base.replace(modality=modality))
        self._show_camera()

    def _immerse(self) -> None:
        """Another objective is first of all used as it is made."""
        medium = self.indices.values()["immersion_index_design"]
        self.indices.set_values({"immersion_index": medium})

    def _take_view(self, view: str) -> None:
        """One of the paper's six views: set the three angles, as this microscope turns objects."""
        if view in VIEWS:
            self.take_pose(pose_of_view(self._base, view))

    def _name_view(self) -> None:
        """Tell which view the angles are, or that they are none of the six."""
        shown = [self.pose.field(f"rotation_deg_{axis}").value() for axis in "zyx"]
        now = self._view.currentText()
        same = [*views_of(self._base, shown), rows.OWN_POSE]
        if now not in same[:-1]:
            with QSignalBlocker(self._view):
                self._view.setCurrentText(same[0])

    def take_pose(self, pose: Pose) -> None:
        """Set the three angles, to the tenth of a degree that the fields show."""
        self.pose.set_values(
            {
                f"rotation_deg_{axis}": round(angle, 1)
                for axis, angle in zip("zyx", pose.angles_deg, strict=True)
            }
        )

    def _field_changed(self) -> None:
        self._grey_out()
        self._tell_changes()
        self.changed.emit()

    def _grey_out(self) -> None:
        """Grey out what has no effect with the present choices."""
        optics, labelling, camera = (
            form.values() for form in (self.optics, self.labelling, self.camera)
        )
        self.optics.show_only(without=optics_without_effect(optics))
        self.labelling.show_only(without=labelling_without_effect(labelling))
        self.camera.show_only(without=camera_without_effect(camera))
        self.detector.setEnabled(camera["noise"] == "camera")


def _yours(name: str) -> Microscope | None:
    """Return the preset of yours of that name, if there is one that can be read."""
    return load_microscope(name) if name in microscope_names() else None
