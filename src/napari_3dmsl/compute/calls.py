"""A function that is called with many items: sent to a worker as bytes, once for all of them."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

QUEUED_PER_WORKER = 2
"""So many items are on their way: no worker waits for us, and results do not fill the memory."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of workers: they share the processors, and the last bits of results depend on it."""


def packed(function: Callable[..., Any]) -> bytes:
    """Return a function as it is now, for `call_packed`; no two times the same bytes.

    Parameters
    ----------
    function
        Or an object that can be called; what it refers to is imported in the other process.
    """
    return pickle.dumps((uuid4().hex, function), protocol=pickle.HIGHEST_PROTOCOL)


def call_packed(function: bytes, item: Any) -> Any:
    """Call a function that `packed` has made bytes of, and keep it for the next item.

    Parameters
    ----------
    function
        The bytes.
    item
        What it is called with.
    """
    return _unpacked(function)(item)


@lru_cache(maxsize=1)  # what it has opened is kept with it, until the next is unpacked
def _unpacked(function: bytes) -> Callable[..., Any]:
    _, found = pickle.loads(function)
    unpacked: Callable[..., Any] = found
    return unpacked


def counted(
    found: Generator[tuple[Item, Result], None, None], progress: Callable[[int], None] | None
) -> Generator[tuple[Item, Result], None, None]:
    """Yield results on, and tell how many there are.

    Parameters
    ----------
    found
        Closed when this iteration ends.
    progress
        Called with the number; it may raise.
    """
    with closing(found):
        for number, one in enumerate(found, 1):
            if progress is not None:
                progress(number)
            yield one


class OneThread:
    """Calls functions in this process as workers do, with one thread for their numerics."""

    def __init__(self) -> None:
        self._limits: ThreadpoolController | None = None
        self._modules = 0

    def call(self, function: Callable[[Item], Result], item: Item) -> Result:
        """Call a function with an item.

        Parameters
        ----------
        function, item
            What is called, and with what.
        """
        from threadpoolctl import ThreadpoolController

        if self._limits is None or self._modules != len(sys.modules):  # libraries came with them
            self._limits, self._modules = ThreadpoolController(), len(sys.modules)
        with self._limits.limit(limits=1):
            return function(item)


def take_one_thread() -> None:
    """Let numerics in this process have one thread from now on, also those of later imports."""
    from threadpoolctl import threadpool_limits

    os.environ.update(ONE_THREAD)
    threadpool_limits(limits=1)
