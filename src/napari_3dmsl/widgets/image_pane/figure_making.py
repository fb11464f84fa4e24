"""Figures of what the pane shows, and of what takes a while to make: with progress and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_3dmsl.image_io.figures import save_figure
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.image_pane.figure_window import FigureWindow

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Offer:
    """A figure that somebody else can make.

    Attributes
    ----------
    title : str
        Such as "Views × microscopes".
    tip : str
        What it shows.
    prepare : callable
        Returns what makes it, for a thread, called with ``progress=``; ValueError, in one line,
        when it cannot be made now.
    """

    title: str
    tip: str
    prepare: Callable[[], Callable[..., Figure]]


class FigureMaking(QWidget):
    """A line with progress and Cancel, in sight while a figure is made.

    Parameters
    ----------
    parent
        The pane.

    Signals
    -------
    said(message, is_bad)
    """

    said = Signal(str, bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.window_shown: FigureWindow | None = None
        self._title = ""
        self._work = BackgroundThread(self)
        self._work.progressed.connect(self._tell_progress)
        self._work.finished.connect(self._show)
        self._work.failed.connect(lambda why: self._end(f"No figure: {why}", is_bad=True))
        self._work.cancelled.connect(lambda: self._end("Cancelled; no figure was made."))
        self.bar = QProgressBar(self)
        self.bar.setObjectName("figure_progress")
        self.bar.setAccessibleName("Progress of the figure")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("cancel_figure")
        self.cancel.setToolTip("Stop making the figure")
        self.cancel.clicked.connect(self._work.cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.cancel)
        self.hide()

    def make(self, offer: Offer) -> None:
        """Begin to make a figure; a window shows it when it is there.

        Parameters
        ----------
        offer
            What to make.
        """
        if self._work.is_running:
            self.said.emit("A figure is being made: wait for it, or press Cancel.", True)
            return
        try:
            work = offer.prepare()
        except ValueError as error:
            self.said.emit(f"No figure: {error}", True)
            return
        self._title = offer.title
        self.bar.setRange(0, 0)
        self.show()
        self._work.start(work)

    def write(self, figure: Figure, path: Path) -> None:
        """Write a figure and tell how it went.

        Parameters
        ----------
        figure
            Of matplotlib.
        path
            Ends in .png, .svg or .pdf.
        """
        try:
            save_figure(figure, path)
        except (ValueError, OSError) as error:
            self.said.emit(f"Not saved: {error}", True)
        else:
            self.said.emit(f"Saved {path}", False)

    def close_work(self) -> None:
        """Stop what is being made."""
        self._work.close()

    def _tell_progress(self, done: int, total: int, what: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(f"{what}: %v of %m")

    def _show(self, figure: Any) -> None:
        self._end("")
        self.window_shown = FigureWindow(figure, self._title, self.write, self)
        self.window_shown.destroyed.connect(self._forget)
        self.window_shown.show()

    def _forget(self) -> None:
        self.window_shown = None

    def _end(self, message: str, *, is_bad: bool = False) -> None:
        self.hide()
        if message:
            self.said.emit(message, is_bad)
