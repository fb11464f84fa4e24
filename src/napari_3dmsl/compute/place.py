"""Where work runs: in this process, in processes of this machine, or on a Dask cluster.

All of these are one interface, `Place`: a function is called with each of many items, and the items
come back with what it gave. The results are the same to the last bit wherever it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from napari_3dmsl.compute.calls import OneThread, call_packed, counted, packed
from napari_3dmsl.compute.cluster import Cluster
from napari_3dmsl.compute.pool import in_pool, processors

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")


class Place(Protocol):
    """Where work runs: `Here`, in `Processes` of this machine, or on a `Cluster`."""

    @property
    def workers(self) -> int:
        """How many items are worked on at one time; it may change on a cluster."""

    @property
    def sharing_memory(self) -> int:
        """How many of the workers share the memory of this machine, as far as that is known."""

    def run(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        ordered: bool = True,
        progress: Callable[[int], None] | None = None,
        paths: Iterable[Path | str] = (),
    ) -> Generator[tuple[Item, Result], None, None]:
        """Call a function with each of many items; yield the items with their results.

        It may be called from anywhere: a script without a guard, a notebook, a thread, a worker.

        Parameters
        ----------
        function
            At the top level of an importable module, or an object of a class that is; it, the items
            and the results must pickle. Each worker takes in the function once and keeps it: what
            it opens with its first item (``cached_property``) is there for the next.
        items
            Taken as they are needed: never much more than twice as many as there are workers.
        ordered
            Whether results come in the order of the items; else as they are finished.
        progress
            Called with the number of items that are done; raise in it to cancel.
        paths
            Files and folders that all workers must see.

        Raises
        ------
        WorkerDiedError
            When a worker process dies, perhaps for want of memory. A cluster has its work done by
            another worker first, a few times.
        SchedulerGoneError
            When the scheduler of a cluster cannot be reached any more.
        ValueError
            When a worker of a cluster has other versions, or does not see the paths.
        Exception
            What the function raises. Whenever the iteration ends early, no further work is begun,
            and in processes of this machine what is going on is ended at once.
        """


class Here:
    """A `Place`: this process, which does one item after the other."""

    @property
    def workers(self) -> int:
        """One."""
        return 1

    @property
    def sharing_memory(self) -> int:
        """One."""
        return 1

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
        here = OneThread()
        return counted(((item, here.call(function, item)) for item in items), progress)


class Processes:
    """A `Place`: worker processes of this machine, which know nothing of the script.

    Parameters
    ----------
    workers
        At most so many, at least 1; ``None`` takes one for each processor.

    Raises
    ------
    ValueError
        When it is less than 1.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers = {workers}: expected at least 1")
        self._workers = workers or processors()

    @property
    def workers(self) -> int:
        """How many processes there are at most."""
        return self._workers

    @property
    def sharing_memory(self) -> int:
        """All of them."""
        return self._workers

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
        found = in_pool(call_packed, packed(function), items, self._workers, ordered)
        return counted(found, progress)


def place_of(workers: int | None = None, scheduler: str | Path | Client | None = None) -> Place:
    """Return where work shall run, as options of commands say it.

    Parameters
    ----------
    workers
        Processes of this machine: 1 works in this one, ``None`` takes one for each processor.
    scheduler
        A Dask cluster instead: the address of its scheduler (``tcp://host:8786``), the path of its
        scheduler file, or a ``dask.distributed.Client``.

    Raises
    ------
    ValueError
        When both are given, there are fewer workers than 1, or the scheduler does not answer.
    """
    if scheduler is not None:
        if workers is not None:
            raise ValueError(
                f"workers = {workers} and a scheduler: expected one of both; how many workers a "
                "cluster has is chosen where they are started"
            )
        return Cluster(scheduler)
    return Here() if workers == 1 else Processes(workers)


def chosen_place(place: Place | Client | None, workers: int | None) -> Place:
    """Return the place that was given, or that so many workers are.

    Parameters
    ----------
    place
        None for worker processes; a ``Client`` stands for its cluster.
    workers
        None where there is a place.

    Raises
    ------
    ValueError
        When both are given, or there are fewer workers than 1.
    """
    if place is None:
        return place_of(workers)
    if workers is not None:
        raise ValueError(f"workers = {workers} and a place: expected one of both")
    return place if _is_place(place) else Cluster(place)


def _is_place(place: Any) -> bool:
    return hasattr(place, "run") and hasattr(place, "sharing_memory")
