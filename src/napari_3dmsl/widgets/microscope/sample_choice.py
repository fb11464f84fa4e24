"""What the *Microscope* panel images: the selected shape, or a surface of the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget

from napari_3dmsl.as_code.samples import Sample
from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.classes import CLASS
from napari_3dmsl.layers.optics import FOCAL_PLANE
from napari_3dmsl.layers.surfaces import HIGHLIGHT, mesh_of_layer
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.shapes.mesh import Mesh, doubtful_size
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.microscope.sample_reference import (
    reference_of_shape,
    reference_of_surface,
)

if TYPE_CHECKING:
    import napari

_TIP = "Images this surface when it is chosen or no shape is selected"


class SampleChoice(QObject):
    """Follows the selected shape and the chosen surface, whichever was chosen last.

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
    failed(message)
        A shape cannot be read.
    """

    changed = Signal()
    edited = Signal()
    failed = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject) -> None:
        from napari.layers import Surface as SurfaceLayer

        super().__init__(parent)
        self._selection = selection_of(viewer)
        self._surface: tuple[Any, Surface] | None = None
        self._layer_first = False
        self._followed: Any = None
        self.doubts: list[str] = []
        self.choice = LayerChoice(
            viewer, SurfaceLayer, _is_plain_surface, name="surface", tooltip=_TIP
        )
        self.text = QLabel()
        self.text.setObjectName("sample")
        self.text.setWordWrap(True)
        self.choice.layer_changed.connect(self._follow_layer)
        self.choice.native.activated.connect(self._layer_chosen)
        self._selection.selected.connect(self._shape_selected)
        self._selection.classes_changed.connect(self._tell)
        self._selection.failed.connect(self.failed)
        self._follow_layer()

    def rows(self) -> QWidget:
        """Return what is imaged, in words, and the drop-down of surfaces."""
        widget = QWidget()
        layout = QFormLayout(widget)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addRow("Shape", self.text)
        layout.addRow("or surface", self.choice.native)
        return widget

    def surface(self) -> Surface | None:
        """Return the surface to image: the selected shape's or the chosen layer's."""
        shape, layer = self._selection.mesh, self.choice.layer
        origin = layer or shape if self._layer_first else shape or layer
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
        if shape is None and layer is None:
            raise ValueError("Nothing is imaged yet: select a shape first.")
        if layer is None or (shape is not None and not self._layer_first):
            return reference_of_shape(self._selection)
        return reference_of_surface(layer)

    def close(self) -> None:
        """Follow the viewer no longer."""
        self.choice.disconnect_viewer()

    def _shape_selected(self) -> None:
        self._layer_first = False
        self._another()

    def _layer_chosen(self) -> None:
        self._layer_first = True
        self._another()

    def _another(self) -> None:
        self._tell()
        self.changed.emit()

    def _follow_layer(self) -> None:
        """Listen to the chosen surface: one that is edited is imaged anew."""
        for event in _geometry_events(self._followed):
            event.disconnect(self._layer_edited)
        self._followed = self.choice.layer
        for event in _geometry_events(self._followed):
            event.connect(self._layer_edited)
        self._another()

    def _layer_edited(self, event: Any = None) -> None:
        self._surface = None
        self.edited.emit()

    def _tell(self) -> None:
        """Name what is imaged and, for a shape, why it has its class."""
        measures = self._selection.measures()
        if self._layer_first and self.choice.layer is not None:
            self.text.setText("using the surface below")
        elif measures:
            reason = measures.get("reason") or measures.get("shape_class")
            self.text.setText(f"{self._selection.shape_id} · {reason}")
        elif self.choice.layer is not None:
            self.text.setText("none selected; using the surface below")
        else:
            self.text.setText("none selected: click one in the canvas or in the Shape browser")


def _is_plain_surface(layer: Any) -> bool:
    """Surfaces that are one object: not the merged ones of a class, not the highlight."""
    return kind_of(layer) not in {CLASS, HIGHLIGHT, FOCAL_PLANE}


def _geometry_events(layer: Any) -> tuple[Any, ...]:
    """Events that tell of another form, size or place of a surface."""
    if layer is None:
        return ()
    names = ("data", "scale", "translate", "rotate", "shear", "affine", "units")
    return tuple(getattr(layer.events, name) for name in names)
