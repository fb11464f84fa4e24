"""A line for a file or a folder, with buttons that ask for it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from napari_3dmsl.matching.tiles import TILE_SUFFIXES
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.labelled_rows import FieldLabel

_IMAGES = f"Images ({' '.join(f'*{suffix}' for suffix in TILE_SUFFIXES)})"


class PathChoice(QWidget):
    """Where images are: an image, a folder of images, or an image set.

    Parameters
    ----------
    name
        ``objectName`` of the field.
    label
        What stands before it.
    tip
        What it is for.
    parent
        The panel.

    Signals
    -------
    changed()
        Another path stands there.
    """

    changed = Signal()

    def __init__(self, name: str, label: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        words = FieldLabel(label, self)
        words.setToolTip(tip)
        self.field = QLineEdit(self)
        self.field.setObjectName(name)
        self.field.setToolTip(tip)
        self.field.setPlaceholderText("image, folder or image set")
        self.field.setMinimumWidth(100)
        self.field.textChanged.connect(self.changed)
        words.setBuddy(self.field)
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 2, 4, 2)
        line.addWidget(words)
        line.addWidget(self.field, 1)
        for what, ask in (("Folder…", self._ask_for_folder), ("File…", self._ask_for_file)):
            line.addWidget(button(f"{name}_{what[:-1].lower()}", what, f"Choose: {tip}", ask))

    @property
    def path(self) -> str:
        """What stands there; empty for nothing."""
        return self.field.text().strip()

    def set_path(self, path: str) -> None:
        """Show another path.

        Parameters
        ----------
        path
            Of a file or folder.
        """
        self.field.setText(path)

    def _ask_for_folder(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, "Folder of images", self.path))

    def _ask_for_file(self) -> None:
        self._take(QFileDialog.getOpenFileName(self, "Image", self.path, _IMAGES)[0])

    def _take(self, path: str) -> None:
        if path:
            self.set_path(path)
