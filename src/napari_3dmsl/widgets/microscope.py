"""The *Microscope* panel: turn a knob and the image of the selected shape follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QSignalBlocker, QTimer
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from napari_3dmsl import layers
from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.fluorophores import Labelling, Surface
from napari_3dmsl.microscope.instruments import Acquisition, Microscope
from napari_3dmsl.microscope.pose import VIEWS, Pose
from napari_3dmsl.microscope.presets import load_microscope, microscope_names, usual_camera
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, Simulator, pose_of_view
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.widgets import _microscope_rows as rows
from napari_3dmsl.widgets._form import Form
from napari_3dmsl.widgets._layer_choice import LayerChoice
from napari_3dmsl.widgets._live import LatestWins, Outdated
from napari_3dmsl.widgets._panel import Panel
from napari_3dmsl.widgets._selection import selection_of

if TYPE_CHECKING:
    import napari

IMAGE = "simulated image"
STACK = "simulated stack"
_STACK_DELAY_MS = 250
_GAP_UM = 1.0


@dataclass(frozen=True)
class Request:
    """What to image: all that the working thread needs, frozen."""

    surface: Surface
    simulation: Simulation


class MicroscopePanel(Panel):
    """Collects microscope settings and keeps the image layers up to date."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._selection = selection_of(viewer)
        self._surface: tuple[Any, Surface] | None = None
        self._live = LatestWins(_imager(), self)
        self._stacks = LatestWins(_imager(), self)
        self._stack_timer = QTimer(self)
        self._stack_timer.setSingleShot(True)
        self._stack_timer.setInterval(_STACK_DELAY_MS)
        self._stack_timer.timeout.connect(self._request_stack)
        self._base = load_microscope("con1")
        self._camera = usual_camera(self._base)
        self._asked_at = 0.0
        self._adjust_contrast = {IMAGE, STACK}
        self._layer_first = False
        self._followed: Any = None
        self._build()
        self._live.finished.connect(self._show_image)
        self._stacks.finished.connect(self._show_stack)
        for runner in (self._live, self._stacks):
            runner.failed.connect(self.complain)
            self.at_end(runner.close)
        self.at_end(self.choice.disconnect_viewer)
        self._stacks.busy.connect(self._show_busy)
        self._selection.selected.connect(self._shape_selected)
        self._selection.failed.connect(self.complain)
        self._follow_surface()
        self._take_preset("con1")

    def _build(self) -> None:
        self.preset = QComboBox(self)
        self.preset.setObjectName("microscope")
        self.preset.addItems(microscope_names())
        self.preset.setToolTip("Microscopes of the 3DMSL paper, Table 2")
        self.preset.textActivated.connect(self._take_preset)
        self.choice = LayerChoice(self.viewer, _is_plain_surface, self)
        self.choice.setObjectName("surface")
        self.choice.setToolTip("Images this surface when it is chosen or no shape is selected")
        self.choice.layer_changed.connect(self._follow_surface)
        self.choice.activated.connect(self._surface_chosen)
        self.sample = QLabel(self)
        self.sample.setObjectName("sample")
        self.sample.setWordWrap(True)
        top = QWidget(self)
        form = QFormLayout(top)
        form.setContentsMargins(4, 2, 4, 2)
        form.addRow("Microscope", self.preset)
        form.addRow("Shape", self.sample)
        form.addRow("or surface", self.choice)
        self.add(top)
        self.optics = Form(rows.OPTICS)
        self.indices = Form(rows.INDICES)
        self.focus = Form(rows.FOCUS)
        self.pose = Form(rows.POSE)
        self.labelling = Form(rows.LABELLING)
        self.camera = Form(rows.CAMERA)
        self.stack = Form(rows.STACK)
        self.auto_contrast = QCheckBox("Adjust contrast to every image", self)
        self.auto_contrast.setObjectName("auto_contrast")
        self.auto_contrast.setToolTip("Off: contrast stays, so that an image out of focus is dim")
        self.read_out = QLabel(self)
        self.read_out.setObjectName("read_out")
        self.read_out.setWordWrap(True)
        self.add_section("Sample", self.labelling)
        self.add_section("Pose", self.pose)
        self.add_section("Optics", self.optics, self.read_out)
        self.add_section("Refractive indices", self.indices, opened=False)
        self.add_section("Focus and z-stack", self.focus, self.stack)
        self.add_section("Camera and noise", self.camera, self.auto_contrast)
        self.labelling.set_values(Labelling().model_dump())
        self.stack.set_values({"planes": 31, "step_nm": 250})
        self.focus.set_values({"focus_um": 0.0, "depth_um": 0.0})
        for form in self._forms():
            form.changed.connect(self._knob_turned)
        self.auto_contrast.toggled.connect(self._knob_turned)
        self.optics.field("modality").currentTextChanged.connect(self._take_usual_camera)
        self.indices.field("immersion_index_design").currentIndexChanged.connect(self._immerse)
        self.pose.field("view").currentTextChanged.connect(self._take_view)
        self.camera.field("noise").currentIndexChanged.connect(self._other_grey_levels)
        save = self.add_button("save", "Save image…", "Write the image or stack as OME-TIFF")
        save.clicked.connect(self._save)

    def _forms(self) -> tuple[Form, ...]:
        return (
            self.labelling,
            self.pose,
            self.optics,
            self.indices,
            self.focus,
            self.stack,
            self.camera,
        )

    def microscope(self) -> Microscope:
        """Return the microscope as shown; ValueError when a setting is wrong."""
        values = {**self.optics.values(), **self.indices.values()}
        size = values.pop("image_size")
        shown = self._base.replace(image_size=(size, size), **values)
        if shown.modality != self._base.modality:  # a camera has pixels, a scan has points
            shown = shown.replace(pixel_integration=shown.modality == "widefield")
        return shown if shown == self._base else shown.replace(name=f"{self._base.name}, changed")

    def simulation(self, *, stack: bool = False) -> Simulation:
        """Return all settings as shown; ValueError when one is wrong."""
        pose = self.pose.values()
        angles = tuple(pose[f"rotation_deg_{axis}"] for axis in "zyx")
        focus = self.focus.values()
        planes = self.stack.values()
        acquisition = Acquisition(
            focus_um=focus["focus_um"],
            depth_um=focus["depth_um"],
            planes=planes["planes"] if stack else 1,
            step_nm=planes["step_nm"],
            z_axis=planes["z_axis"],
        )
        camera = self.camera.values()
        noise, seed = camera.pop("noise"), camera.pop("seed")
        return Simulation(
            microscope=self.microscope(),
            acquisition=acquisition,
            pose=Pose(rotation_deg=angles),
            labelling=Labelling(**self.labelling.values()),
            camera=self._camera.replace(**camera),
            noise=noise,
            seed=seed,
        )

    def surface(self) -> Surface | None:
        """Return the surface to image: the selected shape's or the chosen layer's."""
        shape, layer = self._selection.mesh, self.choice.layer
        origin = layer or shape if self._layer_first else shape or layer
        if origin is None:
            return None
        if self._surface is None or self._surface[0] is not origin:
            mesh = origin if isinstance(origin, Mesh) else layers.mesh_of_layer(origin)
            self._surface = (origin, Surface(mesh.vertices, mesh.faces))
        return self._surface[1]

    def _take_preset(self, name: str) -> None:
        self._base = load_microscope(name)
        self._camera = usual_camera(self._base)
        values = self._base.model_dump()
        values["image_size"] = values["image_size"][0]
        with QSignalBlocker(self):
            self._quietly(self.optics, values)
            self._quietly(self.indices, values)
            self._quietly(self.camera, self._camera.model_dump())
        self._sample_changed()

    @staticmethod
    def _quietly(form: Form, values: dict[str, Any]) -> None:
        with QSignalBlocker(form):
            form.set_values(values)

    def _take_usual_camera(self, modality: str) -> None:
        """Another modality is recorded by another detector."""
        self._camera = usual_camera(self._base.replace(modality=modality))
        self.camera.set_values(self._camera.model_dump())

    def _immerse(self) -> None:
        """Another objective is first of all used as it is made."""
        medium = self.indices.values()["immersion_index_design"]
        self.indices.set_values({"immersion_index": medium})

    def _take_view(self, view: str) -> None:
        """One of the paper's six views: set the three angles, as this microscope turns objects."""
        if view in VIEWS:
            angles = pose_of_view(self._base, view).angles_deg
            self.pose.set_values(
                {f"rotation_deg_{axis}": angle for axis, angle in zip("zyx", angles, strict=True)}
            )

    def _shape_selected(self) -> None:
        self._layer_first = False
        self._sample_changed()

    def _surface_chosen(self) -> None:
        self._layer_first = True
        self._sample_changed()

    def _follow_surface(self) -> None:
        """Listen to the chosen surface: one that is edited is imaged anew."""
        for event in _geometry_events(self._followed):
            event.disconnect(self._surface_edited)
        self._followed = self.choice.layer
        for event in _geometry_events(self._followed):
            event.connect(self._surface_edited)
        self._sample_changed()

    def _surface_edited(self, event: Any = None) -> None:
        self._surface = None
        self._knob_turned()

    def _other_grey_levels(self) -> None:
        self._adjust_contrast = {IMAGE, STACK}

    def _sample_changed(self) -> None:
        measures = self._selection.measures()
        if self._layer_first and self.choice.layer is not None:
            self.sample.setText("using the surface below")
        elif measures:
            reason = measures.get("reason") or measures.get("shape_class")
            self.sample.setText(f"{self._selection.shape_id} · {reason}")
        elif self.choice.layer is not None:
            self.sample.setText("none selected; using the surface below")
        else:
            self.sample.setText("none selected: click one in the canvas or in the Shape browser")
        self._adjust_contrast = {IMAGE, STACK}
        self._knob_turned()

    def _knob_turned(self) -> None:
        """Ask for a new image; a wrong setting is told and the image stays as it is."""
        try:
            surface = self.surface()
            simulation = self.simulation()
        except ValueError as error:
            self.complain(str(error))
            return
        self._show_read_out(simulation.microscope)
        if surface is None:
            self.say("Select a shape to see its image.")
            return
        self._asked_at = time.perf_counter()
        self._live.request(Request(surface, simulation))
        if self.stack.values()["stack"]:
            self._stack_timer.start()

    def _request_stack(self) -> None:
        try:
            surface, simulation = self.surface(), self.simulation(stack=True)
        except ValueError as error:
            self.complain(str(error))
            return
        if surface is not None:
            self._stacks.request(Request(surface, simulation))

    def _show_image(self, request: Request, image: SimulatedImage) -> None:
        self._put(IMAGE, image)
        if not self._live.is_running:  # else a newer image is on its way and sets the contrast too
            self._adjust_contrast.discard(IMAGE)
        took = (time.perf_counter() - self._asked_at) * 1000
        brightest = float(image.photons.photons.max())
        self.say(
            f"{len(image.scene):,} fluorophores on {image.scene.area_um2:.2f} µm²; "
            f"brightest pixel {brightest:,.0f} photons; {took:.0f} ms"
        )

    def _show_stack(self, request: Request, image: SimulatedImage) -> None:
        self._put(STACK, image)
        if not self._stacks.is_running and not self._stack_timer.isActive():
            self._adjust_contrast.discard(STACK)

    def _show_busy(self, busy: bool) -> None:
        self.progress.setRange(0, 0)
        self.progress.setVisible(busy)

    def _put(self, name: str, image: SimulatedImage) -> None:
        """Update the layer of that name in place, or add it.

        Scale and place are only touched when they change: napari redraws everything for them.
        """
        from napari.layers import Image

        found = next((layer for layer in self.viewer.layers if _is_image(layer, name)), None)
        data, attributes, _ = layers.image_layer(image, name)
        if found is None:
            attributes["translate"] += self._middle_um(image, name)[-data.ndim :]
            active = self.viewer.layers.selection.active
            self.viewer.add_layer(Image(data, **attributes))
            if active is not None:
                self.viewer.layers.selection.active = active
            return
        moved = found.data.shape != data.shape or not np.allclose(found.scale, attributes["scale"])
        found.data = data
        found.metadata = attributes["metadata"]
        if moved:
            found.scale = attributes["scale"]
            found.translate = attributes["translate"] + self._middle_um(image, name)[-data.ndim :]
        if self.auto_contrast.isChecked() or name in self._adjust_contrast:
            found.contrast_limits = attributes["contrast_limits"]

    def _middle_um(self, image: SimulatedImage, name: str) -> FloatArray:
        """Middle of an image in the viewer: right of the volume, a stack below the image."""
        microscope = image.simulation.microscope
        height_um, width_um = (count * microscope.pixel_um for count in microscope.image_size)
        boxes = [
            layers.box_um_of(layer)
            for layer in self.viewer.layers
            if layer.ndim == 3 and not _is_image(layer)
        ]
        right = max((float(box[1][2]) for box in boxes), default=0.0)
        middle = float(np.mean([box[:, 1].mean() for box in boxes])) if boxes else 0.0
        below = height_um + _GAP_UM if name == STACK else 0.0
        height = float(image.scene.centroid_um[0])
        return np.array([height, middle + below, right + _GAP_UM + 0.5 * width_um])

    def _show_read_out(self, microscope: Microscope) -> None:
        rows_text = f"Airy unit {microscope.airy_unit_um * 1000:.0f} nm"
        self.read_out.setText(rows_text)
        without = ["pinhole_airy", "excitation_nm"] if microscope.modality == "widefield" else []
        if microscope.confocal == "squared":
            without = ["pinhole_airy", "excitation_nm"]
        self.optics.show_only(without=without)

    def _save(self) -> None:
        from napari_3dmsl.widgets.export import save_layer

        name = STACK if self.stack.values()["stack"] else IMAGE
        layer = next((x for x in self.viewer.layers if _is_image(x, name)), None)
        if layer is None:
            self.complain("No image to save yet: select a shape first.")
            return
        save_layer(self, layer)


def _imager() -> Callable[[Request, Callable[[], bool]], SimulatedImage]:
    """Return work for `LatestWins` that keeps what consecutive images share."""
    simulator = Simulator()

    def image(request: Request, is_outdated: Callable[[], bool]) -> SimulatedImage:
        def stop_if_outdated(done: int, total: int, what: str) -> None:
            if is_outdated() and done < total:
                raise Outdated

        return simulator.image(request.surface, request.simulation, stop_if_outdated)

    return image


def _is_plain_surface(layer: Any) -> bool:
    """Surfaces that are one object: not the merged ones of a class, not the highlight."""
    kind = layers.about(layer).get("kind")
    return type(layer).__name__ == "Surface" and kind not in {"class", "selected"}


def _geometry_events(layer: Any) -> tuple[Any, ...]:
    """Events that tell of another form, size or place of a surface."""
    if layer is None:
        return ()
    events = layer.events
    return events.data, events.scale, events.translate, events.units


def _is_image(layer: Any, name: str | None = None) -> bool:
    ours = layers.about(layer).get("kind") == "image"
    return ours and (name is None or layer.name == name)
