"""The search for garbage waits until the window is at rest.

Every now and then Python goes through all objects, to free those that only refer to each other.
With napari there are half a million, and the window stands still for a fifth of a second, in the
middle of whatever is going on. While a panel is open Python is to do so much less often by itself;
it is done instead when nobody has touched the window for a while. Even then what was there when the
panel opened is left out (frozen), so that the search takes some ten milliseconds; everything is
gone through after a longer rest, else a layer that has been removed would stay in the memory. Then
the system gets back what has become free.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication

from napari_3dmsl.memory import give_back_memory_of_ended_threads

SELDOM = 1000
"""How many small searches Python does before it goes through everything; usually 10."""

_LOOK_MS = 500
_REST_S = 1.5
_LONG_S = 30.0  # of work without a rest: the garbage of so much time may wait in memory
_AWAY_S = 15.0  # without anything done: nobody sees the window stand still
_LONGEST_S = 300.0  # without such a rest: everything is gone through at a short one

_lock = threading.Lock()
_waiting: set[object] = set()
_usual: tuple[int, int, int] | None = None
_worked = 0.0
_searched = 0.0


def put_off() -> Callable[[], None]:
    """Let the search for garbage wait; return what ends that, which may be called again.

    From whatever thread. The search is not forbidden: work that leaves very much garbage behind
    must not fill the memory.
    """
    global _usual, _searched
    who = object()
    note_work()
    with _lock:
        if not _waiting:
            _searched = time.monotonic()
            _usual = gc.get_threshold()
            gc.set_threshold(*_usual[:2], max(SELDOM, _usual[2]))
        _waiting.add(who)

    def go_on() -> None:
        global _usual
        note_work()
        with _lock:
            _waiting.discard(who)
            if not _waiting and _usual is not None:
                gc.set_threshold(*_usual)
                _usual = None

    return go_on


def note_work() -> None:
    """Say that the window is doing something just now."""
    global _worked
    _worked = time.monotonic()


def is_due() -> bool:
    """Whether Python would have gone through everything by now, had it not been put off."""
    return _usual is not None and gc.get_count()[2] > _usual[2]


class SearchAtRest(QObject):
    """Puts the search off until it is stopped, and does it whenever the window is at rest.

    What is there when the first of them begins is left out of the searches at short rests.

    Parameters
    ----------
    parent
        Of the Qt object.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._go_on = put_off()
        _left_out.begin(self)
        self._pointer: Any = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def stop(self) -> None:
        """Let Python search as it does."""
        self._go_on()
        _left_out.end(self)
        self._timer.stop()

    def _look(self) -> None:
        pointer, pressed = QCursor.pos(), QApplication.mouseButtons() != Qt.MouseButton.NoButton
        if pointer != self._pointer or pressed:
            self._pointer = pointer
            note_work()
        if pressed:
            return
        rest_s = _since(_worked)
        if _left_out.is_due(rest_s):
            _left_out.search()
        elif is_due() and (rest_s > _REST_S or _since(_searched) > _LONG_S):
            _search()


class _LeftOut:
    """What searches leave out: all that was there when the first panel opened or at a long rest.

    If others have frozen objects already it is up to them, and nothing is left out.
    """

    def __init__(self) -> None:
        self._panels: set[object] = set()
        self._is_ours = False
        self._searched = 0.0

    def begin(self, panel: object) -> None:
        """Leave out what is there, for the first panel."""
        self._panels.add(panel)
        if not self._is_ours and not gc.get_freeze_count():
            self._is_ours = True
            self._freeze()

    def end(self, panel: object) -> None:
        """Leave nothing out any more, once the last panel has gone."""
        self._panels.discard(panel)
        if self._is_ours and not self._panels:
            self._is_ours = False
            gc.unfreeze()

    def is_due(self, rest_s: float) -> bool:
        """Whether to go through it, after so many seconds in which nothing was done."""
        if not self._is_ours or _worked < self._searched or len(_waiting) > len(self._panels):
            return False  # or something else wants it to wait, such as work in another process
        long_ago = rest_s > _REST_S and _since(self._searched) > _LONGEST_S
        return rest_s > _AWAY_S or long_ago

    def search(self) -> None:
        """Go through everything, and leave out what remains."""
        gc.unfreeze()
        _search()
        give_back_memory_of_ended_threads()
        self._freeze()

    def _freeze(self) -> None:
        gc.freeze()
        self._searched = time.monotonic()


_left_out = _LeftOut()


def _search() -> None:
    global _searched
    gc.collect()
    _searched = time.monotonic()


def _since(moment: float) -> float:
    return time.monotonic() - moment
