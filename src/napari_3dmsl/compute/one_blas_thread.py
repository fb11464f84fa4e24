"""Small products of matrices with one thread, for work beside a window.

A library's threads wait for each other in a busy loop. Where something else is drawn or computed
at the same time, that takes several times as long as the products themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_turns = threading.Condition()
_limited_by: int | None = None
"""Thread that has set the limit."""

_limits = 0
"""How often a limit has been set."""

_unlimited = 0
"""How many work whose last bits count."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let products of matrices have one thread, unless somebody's last bits count meanwhile.

    The limit is that of the whole process, so only one of several that are inside sets it and
    takes it back; with its end the others go on without. The last bits of results depend on it.
    """
    global _limited_by, _limits
    with _turns:
        sets = _limited_by is None and not _unlimited
        if sets:
            _limited_by = threading.get_ident()
            _limits += 1
    if not sets:
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        with _turns:
            _limited_by = None
            _turns.notify_all()


@contextmanager
def usual_blas_threads() -> Iterator[None]:
    """Let no other thread limit products of matrices: results have the last bits of a script's.

    Waits for another thread that is inside `one_blas_thread`; inside of one's own the limit stays.
    """
    global _unlimited
    with _turns:
        _turns.wait_for(lambda: _limited_by in (None, threading.get_ident()))
        _unlimited += 1
    try:
        yield
    finally:
        with _turns:
            _unlimited -= 1


class Unlimited:
    """Tells whether no limit has been set since it was made.

    For work that others may disturb, and that is done again if they have.
    """

    def __init__(self) -> None:
        with _turns:
            self._clean, self._limits = _limited_by is None, _limits

    def __bool__(self) -> bool:
        with _turns:
            return self._clean and self._limits == _limits


@lru_cache(maxsize=1)  # to look for the libraries takes as long as an image
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  it brings a library of its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
