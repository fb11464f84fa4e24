"""Correct the class of the selected shapes by hand, and take it back."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.saved_classes import SavedClasses
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.widgets.common.class_surfaces import AT_ONCE, recolour
from napari_3dmsl.widgets.common.incremental_layers import Turns
from napari_3dmsl.widgets.common.shape_selection import ShapeSelection

Classes = dict[int, str | None]
_UNDOABLE = 100


class ClassEditor(QWidget):
    """A class to choose for the selected shapes, and *Undo*.

    Parameters
    ----------
    viewer
        Whose layers show the classes.
    selection
        What is edited.
    panel
        In which it stands.

    Signals
    -------
    edited(message)
        Classes have changed; the message says which and where they are kept.
    failed(message)
        They have changed, but could not be written.
    """

    edited = Signal(str)
    failed = Signal(str)

    def __init__(self, viewer: Any, selection: ShapeSelection, panel: QWidget) -> None:
        super().__init__(panel)
        self._viewer = viewer
        self._selection = selection
        self._before: list[Classes] = []
        self._turns = Turns(self, viewer=viewer)
        self.choice = QComboBox(self)
        self.choice.setObjectName("new_class")
        self.choice.setToolTip("Another class for the selected shapes")
        for row, kind in enumerate(ShapeClass):
            mark = QPixmap(12, 12)
            mark.fill(QColor(class_colour(kind)))
            self.choice.addItem(str(kind), str(kind))
            self.choice.setItemData(row, mark, Qt.ItemDataRole.DecorationRole)
        tip = (
            "Give the selected shapes this class by hand; the class by the rules is kept beside it"
        )
        self.set_button = self._button("set_class", "Set class", tip)
        self.set_button.clicked.connect(self._set)
        self.undo_button = self._button("undo", "Undo", "Take the last change back (Ctrl+Z)")
        self.undo_button.clicked.connect(self.undo)
        label = QLabel("Class by hand", self)
        label.setBuddy(self.choice)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(label)
        line.addWidget(self.choice, 1)
        line.addWidget(self.set_button)
        line.addWidget(self.undo_button)
        selection.source_changed.connect(self._forget)
        selection.marked.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Show the class of the current shape, and what can be done."""
        kind = self._selection.measures().get("shape_class")
        at = self.choice.findData(kind)
        if at >= 0:
            self.choice.setCurrentIndex(at)
        self.set_button.setEnabled(bool(self._selection.shape_ids))
        self.undo_button.setEnabled(bool(self._before))

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        return button

    def _forget(self) -> None:
        self._turns.stop()
        self._before.clear()
        self.renew()

    def _set(self) -> None:
        kind = str(self.choice.currentData())
        now = self._classes_of(self._selection.shape_ids)
        other = {shape_id: known for shape_id, known in now.items() if known != kind}
        if not other:
            return
        self._before = [*self._before, other][-_UNDOABLE:]
        self._apply(dict.fromkeys(other, kind), f"{_named(other)} set to {kind}.")

    def undo(self) -> None:
        """Take the last change back, if there is one."""
        if self._before:
            before = self._before.pop()
            self._apply(before, f"{_named(before)} set back.")

    def _recolour(self, source: Any, classes: Classes) -> None:
        """Let the canvas follow, when it has followed all changes before."""
        self._turns.extend(recolour(self._viewer, source, classes))

    def _classes_of(self, shape_ids: tuple[int, ...]) -> Classes:
        source = self._selection.source
        assert source is not None
        rows = np.searchsorted(np.array(source.ids), np.array(shape_ids, np.int64)).tolist()
        column = source.table["shape_class"]
        return {shape_id: column[row] for shape_id, row in zip(shape_ids, rows, strict=True)}

    def _apply(self, classes: Classes, done: str) -> None:
        source = self._selection.source
        assert source is not None
        source.set_classes(classes)
        self._turns.extend([partial(self._recolour, source, classes)])
        if len(classes) <= AT_ONCE:
            self._turns.finish()
        self._selection.classes_changed.emit()
        problem = ""
        kept = " Kept with the shapes: Export images saves them."
        if isinstance(source, ShapeLibrary):
            kept = " Kept in this session only: what was opened is no folder of ours to change."
            if source.keeps_classes:
                kept = " Saved in the library."
                try:
                    kept += self._of_others(source, source.save_classes())
                except (OSError, ValueError) as error:
                    problem = f"{done} Not saved, kept in this session only: {error}"
        self.edited.emit(done + kept)
        if problem:
            self.failed.emit(problem)
        self.renew()

    def _of_others(self, source: ShapeLibrary, saved: SavedClasses) -> str:
        """Show what another window had saved meanwhile, and say so."""
        said = ""
        if saved.taken_over:
            self._turns.extend([partial(self._recolour, source, saved.taken_over)])
            if len(saved.taken_over) <= AT_ONCE:
                self._turns.finish()
            self._selection.classes_changed.emit()
            named = _named(saved.taken_over)
            said += f" Another window had changed {named[0].lower()}{named[1:]}: shown here now."
        for shape_id, kind in list(saved.overruled.items())[:3]:
            said += f" Another window had set shape {shape_id} to {kind or 'unknown'} meanwhile."
        if len(saved.overruled) > 3:
            said += f" And {len(saved.overruled) - 3} more."
        return said


def _named(classes: Classes) -> str:
    return f"Shape {next(iter(classes))}" if len(classes) == 1 else f"{len(classes)} shapes"
