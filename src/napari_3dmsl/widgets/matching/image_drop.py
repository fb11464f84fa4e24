"""A place to drop files on, with buttons that ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_3dmsl.image_io.grey_images import GREY_SUFFIXES
from napari_3dmsl.widgets.common.controls import button

KINDS = f"Images ({' '.join(f'*{suffix}' for suffix in GREY_SUFFIXES)})"
_STYLE = "QLabel#%s { border: 1px dashed palette(mid); border-radius: 4px; padding: 6px; }"


class ImageDrop(QWidget):
    """Takes image files that are dropped or chosen.

    Parameters
    ----------
    name
        Of the place, and with endings of its buttons.
    empty
        What it says without files.
    what
        What the files are, for the tips.
    parent
        Of the Qt widget.

    Signals
    -------
    given(paths)
        Files or folders, never none.
    """

    given = Signal(list)

    def __init__(self, name: str, empty: str, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._what, self._empty = what, empty
        self.place = QLabel(empty, self)
        self.place.setObjectName(name)
        self.place.setWordWrap(True)
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.place.setStyleSheet(_STYLE % name)
        buttons = QHBoxLayout()
        self.files_button = button(
            f"{name}_files", "Files…", f"Choose files of {what}", self._ask_for_files
        )
        self.folder_button = button(
            f"{name}_folder", "Folder…", f"Take all images of a folder as {what}", self._ask_folder
        )
        for each in (self.files_button, self.folder_button):
            buttons.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.place)
        layout.addLayout(buttons)

    def show_text(self, text: str) -> None:
        """Say what lies there; nothing shows the invitation again.

        Parameters
        ----------
        text
            For people.
        """
        self.place.setText(text or self._empty)

    def dragEnterEvent(self, event: Any) -> None:
        """Qt: take files, before napari opens them as layers."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Qt: files have been dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if paths:
            self.given.emit(paths)

    def _ask_for_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, f"Choose {self._what}", "", KINDS)
        if paths:
            self.given.emit([Path(path) for path in paths])

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, f"A folder of {self._what}")
        if folder:
            self.given.emit([Path(folder)])
