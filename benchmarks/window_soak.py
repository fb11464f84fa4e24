"""Does the window keep what it no longer needs? Memory over thousands of random actions.

Does the actions of `random_actions.py` in one window, of a new user, and prints the memory of the
process and what lives in it: layers that are in no viewer any more, what draws them, widgets, and
the kinds of objects of which there are more than after the first 500 actions. With ``--trace`` the
lines of Python that hold the most of what has come since, which slows it down.

Run under a display or Xvfb: ``python benchmarks/window_soak.py``.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import random
import tempfile
import time
import tracemalloc
from collections import Counter
from typing import Any

import psutil
from random_actions import Actions, Session, empty_home

MOST_MB = 50.0
WARM = 500
_KINDS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=500, help="actions between two lines")
    parser.add_argument("--only", nargs="+", help="names of actions, to find which one keeps what")
    parser.add_argument("--trace", action="store_true", help="which lines hold what has come")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        os.environ.update(empty_home(home))
        soak(told)


def soak(told: argparse.Namespace) -> None:
    """Do the actions and print what they leave behind."""
    rng = random.Random(told.seed)
    session = Session()
    actions = Actions(session, rng)
    actions.add_labels()
    weights, choices = zip(*chosen(actions, told.only), strict=True)
    warm = min(WARM, told.actions // 2)
    before: tuple[float, Counter[str]] | None = None
    traced: Any = None
    began = time.perf_counter()
    print(
        f"{'actions':>8}{'s':>7}{'MB':>7}{'freed':>7}{'layers':>8}{'left':>6}{'drawn':>7}{'widgets':>9}"
    )
    for number in range(1, told.actions + 1):
        rng.choices(choices, weights)[0]()
        if rng.random() < 0.4:  # a person in a hurry
            session.pump(rng.uniform(0, 0.1))
        else:
            session.rest()
        if number % told.every == 0 or number == warm:
            session.rest()
            line(number, time.perf_counter() - began, session)
        if number == warm:
            before = resident_mb(), kinds()
            if told.trace:
                tracemalloc.start(8)
                traced = tracemalloc.take_snapshot()
    session.rest()
    gc.collect()
    assert before is not None
    grown = resident_mb() - before[0]
    for kind, more in (kinds() - before[1]).most_common(_KINDS):
        print(f"{more:>+9,} {kind}")
    if traced is not None:
        for found in tracemalloc.take_snapshot().compare_to(traced, "traceback")[:_KINDS]:
            print(f"{found.size_diff / 1e6:+.1f} MB", *found.traceback.format()[-4:], sep="\n  ")
    kept = "kept" if grown <= MOST_MB else "MISSED"
    since = told.actions - warm
    print(f"growth over {since:,} actions: {grown:.0f} MB (bar {MOST_MB:.0f} MB: {kept})")
    session.viewer.close()


def chosen(actions: Actions, only: list[str] | None) -> list[tuple[int, Any]]:
    """All actions with their weights, or those of some names."""
    found = actions.all()
    if only is None:
        return found
    return [(weight, one) for weight, one in found if one.__name__.strip("_") in only]


def line(number: int, seconds: float, session: Session) -> None:
    """Print memory, and what of napari and Qt is alive."""
    from napari._vispy.layers.base import VispyBaseLayer
    from napari.layers import Layer
    from qtpy.QtWidgets import QApplication

    used = resident_mb()
    gc.collect()
    give_back()
    layers = drawn = 0
    for one in gc.get_objects():
        layers += isinstance(one, Layer)
        drawn += isinstance(one, VispyBaseLayer)
    here = len(session.viewer.layers)
    widgets = len(QApplication.allWidgets())
    freed = used - resident_mb()
    print(
        f"{number:>8,}{seconds:>7.0f}{used:>7.0f}{freed:>7.0f}{here:>8}{layers - here:>6}"
        f"{drawn:>7}{widgets:>9}",
        flush=True,
    )


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def give_back() -> None:
    """Let the C library give back what it holds free, where it can: that is not kept by anyone."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return


def kinds() -> Counter[str]:
    """How many objects of each kind the garbage collector knows."""
    return Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())


if __name__ == "__main__":
    main()
