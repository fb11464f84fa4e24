"""What the benchmarks of the window share: waiting, watching for stalls, and seeing frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

PATIENCE_S = 600.0


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
    """A 5 ms timer on the event loop: its longest gap is how long the window did not answer."""

    def __init__(self) -> None:
        self._ticks = [time.perf_counter()]
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)  # no lambda: it would outlive us
        self._timer.start(5)

    def _tick(self) -> None:
        self._ticks.append(time.perf_counter())

    def longest(self, begin: float = -np.inf, end: float = np.inf) -> float:
        """Longest gap in milliseconds that ended between two times."""
        ticks = np.array([*self._ticks, time.perf_counter()])
        inside = (ticks[1:] > begin) & (ticks[1:] <= end)
        return float(np.diff(ticks)[inside].max(initial=0.0)) * 1000


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
