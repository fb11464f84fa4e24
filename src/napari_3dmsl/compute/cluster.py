"""A Dask cluster as a place where work runs; needs the extra ``cluster``.

A worker that is lost costs what it was working on: the scheduler gives it to another one. Work is
sent as it is needed, so neither scheduler nor client holds much of it.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import platform
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

from napari_3dmsl.compute.calls import QUEUED_PER_WORKER, counted, take_one_thread
from napari_3dmsl.compute.serving import Surroundings, portable
from napari_3dmsl.compute.worker import WorkerDiedError
from napari_3dmsl.memory import keep_freed_memory

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

ANSWER_S = 10.0
"""A scheduler that has not answered after so long is not there."""

_SENT_AGAIN = 2  # times: the scheduler blames a lost worker on whatever had been given to it
_LOOK_AGAIN_S = 1.0  # how many workers there are
_SAME_VERSIONS = ("napari-3dmsl", "numpy", "scipy", "scikit-image")  # bytes depend on them
_OURS = "NAPARI_3DMSL_"  # environment that workers take over
_NOT_INSTALLED = "a Dask cluster needs dask.distributed: pip install 'napari-3dmsl[cluster]'"


class SchedulerGoneError(OSError):
    """The scheduler of a cluster cannot be reached any more.

    Parameters
    ----------
    address
        Where it was.
    """

    def __init__(self, address: str) -> None:
        super().__init__(f"the scheduler at {address} is gone; run the same command again to go on")
        self._address = address

    def __reduce__(self) -> tuple[Any, ...]:
        return SchedulerGoneError, (self._address,)


class Cluster:
    """A `Place`: the workers of a Dask cluster.

    Workers need the same versions of this package, NumPy, SciPy and scikit-image, and see all files
    by the same paths. Each worker process does one item at a time: one thread each is enough.

    Parameters
    ----------
    scheduler
        Address of the scheduler, such as ``tcp://host:8786``; the path of its scheduler file; or a
        ``dask.distributed.Client``, which stays open.

    Attributes
    ----------
    client : Client
        Of the cluster.
    address : str
        Of the scheduler.

    Raises
    ------
    ValueError
        When dask.distributed is not installed, or the scheduler does not answer.
    """

    def __init__(self, scheduler: str | Path | Client) -> None:
        self._owned = isinstance(scheduler, str | Path)
        self.client = _connected(str(scheduler)) if self._owned else _checked(scheduler)
        self.address: str = self.client.scheduler.address
        if self._owned:
            atexit.register(self.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Cluster, (self.address,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; a ``Client`` that was given stays open."""
        if self._owned:
            atexit.unregister(self.close)
            _hung_up(self.client)

    @property
    def workers(self) -> int:
        """How many worker processes there are now, at least 1: they may still come."""
        return max(len(self._threads()), 1)

    @property
    def sharing_memory(self) -> int:
        """One: each may have a machine of its own."""
        return 1

    @property
    def notes(self) -> list[str]:
        """What is odd about the cluster, in words."""
        threads = self._threads()
        if not threads:
            return [f"the scheduler at {self.address} has no workers yet; waiting for them"]
        if max(threads.values()) > 1:
            return [
                f"workers of {self.address} have up to {max(threads.values())} threads, of which "
                "one is used; start more workers with --nthreads 1 instead"
            ]
        return []

    def run(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        ordered: bool = True,
        progress: Callable[[int], None] | None = None,
        paths: Iterable[Path | str] = (),
    ) -> Generator[tuple[Item, Result], None, None]:
        """See `Place.run`."""
        work = _Work.of(function, paths)
        return counted(self._run(work, items, ordered), progress)

    def _run(
        self, work: _Work, items: Iterable[Item], ordered: bool
    ) -> Generator[tuple[Item, Any], None, None]:
        waiting = iter(items)
        running = _Running(self.client, work, ordered)
        room, looked = 0, 0.0
        try:
            while True:
                if time.monotonic() - looked > _LOOK_AGAIN_S:
                    room, looked = QUEUED_PER_WORKER * self.workers, time.monotonic()
                for item in islice(waiting, max(room - len(running), 0)):
                    running.add(item)
                if not running:
                    break
                future = running.next()
                if _is_killed(future) and running.again(future):
                    continue
                found = self._result(future)
                yield running.pop(future), found
        finally:
            running.cancel()

    def _result(self, future: Future) -> Any:
        """Wait for what the work gives, or raise what keeps it from that."""
        try:
            found = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001  of the cluster, not the work
            raise self._why(error) from None
        if isinstance(found, _Raised):
            raise found.error
        return found.result

    def _why(self, error: BaseException) -> BaseException:
        """Tell in one line what went wrong in the cluster itself."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            return WorkerDiedError()
        if isinstance(error, ImportError):
            ours = f"napari-3dmsl {version('napari-3dmsl')}"
            return ValueError(f"workers of {self.address} cannot import {ours}: {error}")
        # An error of the work comes as `_Raised`: one of a connection is the cluster's own.
        lost = isinstance(error, (CancelledError, OSError))
        if self.client.status != "running" or lost:
            return SchedulerGoneError(self.address)
        return error

    def _threads(self) -> dict[str, int]:
        """Threads of each worker."""
        if self.client.status != "running":
            raise SchedulerGoneError(self.address)
        try:
            found: dict[str, int] = self.client.nthreads()
        except (OSError, ValueError, RuntimeError):
            raise SchedulerGoneError(self.address) from None
        return found


def _connected(scheduler: str) -> Client:
    """Return a client of a scheduler by its address or file."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(_NOT_INSTALLED) from None
    how = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        return Client(**how, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"scheduler {scheduler}: no answer within {ANSWER_S:g} s ({_first(error)}); "
            "is it running, and reached from here by this address?"
        ) from None


