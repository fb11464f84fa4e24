"""What has to be done when a widget is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Endings:
    """Calls that are made once, the last first, when a widget ends.

    A widget connects its ``destroyed`` to the method `run`, which Qt's binding holds weakly. A
    function that it held would be emptied by Python's garbage collector together with a widget
    that nobody holds, and then be called: a crash.
    """

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []

    def append(self, ending: Callable[[], None]) -> None:
        """Add one.

        Parameters
        ----------
        ending
            Takes nothing and may be called once.
        """
        self._calls.append(ending)

    def run(self, widget: Any = None) -> None:
        """Make the calls that have not been made.

        Parameters
        ----------
        widget
            Which ends; its half in Qt may be gone.
        """
        while self._calls:
            with suppress(RuntimeError):  # Qt may have deleted its half already
                self._calls.pop()()
