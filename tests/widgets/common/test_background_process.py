"""Work in a process of its own: progress, results, errors, crashes and Cancel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from background_work import (
    STAGES,
    STEPS,
    crash,
    double,
    hurry,
    refuse,
    return_a_function,
    return_unreadable,
    size_of,
    sleep,
    stumble,
)
from hands import PATIENCE_MS, workers

from napari_3dmsl.widgets.common.background_process import BackgroundProcess

pytestmark = pytest.mark.usefixtures("qapp")


class Told:
    """What a process has told, by signal."""

    def __init__(self, job: BackgroundProcess) -> None:
        self.progress: list[tuple[int, int, str]] = []
        self.ends: list[tuple[str, Any]] = []
        job.progressed.connect(lambda *step: self.progress.append(step))
        job.finished.connect(lambda result: self.ends.append(("finished", result)))
        job.failed.connect(lambda message: self.ends.append(("failed", message)))
        job.cancelled.connect(lambda: self.ends.append(("cancelled", None)))


@pytest.fixture
def job() -> Iterator[BackgroundProcess]:
    runner = BackgroundProcess()
    yield runner
    runner.close()


@pytest.fixture
def told(job: BackgroundProcess) -> Told:
    return Told(job)


def run(qtbot: Any, job: BackgroundProcess, told: Told, *work: Any) -> tuple[str, Any]:
    """Start work and wait for its one end."""
    told.ends.clear()
    job.start(*work)
    qtbot.waitUntil(lambda: bool(told.ends) and not job.is_running, timeout=PATIENCE_MS)
    qtbot.wait(10)
    [end] = told.ends
    return end


def test_progress_and_result_are_told_and_a_process_can_follow_another(
    qtbot: Any, job: BackgroundProcess, told: Told
) -> None:
    assert run(qtbot, job, told, double, 21) == ("finished", 42)
    assert told.progress[-1] == (3, 3, "doubling")
    assert run(qtbot, job, told, double, 4) == ("finished", 8)


def test_of_many_steps_that_come_at_once_the_last_of_each_stage_is_told_before_the_end(
    qtbot: Any, job: BackgroundProcess
) -> None:
    told: list[Any] = []
    job.progressed.connect(lambda *step: told.append(step))
    job.finished.connect(told.append)
    job.start(hurry)
    qtbot.waitUntil(lambda: not job.is_running, timeout=PATIENCE_MS)  # nothing is lost meanwhile
    qtbot.waitUntil(lambda: "there" in told, timeout=PATIENCE_MS)
    ends = [(STEPS, STEPS, stage) for stage in STAGES]
    assert [one for one in told if one in ends] == ends
    assert told[-2:] == [ends[-1], "there"]
    assert len(told) < STEPS


def test_work_that_refuses_is_told_in_its_words(
    qtbot: Any, job: BackgroundProcess, told: Told
) -> None:
    assert run(qtbot, job, told, refuse) == ("failed", "there is nothing to extract")


def test_a_bug_in_the_work_is_told(qtbot: Any, job: BackgroundProcess, told: Told) -> None:
    assert run(qtbot, job, told, stumble) == ("failed", "unexpected KeyError: 'a bug'")


def test_a_crash_of_the_process_is_told(qtbot: Any, job: BackgroundProcess, told: Told) -> None:
    kind, message = run(qtbot, job, told, crash)
    assert kind == "failed"
    assert "ended unexpectedly (exit code 9)" in message


def test_work_that_cannot_be_sent_is_told(qtbot: Any, job: BackgroundProcess, told: Told) -> None:
    kind, message = run(qtbot, job, told, lambda progress: None)
    assert kind == "failed"
    assert "unexpected" in message


@pytest.mark.parametrize("work", [return_a_function, return_unreadable])
def test_a_result_that_cannot_be_sent_back_is_told(
    qtbot: Any, job: BackgroundProcess, told: Told, work: Any
) -> None:
    kind, message = run(qtbot, job, told, work)
    assert kind == "failed"
    assert "unexpected" in message


def test_cancel_ends_the_process_at_once(qtbot: Any, job: BackgroundProcess, told: Told) -> None:
    job.start(sleep)
    qtbot.waitUntil(lambda: bool(told.progress), timeout=PATIENCE_MS)
    [process] = workers()
    job.cancel()
    qtbot.waitUntil(lambda: bool(told.ends), timeout=PATIENCE_MS)
    assert told.ends == [("cancelled", None)]
    assert not process.is_running()
    assert run(qtbot, job, told, double, 1) == ("finished", 2)


def test_cancel_works_while_the_process_starts(
    qtbot: Any, job: BackgroundProcess, told: Told
) -> None:
    array = np.zeros(50_000_000, np.uint8)  # more than a pipe holds: sending takes until it is read
    for wait_s in (0.0, 0.002, 0.05):
        told.ends.clear()
        job.start(size_of, array)
        time.sleep(wait_s)
        job.cancel()
        qtbot.waitUntil(lambda: bool(told.ends) and not job.is_running, timeout=PATIENCE_MS)
        assert told.ends == [("cancelled", None)]
    assert workers() == []
    assert run(qtbot, job, told, size_of, array) == ("finished", array.size)


def test_closing_ends_the_process_and_tells_nothing(
    qtbot: Any, job: BackgroundProcess, told: Told
) -> None:
    job.start(sleep)
    qtbot.waitUntil(lambda: bool(told.progress), timeout=PATIENCE_MS)
    job.close()
    job.close()
    assert not job.is_running
    assert workers() == []
    qtbot.wait(20)
    assert told.ends == []


def test_cancel_without_work_does_nothing(job: BackgroundProcess, told: Told) -> None:
    job.cancel()
    assert told.ends == []
