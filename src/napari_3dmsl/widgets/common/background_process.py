"""Long work in a process of its own, so that the window stays alive and Cancel works at once.

Labelling and marching cubes hold Python's interpreter lock for seconds: a thread would freeze the
window just the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.compute import WorkerDiedError, dismiss, hire
from napari_3dmsl.compute.worker import Process, Worker
from napari_3dmsl.widgets.common.background_thread import BackgroundWork

_NICE = 10  # of 19: a tenth of the processor's time, should the window want all of it


class BackgroundProcess(BackgroundWork):
    """Runs one function at a time in a worker process.

    The function is called with its arguments and ``progress=``; it, its arguments and its result
    must pickle. What a generator yields is sent one by one, and its result is None.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    parted(part)
        A generator has yielded; beside those of `BackgroundWork`.
    """

    parted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Worker | None = None

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin; sending the arguments and waiting happen in a thread.

        Parameters
        ----------
        function
            Importable in another process.
        *arguments
            What it is called with.
        """
        self._begin(self._follow, function, arguments)

    def cancel(self) -> None:
        """End the work now; `cancelled` is sent when it has ended."""
        self._stop.set()
        worker = self._worker  # the thread forgets it when it ends
        if worker is not None:
            worker.end()

    def close(self) -> None:
        """Cancel and send nothing any more."""
        self._closed = True
        self.cancel()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _follow(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        worker = self._worker = hire()
        _let_the_window_go_first(worker)
        if self._stop.is_set():
            worker.end()
        try:
            result = worker.call(function, arguments, self._progress, self._part)
        except (WorkerDiedError, OSError, ValueError, MemoryError) as error:
            end = "failed", _in_words(error)
        except Exception as error:  # noqa: BLE001  a bug: say so instead of dying silently
            end = "failed", f"unexpected {type(error).__name__}: {error}"
        else:
            end = "finished", result
        self._worker = None
        dismiss(worker)
        if self._stop.is_set():
            self._send("cancelled")
        else:
            self._send(*end)

    def _progress(self, done: int, total: int, what: str) -> None:
        if not self._stop.is_set():
            self._send("progressed", done, total, what)

    def _part(self, content: Any) -> None:
        if not self._stop.is_set():
            self._send("parted", content)


def _let_the_window_go_first(worker: Worker) -> None:
    """Ask the system for it: with as much work as processors a window would wait for its turn."""
    import psutil  # napari brings it

    lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE
    if isinstance(worker, Process):
        with suppress(psutil.Error):  # it has ended, or all of napari is to go last
            psutil.Process(worker.pid).nice(lower)


def _in_words(error: Exception) -> str:
    if isinstance(error, WorkerDiedError):
        return (
            f"the work ended unexpectedly (exit code {error.exit_code}); "
            "if memory ran out, try a smaller volume or more downsampling"
        )
    return str(error) or type(error).__name__
