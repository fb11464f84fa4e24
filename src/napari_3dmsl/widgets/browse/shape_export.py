"""Write the selected shapes for other programs, from the *Shape browser*."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_3dmsl.library.shape_forms import export_shapes, files_of
from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.questions import ask_to_replace

_FORMS = {
    "stl": "STL: surfaces in µm",
    "obj": "OBJ: surfaces in µm",
    "ply": "PLY: surfaces in µm",
    "off": "OFF: surfaces in µm",
    "glb": "GLB: surfaces in metres, y up",
    "swc": "SWC: skeletons in µm",
    "voxels": "OME-TIFF: voxels of 24 nm",
}

_TIP = "Write the selected shapes as meshes, skeletons or voxels for other programs, a file each"


class ShapeExport(QObject):
    """A button with the forms, and the writing.

    Parameters
    ----------
    panel
        In which it stands.

    Signals
    -------
    began()
        Files are being written.
    progressed(done, total)
        So many are.
    stopped()
        No more will be, whatever the reason; one of the next two follows.
    ended(message), failed(message)
        What came of it.
    """

    began = Signal()
    progressed = Signal(int, int)
    stopped = Signal()
    ended = Signal(str)
    failed = Signal(str)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self._source: ShapeSource | None = None
        self._ids: tuple[int, ...] = ()
        self.is_running = False
        self._folder = Path()
        self._job = BackgroundThread(self)
        self._job.progressed.connect(lambda done, total, _: self.progressed.emit(done, total))
        self._job.finished.connect(self._finish)
        self._job.cancelled.connect(self._cancelled)
        self._job.failed.connect(self._fail)
        self.button = QPushButton("Export shapes", panel)
        self.button.setObjectName("export_shapes")
        self.button.setToolTip(_TIP)
        self.menu = QMenu(self.button)
        for form, words in _FORMS.items():
            action = self.menu.addAction(words)
            action.setObjectName(form)
            action.triggered.connect(partial(self._ask, form))
        self.button.setMenu(self.menu)

    def choose(self, source: ShapeSource | None, ids: tuple[int, ...]) -> None:
        """Set which shapes are written next.

        Parameters
        ----------
        source
            A library, or shapes just extracted; None for nothing.
        ids
            Of the shapes.
        """
        self._source, self._ids = source, ids
        self.button.setEnabled(bool(ids) and not self.is_running)
        self.button.setToolTip(_TIP if ids else f"{_TIP}. No shape is selected: select some first")

    def cancel(self) -> None:
        """Stop; the files that are written stay."""
        self._job.cancel()

    def close(self) -> None:
        """Stop and tell nobody any more."""
        self._job.close()

    def _ask(self, form: str, *_: Any) -> None:
        """Ask where, and whether files that are there may go."""
        title = f"A folder for {len(self._ids)} files"
        folder = QFileDialog.getExistingDirectory(self._panel, title)
        if not folder or self._source is None:
            return
        there = [file for file in files_of(self._ids, Path(folder), form) if file.exists()]
        write = partial(self._start, self._source, self._ids, Path(folder), form)
        if not there:
            write(False)
            return
        some = f"{there[0].name} and {len(there) - 1} more" if len(there) > 1 else there[0].name
        ask_to_replace(self._panel, "Replace these files?", f"{folder} has {some} already.", write)

    def _start(
        self, source: ShapeSource, ids: tuple[int, ...], folder: Path, form: str, replace: bool
    ) -> None:
        self._folder = folder
        self.is_running = True
        self.button.setEnabled(False)
        self.began.emit()
        self._job.start(partial(export_shapes, replace=replace), source, ids, folder, form)

    def _finish(self, files: list[Path]) -> None:
        self._end()
        written = files[0] if len(files) == 1 else f"{len(files)} files in {self._folder}"
        self.ended.emit(f"Saved {written}.")

    def _cancelled(self) -> None:
        self._end()
        self.ended.emit(f"Cancelled; the files written so far are in {self._folder}.")

    def _fail(self, message: str) -> None:
        self._end()
        self.failed.emit(f"Not exported: {message}")

    def _end(self) -> None:
        self.is_running = False
        self.choose(self._source, self._ids)
        self.stopped.emit()
