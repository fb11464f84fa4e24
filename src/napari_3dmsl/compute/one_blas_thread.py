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

_held = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let products of matrices have one thread.

    The limit is that of the whole process, so only one of several that are inside sets it and
    takes it back; with its end the others go on without. The last bits of results depend on it.
    """
    if not _held.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _held.release()


@lru_cache(maxsize=1)  # to look for the libraries takes as long as an image
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  it brings a library of its own
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
