"""Lay a finished set out for a training tool, from the *Image set* panel."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_3dmsl.datasets.read.image_set import is_image_set
from napari_3dmsl.datasets.training.lay_out import LaidOut, lay_out, proposed_folder
from napari_3dmsl.datasets.training.settings import TOOLS, ToolLayout
from napari_3dmsl.progress import Progress
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.form import Form

_TIP = (
    "Choose a finished image set, then a new folder: the set is copied there in the folders and "
    "files that the tool reads as they are. The set itself stays as it is."
)


class LayoutForTool(QObject):
    """The fields, a button, and the writing.

    Parameters
    ----------
    panel
        In which they stand.

    Signals
    -------
    began()
        Files are being written.
    progressed(done, total, what)
        So many samples are.
    ended(message), failed(message)
        What came of it.
    """

    began = Signal()
    progressed = Signal(int, int, str)
    ended = Signal(str)
    failed = Signal(str)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self.image_set = ""
        """Folder of the set that the question begins with."""
        self.form = Form(ToolLayout)
        self.button = button("lay_out", "Lay a set out…", _TIP, self._ask)
        self._job = BackgroundThread(self)
        self._job.progressed.connect(self.progressed)
        self._job.finished.connect(self._finish)
        self._job.failed.connect(lambda why: self.failed.emit(f"Not laid out: {why}"))
        self._job.cancelled.connect(lambda: self.ended.emit("Cancelled; nothing is left of it."))

    @property
    def is_running(self) -> bool:
        """Whether a set is being laid out."""
        return self._job.is_running

    def cancel(self) -> None:
        """Stop; nothing is left of the layout."""
        self._job.cancel()

    def close(self) -> None:
        """Stop and tell nobody any more."""
        self._job.close()

    def _ask(self) -> None:
        """Ask for the set and for the new folder."""
        settings = ToolLayout(**self.form.values())
        title = "A finished image set"
        folder = QFileDialog.getExistingDirectory(self._panel, title, self.image_set)
        if not folder:
            return
        if not is_image_set(folder):
            self.failed.emit(
                f"{folder}: no finished image set; choose the folder that Make the set… has filled"
            )
            return
        self.image_set = folder
        title = f"A new folder for {TOOLS[settings.tool]}"
        proposed = str(proposed_folder(folder, settings.tool))
        target, _ = QFileDialog.getSaveFileName(self._panel, title, proposed)
        if target:
            self.began.emit()
            self._job.start(_laid_out, folder, Path(target), settings)

    def _finish(self, done: LaidOut) -> None:
        parts = " · ".join(f"{count:,} {split}" for split, count in done.images.items())
        links = f"; {done.linked:,} files are links" if done.linked else ""
        self.ended.emit(f"Laid out in {done.folder}: {parts} (labels from {done.truth}){links}.")


def _laid_out(folder: str, target: Path, settings: ToolLayout, progress: Progress) -> LaidOut:
    return lay_out(folder, target, settings, progress=progress)
