"""Work on a Dask cluster: what comes back, what a lost worker or scheduler costs, what is told."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import work
from cluster_fixtures import scheduler_alone
from waiting import PATIENCE_S, wait_for

from napari_3dmsl.compute import Cluster, SchedulerGoneError, WorkerDiedError, place_of
from napari_3dmsl.compute import cluster as module


def test_results_come_in_order_and_items_are_taken_as_they_are_needed(cluster: Cluster) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    counted: list[int] = []
    results = cluster.run(work.square, items(), progress=counted.append)
    assert next(results) == (0, 0)
    assert len(taken) <= 2 * 2 + 1
    assert list(results) == [(n, n * n) for n in range(1, 40)]
    assert counted == list(range(1, 41))


def test_results_come_as_they_are_finished_when_asked_for(cluster: Cluster, tmp_path: Path) -> None:
    items, found = [(number, str(tmp_path / "go on")) for number in range(6)], []
    for _, number in cluster.run(work.wait_if_first, items, ordered=False):
        found.append(number)
        (tmp_path / "go on").touch()
    assert sorted(found) == list(range(6))
    assert found[0] != 0


def test_two_processes_work_and_each_takes_in_the_function_once(cluster: Cluster) -> None:
    assert cluster.workers == 2
    found = [made for _, made in cluster.run(work.Opened(), range(40))]
    of_process: dict[int, list[int]] = {}
    for process, times in found:
        of_process.setdefault(process, []).append(times)
    assert len(of_process) == 2
    assert os.getpid() not in of_process
    assert all(sorted(times) == list(range(1, len(times) + 1)) for times in of_process.values())


def test_numerics_have_one_thread(cluster: Cluster) -> None:
    [(_, (threads, variable))] = cluster.run(work.threads_of_numerics, [0])
    assert threads == {1}
    assert variable == "1"


def test_large_items_go_there_without_a_warning(cluster: Cluster) -> None:
    [(item, length)] = cluster.run(len, [bytes(20_000_000)])
    assert len(item) == length


def test_errors_of_the_work_come_back_as_they_are(cluster: Cluster) -> None:
    found: list[int] = []
    with pytest.raises(ValueError, match="^3 is refused\n?"):
        found.extend(item for item, _ in cluster.run(work.refuse_three, range(10)))
    assert found == [0, 1, 2]
    with pytest.raises(RuntimeError, match="TwoWordsError: not this"):
        list(cluster.run(work.refuse_in_two_words_for, [1]))


def test_leaving_it_cancels_what_has_not_begun(cluster: Cluster, tmp_path: Path) -> None:
    busy = [tmp_path / "busy", tmp_path / "busy, too"]
    items = [str(tmp_path / "first"), *map(str, busy), str(tmp_path / "not begun")]
    with closing(cluster.run(work.mark_and_wait_when_busy, items)) as results:
        assert next(results)[0] == items[0]
        wait_for(lambda: all(mark.is_file() for mark in busy))
    wait_for(lambda: not any(cluster.client.run(work.waiting_in_a_worker).values()))
    for mark in busy:
        mark.unlink()
    assert len(list(cluster.run(work.square, range(8)))) == 8
    assert sorted(mark.name for mark in tmp_path.iterdir()) == ["first"]


@pytest.mark.parametrize("allowed", [3, 0])
def test_a_lost_worker_costs_only_what_it_had_in_hand(
    allowed: int, cluster: Cluster, dask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask.scheduler, "allowed_failures", allowed)
    first = str(tmp_path / "first")

    def kill() -> None:
        wait_for(lambda: Path(first).is_file() and Path(first).read_text())
        killed.append(int(Path(first).read_text()))
        os.kill(killed[0], signal.SIGKILL)
        wait_for(lambda: int(Path(first).read_text() or killed[0]) != killed[0])
        Path(first).unlink()

    killed: list[int] = []
    thread = threading.Thread(target=kill)
    thread.start()
    [(_, process)] = cluster.run(work.mark_and_wait, [first])
    thread.join()
    assert process != killed[0]
    cluster.client.wait_for_workers(2, timeout=PATIENCE_S)


def test_work_that_no_worker_survives_is_told(
    cluster: Cluster, dask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask.scheduler, "allowed_failures", 0)
    with pytest.raises(WorkerDiedError, match="^a worker process ended unexpectedly, perhaps"):
        list(cluster.run(work.die, [1]))
    cluster.client.wait_for_workers(2, timeout=PATIENCE_S)


def test_a_path_that_workers_do_not_see_is_told(cluster: Cluster, tmp_path: Path) -> None:
    assert list(cluster.run(work.square, [1], paths=[tmp_path])) == [(1, 1)]
    missing = tmp_path / "missing"
    with pytest.raises(ValueError, match=f"^worker tcp://.* does not see {missing}; take a"):
        list(cluster.run(work.square, [1], paths=[missing]))


def test_a_worker_of_another_version_is_told(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {**module._versions(), "scipy": "0.1"}
    monkeypatch.setattr(module, "_versions", lambda: versions)
    with pytest.raises(ValueError, match="^worker tcp://.* has scipy .*, here is 0.1; install"):
        list(cluster.run(work.square, [1]))


def test_names_count_from_the_folder_of_the_client(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [(_, found)] = cluster.run(work.surroundings, ["HOME"])
    assert found[1] == str(tmp_path)


def test_workers_take_over_our_part_of_the_environment(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_TEST", "of the client")
    [(_, found)] = cluster.run(work.surroundings, ["NAPARI_3DMSL_TEST"])
    assert found[0] == "of the client"
    monkeypatch.delenv("NAPARI_3DMSL_TEST")
    [(_, found)] = cluster.run(work.surroundings, ["NAPARI_3DMSL_TEST"])
    assert found[0] is None


def test_a_client_is_taken_and_stays_open(dask: Any) -> None:
    from distributed import Client

    with Client(dask.scheduler_address, set_as_default=False) as client:
        with place_of(scheduler=client) as place:
            assert list(place.run(work.square, [2])) == [(2, 4)]
        assert client.status == "running"
    with pytest.raises(ValueError, match="expected an address, a scheduler file or a dask"):
        Cluster(7)


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.5)
    with pytest.raises(ValueError, match="^scheduler tcp://127.0.0.1:1: no answer within 0.5 s"):
        place_of(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(ValueError, match="^scheduler nonsense://x: "):
        place_of(scheduler="nonsense://x")
    with pytest.raises(ValueError, match="workers = 2 and a scheduler: expected one of both"):
        place_of(2, "tcp://127.0.0.1:1")


def test_a_missing_dask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match="pip install 'napari-3dmsl\\[cluster\\]'"):
        place_of(scheduler="tcp://127.0.0.1:1")


def test_a_scheduler_that_is_lost_is_told_in_one_line(tmp_path: Path) -> None:
    with scheduler_alone(tmp_path) as (scheduler, file), Cluster(file) as place:
        waiting = f"the scheduler at {place.address} has no workers yet; waiting for them"
        assert place.notes in ([], [waiting])
        results = place.run(work.square, range(10_000))
        assert next(results) == (0, 0)
        scheduler.kill()
        with pytest.raises(SchedulerGoneError) as gone:
            list(results)
        message = f"the scheduler at {place.address} is gone; run the same command again to go on"
        assert str(gone.value) == message
        assert str(pickle.loads(pickle.dumps(gone.value))) == message
        with pytest.raises(SchedulerGoneError):
            list(place.run(work.square, range(3)))
