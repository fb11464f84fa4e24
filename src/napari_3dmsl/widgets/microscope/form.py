"""The settings of the *Microscope* panel: an instrument and every knob, as one `Simulation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.image_io.microscope_metadata import ReadMicroscope
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.named_labelling import NamedLabelling
from napari_3dmsl.microscope.pose import VIEWS, Pose
from napari_3dmsl.microscope.presets import (
    load_camera,
    load_microscope,
    microscope_names,
    save_microscope,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Acquisition, Microscope, steps_without_effect
from napari_3dmsl.microscope.sharp_plane import of_sharp_plane
from napari_3dmsl.microscope.simulation import Simulation, pose_of_view, views_of
from napari_3dmsl.settings import Settings
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.history import Snapshot
from napari_3dmsl.widgets.common.remembered import State
from napari_3dmsl.widgets.microscope.fields import OWN_POSE, Fields, View, values_of
from napari_3dmsl.widgets.microscope.instrument import Instrument
from napari_3dmsl.widgets.microscope.instrument_choice import InstrumentChoice
from napari_3dmsl.widgets.microscope.labelling_choice import LabellingChoice
from napari_3dmsl.widgets.microscope.what_was_read import marks_of, summary_of


class SimulationForm(QObject):
    """One `Simulation`, the instrument that it began with, and the fields that show both.

    The fields never change anything but what a person edits: a setting of a preset or file is
    kept to the last digit, also where no field shows it.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    changed
        Some setting is another one.
    stepped(source, fields, back)
        A person has made a step, as `History.note` takes it.
    grey_levels_changed
        Another instrument or kind of noise: counts can no longer be compared.
    failed
        A preset cannot be used; why, in one line.
    """

    changed = Signal()
    stepped = Signal(object, object, object)
    grey_levels_changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._instrument = Instrument.of_preset()
        self._simulation = Simulation()
        self._problem: ValueError | None = None
        self.choice = InstrumentChoice(self)
        self.labelling_choice = LabellingChoice(self)
        self.fields = Fields()
        self._show_labelling(self.labelling_choice.first)
        self._listen()
        self._take(lambda: self._instrument, "begin")

    def _listen(self) -> None:
        choice, fields = self.choice, self.fields
        choice.failed.connect(self.failed)
        choice.preset_chosen.connect(self.take_preset)
        choice.objective_chosen.connect(self._choose_objective)
        choice.camera_chosen.connect(self._choose_camera)
        choice.file_chosen.connect(self.open_microscope)
        choice.image_read.connect(self.read_image)
        choice.name_given.connect(self.keep_microscope)
        choice.reset_asked.connect(self._reset)
        self.labelling_choice.chosen.connect(self._choose_labelling)
        special = {
            View: self._view_edited,
            Pose: self._pose_edited,
            Simulation: self._noise_edited,
            Microscope: self._optics_edited,
        }
        for form in fields.all:
            form.changed.connect(special.get(form.settings_class, self._edited))

    @property
    def wants_stack(self) -> bool:
        """Whether a z-stack is asked for beside the image."""
        return bool(self.fields.stack.values()["stack"])

    @property
    def step_um(self) -> float:
        """Between the planes of a stack."""
        return float(self.fields.planes.values()["step_nm"]) / 1000.0

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
        return self._simulation if stack else of_sharp_plane(self._simulation)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named, as a person would.

        Parameters
        ----------
        values
            By the names of settings.
        """
        self.fields.set_values(values)

    def take_preset(self, name: str) -> None:
        """Fill the optics, the indices and the camera from a microscope's preset.

        Parameters
        ----------
        name
            Of the microscope.
        """
        self._take(lambda: Instrument.of_preset(name), "microscope")

    def open_microscope(self, path: Path) -> None:
        """Fill the fields from a microscope's file; it is not kept among the presets.

        Parameters
        ----------
        path
            ``.json`` or ``.toml``.
        """
        self._take(lambda: Instrument.of_file(path), "file")

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
        camera = self._instrument.camera.replace(**self._camera())
        instrument_forms = self.fields.of(Microscope, Camera)

        def mark() -> None:
            marks = marks_of(read)
            for form in instrument_forms:
                form.mark(marks)
            self.choice.tell_read(summary_of(read, {n for f in instrument_forms for n in f.names}))

        self._take(lambda: Instrument.of_image(read, shown, camera), "image", then=mark)

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
        self.choice.add_preset(name)
        self._instrument = kept
        self._show_optics()
        back = None if former is None else lambda: save_microscope(former, name)
        self._edited("keep", back=back)

    def state(self) -> State:
        """Return instrument and labelling as plain values, for `take_state`."""
        chosen, camera = self._instrument.microscope, self._instrument.camera
        fields = self.fields
        return {
            "instrument": self._instrument.as_remembered(),
            "optics": _changed_only(self._optics(), chosen),
            "camera": {
                **_changed_only(self._camera(), camera),
                **fields.values(Simulation),
            },
            "labelling": fields.values(Labelling),
            "stack": {**fields.stack.values(), **fields.planes.values()},
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
        self.fields.show(self._instrument.camera)
        for group, forms in (
            ("optics", self.fields.of(Microscope)),
            ("camera", self.fields.of(Camera, Simulation)),
            ("labelling", self.fields.of(Labelling)),
            ("stack", (self.fields.stack, self.fields.planes)),
        ):
            kept = state.get(group, {})
            for form in forms:
                with form.changed.blocked():
                    form.take(kept)
        self._show_choice()
        self._seen = self._optics()
        self.grey_levels_changed.emit()
        self._edited("state")

    def snapshot(self) -> Snapshot:
        """Return all that a person can change, for `take_snapshot`."""
        return {
            "instrument": self._instrument,
            "read from": self.choice.read_from.text(),
            "marks": [form.marks for form in self.fields.all],
            **values_of(self.fields.all),
        }

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show everything as it was.

        Parameters
        ----------
        snapshot
            From `snapshot`; names that this form does not know are passed over.
        """
        before = self._instrument, self.fields.values(Camera), self.fields.noise.values()
        self._instrument = snapshot["instrument"]
        self._show_choice()
        for form, marks in zip(self.fields.all, snapshot["marks"], strict=True):
            form.show_values(snapshot)
            form.mark(marks)
        self.choice.tell_read(snapshot["read from"])
        self._seen = self._optics()
        if before != (self._instrument, self.fields.values(Camera), self.fields.noise.values()):
            self.grey_levels_changed.emit()
        self._edited("undo")

    def take_focus(self, focus_um: float) -> None:
        """Set the height of the sharp plane.

        Parameters
        ----------
        focus_um
            Above the centroid.
        """
        self.fields.focus.set_values({"focus_um": focus_um})

    def take_image_size(self, size: tuple[int, int]) -> None:
        """Set the pixels of the image; `changed` is told also when they are as before.

        Parameters
        ----------
        size
            Rows and columns.
        """
        self.fields.optics.set_values({"image_size": size})

    def take_pose(self, pose: Pose) -> None:
        """Set the three angles, to the tenth of a degree that the fields show.

        Parameters
        ----------
        pose
            Of the object.
        """
        self._take_pose(pose, "pose")

    def _take_pose(self, pose: Pose, source: str) -> None:
        angles = tuple(round(angle, 1) for angle in pose.angles_deg)
        self.fields.pose.show_values({"rotation_deg": angles})
        self._name_view()
        self._edited(source)

    def _take(
        self,
        choose: Callable[[], Instrument],
        source: str,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Take another instrument and show it as it is; one that cannot be had is told."""
        try:
            chosen = choose()
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            self._show_choice()
            return
        self._instrument = chosen
        self._show_optics()
        self.fields.show(chosen.camera)
        self.choice.tell_read("")
        self._name_view()
        then()
        self.grey_levels_changed.emit()
        self._edited(source)

    def _reset(self) -> None:
        self._take(lambda: self._instrument, "reset")

    def _choose_objective(self, name: str) -> None:
        self._take(lambda: self._instrument.with_objective(name), "objective")

    def _choose_camera(self, name: str) -> None:
        """Take another camera; the optics stay as they were changed."""
        try:
            camera = load_camera(name)
        except ValueError as error:
            self.failed.emit(str(error))
            return
        self._take_camera(camera)
        self.grey_levels_changed.emit()
        self._edited("camera")

    def _choose_labelling(self, labelling: NamedLabelling) -> None:
        self._show_labelling(labelling)
        self._edited("labelling")

    def _show_labelling(self, labelling: NamedLabelling) -> None:
        """Show what a preset of labelling sets; all else stays."""
        for form in self.fields.of(Labelling):
            form.show_values(labelling.given)

    def _take_camera(self, camera: Camera) -> None:
        self._instrument = self._instrument.with_camera(camera)
        self.fields.show(camera)
        self._show_choice()

    def _show_choice(self) -> None:
        self.choice.show(self._instrument)

    def _show_optics(self) -> None:
        self.fields.show(self._instrument.microscope)
        self._seen = self._optics()
        self._show_choice()

    def _optics(self) -> dict[str, Any]:
        return self.fields.values(Microscope)

    def _camera(self) -> dict[str, Any]:
        return self.fields.values(Camera)

    def _optics_edited(self, form: Form) -> None:
        """Fill what goes with another modality, its usual camera, and with another objective."""
        before, now = self._seen, self._optics()
        if now["immersion_index_design"] != before["immersion_index_design"]:
            # first of all it is used as it is made
            design = now["immersion_index_design"]
            self.fields.indices.show_values({"immersion_index": design})
        if now["modality"] != before["modality"]:
            other = self._instrument.microscope.model_copy(update={"modality": now["modality"]})
            self._take_camera(usual_camera(other))
        self._seen = self._optics()
        self._edited(form)

    def _noise_edited(self, form: Form) -> None:
        if self.fields.noise.values()["noise"] != self._simulation.noise:
            self.grey_levels_changed.emit()
        self._edited(form)

    def _view_edited(self, form: Form) -> None:
        """One of the paper's six views: set the three angles, as this microscope turns objects."""
        view = form.values()["view"]
        if view in VIEWS:
            self._take_pose(pose_of_view(self._instrument.microscope, view), "view")

    def _pose_edited(self, form: Form) -> None:
        self._name_view()
        self._edited(form)

    def _name_view(self) -> None:
        """Tell which view the angles are, or that they are none of the six."""
        angles = self.fields.pose.values()["rotation_deg"]
        same = [*views_of(self._instrument.microscope, angles), OWN_POSE]
        if self.fields.view.values()["view"] not in same[:-1]:
            self.fields.view.show_values({"view": same[0]})

    def _edited(self, source: Form | str, back: Callable[[], Any] | None = None) -> None:
        """Take what the fields hold into the simulation, and tell of it."""
        try:
            self._simulation, self._problem = self._shown(), None
        except ValueError as error:  # told when the simulation is asked for
            self._problem = error
        self._hide_what_has_no_effect()
        self.labelling_choice.show(self.fields.values(Labelling))
        labels = self.fields.labels_by_name
        changes = [labels[name].lower() for name in self._instrument.differing(self._optics())]
        self.choice.tell_changes(changes)
        self.changed.emit()
        if isinstance(source, Form):
            self.stepped.emit(id(source), source.names, back)
        else:
            self.stepped.emit(source, None, back)

    def _shown(self) -> Simulation:
        recorded = self.fields.values(Simulation)
        acquisition = self.fields.values(Acquisition)
        if not self.wants_stack:
            acquisition["planes"] = 1
        if recorded["noise"] != "camera":
            recorded["snr"] = None
        return Simulation(
            microscope=self.microscope(),
            acquisition=Acquisition(**acquisition),
            pose=Pose(**self.fields.pose.values()),
            labelling=Labelling(**self.fields.values(Labelling)),
            camera=self._instrument.camera.replace(**self._camera()),
            **recorded,
        )

    def _hide_what_has_no_effect(self) -> None:
        """Take out of sight what has no effect with the present choices."""
        fields = self.fields
        optics = self._instrument.microscope.model_copy(update=self._optics())
        labelling = Labelling.model_construct(**fields.values(Labelling))  # checked elsewhere
        idle = self._simulation.model_copy(update=fields.noise.values()).irrelevant()
        camera = Camera.model_construct(**self._camera()).irrelevant()
        if idle:
            names = (name for form in fields.of(Camera) for name in form.names)
            camera = dict.fromkeys(names, idle["camera"])
        steps = {} if self.wants_stack else {"planes": "z-stack is off", **steps_without_effect(1)}
        if self.wants_stack:
            steps = steps_without_effect(fields.planes.values()["planes"])
        for kind, without in (
            (Microscope, optics.irrelevant()),
            (Labelling, labelling.irrelevant()),
            (Simulation, idle),
            (Camera, camera),
        ):
            for form in fields.of(kind):
                form.show_only(without=without)
        fields.planes.show_only(without=steps)
        self.choice.show_camera(not idle)


def _changed_only(values: Mapping[str, Any], chosen: Settings) -> dict[str, Any]:
    """Return values, None for each that is as chosen."""
    return {
        name: None if value == getattr(chosen, name) else value for name, value in values.items()
    }
