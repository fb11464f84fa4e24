"""Calls that wait until the event that is going on has been dealt with."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer


def soon(owner: QObject, call: Callable[[], None]) -> QTimer:
    """Return a timer that makes a call once, right after what is going on, each time it is started.

    It ends with its owner. ``QTimer.singleShot`` may outlive it: PySide6 then calls the Python half
    of a widget whose other half is gone.

    Parameters
    ----------
    owner
        Of the timer, and most often of the call.
    call
        Made once for any number of starts before.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(call)
    return timer
