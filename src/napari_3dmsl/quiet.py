"""No warnings while a part of the work is done, whichever threads do it at the same time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_usual: warnings.catch_warnings[None] | None = None


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore warnings within; as before when the last that is within has left.

    What is to be warned of belongs to all threads (before Python 3.14). Of two threads that each
    put it back as they found it, the later one would put back what the first had set, for good.
    """
    global _inside, _usual
    with _lock:
        if _inside == 0:
            _usual = warnings.catch_warnings()
            _usual.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _usual is not None:
                _usual.__exit__(None, None, None)
                _usual = None
