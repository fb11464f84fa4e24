"""Messages between a process and its workers: what they hold in large arrays is never copied.

A pickle that is made or read in one go holds Python's lock for as long as it takes, and the window
stands still; and it is there a second time in memory. So large arrays go beside the pickle, from
the memory where they are into the memory where they stay, and others may run meanwhile.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

LARGE = 1 << 13
"""Bytes from which on an array goes beside the pickle."""

_TOLD = 32 << 20  # bytes from which on it is told how far a message has come
_STEP = 8 << 20  # bytes that are read before somebody is told, or may stop it

Told = Callable[[int, int], None]


def send(content: Any, file: BinaryIO, alone: AbstractContextManager[Any] | None = None) -> None:
    """Write a message whole or, when it does not pickle, nothing of it.

    Parameters
    ----------
    content
        Anything that pickles.
    file
        The pipe to the other side.
    alone
        Held while it is written, so that messages of several threads do not mix.
    """
    beside: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:  # not in one piece
            return True
        if raw.nbytes < LARGE:
            return True
        beside.append(raw)
        return False

    head = pickle.dumps(content, pickle.HIGHEST_PROTOCOL, buffer_callback=keep)
    sizes = pickle.dumps([len(head), *(raw.nbytes for raw in beside)], pickle.HIGHEST_PROTOCOL)
    with alone or nullcontext():
        file.write(sizes)
        for raw in beside:
            file.write(raw)
        file.write(head)
        file.flush()


def receive(file: BinaryIO, told: Told | None = None) -> Any:
    """Read a message.

    Parameters
    ----------
    file
        The pipe from the other side.
    told
        Called with the bytes that are there and those of the whole, if these are many.

    Raises
    ------
    EOFError
        When the other side has ended.
    Exception
        Whatever unpickling raises.
    """
    last, *sizes = pickle.load(file)
    whole = sum(sizes)
    beside, before = [], 0
    for size in sizes:
        room = _room(size)
        for at in range(0, size, _STEP):
            _fill(room[at : at + _STEP], file)
            if told is not None and whole >= _TOLD:
                told(before + min(at + _STEP, size), whole)
        beside.append(room)
        before += size
    head = file.read(last)
    if len(head) < last:
        raise EOFError
    return pickle.loads(head, buffers=beside)


def _room(size: int) -> memoryview:
    """Memory that is written to when the bytes come: to fill it with zeros would stop others."""
    import numpy as np

    return np.empty(size, np.uint8).data


def _fill(room: memoryview, file: BinaryIO) -> None:
    done = 0
    while done < len(room):
        count = file.readinto(room[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
