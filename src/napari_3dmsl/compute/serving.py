"""The inside of a worker process: reads calls, does them, sends what they give.

It loads nothing but what a call needs. See `napari_3dmsl.compute.worker` for the other side.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from napari_3dmsl.compute.messages import receive, send

IDLE_S = 60.0
"""A worker that has had nothing to do for so long ends."""

_TOLD_IN_THEIR_WORDS = (ValueError, OSError, MemoryError)


@dataclass(frozen=True)
class Surroundings:
    """What a call finds around it in any process: folder, environment, where modules are."""

    folder: str | None
    environment: dict[str, str]
    modules: list[str]

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this process."""
        try:
            folder = str(Path.cwd())
        except OSError:  # it has been deleted
            folder = None
        return cls(folder, dict(os.environ), list(sys.path))

    def take_up(self) -> None:
        """Make this process like the one that they are from."""
        sys.path[:] = self.modules
        if self.environment != dict(os.environ):
            os.environ.clear()
            os.environ.update(self.environment)
        if self.folder is not None:
            with suppress(OSError):
                os.chdir(self.folder)


def serve(inbox: BinaryIO) -> NoReturn:
    """Do the calls that come in, until there are none for long or the other side has gone.

    Parameters
    ----------
    inbox
        Calls, pickled one after the other.
    """
    outbox = _Outbox()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for who waits for us; he ends us
    calls: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(inbox, calls, outbox), daemon=True).start()
    modules = 0
    while True:
        try:
            call = calls.get(timeout=IDLE_S)
        except queue.Empty:
            os._exit(0)
        _answer(outbox, *call)
        del call
        modules = _clear_away(modules)


def _clear_away(modules: int) -> int:
    """Free what a call has left behind in circles; return how many modules there are now.

    What came with modules stays for good. To look through it after every call takes longer than
    many a call, so it is looked at once.
    """
    gc.collect()
    if len(sys.modules) != modules:
        gc.freeze()
    return len(sys.modules)


class _Outbox:
    """Sends messages; what else is printed in this process goes to where errors are printed."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()  # work may tell its progress from threads of its own
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # a program without a console
            os.dup2(nowhere, 1)
        os.close(nowhere)

    def send(self, kind: str, content: Any) -> None:
        """Send a message whole or, when it does not pickle, nothing of it."""
        send((kind, content), self._file, self._lock)


def _read(inbox: BinaryIO, calls: queue.SimpleQueue[tuple[Any, ...]], outbox: _Outbox) -> None:
    """Take in calls as they come; once the other side has gone, in whatever way, end at once."""
    try:
        while True:
            receive(inbox).take_up()
            calls.put(receive(inbox))
    except EOFError:
        pass
    except BaseException as error:  # noqa: BLE001  unpickling raises whatever it likes
        with suppress(OSError):
            outbox.send("unreadable", portable(error))
            while inbox.read(1 << 20):  # the rest of it: the other side is still sending
                pass
    os._exit(1)


def _answer(
    outbox: _Outbox, function: Callable[..., Any], arguments: tuple[Any, ...], tells: bool
) -> None:
    def progress(done: int, total: int, what: str) -> None:
        outbox.send("progress", (done, total, what))

    def part(content: Any) -> None:
        outbox.send("part", content)

    try:
        outbox.send("result", perform(function, arguments, (progress, part) if tells else None))
    except BaseException as error:  # noqa: BLE001  raised again on the other side
        if not isinstance(error, _TOLD_IN_THEIR_WORDS):
            traceback.print_exc()  # a bug: say where
        with suppress(OSError):
            outbox.send("error", portable(error))


def perform(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    telling: tuple[Callable[[int, int, str], None], Callable[[Any], None]] | None,
) -> Any:
    """Call a function; with somebody to tell it gets ``progress=``, and may yield parts.

    Parameters
    ----------
    function
        What is called.
    arguments
        What it is called with.
    telling
        Called with progress, and with each part; None when nobody listens.
    """
    if telling is None:
        return function(*arguments)
    progress, part = telling
    result = function(*arguments, progress=progress)
    if not isinstance(result, Generator):
        return result
    for content in result:
        part(content)
    return None


def portable(error: BaseException) -> BaseException:
    """Return an error that can be raised in another process, of the same kind if possible.

    Parameters
    ----------
    error
        Any.
    """
    error.add_note("".join(["In a worker process:\n", *traceback.format_exception(error)]))
    with suppress(Exception):  # it does not pickle, or cannot be read back
        if type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    for kind in _TOLD_IN_THEIR_WORDS:
        if isinstance(error, kind):
            return kind(str(error))
    return RuntimeError(f"{type(error).__name__}: {error}")
