"""Work for worker processes; they import this module."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from waiting import PATIENCE_S

from napari_3dmsl.compute import Processes


def square(number: int) -> int:
    return number * number


def wait_if_first(item: tuple[int, str]) -> int:
    """Return the number of an item; the first one waits until its mark is there."""
    number, mark = item
    until = time.monotonic() + PATIENCE_S / 2  # then it comes first, and its test fails
    while number == 0 and not Path(mark).exists() and time.monotonic() < until:
        time.sleep(0.005)
    return number


def squares(count: int) -> list[int]:
    """Work of a worker that has workers of its own."""
    return [result for _, result in Processes(2).run(square, range(count))]


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError("3 is refused")
    return number


class TwoWordsError(Exception):
    """It pickles, but cannot be read back."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def refuse_in_two_words() -> None:
    raise TwoWordsError("not", "this")


def refuse_in_two_words_for(_: Any) -> None:
    refuse_in_two_words()


def die(_: Any = None) -> None:
    os._exit(7)


def sleep(mark: str) -> None:
    Path(mark).write_text(str(os.getpid()))
    time.sleep(600)


def number_of_process(_: Any = None) -> int:
    return os.getpid()


def surroundings(variable: str) -> tuple[str | None, str, str | None]:
    return os.environ.get(variable), str(Path.cwd()), os.environ.get("OMP_NUM_THREADS")


def print_and_ask() -> int:
    print("this is no answer")  # noqa: T201
    os.write(1, b"nor this\n")
    os.system("echo nor this")
    return len(os.read(0, 10))


def main_and_modules() -> tuple[str | None, bool, bool]:
    import sys

    main = sys.modules["__main__"]
    loaded = set(sys.modules)
    return getattr(main, "__file__", None), "numpy" in loaded, "napari" in loaded


class Circle:
    """An object that only the garbage collection frees."""

    left: weakref.ref[Circle] | None = None

    def __init__(self) -> None:
        self.itself = self


def leave_a_circle() -> tuple[bool, int]:
    """Tell whether that of the last call is there, and how many objects are not looked at again."""
    there = Circle.left is not None and Circle.left() is not None
    Circle.left = weakref.ref(Circle())
    return there, gc.get_freeze_count()


def three_parts(progress: Callable[[int, int, str], None]) -> Iterator[int]:
    for number in range(3):
        progress(number, 3, "parts")
        yield number


def told_from_threads(progress: Callable[[int, int, str], None]) -> int:
    threads = [
        threading.Thread(target=progress, args=(number, 50, "x" * 5000)) for number in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 50


def squares_in_a_daemon(sender: Any) -> None:
    """Body of a process of multiprocessing, which lets none of its own be started there."""
    sender.send(squares(5))


def mark_and_wait(mark: str) -> int:
    """Say that the work has begun, and end when the mark is removed."""
    Path(mark).write_text(str(os.getpid()))
    while Path(mark).exists():
        time.sleep(0.01)
    return os.getpid()


def mark_and_wait_when_busy(mark: str) -> None:
    if "busy" in Path(mark).name:
        mark_and_wait(mark)
    else:
        Path(mark).touch()


def waiting_in_a_worker(dask_worker: Any) -> int:
    """Calls that a worker of Dask has taken and not begun."""
    return len(dask_worker.state.ready)


def threads_of_numerics(_: Any = None) -> tuple[set[int], str | None]:
    import numpy as np
    from threadpoolctl import threadpool_info

    assert np.ones((2, 2)).sum() == 4
    return {pool["num_threads"] for pool in threadpool_info()}, os.environ.get("OMP_NUM_THREADS")


class Opened:
    """Work that opens something once in each process."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _: Any) -> tuple[int, int]:
        self.times += 1
        return os.getpid(), self.times
