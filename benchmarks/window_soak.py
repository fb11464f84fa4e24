"""Does the window keep what it no longer needs? Thousands of actions of all kinds in one window.

Does the actions of `all_actions.py` in one window of a new user, until there were enough of them or
the time is over. Each line tells the memory of the process as the system sees it, what of it is in
use when nothing can be given back and in what kind of memory that is (the C library's heap, of
which it has lent out what was *asked*; Python's *arenas* of small objects; *others* without a name,
such as the graphics driver's and threads'; *mapped* files), and what is open and alive: file
descriptors, threads, processes, layers that are in no viewer any more, what draws them, widgets.
What napari and Python have complained about is told at the end, and the kinds of objects of which
there are more than after the first 500 actions. With ``--trace`` the lines of Python that hold the
most of what has come since, which slows it down.

Every 500 actions the window is emptied before: all layers go and all panels are closed. Growth is
told between two of those lines, as what is open in between takes what it takes.

Run under a display or Xvfb: ``python benchmarks/window_soak.py``, or for an hour
``python benchmarks/window_soak.py --minutes 60``.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import logging
import os
import random
import re
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from all_actions import AllActions
from random_actions import Session, empty_home

from napari_3dmsl.memory import give_back_memory_of_ended_threads

MOST_MB = 50.0
WARM = 500
_SHOWN = 12
_HURRY = 0.4  # share of the actions that do not wait until the window is at rest
_HEADINGS = (
    *("actions", "s", "cpu", "MB", "in-use", "asked", "heap", "arenas", "others", "mapped"),
    *("kblocks", "files", "threads", "procs"),
    *("layers", "left", "drawn", "widgets", "objects"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, help="instead of a number of actions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=100, help="actions between two lines")
    parser.add_argument("--emptied", type=int, default=WARM, help="actions until it is emptied")
    parser.add_argument("--only", nargs="+", help="names of actions, to find which one keeps what")
    parser.add_argument("--each", action="store_true", help="tell each action before it is done")
    parser.add_argument("--trace", action="store_true", help="which lines hold what has come")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        home, libraries = Path(folder) / "home", Path(folder) / "libraries"
        for each in (home, libraries):
            each.mkdir()
        os.environ.update(empty_home(str(home)))
        sys.exit(soak(told, libraries))


def soak(told: argparse.Namespace, folder: Path) -> int:
    """Do the actions and print what they leave behind; 0 when that is within the bars."""
    complaints = Complaints()
    session = Session()
    settle_down()
    closer = close_what_asks(session)
    actions = AllActions(session, random.Random(told.seed), folder)
    actions.add_labels()
    lines: list[Line] = []
    before, traced = None, None
    emptied = told.emptied if told.minutes else min(told.emptied, told.actions // 2)
    began = time.perf_counter()
    print("".join(f"{name:>9}" for name in _HEADINGS))
    for number in numbers(told, began):
        act(actions, told, number)
        is_empty = number % emptied == 0
        if is_empty:
            empty(actions)
        if is_empty or number % told.every == 0:
            session.rest()
            line = Line.now(number, time.perf_counter() - began, session)
            print(line, "emptied" if is_empty else "", flush=True)
        if is_empty:
            lines.append(line)
        if number == emptied:
            before = kinds()
            if told.trace:
                tracemalloc.start(8)
                traced = tracemalloc.take_snapshot()
    closer.stop()
    if before is None or len(lines) < 2:
        print("ended before it was emptied twice: nothing to compare")
        return 1
    for kind, more in (kinds() - before).most_common(_SHOWN):
        print(f"{more:>+9,} {kind}")
    if traced is not None:
        for found in tracemalloc.take_snapshot().compare_to(traced, "traceback")[:_SHOWN]:
            print(f"{found.size_diff / 1e6:+.1f} MB", *found.traceback.format()[-4:], sep="\n  ")
    kept = tell(lines[0], lines[-1])
    clean = complaints.tell(session)
    session.viewer.close()
    return 0 if kept and clean else 1


def settle_down() -> None:
    """Load what the panels need, and let no collection of garbage look through it all again.

    napari searches for garbage each time that a layer goes. In a program that does hardly anything
    else, looking through all that stays anyway took half of the time.
    """
    import pyqtgraph  # noqa: F401

    gc.collect()
    gc.freeze()


def numbers(told: argparse.Namespace, began: float) -> Iterator[int]:
    """Yield the numbers of the actions."""
    for number in count(1):
        over = time.perf_counter() - began > 60 * told.minutes if told.minutes else False
        if over or (not told.minutes and number > told.actions):
            return
        yield number


def act(actions: AllActions, told: argparse.Namespace, number: int) -> None:
    """Do one action; most end when the window is at rest."""
    weights, choices = zip(*chosen(actions, told.only), strict=True)
    [action] = actions.rng.choices(choices, weights)
    if told.each:
        print(f"{number:>9,} {action.__name__.strip('_')}", flush=True)
    action()
    if actions.rng.random() < _HURRY:  # a person in a hurry
        actions.session.pump(actions.rng.uniform(0, 0.1))
    else:
        actions.session.rest()


def chosen(actions: AllActions, only: list[str] | None) -> list[tuple[int, Any]]:
    """All actions with their weights, or those of some names."""
    found = actions.all()
    if only is None:
        return found
    return [(weight, one) for weight, one in found if one.__name__.strip("_") in only]


def empty(actions: AllActions) -> None:
    """Close all panels and take all layers away, as whoever begins with something else."""
    session = actions.session
    session.rest()
    actions.close_windows()
    for name in list(session.panels):
        session.close_panel(name)
    session.viewer.window.remove_dock_widget("all")
    session.viewer.layers.clear()
    session.pump(0.5)


def close_what_asks(session: Session) -> Any:
    """Press Escape in whatever menu or question comes up, as nobody is there to answer."""
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    def close() -> None:
        for asks in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if asks is not None:
                asks.close()

    timer = QTimer(session.viewer.window._qt_window)
    timer.timeout.connect(close)
    timer.start(300)
    return timer


@dataclass(frozen=True)
class Line:
    """What is alive after some actions."""

    actions: int
    seconds: float
    cpu_s: float
    seen_mb: float
    used_mb: float
    asked_mb: float
    heap_mb: float
    arenas_mb: float
    others_mb: float
    mapped_mb: float
    kblocks: float
    files: int
    threads: int
    processes: int
    layers: int
    left: int
    drawn: int
    widgets: int
    objects: int

    @classmethod
    def now(cls, number: int, seconds: float, session: Session) -> Line:
        """Look around; what Python and the C library can give back, they give back."""
        from napari._vispy.layers.base import VispyBaseLayer
        from napari.layers import Layer
        from qtpy.QtWidgets import QApplication

        this = psutil.Process()
        seen = this.memory_info().rss / 1e6
        gc.collect()
        give_back_memory_of_ended_threads()  # what is free is not kept by anyone
        objects = gc.get_objects()
        here = len(session.viewer.layers)
        heap, nameless, mapped = resident_mb(this)
        arenas = arenas_mb()
        return cls(
            number,
            seconds,
            time.process_time(),
            seen,
            this.memory_info().rss / 1e6,
            asked_mb(),
            heap,
            arenas,
            nameless - arenas,
            mapped,
            sys.getallocatedblocks() / 1000,
            this.num_fds() if hasattr(this, "num_fds") else len(this.open_files()),
            this.num_threads(),
            len(this.children(recursive=True)),
            here,
            sum(isinstance(one, Layer) for one in objects) - here,
            sum(isinstance(one, VispyBaseLayer) for one in objects),
            len(QApplication.allWidgets()),
            len(objects),
        )

    def __str__(self) -> str:
        return "".join(f"{value:>9,.0f}" for value in vars(self).values())


def tell(before: Line, after: Line) -> bool:
    """Print how much more there is than the first time; whether memory is within the bar."""
    print(f"growth over {after.actions - before.actions:,} actions, the window emptied:")
    for name in (
        "seen_mb",
        "used_mb",
        "asked_mb",
        "heap_mb",
        "arenas_mb",
        "others_mb",
        "mapped_mb",
        "kblocks",
        "files",
        "threads",
        "processes",
        "left",
        "widgets",
    ):
        print(f"{getattr(after, name) - getattr(before, name):>+9,.0f} {name}")
    grown = after.used_mb - before.used_mb
    kept = grown <= MOST_MB
    print(f"memory in use: {grown:+.0f} MB (bar {MOST_MB:.0f} MB: {'kept' if kept else 'MISSED'})")
    return kept


class Complaints(logging.Handler):
    """Counts what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: Counter[tuple[str, str]] = Counter()
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self._told[record.levelname, record.getMessage()[:200]] += 1

    def tell(self, session: Session) -> bool:
        """Print all of them, and what was raised; whether there was no error."""
        from napari.utils.notifications import notification_manager

        for record in notification_manager.records:
            severity = str(record.severity).rpartition(".")[2].upper()
            self._told[severity, str(record.message)[:200]] += 1
        for (level, message), times in self._told.most_common():
            print(f"{times:>9,} × {level}: {message}")
        for told in session.wrong:
            print(told)
        errors = sum(times for (level, _), times in self._told.items() if level in _ERRORS)
        errors += len(session.wrong)
        print(f"errors: {errors}")
        return errors == 0


