"""Which shape library an image set is made of: the open one, another, or the open shapes saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.datasets.recipe.recipe import TUBES, Source
from napari_3dmsl.described import described
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.labelled_rows import FieldLabel
from napari_3dmsl.widgets.common.questions import write_or_ask
from napari_3dmsl.widgets.common.shape_selection import ShapeSelection
from napari_3dmsl.widgets.common.words import in_words

_LIBRARY = described(Source)["library"]
_BUTTON_TIP = "Choose what Export images has saved, or an archive of the 3DMSL release"

_TUBES_TIP = "Wavy tubes, rings and networks that are drawn: no library is needed"


class LibraryChoice(QWidget):
    """Follows the shapes that are open, until another library is chosen.

    Parameters
    ----------
    selection
        The shapes that are open.
    parent
        The panel.

    Signals
    -------
    changed()
        Another library is chosen.
    said(str), failed(str)
        About the saving of open shapes.
    """

    changed = Signal()
    said = Signal(str)
    failed = Signal(str)

    def __init__(self, selection: ShapeSelection, parent: QWidget) -> None:
        super().__init__(parent)
        self._selection = selection
        self._followed = ""
        self._target = Path()
        self._saving = BackgroundThread(self)
        self._saving.progressed.connect(self._show_progress)
        self._saving.finished.connect(self._saved)
        self._saving.failed.connect(self._not_saved)
        self._build()
        selection.source_changed.connect(self._follow)
        self._follow()

    def _build(self) -> None:
        label = FieldLabel(_LIBRARY.show.label, self)
        label.setToolTip(in_words(_LIBRARY.help, {}))
        self.field = QLineEdit(self)
        self.field.setObjectName("library")
        self.field.setToolTip(label.toolTip())
        self.field.setPlaceholderText("folder or zip of shapes")
        self.field.setMinimumWidth(100)
        self.field.textChanged.connect(self.changed)
        label.setBuddy(self.field)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.field, 1)
        for name, text, ask in (
            ("choose_folder", "Folder…", self._ask_for_folder),
            ("choose_zip", "Zip…", self._ask_for_zip),
        ):
            line.addWidget(button(name, text, _BUTTON_TIP, ask))
        line.addWidget(button("choose_tubes", "Tubes", _TUBES_TIP, lambda: self.set_path(TUBES)))
        self.unsaved = QLabel(self)
        self.unsaved.setObjectName("unsaved")
        self.unsaved.setWordWrap(True)
        self.save_button = button(
            "save_shapes",
            "Save them as a library…",
            "An image set is made of shapes on disk, so that it can be made again: choose a new or "
            "empty folder",
            self._save,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.addLayout(line)
        column.addWidget(self.unsaved)
        column.addWidget(self.save_button)

    @property
    def path(self) -> str:
        """Path of the library; empty when none is chosen."""
        return self.field.text().strip()

    @property
    def open_library(self) -> ShapeLibrary | None:
        """The library if it is the one that is open already."""
        source = self._selection.source
        there = isinstance(source, ShapeLibrary) and self.path == str(source.folder)
        return source if there and isinstance(source, ShapeLibrary) else None

    def set_path(self, path: str) -> None:
        """Choose a library.

        Parameters
        ----------
        path
            Of a folder or zip.
        """
        self.field.setText(path)

    def stop_saving(self) -> None:
        """Stop saving open shapes, if that is going on; nothing is left of it."""
        self._saving.close()

    def _follow(self) -> None:
        """Take the library that is open unless another was chosen; offer to save new shapes."""
        source: Any = self._selection.source
        unsaved = isinstance(source, ShapeCollection) and len(source) > 0
        self.unsaved.setVisible(unsaved)
        self.save_button.setVisible(unsaved)
        if unsaved:
            self.unsaved.setText(f"The {len(source)} shapes that are open are not on disk yet:")
        if isinstance(source, ShapeLibrary) and self.path in ("", self._followed):
            self._followed = str(source.folder)
            self.set_path(self._followed)

    def _ask_for_folder(self) -> None:
        self._choose(QFileDialog.getExistingDirectory(self, "A shape library", self.path))

    def _ask_for_zip(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "A shape library", self.path, "Zip (*.zip)")
        self._choose(path)

    def _choose(self, path: str) -> None:
        if path:
            self.set_path(path)

    def _save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A new or empty folder for the library")
        source = self._selection.source
        if folder and isinstance(source, ShapeCollection):
            shapes, target = source.shapes, Path(folder)

            def write(replace: bool) -> None:
                self._target = target
                self.save_button.setEnabled(False)
                self._saving.start(partial(write_library, replace=replace), shapes, target)

            write_or_ask(self, target, write)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.said.emit(f"{what}, {done} of {total}")

    def _not_saved(self, why: str) -> None:
        self.save_button.setEnabled(True)
        self.failed.emit(f"Not saved: {why}")

    def _saved(self, _: object) -> None:
        self.save_button.setEnabled(True)
        self.unsaved.setVisible(False)
        self.save_button.setVisible(False)
        self.said.emit(f"Saved {self._target}")
        self.set_path(str(self._target))