def _checked(client: Any) -> Client:
    if type(client).__module__.partition(".")[0] != "distributed" or client.asynchronous:
        raise ValueError(
            f"scheduler = {client!r}: expected an address, a scheduler file or a "
            "dask.distributed.Client that is not asynchronous"
        )
    found: Client = client
    return found


def _hung_up(client: Client) -> None:
    log = logging.getLogger("distributed.client")
    level = log.level
    if client.status != "running":  # it would tell at length how it could not reach the scheduler
        log.setLevel(logging.CRITICAL + 1)
    with suppress(Exception):
        client.close(timeout=2)
    log.setLevel(level)


def _first(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


class _Running:
    """Items on their way through a cluster.

    Parameters
    ----------
    client
        Of the cluster.
    work
        What is done with them.
    ordered
        Whether the next is the first that was added, else the first that is finished.
    """

    def __init__(self, client: Client, work: _Work, ordered: bool) -> None:
        from distributed import as_completed

        self._client, self._work = client, work
        self._items: dict[int, tuple[Any, int]] = {}
        self._futures: dict[int, Future] = {}
        self._numbers: dict[Future, int] = {}
        self._added = 0
        self._finished = None if ordered else as_completed(loop=client.loop)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Any) -> None:
        """Send an item."""
        self._send(self._added, item, 0)
        self._added += 1

    def next(self) -> Future:
        """Return the next one; unless they are ordered it is finished."""
        if self._finished is None:
            return self._futures[next(iter(self._items))]
        found: Future = next(self._finished)
        return found

    def again(self, future: Future) -> bool:
        """Send an item once more; False when that has been done too often."""
        number = self._numbers[future]
        item, times = self._items[number]
        if times == _SENT_AGAIN:
            return False
        del self._numbers[future]
        self._send(number, item, times + 1)
        return True

    def pop(self, future: Future) -> Any:
        """Return the item, which has arrived."""
        number = self._numbers.pop(future)
        del self._futures[number]
        return self._items.pop(number)[0]

    def cancel(self) -> None:
        """Let none of them be begun any more."""
        if self._futures:
            with suppress(Exception):  # the scheduler may be gone
                self._client.cancel(list(self._futures.values()))

    def _send(self, number: int, item: Any, times: int) -> None:
        import dask

        key = (f"{self._work.name}-{self._work.run}", number, times)
        # A large item is no mistake here: there are never many of them on their way.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            future = self._client.submit(_do, self._work.packed, item, key=key, pure=False)
        self._items[number] = item, times  # which keeps its place in the order
        self._futures[number] = future
        self._numbers[future] = number
        if self._finished is not None:
            self._finished.add(future)


