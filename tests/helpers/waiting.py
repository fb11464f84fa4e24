"""Waiting for what other threads and processes are going to do, on machines of any speed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = float(os.environ.get("PATIENCE_S", 120.0))
"""After so long something is taken for lost; nothing else is asserted about time.

A machine that is busy with something else is given more by the environment.
"""


def wait_for(what: Callable[[], Any]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)
