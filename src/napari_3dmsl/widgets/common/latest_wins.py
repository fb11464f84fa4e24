"""Work that follows a moving knob: the latest request wins, the ones in between are dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.memory import give_back_freed_memory
from napari_3dmsl.widgets.common.garbage import put_off

_REST_MS = 5000  # until the next knob is turned the thread keeps the memory of the last image


class Outdated(Exception):  # noqa: N818  not an error: somebody turned the knob again
    """Raised inside work whose result nobody waits for any more."""


class LatestWins(QObject):
    """Runs one request at a time in a thread; while it runs only the newest request is kept.

    Parameters
    ----------
    work : callable
        ``work(request, is_outdated)``; it may raise `Outdated` when ``is_outdated()`` says so.
    parent
        Of the Qt object.

    Signals
    -------
    finished(request, result), failed(message), busy(bool)
    """

    finished = Signal(object, object)
    failed = Signal(str)
    busy = Signal(bool)
    _ended = Signal()

    def __init__(
        self, work: Callable[[Any, Callable[[], bool]], Any], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._work = work
        self._answer: tuple[Any, Any, Exception | None] | None = None
        self._done = threading.Event()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="napari-3dmsl-live")
        self._running = False
        self._go_on: Callable[[], None] = lambda: None
        self.took_s: float | None = None
        """Of the last work that came to its end."""
        self._pending: list[Any] = []
        self._closed = self._cancelled = False
        self._ended.connect(self._after)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._give_back)

    @property
    def is_running(self) -> bool:
        """Whether a request is being worked on."""
        return self._running

    def request(self, request: Any, patience_ms: float = 0.0) -> None:
        """Ask for work; a request that has not begun yet is replaced.

        Parameters
        ----------
        request
            What the work is called with.
        patience_ms
            For how long the window waits for work that begins now, before it does anything else.
            What is done by then is painted together with the knob that was turned: the window is
            drawn once, not twice, and meanwhile does not take the processors away from the work.
        """
        if self._closed:
            return
        self._pending = [request]
        if self._running:
            return
        self._begin()
        if patience_ms and self._done.wait(0.001 * patience_ms):
            self._after()

    def cancel(self) -> None:
        """Give up what is worked on and what waits; the next request is worked on as ever."""
        self._pending = []
        self._cancelled = self._running

    def close(self) -> None:
        """Stop: nothing is sent any more, and the thread ends as soon as it can."""
        if not self._closed:
            self._rest.stop()
            self._give_back()
        self._closed = True
        self._pending = []
        self._threads.shutdown(wait=True)
        self._go_on()

    def _begin(self) -> None:
        request = self._pending.pop()
        self._rest.stop()
        self._running = True
        self._go_on = put_off()
        self._cancelled = False
        self._answer = None
        self._done.clear()
        self.busy.emit(True)
        self._threads.submit(self._run, request)

    def _is_outdated(self) -> bool:
        return self._closed or self._cancelled or bool(self._pending)

    def _run(self, request: Any) -> None:
        began = time.perf_counter()
        try:
            result, error = self._work(request, self._is_outdated), None
            self.took_s = time.perf_counter() - began
        except Outdated:
            result, error = None, None
            request = None
        except Exception as raised:  # noqa: BLE001  shown to the user by `failed`
            result, error = None, raised
        self._answer = request, result, error
        self._done.set()
        if not self._closed:
            self._ended.emit()

    def _after(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:  # taken already, by who was patient
            return
        request, result, error = answer
        self._running = False
        self._go_on()
        if self._closed:
            return
        if self._pending:
            self._begin()
        else:
            self._rest.start()
            self.busy.emit(False)
        if error is not None:
            self.failed.emit(str(error) or type(error).__name__)
        elif request is not None:
            self.finished.emit(request, result)

    def _give_back(self) -> None:
        """Let the thread, in whose heap the work was done, give back what it does not need."""
        self._threads.submit(give_back_freed_memory)
