"""Work for a process beside the window, which ends in every way that work can."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def double(number: int, progress: Callable[[int, int, str], None]) -> int:
    for step in range(3):
        progress(step + 1, 3, "doubling")
    return 2 * number


def refuse(progress: Any) -> None:
    raise ValueError("there is nothing to extract")


def stumble(progress: Any) -> None:
    raise KeyError("a bug")


def crash(progress: Any) -> None:
    os._exit(9)


def sleep(progress: Callable[[int, int, str], None]) -> None:
    progress(0, 1, "sleeping")
    time.sleep(600)


def return_a_function(progress: Any) -> Any:
    return lambda: None


class Unreadable:
    """Something that pickles but cannot be read back."""

    def __reduce__(self) -> Any:
        return _read_back, ()


def _read_back() -> None:
    raise RuntimeError("cannot be read back")


def return_unreadable(progress: Any) -> Unreadable:
    return Unreadable()


def size_of(array: np.ndarray, progress: Any) -> int:
    return array.size


STAGES, STEPS = ("first", "second"), 500


def hurry(progress: Callable[[int, int, str], None]) -> str:
    for stage in STAGES:
        for step in range(STEPS):
            progress(step + 1, STEPS, stage)
    return "there"
