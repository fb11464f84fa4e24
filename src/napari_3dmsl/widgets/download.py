"""The *Download shapes* panel: archives of the 3DMSL release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QLabel

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.library.download import (
    DATASET_DOI,
    LICENCE,
    RemoteFile,
    download,
    download_folder,
    is_downloaded,
    list_archives,
)
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.controls import may_be_narrow
from napari_3dmsl.widgets.common.fitted_view import FittedView
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.common.library_drawing import LibraryDrawing
from napari_3dmsl.widgets.common.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari

_PATIENCE_S = 0.5  # enough while bytes come; a server that hangs must not hold the window up


class DownloadPanel(Panel):
    """Lists the archives of the release, fetches one and opens it.

    Parameters
    ----------
    viewer
        Which gets the shapes.
    """

    page = "files.md"

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._files: list[RemoteFile] = []
        self._offers = False
        self._work = BackgroundThread(self, _PATIENCE_S)
        self._work.progressed.connect(self._show_progress)
        self._work.finished.connect(self._show)
        self._work.failed.connect(self._fail)
        self._work.cancelled.connect(self._stopped)
        self.at_end(self._work.close)
        self._view = FittedView(viewer)
        self._drawing = LibraryDrawing(viewer, self)
        self._drawing.progressed.connect(self._show_drawing)
        self._drawing.grew.connect(self._view.fit)
        self._drawing.ended.connect(self._end_drawing)
        self._drawing.failed.connect(self.complain)
        self.at_end(self._drawing.stop)
        self._what_is_here = ""
        about = QLabel(
            f"3D shapes of mitochondria (3DMSL), doi {DATASET_DOI}, {LICENCE}: cite them when you "
            f"use them.\n\nArchives are kept in {download_folder()} and may be deleted there.",
            self,
        )
        about.setObjectName("about")
        about.setWordWrap(True)
        self.archive = QComboBox(self)
        self.archive.setObjectName("archive")
        self.archive.setToolTip("Archives of the release with their sizes, the smallest first")
        self.archive.setEnabled(False)
        self.archive.currentIndexChanged.connect(self._choose)
        may_be_narrow(self.archive)
        choice = LabelledRows(self)
        choice.add_row("Archive", self.archive)
        self.add(about)
        self.add(choice)
        self.list_button = self.add_button("list", "List", "Ask the repository for its archives")
        self.list_button.clicked.connect(self._list)
        self.download_button = self.add_button(
            "download", "Download", "Fetch the chosen archive, check it and open its shapes"
        )
        self.download_button.clicked.connect(self._download)
        self.cancel_button = self.add_button(
            "cancel", "Cancel", "Stop: nothing of an archive is kept, what is drawn stays"
        )
        self.cancel_button.clicked.connect(self._cancel)
        self._set_running(False)
        self.say("Press List to see what there is.")

    def offer_smallest(self) -> None:
        """List the archives, unless they are there, and ask whether to fetch the smallest."""
        self._offers = True
        if self._files:
            self._ask()
        elif self.list_button.isEnabled():
            self._list()

    def _ask(self) -> None:
        self._offers = False
        self.archive.setCurrentIndex(0)
        file = self._files[0]
        if is_downloaded(file):
            self.say(f"{file.name} is here already: press Open.")
        else:
            self.say(
                f"The smallest is {file.name}, {_size(file.size)}: press Download to fetch it."
            )
        self.download_button.setFocus()

    def _list(self) -> None:
        self._set_running(True)
        self._work.start(list_archives)

    def _download(self) -> None:
        self._set_running(True)
        self._work.start(_fetch_and_open, self._files[self.archive.currentIndex()])

    def _cancel(self) -> None:
        if self.list_button.isEnabled():  # all is here, and being drawn
            self._drawing.stop()
            self.say(f"{self._what_is_here}\nStopped; the Shape browser draws the rest.")
            return
        self._work.cancel()
        self.cancel_button.setEnabled(False)
        self.say("Stopping; a server that does not answer is waited for, 20 s at most.")

    def _set_running(self, running: bool) -> None:
        self._drawing.stop()
        self.list_button.setEnabled(not running)
        self.archive.setEnabled(not running and bool(self._files))
        self.download_button.setEnabled(not running and bool(self._files))
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self._files):
            there = is_downloaded(self._files[index])
            self.download_button.setText("Open" if there else "Download")

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{what} {done} of {total}" if total else f"{what}…")

    def _fail(self, message: str) -> None:
        self._set_running(False)
        self.complain(message)

    def _stopped(self) -> None:
        self._set_running(False)
        self.say("Cancelled; nothing was kept.")

    def _show(self, result: Any) -> None:
        if isinstance(result, list):
            self._show_list(result)
        else:
            self._show_shapes(*result)

    def _show_list(self, files: list[RemoteFile]) -> None:
        self._files = files
        self._set_running(False)
        self.archive.clear()
        self.archive.addItems([f"{file.name} · {_size(file.size)}" for file in files])
        self._choose(0)
        self.say(f"{len(files)} archives." if files else "The repository lists no archives.")
        if files and self._offers:
            self._ask()

    def _show_shapes(self, path: Any, count: int, found: list[LayerData]) -> None:
        from napari.layers import Layer

        self._set_running(False)
        for data, attributes, kind in found:
            self.viewer.add_layer(Layer.create(data, attributes, kind))
        if self.viewer.dims.ndisplay != 3:
            self.viewer.dims.ndisplay = 3
        self._view.forget()
        self._view.fit()
        # napari searches an active surface at every move of the mouse.
        self.viewer.layers.selection.clear()
        self._choose(self.archive.currentIndex())
        shapes = "1 shape" if count == 1 else f"{count:,} shapes"
        self._what_is_here = f"{path.name}: {shapes}; kept in {path.parent}."
        self.say(self._what_is_here)
        self._drawing.draw(shapes_of(self.viewer.layers[-1]))

    def _show_drawing(self, done: int, total: int) -> None:
        """Tell of the shapes that opening has left out; they can be browsed meanwhile."""
        self.progress.show()
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.cancel_button.setEnabled(True)
        self.say(f"{self._what_is_here}\nDrawing {done:,} of {total:,}.")

    def _end_drawing(self) -> None:
        self.progress.hide()
        self.cancel_button.setEnabled(False)
        self.say(self._what_is_here)


def _fetch_and_open(
    file: RemoteFile, progress: Callable[[int, int, str], None]
) -> tuple[Any, int, list[LayerData]]:
    """Work of the thread."""
    path = download(file, progress=progress)
    progress(0, 0, "Opening")
    library = ShapeLibrary.open(path)
    return path, len(library.ids), library_layers(library)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size / 1e6, 0.1):.1f} MB"
