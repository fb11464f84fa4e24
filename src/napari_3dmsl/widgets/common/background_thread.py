"""Work in a thread beside the window that can be cancelled between its steps.

For work that writes files: it ends in its own time, so that it can clear up after itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.memory import give_back_freed_memory
from napari_3dmsl.widgets.common.garbage import put_off

_TOLD_EVERY_MS = 100  # Qt draws a bar, and the canvas with it, at once

_ENDS = ("finished", "failed", "cancelled")


class Cancelled(Exception):  # noqa: N818  not an error: somebody pressed Cancel
    """Raised inside the work, out of its ``progress``."""


class BackgroundWork(QObject):
    """Runs one function at a time; it is called with its arguments and ``progress=``.

    Progress is told at most ten times a second: of the steps of one stage that have come meanwhile
    the last one. The last one of each stage is always told, and before the work's end.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    progressed(done, total, what), finished(result), failed(message), cancelled()
    """

    progressed = Signal(int, int, str)
    finished = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    _came = Signal(str, object)  # out of the thread: name and content of one of the others

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ended = self._closed = False
        self._steps: list[tuple[int, int, str]] = []  # not told yet
        self._told = QTimer(self)
        self._told.setSingleShot(True)
        self._told.setInterval(_TOLD_EVERY_MS)
        self._told.timeout.connect(self._tell_steps)
        self._came.connect(self._tell)

    @property
    def is_running(self) -> bool:
        """Whether a function is being worked on, and its end was not told yet."""
        at_work = self._thread is not None and self._thread.is_alive()
        return at_work and not self._ended  # then it gives back memory, for a second at most

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do the work in a thread."""
        self._stop.clear()
        self._ended = False
        self._thread = threading.Thread(
            target=_undisturbed, args=(work, *arguments), name="napari-3dmsl-job", daemon=True
        )
        self._thread.start()

    def _send(self, signal: str, *content: Any) -> None:
        """Tell, from the thread."""
        if not self._closed:  # else Qt may have deleted the signals already
            self._came.emit(signal, content)

    def _tell(self, signal: str, content: tuple[Any, ...]) -> None:
        """Tell in the window's thread."""
        if self._closed:
            return
        if signal == "progressed":
            self._keep_step(*content)
            if not self._told.isActive():
                self._tell_steps()
            return
        if signal in _ENDS:
            self._tell_steps()
            self._told.stop()
            self._ended = True
        getattr(self, signal).emit(*content)

    def _keep_step(self, done: int, total: int, what: str) -> None:
        if self._steps and self._steps[-1][1:] == (total, what):
            self._steps.pop()
        self._steps.append((done, total, what))

    def _tell_steps(self) -> None:
        steps, self._steps = self._steps, []
        for step in steps:
            self.progressed.emit(*step)
        if steps:
            self._told.start()


def _undisturbed(work: Callable[..., None], *arguments: Any) -> None:
    """Work; what comes of it is much at once, and no reason to search the window for garbage.

    What the work has needed besides goes back to the system.
    """
    go_on = put_off()
    try:
        work(*arguments)
    finally:
        give_back_freed_memory()
        go_on()


class BackgroundThread(BackgroundWork):
    """Does the work in this process: its result is shared, and it must let others run.

    Parameters
    ----------
    parent
    patience_s
        How long `close` waits for the step that is going on. Work that waits for a server may
        take longer; it ends by itself and tells nobody.
    """

    def __init__(self, parent: QObject | None = None, patience_s: float = 30.0) -> None:
        super().__init__(parent)
        self._patience_s = patience_s

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin.

        Parameters
        ----------
        function
            Touches no widget and no layer.
        *arguments
            What it is called with.
        """
        self._begin(self._run, function, arguments)

    def cancel(self) -> None:
        """End the work at its next step; `cancelled` is sent when it has ended."""
        self._stop.set()

    def close(self) -> None:
        """Cancel, wait a while for the step that is going on, and send nothing any more."""
        self._closed = True
        self.cancel()
        if self._thread is not None:
            self._thread.join(self._patience_s)

    def _run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            result = function(*arguments, progress=self._progress)
        except Cancelled:
            self._send("cancelled")
        except (ValueError, OSError, MemoryError) as error:
            self._send("failed", str(error) or type(error).__name__)
        except Exception as error:  # noqa: BLE001  a bug: say so instead of dying silently
            self._send("failed", f"unexpected {type(error).__name__}: {error}")
        else:
            self._send("finished", result)

    def _progress(self, done: int, total: int, what: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        self._send("progressed", done, total, what)
