"""What the benchmarks of the window share: waiting, watching for stalls, and seeing frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

PATIENCE_S = 600.0
_BETWEEN_S = 2.0  # from one action of a person to the next, when garbage is searched for


def pump(seconds: float) -> None:
    """Process events for a while."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        QApplication.processEvents()
        time.sleep(0.001)


def wait(there: Callable[[], Any], what: str) -> None:
    """Process events until something is there."""
    until = time.perf_counter() + PATIENCE_S
    while not there():
        if time.perf_counter() > until:
            raise RuntimeError(f"waited {PATIENCE_S:.0f} s in vain: {what}")
        QApplication.processEvents()
        time.sleep(0.001)


class Stalls:
    """A 5 ms timer on the event loop: its longest gap is how long the window did not answer.

    Other work on the machine lengthens the gaps. So beside each stands the processor time that the
    window's own thread spent in it, and all threads of napari, which draw in software too.
    """

    def __init__(self) -> None:
        self._ticks = [_clocks()]
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)  # no lambda: it would outlive us
        self._timer.start(5)
        self.over = 0
        """Rows told whose longest stall is longer than their bar."""

    def _tick(self) -> None:
        self._ticks.append(_clocks())

    def gaps(self, begin: float = -np.inf, end: float = np.inf) -> np.ndarray:
        """Return (N, 3) the gaps that ended between two times: clock, own thread, all threads."""
        ticks = np.array([*self._ticks, _clocks()])
        inside = (ticks[1:, 0] > begin) & (ticks[1:, 0] <= end)
        return np.vstack([np.zeros((1, 3)), 1000 * np.diff(ticks, axis=0)[inside]])

    def longest(self, begin: float = -np.inf, end: float = np.inf) -> float:
        """Longest gap in milliseconds that ended between two times."""
        return float(self.gaps(begin, end)[:, 0].max())

    def tell(self, what: str, bar_ms: float, begin: float = -np.inf, end: float = np.inf) -> None:
        """Print a row of the table: the longest gap, and the most of the own thread in any."""
        gaps = self.gaps(begin, end)
        wall, own, whole = gaps[gaps[:, 0].argmax()]
        most = gaps[:, 1].max()
        over = wall > bar_ms
        self.over += over
        why = "" if not over else "too long" if most > bar_ms else "too long; own work is within"
        row = f"{what:<44}{wall:7.0f}{own:7.0f}{whole:7.0f}{most:9.0f}{bar_ms:7.0f}  {why}"
        print(row.rstrip(), flush=True)

    def after(
        self, what: str, action: Callable[[], Any], bar_ms: float, rest_s: float = 1.0
    ) -> None:
        """Do something, let the window come to rest, and print the row of it."""
        pump(_BETWEEN_S)
        begin = time.perf_counter()
        self._tick()
        action()
        pump(rest_s)
        self.tell(what, bar_ms, begin)
        self._ticks = self._ticks[-1:]


def heading() -> None:
    """Print what the columns of `Stalls.tell` are."""
    print("milliseconds: the longest stall, of it work of the window's thread and of all threads;")
    print("the most work of the window's thread in any stall; the longest stall that is wanted")
    print(f"{'':<44}{'stall':>7}{'own':>7}{'all':>7}{'most own':>9}{'bar':>7}", flush=True)


def _clocks() -> tuple[float, float, float]:
    return (time.perf_counter(), time.thread_time(), time.process_time())


class Frames:
    """Sees the canvas of a viewer being drawn."""

    def __init__(self, viewer: Any) -> None:
        self.count = 0
        canvas = viewer.window._qt_viewer.canvas._scene_canvas  # private: to see frames drawn
        canvas.events.draw.connect(self._drawn, position="last")

    def _drawn(self, event: Any) -> None:
        self.count += 1

    def after(self, change: Callable[[], Any]) -> float:
        """Change something and wait for the next frame; milliseconds until it was drawn."""
        before, started = self.count, time.perf_counter()
        change()
        while self.count == before:
            QApplication.processEvents()
        return (time.perf_counter() - started) * 1000
