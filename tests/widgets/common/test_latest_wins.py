"""Work that follows a knob: the newest request wins, and nothing runs on after the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hands import PATIENCE_MS
from waiting import PATIENCE_S

from napari_3dmsl.widgets.common.latest_wins import LatestWins, Outdated

pytestmark = pytest.mark.usefixtures("qapp")


class Work:
    """Work that a test lets go on, step by step."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.go_on = threading.Semaphore(0)

    def __call__(self, request: Any, is_outdated: Callable[[], bool]) -> Any:
        self.begun.append(request)
        assert self.go_on.acquire(timeout=PATIENCE_S)
        if request == "bad":
            raise ValueError("this request is bad")
        if request == "silent":
            raise RuntimeError
        return f"done {request}"


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def live(work: Work, told: list[Any]) -> Iterator[LatestWins]:
    runner = LatestWins(work)
    runner.finished.connect(lambda request, result: told.append((request, result)))
    runner.failed.connect(told.append)
    runner.busy.connect(told.append)
    yield runner
    work.go_on.release(100)
    runner.close()


def test_a_request_is_worked_on_and_its_result_told(
    qtbot: Any, live: LatestWins, work: Work, told: list[Any]
) -> None:
    live.request("a")
    assert live.is_running
    work.go_on.release()
    qtbot.waitUntil(lambda: not live.is_running, timeout=PATIENCE_MS)
    assert told == [True, False, ("a", "done a")]


def test_requests_that_wait_are_replaced_by_the_newest(
    qtbot: Any, live: LatestWins, work: Work, told: list[Any]
) -> None:
    for request in range(20):
        live.request(request)
    work.go_on.release(2)
    qtbot.waitUntil(lambda: (19, "done 19") in told, timeout=PATIENCE_MS)
    assert work.begun == [0, 19]
    assert told[-1] == (19, "done 19")


def test_who_is_patient_has_the_answer_at_once_and_only_once(
    qtbot: Any, live: LatestWins, work: Work, told: list[Any]
) -> None:
    work.go_on.release()
    live.request("a", patience_ms=PATIENCE_MS)
    assert told == [True, False, ("a", "done a")]
    live.request("b", patience_ms=1)  # takes longer than that
    live.request("c", patience_ms=1)
    assert len(told) == 4
    work.go_on.release(2)
    qtbot.waitUntil(lambda: not live.is_running, timeout=PATIENCE_MS)
    assert told[3:] == [True, True, ("b", "done b"), False, ("c", "done c")]


def test_work_learns_that_it_is_outdated_and_may_give_up(qtbot: Any, told: list[Any]) -> None:
    begun = threading.Event()

    def work(request: Any, is_outdated: Callable[[], bool]) -> Any:
        begun.set()
        while request == "old":
            if is_outdated():
                raise Outdated
        return request

    live = LatestWins(work)
    live.finished.connect(lambda request, result: told.append(result))
    live.failed.connect(told.append)
    live.request("old")
    assert begun.wait(PATIENCE_S)
    live.request("new")
    qtbot.waitUntil(lambda: not live.is_running, timeout=PATIENCE_MS)
    assert told == ["new"]
    live.close()


def test_failing_work_is_told_and_the_next_request_works(
    qtbot: Any, live: LatestWins, work: Work, told: list[Any]
) -> None:
    work.go_on.release(3)
    for request in ("bad", "silent", "good"):
        live.request(request)
        qtbot.waitUntil(lambda: not live.is_running, timeout=PATIENCE_MS)
    answers = [answer for answer in told if not isinstance(answer, bool)]
    assert answers == ["this request is bad", "RuntimeError", ("good", "done good")]


def test_after_the_end_nothing_is_told_and_no_thread_is_left(
    qtbot: Any, live: LatestWins, work: Work, told: list[Any]
) -> None:
    live.request("a")
    live.request("b")
    qtbot.waitUntil(lambda: work.begun == ["a"], timeout=PATIENCE_MS)
    work.go_on.release()
    live.close()
    live.close()
    live.request("c")
    qtbot.wait(20)
    assert work.begun == ["a"]
    assert told == [True]
    assert not any(thread.name.startswith("napari-3dmsl-live") for thread in threading.enumerate())
