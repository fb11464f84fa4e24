"""What an image leaves ready for the next one: so many bytes of it, a minute after its last use."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_FOR_S = 60.0  # a knob that is turned leaves something behind at each step

_stores: list[Kept] = []  # type: ignore[type-arg]  # of any keys and values


class Kept(Generic[Key, Value]):
    """Values that were made, by what they were made from; those used last are kept.

    Parameters
    ----------
    most_bytes
        Of all values together. The one used last is kept though it be larger.
    nbytes
        How many bytes a value has.
    """

    def __init__(self, most_bytes: int, nbytes: Callable[[Value], int]) -> None:
        self._most_bytes = most_bytes
        self._nbytes = nbytes
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()  # last used last
        self._lock = threading.Lock()
        _stores.append(self)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key; it is made where it is not there.

        Parameters
        ----------
        key
            All that the value depends on.
        make
            Makes it. Two threads may both make it; the one that ends last is kept.
        """
        with self._lock:
            known = self._values.pop(key, None)
            if known is not None:
                self._values[key] = time.monotonic(), known[1]
                return known[1]
        value = make()
        with self._lock:
            now = time.monotonic()
            self._values[key] = now, value
            self._values.move_to_end(key)
            while len(self._values) > 1 and self._is_too_much(now):
                self._values.popitem(last=False)
        return value

    def forget(self) -> None:
        """Let all values go."""
        with self._lock:
            self._values.clear()

    def _is_too_much(self, now: float) -> bool:
        """Whether the value that was used longest ago is to go."""
        used, _ = next(iter(self._values.values()))
        if now - used > _FOR_S:
            return True
        return sum(self._nbytes(value) for _, value in self._values.values()) > self._most_bytes


def forget_all() -> None:
    """Let go of all that is kept ready: nobody makes images for now."""
    for store in _stores:
        store.forget()
