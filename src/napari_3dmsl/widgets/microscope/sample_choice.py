"""What the *Microscope* panel images: shapes, a field of the volume, or a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_3dmsl.as_code.samples import Sample
from napari_3dmsl.datasets.render.cell_imager import CellSample
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.field_frame import Rectangle
from napari_3dmsl.layers.surfaces import mesh_of_layer
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.simulation import SimulatedImage
from napari_3dmsl.scenes.field_imager import FieldSample
from napari_3dmsl.scenes.field_settings import FieldPlace
from napari_3dmsl.shapes.mesh import Mesh, doubtful_size
from napari_3dmsl.widgets.common.controls import may_be_narrow
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.history import Change, Snapshot
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows, label_at_top
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.microscope.cell_choice import CellChoice
from napari_3dmsl.widgets.microscope.field_frame import FieldFrame
from napari_3dmsl.widgets.microscope.imager import Imaged
from napari_3dmsl.widgets.microscope.sample_reference import (
    reference_of_cell,
    reference_of_field,
    reference_of_shape,
    reference_of_surface,
)
from napari_3dmsl.widgets.microscope.sample_settings import ImageOf
from napari_3dmsl.widgets.microscope.surface_choice import SurfaceChoice

if TYPE_CHECKING:
    import napari

_NO_SHAPES = "no shapes are loaded: extract them, or open a library"
_MISSING = {
    "shape": "Select a shape to see its image.",
    "shapes": "Select some shapes to see their image.",
    "field": f"Nothing to image yet: {_NO_SHAPES}.",
    "cell": f"Nothing to image yet: {_NO_SHAPES}, or take drawn tubes.",
    "surface": "Select a shape to see its image.",
}


class SampleChoice(QObject):
    """Follows what is chosen: shapes, a field that is dragged, or a surface of the viewer.

    Parameters
    ----------
    viewer
        Whose shapes and layers they are.
    parent
        The panel.

    Signals
    -------
    changed
        Another sample is imaged.
    edited
        The same one has another form or place.
    resized(size)
        The frame was dragged to other sides, (rows, columns): `edited` comes with the next image.
    stepped(source, fields)
        A person has made a step, as `History.note` takes it.
    replaced
        Other shapes are loaded: no step, and those before lead back to none of the former.
    failed(message)
        A shape cannot be read.
    """

    stepped = Signal(object, object)
    replaced = Signal()
    changed = Signal()
    edited = Signal()
    resized = Signal(tuple)
    failed = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection_of(viewer)
        self._surface: tuple[Any, Surface] | None = None
        self._centre_um: tuple[float, float, float] | None = None
        self._size = (0, 0)
        self._sources = 0
        self._labels: tuple[QLabel, ...] = ()
        self.doubts: list[str] = []
        self.choice = SurfaceChoice(viewer)
        self.what = Form(ImageOf)
        self.place = Form(FieldPlace, hides=True)
        self.cell = CellChoice()
        self.frame = FieldFrame(viewer, self)
        self.text = QLabel()
        self.text.setObjectName("sample")
        self.text.setWordWrap(True)
        self.choice.layer_changed.connect(self._another)
        self.choice.edited.connect(self._layer_edited)
        self.choice.native.activated.connect(self._layer_chosen)
        self.what.changed.connect(self._other_kind)
        self.place.changed.connect(self._place_edited)
        self.cell.stepped.connect(self.stepped)
        self.cell.changed.connect(self._another)
        self.cell.edited.connect(self.edited)
        self.frame.dragged.connect(self._frame_dragged)
        self._selection.selected.connect(self._shape_selected)
        self._selection.marked.connect(self._shapes_marked)
        self._selection.source_changed.connect(self._other_shapes)
        self._selection.classes_changed.connect(self._tell)
        self._selection.failed.connect(self.failed)
        self._another()

    def rows(self) -> QWidget:
        """Return what is imaged: the choice, its words, and what belongs to it."""
        widget = QWidget()
        below = QVBoxLayout(widget)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.what.native)
        may_be_narrow(self.choice.native)
        rows = LabelledRows()
        self._labels = (
            label_at_top(rows.add_row("Shape", self.text)),
            rows.add_row("or surface", self.choice.native),
        )
        below.addWidget(rows)
        below.addWidget(self.place.native)
        below.addWidget(self.cell)
        self._tell()
        return widget

    @property
    def kind(self) -> str:
        """Which of the choices is made."""
        return str(self.what.values()["image_of"])

    @property
    def missing(self) -> str:
        """What to do so that there is something to image."""
        return _MISSING[self.kind]

    def sample(self) -> Imaged | None:
        """Return what to image, None when there is nothing."""
        source, ids = self._selection.source, self._selection.shape_ids
        if self.kind in {"shape", "surface"}:
            return self.surface()
        if self.kind == "cell":
            self.doubts = []
            return self.cell.sample(source)
        if source is None or (self.kind == "shapes" and not ids):
            return None
        self.doubts = []
        if self.kind == "field":
            wanted = FieldSample(source, self._centre_um)
        else:
            wanted = FieldSample(source, None, tuple(sorted(ids)))
        return wanted

    def shown(self, sample: Imaged, image: SimulatedImage) -> None:
        """Draw the frame where the field of an image really lies.

        Parameters
        ----------
        sample
            That was imaged.
        image
            Of it.
        """
        if self.kind != "field" or not isinstance(sample, FieldSample):
            self.frame.show(None)
            return
        if sample.centre_um != self._centre_um:  # it has been dragged on
            return
        self.frame.show(Rectangle.of_image(image))
        self._size = image.simulation.microscope.image_size
        centre = image.scene.centroid_um.round(3).tolist()  # fields show all digits that they have
        self.place.show_values(dict(zip(self.place.names, centre, strict=True)))
        along = np.abs(image.scene.placed.world_to_field[0, :3]) > 1.0 - 1e-9
        names = [name for name, axis in zip(self.place.names, along, strict=True) if axis]
        self.place.show_only(without=dict.fromkeys(names, "it lies along the optical axis"))

    def surface(self) -> Surface | None:
        """Return the surface to image: the selected shape's or the chosen layer's."""
        shape, layer = self._selection.mesh, self.choice.layer
        origin = layer or shape if self.kind == "surface" else shape or layer
        if origin is None:
            return None
        if self._surface is None or self._surface[0] is not origin:
            mesh = origin if isinstance(origin, Mesh) else mesh_of_layer(origin)
            self._surface = (origin, Surface(mesh.vertices, mesh.faces))
            unit_nm = 1000.0 if origin is shape else about(origin).get("unit_nm", 1000.0)
            self.doubts = doubtful_size(mesh, unit_nm)
        return self._surface[1]

    def reference(self) -> Sample:
        """Return what is imaged so that a script finds it; ValueError tells why it cannot.

        Raises
        ------
        ValueError
            One line: what to do first.
        """
        shape, layer = self._selection.mesh, self.choice.layer
        sample = self.sample()
        if isinstance(sample, FieldSample):
            return reference_of_field(self._selection, sample.centre_um, sample.ids)
        if isinstance(sample, CellSample):
            return reference_of_cell(self._selection, sample)
        if self.kind in {"field", "shapes", "cell"}:
            raise ValueError(self.missing)
        if shape is None and layer is None:
            raise ValueError("Nothing is imaged yet: select a shape first.")
        if layer is None or (shape is not None and self.kind == "shape"):
            return reference_of_shape(self._selection)
        return reference_of_surface(layer)

    def shape_class(self) -> str | None:
        """Return the class of the selected shape; None without one, or of a surface."""
        found = self._selection.measures().get("shape_class") if self.kind == "shape" else None
        return None if found is None else str(found)

    def snapshot(self) -> Snapshot:
        """Return all that a person can choose, for `take_snapshot`."""
        selection, layer = self._selection, self.choice.layer
        return {
            **self.what.values(),
            "shapes": (self._sources, selection.shape_ids, selection.shape_id),
            "field": self._centre_um,
            "surface": None if layer is None else ref(layer),
            **self.cell.snapshot(),
        }

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Image what was imaged; shapes and layers that are gone do not come back.

        Parameters
        ----------
        snapshot
            From `snapshot`.
        """
        before = self.snapshot()
        self.what.show_values(snapshot)
        self.cell.take_snapshot(snapshot)
        self._centre_um = snapshot["field"]
        layer = None if snapshot["surface"] is None else snapshot["surface"]()
        if layer is not None and layer in self.choice.choices:
            self.choice.choose(layer)
        source, ids, current = snapshot["shapes"]
        if source == self._sources:
            self._selection.select_many(ids, current)
        now = self.snapshot()
        if any(now[name] != before[name] for name in now if name not in {"shapes", "field"}):
            self._another()
        elif now["field"] != before["field"]:
            self.edited.emit()

    def words(self, change: Change) -> str | None:
        """Return what people call a change of what is imaged; None of anything else.

        Parameters
        ----------
        change
            Of a snapshot.
        """
        if change.name == "shapes":
            return self._words_of_shapes(change)
        if change.name == "field":
            return "place of the field"
        if change.name == "surface":
            layer = None if change.after is None else change.after()
            return "surface" if layer is None else f"surface {layer.name}"
        if change.name in self.what.names:
            return self.what.told(change.name, change.after, change.at)
        return self.cell.words(change)

    def _words_of_shapes(self, change: Change) -> str:
        _, ids, current = self.snapshot()["shapes"] if change.at is not None else change.after
        several = change.after if change.at == 1 else ids
        if len(several) > 1:
            return f"{len(several):,} shapes selected"
        one = change.after if change.at == 2 else current
        return "no shape selected" if one is None else f"shape {one}"

    def close(self) -> None:
        """Follow the viewer no longer."""
        self.choice.disconnect_viewer()
        self.frame.stop()

    def choose(self, kind: str) -> None:
        """Image something else.

        Parameters
        ----------
        kind
            One of `ImageOf.image_of`.
        """
        self.what.set_values({"image_of": kind})

    def _shape_selected(self) -> None:
        """Take a shape that was just selected for the one that is meant."""
        if self.kind == "surface":
            self.what.show_values({"image_of": "shape"})
        self.stepped.emit("shapes", None)
        if self.kind == "shape":
            self._another()

    def _shapes_marked(self) -> None:
        self.stepped.emit("shapes", None)
        if self.kind == "shapes":
            self._another()

    def _other_shapes(self) -> None:
        self._centre_um = None
        self._sources += 1
        self.replaced.emit()
        if self.kind in {"field", "cell"}:
            self._another()

    def _layer_chosen(self) -> None:
        self.what.show_values({"image_of": "surface"})
        self.stepped.emit("surface", None)
        self._another()

    def _other_kind(self, _: Any = None) -> None:
        self.stepped.emit("image_of", None)
        self._another()

    def _place_edited(self) -> None:
        self._centre_um = FieldPlace(**self.place.values()).centre_um
        self.stepped.emit("field", None)
        self.edited.emit()

    def _frame_dragged(self, field: Rectangle) -> None:
        z, y, x = field.middle_um.tolist()
        self._centre_um = (z, y, x)
        self.stepped.emit("field", None)
        if field.size == self._size:
            self.edited.emit()
        else:
            self._size = field.size
            self.resized.emit(field.size)

    def _layer_edited(self) -> None:
        self._surface = None
        self.edited.emit()

    def _another(self, _: Any = None) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        """Name what is imaged and, for a shape, why it has its class."""
        measures = self._selection.measures()
        self._show_rows()
        if self.kind in {"field", "shapes", "cell"}:
            self.text.setText(self._how_many())
        elif self.kind == "surface" and self.choice.layer is not None:
            self.text.setText("using the surface below")
        elif measures:
            reason = measures.get("reason") or measures.get("shape_class")
            self.text.setText(f"{self._selection.shape_id} · {reason}")
        elif self.choice.layer is not None:
            self.text.setText("none selected; using the surface below")
        else:
            self.text.setText("none selected: click one in the canvas or in the Shape browser")

    def _how_many(self) -> str:
        """Say how many shapes there are to image."""
        source, ids = self._selection.source, self._selection.shape_ids
        if self.kind == "cell":
            return "laid flat, with others out of focus above; turning has no effect"
        if source is None:
            return _NO_SHAPES
        if self.kind == "field":
            return f"{len(source.ids):,} shapes in the volume; drag the blue frame in the 3D view"
        return f"{len(ids):,} selected" if ids else "none selected: mark some in the Shape browser"

    def _show_rows(self) -> None:
        """Show what belongs to the choice."""
        self.place.native.setVisible(self.kind == "field")
        self.cell.setVisible(self.kind == "cell")
        if self._labels:
            is_one = self.kind in {"shape", "surface"}
            self._labels[0].setText("Shape" if is_one else "Shapes")
            for part in (self._labels[1], self.choice.native):
                part.setVisible(is_one)
