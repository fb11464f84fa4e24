"""The *Export images* panel: save what is shown, with scale and settings inside."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from qtpy.QtWidgets import QFileDialog, QLabel

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.library.library import RELEASED_UNIT_NM, write_library
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.mesh import write_mesh
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.controls import button, may_be_narrow
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path, with_ending, write_or_ask
from napari_3dmsl.widgets.common.save_layer import save_layer, try_to_write
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import open_panel

if TYPE_CHECKING:
    import napari


class LibrarySettings(Settings):
    """How the library of all shapes is written."""

    layout: Annotated[
        Literal["folder", "zip"],
        Field(
            description="A folder for each shape, or all in one zip as the 3DMSL release has them; "
            "both are read as they are.",
        ),
        Show(
            "Write",
            words={"folder": "a folder", "zip": "one zip"},
            source="Default: folders, which every program can look into.",
        ),
    ] = "folder"
    samples: Annotated[
        bool,
        Field(
            description="Add pointcloud.ply and occupancies.npz: 100,000 surface points with "
            "normals and 100,000 points told inside from outside, as in the 3DMSL release.",
        ),
        Show(
            "With samples",
            source="Default: off; they take some 6 MB a shape, half in a zip.",
        ),
    ] = False


class ExportPanel(Panel):
    """Saves images, the selected shape's mesh and the library of all shapes.

    Parameters
    ----------
    viewer
        Whose images and shapes are saved.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "export.md"

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self._selection = selection_of(viewer)
        self._job = BackgroundThread(self)
        self._target = Path()
        self._build()
        self._job.progressed.connect(self._show_progress)
        self._job.finished.connect(self._show_saved)
        self._job.failed.connect(self._fail)
        self._job.cancelled.connect(self._stopped)
        self.at_end(self._job.close)
        self._selection.selected.connect(self._renew)
        self._selection.source_changed.connect(self._renew)
        self._selection.classes_changed.connect(self._renew)
        self.choice.layer_changed.connect(self._renew)
        self.at_end(self.choice.disconnect_viewer)
        self.keep_in_mind(
            "export",
            lambda: {"library": self.library.values()},
            lambda state: self.library.take(state.get("library", {})),
            [self.library.changed],
        )
        self._renew()

    def _build(self) -> None:
        from napari.layers import Image

        tip = "A simulated image or stack"
        self.choice = LayerChoice(self.viewer, Image, _is_simulated, name="image", tooltip=tip)
        may_be_narrow(self.choice.native)
        image = LabelledRows(self)
        image.add_row("Image or stack", self.choice.native)
        self.no_image = QLabel("none yet (Microscope makes them)", self)
        image.add_wide(self.no_image)
        self.image_button = button(
            "save_image",
            "Save as OME-TIFF…",
            "With pixel size, units and every setting inside",
            lambda: save_layer(self, self.choice.layer),
        )
        image.add_row("", self.image_button)
        self.add_section("Image", image)
        self.shape = QLabel(self)
        self.shape.setWordWrap(True)
        self.mesh_button = button(
            "save_mesh",
            "Save mesh…",
            "OFF, PLY, STL or OBJ, in units of 24 nm as in 3DMSL",
            self._save_mesh,
        )
        self.add_section("Selected shape", self.shape, self.mesh_button)
        self.shapes = QLabel(self)
        self.shapes.setWordWrap(True)
        self.library_button = button(
            "save_library",
            "Save library…",
            "In 3DMSL layout: a mesh each, and a table of classes and measures",
            self._save_library,
        )
        self.library = Form(LibrarySettings)
        self.add_section("All shapes", self.shapes, self.library, self.library_button)
        self.set_button = button(
            "make_set",
            "Make an image set…",
            "Many images with ground truth from a recipe: shapes, views, microscopes, noise",
            self._open_image_set,
        )
        self.add_section("Image set", self.set_button)
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop; nothing is left behind")
        self.cancel_button.clicked.connect(self._job.cancel)
        self.cancel_button.setVisible(False)

    def _renew(self) -> None:
        self.image_button.setEnabled(self.choice.layer is not None)
        self.no_image.setVisible(self.choice.layer is None)
        measures = self._selection.measures()
        self.mesh_button.setEnabled(bool(measures))
        shape = f"Shape {self._selection.shape_id}: {measures.get('reason') or 'no class'}"
        missing = "none selected: click one in the canvas or in the Shape browser"
        self.shape.setText(shape if measures else missing)
        source = self._selection.source
        in_memory = isinstance(source, ShapeCollection)
        self.library_button.setEnabled(in_memory and not self.cancel_button.isVisibleTo(self))
        self.shapes.setText(_told(source))

    def _save_mesh(self) -> None:
        mesh = self._selection.mesh
        if mesh is None:
            return

        def write(path: Path) -> None:
            try_to_write(self, lambda: write_mesh(mesh, path, RELEASED_UNIT_NM / 1000), path)

        name = f"shape_{self._selection.shape_id}.off"
        ask_for_path(self, "Save mesh", name, "Meshes (*.off *.ply *.stl *.obj)", write)

    def _save_library(self) -> None:
        source, chosen = self._selection.source, self.library.values()
        if chosen["layout"] == "zip":
            kinds = "Zip (*.zip)"
            typed, _ = QFileDialog.getSaveFileName(self, "Save library", "library.zip", kinds)
            path = with_ending(Path(typed), kinds) if typed else None
        else:
            title = "A new or empty folder for the library, or one to replace"
            folder = QFileDialog.getExistingDirectory(self, title)
            path = Path(folder) if folder else None
        if path is None or not isinstance(source, ShapeCollection):
            return
        samples = SampleSettings() if chosen["samples"] else None
        shapes, target = source.shapes, path

        def write(replace: bool) -> None:
            self._target = target
            self._set_running(True)
            self.say("Saving…")
            self._job.start(
                partial(write_library, samples=samples, replace=replace), shapes, target
            )

        write_or_ask(self, target, write)

    def _open_image_set(self) -> None:
        from napari_3dmsl.widgets.image_set.panel import ImageSetPanel

        open_panel(self.viewer, ImageSetPanel, "Image set")

    def _set_running(self, running: bool) -> None:
        self.cancel_button.setVisible(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        self._renew()

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{what}, {done} of {total}")

    def _show_saved(self, _: None) -> None:
        self._set_running(False)
        self.say(f"Saved {self._target}")

    def _fail(self, message: str) -> None:
        self._set_running(False)
        self.complain(f"Not saved: {message}")

    def _stopped(self) -> None:
        self._set_running(False)
        self.say("Cancelled; nothing was saved.")


def _told(source: Any) -> str:
    """Say how many shapes there are, and why they may not be saved."""
    if source is None:
        return "none yet: extract them, or open a library"
    there = "" if isinstance(source, ShapeCollection) else ", on disk already"
    return f"{len(source.ids)} shapes{there}"


def _is_simulated(layer: Any) -> bool:
    return kind_of(layer) == SIMULATED
