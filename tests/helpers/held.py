"""Work of panels that waits: what a window does meanwhile does not depend on who is faster."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from napari_3dmsl.compute import dismiss, hire
from napari_3dmsl.widgets.common import background_process
from napari_3dmsl.widgets.common.background_thread import BackgroundThread, Cancelled

When = Callable[[int, int, str], bool]
"""Whether work waits after it has told this of its progress."""


class Holding:
    """Lets the work of panels go so far and no farther, until it may go on or is ended.

    Parameters
    ----------
    patch
        Ends it.
    when
        It waits after a step for which this is true; without one, before it begins.

    Attributes
    ----------
    go_on : threading.Event
        Set it to let the work go on.
    """

    def __init__(self, patch: pytest.MonkeyPatch, when: When | None = None) -> None:
        self.when = when
        self.go_on = threading.Event()
        run, told = BackgroundThread._run, BackgroundThread._progress

        def pause(job: BackgroundThread) -> None:
            while not self.go_on.wait(0.005):
                if job._stop.is_set():
                    raise Cancelled

        def run_held(job: BackgroundThread, function: Callable[..., Any], given: Any) -> None:
            def held(*arguments: Any, **progress: Any) -> Any:
                if when is None:
                    pause(job)
                return function(*arguments, **progress)

            run(job, held, given)

        def tell(job: BackgroundThread, *step: Any) -> None:
            told(job, *step)
            if when is not None and when(*step):
                pause(job)

        patch.setattr(BackgroundThread, "_run", run_held)
        patch.setattr(BackgroundThread, "_progress", tell)
        patch.setattr(background_process, "hire", lambda: HeldWorker(hire(), self))
        patch.setattr(background_process, "dismiss", lambda held: dismiss(held.inner))


class HeldWorker:
    """A worker process that stands still while its work is held."""

    def __init__(self, inner: Any, holding: Holding) -> None:
        self.inner, self._holding = inner, holding
        self._ended = threading.Event()

    @property
    def usable(self) -> bool:
        return bool(self.inner.usable)

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        progress: Callable[[int, int, str], None] | None = None,
        part: Callable[[Any], None] | None = None,
    ) -> Any:
        def told(done: int, total: int, what: str) -> None:
            if progress is not None:
                progress(done, total, what)
            if self._holding.when is not None and self._holding.when(done, total, what):
                self._pause()

        if self._holding.when is None:
            self._pause()
        return self.inner.call(function, arguments, told, part)

    def end(self) -> None:
        self._ended.set()
        self.inner.end()

    def _pause(self) -> None:
        process = psutil.Process(self.inner.pid)
        process.suspend()
        while not (self._holding.go_on.wait(0.005) or self._ended.is_set()):
            pass
        if not self._ended.is_set():
            process.resume()
