"""Worker processes: the one place that starts them.

A worker is a plain Python that is told what to import. Those of `multiprocessing` import the script
of the program that starts them: an ordinary napari script would open a second napari in there.
Calls and results go through its standard input and output as pickles. A worker ends when that input
ends, so none outlives the process that has started it, however that ends.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import spawn
from typing import Any, Protocol

from napari_3dmsl.compute.calls import ONE_THREAD
from napari_3dmsl.compute.messages import receive, send
from napari_3dmsl.compute.serving import IDLE_S, Surroundings, perform
from napari_3dmsl.progress import Progress

Part = Callable[[Any], None]

FETCHING = "fetching the result"
"""What `Worker.call` tells while a large result comes from the other process, counted in MB."""

_BEGIN = (
    "import os, pickle, sys; inbox = os.fdopen(os.dup(0), 'rb'); sys.path[:] = pickle.load(inbox); "
    "from napari_3dmsl.compute.serving import serve; serve(inbox)"
)
_SPARE_S = IDLE_S - 10.0  # not used after so long without work: it would end by itself soon
_TO_DIE_S = 5.0


class WorkerDiedError(OSError):
    """A worker process has ended in the middle of a call.

    Parameters
    ----------
    exit_code
        As Python tells it; None when it is not known.

    Attributes
    ----------
    exit_code : int or None
        As Python tells it: below 0 it is the number of the signal that ended the process.
    """

    def __init__(self, exit_code: int | None = None) -> None:
        code = "" if exit_code is None else f" (exit code {exit_code})"
        super().__init__(f"a worker process ended unexpectedly{code}, perhaps for want of memory")
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[WorkerDiedError], tuple[int | None]]:
        return WorkerDiedError, (self.exit_code,)


class Worker(Protocol):
    """Does one call after another; what it is told and gives must pickle."""

    @property
    def usable(self) -> bool:
        """Whether it can do another call."""

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        progress: Progress | None = None,
        part: Part | None = None,
    ) -> Any:
        """Do a call and return its result.

        Parameters
        ----------
        function, arguments
            What is to be done.
        progress, part
            If one is given, the function is called with ``progress=``, which calls this one; and
            ``part`` with what it yields, if it is a generator; its result is None then.

        Raises
        ------
        WorkerDiedError
            When the process ends before the call.
        Exception
            What the function raises, or these callables: the work is ended then.
        """

    def end(self) -> None:
        """End at once, whatever it is doing; any thread may ask for it."""


class Process:
    """A `Worker` in a process of its own.

    Parameters
    ----------
    python
        Path of the interpreter.
    """

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-P", "-c", _BEGIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._idle_since = time.monotonic()
        self._ended = False
        with suppress(OSError):  # it has died already, as the first call will tell
            self._tell_modules()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it is alive, and will be for a while."""
        rested = time.monotonic() - self._idle_since > _SPARE_S
        return not (self._ended or rested or self._process.poll() is not None)

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        progress: Progress | None = None,
        part: Part | None = None,
    ) -> Any:
        """See `Worker.call`."""
        tells = progress is not None or part is not None
        try:
            here = Surroundings.here()
            self._send(replace(here, environment={**here.environment, **ONE_THREAD}))
            self._send((function, arguments, tells))
            kind, content = self._receive(progress)
            while kind in ("progress", "part"):
                if kind == "progress" and progress is not None:
                    progress(*content)
                elif kind == "part" and part is not None:
                    part(content)
                kind, content = self._receive(progress)
        except BaseException:
            self.end()
            raise
        self._idle_since = time.monotonic()
        if kind == "unreadable":
            self.end()
        if kind != "result":
            raise content
        return content

    def end(self) -> None:
        """End at once; see `Worker`."""
        self._ended = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was not sent yet cannot be sent any more
                pipe.close()

    def _tell_modules(self) -> None:
        """Tell where modules are: messages are read by one of them."""
        assert self._process.stdin is not None
        pickle.dump(sys.path, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()

    def _send(self, content: Any) -> None:
        assert self._process.stdin is not None
        try:
            send(content, self._process.stdin)  # type: ignore[arg-type]
        except (OSError, ValueError) as error:
            raise self._why(error) from None

    def _receive(self, progress: Progress | None) -> Any:
        """Take in a message; read from the pipe as it comes, so that others may run."""
        assert self._process.stdout is not None

        def told(done: int, whole: int) -> None:
            if progress is not None:
                progress(done >> 20, whole >> 20, FETCHING)

        try:
            return receive(self._process.stdout, told)  # type: ignore[arg-type]
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise self._why(error) from None

    def _why(self, error: Exception) -> Exception:
        """Tell what went wrong with a pipe: the process has ended, unless it lives."""
        with suppress(subprocess.TimeoutExpired):
            return WorkerDiedError(self._process.wait(_TO_DIE_S))
        return error


class SameProcess:
    """A `Worker` in this process: for programs that have no Python of their own to start."""

    def __init__(self) -> None:
        self._ended = False

    @property
    def usable(self) -> bool:
        """Whether it has not been ended."""
        return not self._ended

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        progress: Progress | None = None,
        part: Part | None = None,
    ) -> Any:
        """See `Worker.call`."""

        def report(done: int, total: int, what: str) -> None:
            self._look_for_the_end()
            if progress is not None:
                progress(done, total, what)

        def parted(content: Any) -> None:
            self._look_for_the_end()
            if part is not None:
                part(content)

        tells = progress is not None or part is not None
        return perform(function, arguments, (report, parted) if tells else None)

    def end(self) -> None:
        """End when the work tells its progress next: it cannot be ended sooner."""
        self._ended = True

    def _look_for_the_end(self) -> None:
        if self._ended:
            raise WorkerDiedError


_spare: list[Process] = []
_lock = threading.Lock()


def hire() -> Worker:
    """Return a worker: one that has nothing to do, or a new one. Give it back with `dismiss`.

    In a frozen program, whose executable is no Python, work is done in this process: whatever was
    started instead would be that program a second time.
    """
    while True:
        with _lock:
            worker = _spare.pop() if _spare else None
        if worker is None:
            break
        if worker.usable:
            return worker
        worker.end()
    python = spawn.get_executable()  # what embedding programs have set for multiprocessing
    if getattr(sys, "frozen", False) or not python:
        return SameProcess()
    return Process(os.fsdecode(python))


def dismiss(worker: Worker) -> None:
    """Keep a worker for the next who hires one; for a while.

    Parameters
    ----------
    worker
        One that has been hired and has no call in work.
    """
    if not worker.usable:
        worker.end()
    elif isinstance(worker, Process):
        with _lock:
            _spare.append(worker)


def spares() -> list[Process]:
    """Return the workers that have nothing to do."""
    with _lock:
        return list(_spare)


@atexit.register
def end_spares() -> None:
    """End the workers that have nothing to do."""
    with _lock:
        ended, _spare[:] = list(_spare), []
    for worker in ended:
        worker.end()


if hasattr(os, "register_at_fork"):  # the pipes to them are the parent's
    os.register_at_fork(after_in_child=_spare.clear)
