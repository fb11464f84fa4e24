"""A button that asks for a file, or takes one that is dropped on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QWidget


class DropButton(QPushButton):
    """Takes one file of certain kinds.

    Parameters
    ----------
    text
        What it says.
    tip
        What it does.
    suffixes
        Endings of the files that it takes, such as ``.tif``.
    parent
        Of the widget.

    Signals
    -------
    chosen(path)
        A file was chosen or dropped.
    """

    chosen = Signal(object)

    def __init__(
        self, text: str, tip: str, suffixes: Iterable[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._title = text.rstrip("…")
        self._suffixes = tuple(suffixes)
        self.setToolTip(tip)
        self.setAcceptDrops(True)
        self.clicked.connect(self._ask)

    def dragEnterEvent(self, event: Any) -> None:
        """Qt: only one file of the right kind can be dropped."""
        if _file_of(event, self._suffixes):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Qt: take what is dropped."""
        if path := _file_of(event, self._suffixes):
            event.acceptProposedAction()
            self.chosen.emit(path)

    def _ask(self) -> None:
        endings = " ".join(f"*{suffix}" for suffix in self._suffixes)
        path, _ = QFileDialog.getOpenFileName(
            self, self._title, "", f"Images ({endings});;All files (*)"
        )
        if path:
            self.chosen.emit(Path(path))


def _file_of(event: Any, suffixes: tuple[str, ...]) -> Path | None:
    """Return the file that is dragged, if it is one alone of the right kind."""
    files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    fits = len(files) == 1 and files[0].suffix.lower() in suffixes
    return files[0] if fits else None