def _is_killed(future: Future) -> bool:
    """Wait for a future; True when the scheduler gave up on it, as workers died over it."""
    from distributed.scheduler import KilledWorker

    try:
        return isinstance(future.exception(), KilledWorker)
    except (Exception, CancelledError):  # noqa: BLE001  told where its result is asked for
        return False


class _Work:
    """A function on its way to the workers, with what it needs there.

    Parameters
    ----------
    name
        Shown by the dashboard of the cluster.
    run
        Unique.
    packed
        For `_unpacked`.
    """

    def __init__(self, name: str, run: str, packed: bytes) -> None:
        self.name, self.run, self.packed = name, run, packed

    @classmethod
    def of(cls, function: Callable[..., Any], paths: Iterable[Path | str]) -> _Work:
        """Pack a function; what a script or notebook has defined goes along by its value."""
        import cloudpickle

        name = getattr(function, "__name__", type(function).__name__).strip("_")
        needs = _Needs.here(paths)
        run = uuid4().hex  # so that a worker keeps nothing that it has opened for another run
        return cls(name, run, pickle.dumps((run, needs, cloudpickle.dumps(function))))


class _Needs:
    """What a worker must have as we have it: versions, paths, folder, our environment."""

    def __init__(self, versions: dict[str, str], paths: list[str], around: Surroundings) -> None:
        self._versions, self._paths = versions, paths
        self._around = around

    @classmethod
    def here(cls, paths: Iterable[Path | str]) -> _Needs:
        """Return those of this process."""
        ours = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
        absolute = [str(Path(path).absolute()) for path in paths]
        return cls(_versions(), absolute, replace(Surroundings.here(), environment=ours))

    def take_up(self) -> None:
        """Check this process, and make it like the one that they are from."""
        versions = _versions()
        for name, wanted in self._versions.items():
            if versions[name] != wanted:
                raise ValueError(
                    f"worker {_worker()} has {name} {versions[name]}, here is {wanted}; install "
                    "the same on both"
                )
        for path in self._paths:
            if not Path(path).exists():
                raise ValueError(
                    f"worker {_worker()} does not see {path}; take a folder that all machines "
                    "share by the same path"
                )
        with suppress(OSError):  # it may have no meaning there; paths that matter are checked
            os.chdir(self._around.folder or ".")
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            del os.environ[name]
        os.environ.update(self._around.environment)
        take_one_thread()
        keep_freed_memory()


def _versions() -> dict[str, str]:
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in _SAME_VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "(not installed)"
    return found


def _worker() -> str:
    """Address of the worker that this process is."""
    from distributed import get_worker

    return str(get_worker().address)


class _Given:
    """A result of work."""

    def __init__(self, result: Any) -> None:
        self.result = result


class _Raised:
    """An error of work, which is raised by the client; it is none of the cluster."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


_one_at_a_time = threading.Lock()


def _do(packed: bytes, item: Any) -> _Given | _Raised:
    """Call a function in a worker: body of a task."""
    with _one_at_a_time:
        try:
            return _Given(_unpacked(packed)(item))
        except Exception as error:  # noqa: BLE001  raised again by the client
            return _Raised(portable(error))


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Callable[..., Any]:
    _, needs, function = pickle.loads(packed)
    needs.take_up()
    found: Callable[..., Any] = pickle.loads(function)
    return found
