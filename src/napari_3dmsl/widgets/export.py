"""The *Export images* panel: save what is shown, with scale and settings inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QFormLayout, QLabel, QPushButton, QWidget

from napari_3dmsl import layers
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.library import RELEASED_UNIT_NM, write_library
from napari_3dmsl.shapes.mesh import write_mesh
from napari_3dmsl.widgets._layer_choice import LayerChoice
from napari_3dmsl.widgets._panel import Panel
from napari_3dmsl.widgets._selection import selection_of

if TYPE_CHECKING:
    import napari

IMAGE_FILTER = "OME-TIFF (*.ome.tif *.tif *.tiff)"


class ExportPanel(Panel):
    """Saves images, the selected shape's mesh and the library of all shapes."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._selection = selection_of(viewer)
        self._build()
        self._selection.selected.connect(self._renew)
        self._selection.source_changed.connect(self._renew)
        self.choice.layer_changed.connect(self._renew)
        self.at_end(self.choice.disconnect_viewer)
        self._renew()

    def _build(self) -> None:
        self.choice = LayerChoice(self.viewer, _is_simulated, self)
        self.choice.setObjectName("image")
        self.choice.setToolTip("A simulated image or stack")
        image = QWidget(self)
        form = QFormLayout(image)
        form.setContentsMargins(4, 2, 4, 2)
        form.addRow("Image or stack", self.choice)
        self.image_button = _button(
            "save_image", "Save as OME-TIFF…", "With pixel size, units and every setting inside"
        )
        self.image_button.clicked.connect(lambda: save_layer(self, self.choice.layer))
        form.addRow("", self.image_button)
        self.add_section("Image", image)
        self.shape = QLabel(self)
        self.shape.setWordWrap(True)
        self.mesh_button = _button(
            "save_mesh", "Save mesh…", "OFF, PLY, STL or OBJ, in units of 24 nm as in 3DMSL"
        )
        self.mesh_button.clicked.connect(self._save_mesh)
        self.add_section("Selected shape", self.shape, self.mesh_button)
        self.shapes = QLabel(self)
        self.shapes.setWordWrap(True)
        self.library_button = _button(
            "save_library",
            "Save library…",
            "A folder in 3DMSL layout: a mesh each, and a table of classes and measures",
        )
        self.library_button.clicked.connect(self._save_library)
        self.add_section("All shapes", self.shapes, self.library_button)

    def _renew(self) -> None:
        self.image_button.setEnabled(self.choice.layer is not None)
        measures = self._selection.measures()
        self.mesh_button.setEnabled(bool(measures))
        shape = f"Shape {self._selection.shape_id}: {measures.get('reason') or 'no class'}"
        self.shape.setText(shape if measures else "none selected")
        source = self._selection.source
        in_memory = isinstance(source, ShapeCollection)
        self.library_button.setEnabled(in_memory)
        self.shapes.setText(f"{len(source.ids)} shapes" if source is not None else "none yet")

    def _save_mesh(self) -> None:
        mesh = self._selection.mesh
        name = f"shape_{self._selection.shape_id}.off"
        path = _ask_for_path(self, "Save mesh", name, "Meshes (*.off *.ply *.stl *.obj)")
        if path is not None and mesh is not None:
            _try(self, lambda: write_mesh(mesh, path, RELEASED_UNIT_NM / 1000), path)

    def _save_library(self) -> None:
        source = self._selection.source
        folder = QFileDialog.getExistingDirectory(self, "A new or empty folder for the library")
        if folder and isinstance(source, ShapeCollection):
            _try(self, lambda: write_library(source.shapes, folder), Path(folder))


def save_layer(panel: Panel, layer: Any) -> None:
    """Ask where, and write a simulated image layer as OME-TIFF."""
    from napari_3dmsl.datasets.formats import write_image_array

    name = f"{layer.name.replace(' ', '_')}.ome.tif"
    path = _ask_for_path(panel, "Save image", name, IMAGE_FILTER)
    if path is not None:
        settings = layers.about(layer)["settings"]
        _try(panel, lambda: write_image_array(path, layer.data, settings), path)


def _ask_for_path(panel: Panel, title: str, name: str, kinds: str) -> Path | None:
    path, _ = QFileDialog.getSaveFileName(panel, title, name, kinds)
    return Path(path) if path else None


def _try(panel: Panel, write: Callable[[], Any], path: Path) -> None:
    """Write and say so; a problem is told and leaves files as they were."""
    try:
        write()
    except (ValueError, OSError) as error:
        panel.complain(f"Not saved: {error}")
        return
    panel.say(f"Saved {path}")


def _button(name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    return button


def _is_simulated(layer: Any) -> bool:
    return bool(layers.about(layer).get("kind") == "image")
