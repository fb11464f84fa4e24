"""Measure the shapes of a library while it is browsed."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import MeasureOutcome, measure_library
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.class_surfaces import AT_ONCE, recolour
from napari_3dmsl.widgets.common.incremental_layers import Turns


class LibraryMeasuring(QObject):
    """Measures a library in other processes, and takes over what is found out.

    Parameters
    ----------
    viewer
        Whose layers show the classes.
    parent
        Of the Qt object.

    Signals
    -------
    progressed(done, total)
        So many of the shapes whose measures were not known have been measured.
    stopped()
        The table has more measures now, whatever the reason; one of the next two follows.
    ended(message)
        All are measured, or Cancel was pressed.
    failed(message)
        It cannot go on; what was measured before is kept.
    """

    progressed = Signal(int, int)
    stopped = Signal()
    ended = Signal(str)
    failed = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.source: ShapeLibrary | None = None
        """The library that is measured, or was last."""
        self.is_running = False
        self._turns = Turns(self, viewer=viewer)
        self._job = BackgroundThread(self)
        self._job.progressed.connect(lambda done, total, _: self.progressed.emit(done, total))
        self._job.finished.connect(self._finish)
        self._job.cancelled.connect(self._cancelled)
        self._job.failed.connect(self._fail)

    def measure(self, source: ShapeLibrary) -> None:
        """Begin, or go on where it was stopped.

        Parameters
        ----------
        source
            The library.
        """
        self.source = source
        self.is_running = True
        self._job.start(measure_library, source.folder)

    def cancel(self) -> None:
        """Stop; what is measured is kept."""
        self._job.cancel()

    def close(self) -> None:
        """Stop and tell nobody any more."""
        self._turns.stop()
        self._job.close()

    def _finish(self, outcome: MeasureOutcome) -> None:
        self._take_over()
        line = f"{outcome.measured:,} shapes measured; kept in {outcome.path}."
        if outcome.problems:
            shape_id, problem = next(iter(outcome.problems.items()))
            line += f" {len(outcome.problems):,} cannot be measured: shape {shape_id}: {problem}"
            line += " …" * (len(outcome.problems) > 1)
        self.ended.emit(line)

    def _cancelled(self) -> None:
        self._take_over()
        self.ended.emit("Cancelled. What is measured is kept: Measure shapes goes on from here.")

    def _fail(self, message: str) -> None:
        self._take_over()
        self.failed.emit(f"Not all shapes are measured: {message}")

    def _take_over(self) -> None:
        """Show in table and canvas what is known now."""
        self.is_running = False
        source = self.source
        assert source is not None
        before = list(source.table["shape_class"])
        source.take_measures()
        now = zip(source.ids, before, source.table["shape_class"], strict=True)
        self._turns.finish()
        changed = {i: kind for i, known, kind in now if kind != known}
        self._turns.extend(recolour(self._viewer, source, changed))
        if len(changed) <= AT_ONCE:
            self._turns.finish()
        self.stopped.emit()