_ERRORS = {"ERROR", "CRITICAL"}


class _Mallinfo2(ctypes.Structure):
    """What glibc 2.33 and newer tells of its memory, in bytes."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def asked_mb() -> float:
    """Return what the C library has lent out of its main heap, and large blocks; else NaN, in MB.

    The rest of what is in use is Python's own small objects (see the number of blocks), the
    graphics driver, and room between pieces that are in use.
    """
    try:
        tell = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        return float("nan")
    tell.restype = _Mallinfo2
    told = tell()
    return float(told.uordblks + told.hblkhd) / 1e6


def resident_mb(process: psutil.Process) -> tuple[float, float, float]:
    """Return what is in memory of the heap, of mappings without a name, and of files, in MB."""
    if not hasattr(process, "memory_maps"):
        return (float("nan"),) * 3
    found: Counter[str] = Counter()
    for one in process.memory_maps(grouped=True):
        kind = one.path if one.path in ("[heap]", "[anon]") else "mapped"
        found[kind] += one.rss
    return found["[heap]"] / 1e6, found["[anon]"] / 1e6, found["mapped"] / 1e6


def arenas_mb() -> float:
    """Return the room in which Python keeps its small objects, free places included, in MB.

    CPython tells it on its standard error only.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+") as told:
        os.dup2(told.fileno(), 2)
        try:
            sys._debugmallocstats()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        told.seek(0)
        found = re.search(r"arenas \* (\d+) bytes/arena\s+=\s+([\d,]+)", told.read())
    return int(found[2].replace(",", "")) / 1e6 if found else float("nan")


def kinds() -> Counter[str]:
    """How many objects of each kind the garbage collector knows."""
    return Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())


if __name__ == "__main__":
    main()
