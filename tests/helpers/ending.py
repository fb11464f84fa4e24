"""A process that ends in the middle of its work, however fast the machine is."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

FROM_HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
"""Environment in which a process finds what is beside this file."""


class EndsAt:
    """A progress that ends its process by a signal, a moment after so much is done.

    The work never comes to its end: where it is faster than that moment, it waits for the signal.

    Parameters
    ----------
    at
        So many are done, this run's first of them included.
    delay_s
        The moment.
    signal_number
        Of the signal.
    group
        Whether the other processes of the group get it, too.
    stage
        How the work is called; anything, if nothing is given.
    note
        File for the numbers of the processes that the process has started.
    """

    def __init__(
        self,
        at: int,
        delay_s: float = 0.0,
        signal_number: int = signal.SIGKILL,
        *,
        group: bool = False,
        stage: str = "",
        note: Path | None = None,
    ) -> None:
        self._at, self._delay_s, self._signal = at, delay_s, signal_number
        self._group, self._stage, self._note = group, stage, note
        self._ending: threading.Timer | None = None

    def __call__(self, done: int, total: int, what: str) -> None:
        if not what.startswith(self._stage) or what == "starting" or "checked" in what:
            return
        if done >= self._at and self._ending is None:
            self._ending = threading.Timer(self._delay_s, self._end)
            self._ending.daemon = True
            self._ending.start()
        if done >= total:
            time.sleep(600)

    def _end(self) -> None:
        if self._note is not None:
            children = psutil.Process().children(recursive=True)
            self._note.write_text(json.dumps([child.pid for child in children]))
        if self._group:
            os.killpg(0, self._signal)
        else:
            os.kill(os.getpid(), self._signal)
