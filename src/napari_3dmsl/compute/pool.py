"""Many calls on all processors: a pool of worker processes."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar

from napari_3dmsl.compute.calls import QUEUED_PER_WORKER
from napari_3dmsl.compute.worker import Worker, WorkerDiedError, dismiss, hire

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # fewer than there are, on a cluster
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_pool(
    function: Callable[[bytes, Item], Result],
    packed: bytes,
    items: Iterable[Item],
    workers: int,
    ordered: bool,
) -> Generator[tuple[Item, Result], None, None]:
    """Call a function in worker processes with each of many items; see `Place.run`.

    Parameters
    ----------
    function, packed
        What is called with an item behind the packed function.
    items, workers, ordered
        As a `Place` has them.
    """
    waiting = iter(items)
    running: dict[Future[Result], Item] = {}
    pool = Workers(workers)
    try:
        while True:
            for item in islice(waiting, QUEUED_PER_WORKER * workers - len(running)):
                running[pool.submit(function, packed, item)] = item
            if not running:
                break
            first = next(iter(running))
            done = wait([first] if ordered else running, return_when=FIRST_COMPLETED).done
            for future in sorted(done, key=lambda one: one.exception() is not None):
                yield running.pop(future), future.result()
    finally:
        pool.end()


class Workers(Executor):
    """A pool of worker processes; they are kept for who wants some next.

    Parameters
    ----------
    count
        How many at most.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._busy: set[Worker] = set()
        self._threads: list[threading.Thread] = []
        self._closed = self._ended = False
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **no_keywords: Any) -> Future[Any]:
        """Have a function called in one of the workers; see `concurrent.futures.Executor`.

        Parameters
        ----------
        fn
            Importable in another process.
        *arguments
            What it is called with; they must pickle.
        **no_keywords
            Refused: the workers know places only.

        Raises
        ------
        RuntimeError
            After `shutdown`.
        TypeError
            When there are keywords.
        """
        if no_keywords:
            raise TypeError(f"{', '.join(no_keywords)}: calls in workers take no keywords")
        with self._lock:
            if self._closed:
                raise RuntimeError("no calls are taken any more")
            future: Future[Any] = Future()
            self._calls.put((future, fn, arguments))
            if len(self._threads) < self._count:
                thread = threading.Thread(target=self._work, name="worker process", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; see `concurrent.futures.Executor`.

        Parameters
        ----------
        wait
            Until all calls are done.
        cancel_futures
            Leave out those that have not begun.
        """
        with self._lock:
            closed, self._closed = self._closed, True
        if cancel_futures:
            with suppress(queue.Empty):
                while True:
                    if (call := self._calls.get_nowait()) is not None:
                        call[0].cancel()
            closed = False  # the signs to end have been taken out, too
        if not closed:
            for _ in self._threads:
                self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def end(self) -> None:
        """End whatever is being worked on, at once."""
        with self._lock:
            self._ended = True
            busy = list(self._busy)
        for worker in busy:
            worker.end()
        self.shutdown(cancel_futures=True)

    def _work(self) -> None:
        """Pass calls on to a worker: body of a thread."""
        worker: Worker | None = None
        while (call := self._calls.get()) is not None:
            future, function, arguments = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if worker is not None and not worker.usable:
                    worker.end()
                    worker = None
                if worker is None:
                    worker = hire()
                result = self._call(worker, function, arguments)
            except BaseException as error:  # noqa: BLE001  raised where the result is asked for
                future.set_exception(error)
            else:
                future.set_result(result)
            del call, future
        if worker is not None:
            dismiss(worker)

    def _call(
        self, worker: Worker, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> Any:
        """Have a worker do a call, so that `end` finds it."""
        with self._lock:
            if self._ended:
                raise WorkerDiedError
            self._busy.add(worker)
        try:
            return worker.call(function, arguments)
        finally:
            with self._lock:
                self._busy.discard(worker)
