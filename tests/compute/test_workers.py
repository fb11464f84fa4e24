"""Worker processes: what they do, how they end, and what they leave alone."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import work
from waiting import PATIENCE_S, wait_for

from napari_3dmsl.compute import (
    Processes,
    WorkerDiedError,
    dismiss,
    hire,
    place_of,
    processors,
    worker,
)
from napari_3dmsl.compute.pool import Workers

HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Processes that tests start find the work; no worker is left over."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(HELPERS), *filter(None, [os.environ.get("PYTHONPATH")])])
    )
    yield
    worker.end_spares()


def done(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a worker makes of a call."""
    hired = hire()
    try:
        return hired.call(function, arguments)
    finally:
        dismiss(hired)


def test_a_worker_does_calls_and_is_kept_for_the_next() -> None:
    worker.end_spares()  # others may have left some
    first = done(work.number_of_process)
    assert first != os.getpid()
    assert done(work.number_of_process) == first
    assert [spare.pid for spare in worker.spares()] == [first]
    worker.end_spares()
    assert done(work.number_of_process) != first


def test_after_a_call_a_worker_frees_what_it_left_but_looks_at_modules_only_once() -> None:
    hired = hire()
    found = [hired.call(work.leave_a_circle, ()) for _ in range(4)]
    dismiss(hired)
    assert not any(there for there, _ in found)
    before = found[0][1]  # Python 3.12 begins with some hundred objects that it never looks at
    # What was frozen may still be freed.
    assert before + 1000 < found[3][1] <= found[2][1] <= found[1][1]


def test_a_worker_that_rested_for_long_ends_and_is_not_hired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = done(work.number_of_process)
    monkeypatch.setattr(worker, "_SPARE_S", 0.0)
    assert done(work.number_of_process) != first
    assert not psutil.pid_exists(first)


def test_a_worker_imports_nothing_of_the_program_that_starts_it() -> None:
    assert done(work.main_and_modules) == (None, False, False)


def test_a_worker_sees_the_folder_and_environment_as_they_are_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert done(work.surroundings, "MY_LIBRARY")[0] is None
    monkeypatch.setenv("MY_LIBRARY", "here")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # this one is the worker's own
    monkeypatch.chdir(tmp_path)
    assert done(work.surroundings, "MY_LIBRARY") == ("here", str(tmp_path), "1")


def test_what_work_prints_is_no_answer_and_it_reads_no_call(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert done(work.print_and_ask) == 0
    told = capfd.readouterr()
    assert told.out == ""
    assert "this is no answer" in told.err or "nor this" in told.err


def test_large_arrays_go_there_and_come_back() -> None:
    array = np.arange(5_000_000)
    np.testing.assert_array_equal(done(np.negative, array), -array)


def test_errors_come_back_as_they_are() -> None:
    with pytest.raises(ValueError, match="^3 is refused\n"):
        done(work.refuse_three, 3)
    with pytest.raises(OSError, match="No such file") as missing:
        done(os.stat, "/not/there")
    assert missing.value.errno == errno.ENOENT
    with pytest.raises(RuntimeError, match="TwoWordsError: not this"):
        done(work.refuse_in_two_words)


def test_parts_and_progress_are_told_in_their_order() -> None:
    hired, told = hire(), list[Any]()
    assert hired.call(work.three_parts, (), lambda *step: told.append(step), told.append) is None
    assert told == [(0, 3, "parts"), 0, (1, 3, "parts"), 1, (2, 3, "parts"), 2]
    told.clear()
    assert hired.call(work.told_from_threads, (), lambda *step: told.append(step)) == 50
    assert sorted(step[0] for step in told) == list(range(50))
    dismiss(hired)


def test_a_worker_that_dies_is_told_with_its_exit_code() -> None:
    with pytest.raises(WorkerDiedError, match="exit code 7") as died:
        done(work.die)
    assert died.value.exit_code == 7
    assert worker.spares() == []
    with pytest.raises(WorkerDiedError):
        list(Processes(2).run(work.die, range(3)))


def test_work_that_a_worker_cannot_find_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nowhere", work)
    monkeypatch.setattr(work.square, "__module__", "nowhere")
    array = np.zeros(1_000_000)  # more than a pipe holds
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        done(work.square, array)


def test_a_map_gives_results_in_order_and_takes_items_as_it_needs_them() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    counted: list[int] = []
    results = Processes(2).run(work.square, items(), progress=counted.append)
    assert next(results) == (0, 0)
    assert len(taken) <= 6
    assert list(results) == [(n, n * n) for n in range(1, 40)]
    assert counted == list(range(1, 41))


def test_a_map_gives_results_as_they_are_finished_when_asked_for(tmp_path: Path) -> None:
    items, found = [(number, str(tmp_path / "go on")) for number in range(6)], []
    for _, number in Processes(2).run(work.wait_if_first, items, ordered=False):
        found.append(number)
        (tmp_path / "go on").touch()
    assert sorted(found) == list(range(6))
    assert found[0] != 0


def test_a_map_keeps_the_order_when_the_first_is_finished_last(tmp_path: Path) -> None:
    def items() -> Iterator[tuple[int, str]]:
        yield 0, str(tmp_path / "go on")
        yield 1, ""
        yield 2, ""
        (tmp_path / "go on").touch()  # as many are on their way as the workers can take
        yield from ((number, "") for number in range(3, 6))

    assert [found for _, found in Processes(2).run(work.wait_if_first, items())] == list(range(6))


def test_one_worker_works_here_and_none_is_refused() -> None:
    assert list(place_of(1).run(work.number_of_process, [1])) == [(1, os.getpid())]
    with pytest.raises(ValueError, match="workers = 0: expected at least 1"):
        place_of(0)
    assert 1 <= processors() <= (os.cpu_count() or 1)


def test_a_map_stops_at_an_error_and_when_its_progress_raises() -> None:
    found: list[int] = []
    results = Processes(2).run(work.refuse_three, range(10))
    with pytest.raises(ValueError, match="3 is refused"):
        found.extend(item for item, _ in results)
    assert found == [0, 1, 2]

    def stop(count: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(Processes(2).run(work.square, range(10), progress=stop))


def test_leaving_a_map_ends_its_work_at_once(tmp_path: Path) -> None:
    marks = [str(tmp_path / name) for name in ("a", "b")]

    def stop_when_busy() -> Iterator[str]:
        yield from marks
        wait_for(lambda: all(Path(mark).is_file() and Path(mark).read_text() for mark in marks))
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(Processes(2).run(work.sleep, stop_when_busy()))
    assert not any(psutil.pid_exists(int(Path(mark).read_text())) for mark in marks)


def test_each_worker_takes_in_a_function_once_and_a_later_run_anew() -> None:
    for _ in range(2):
        of_process: dict[int, list[int]] = {}
        for _, (process, times) in Processes(2).run(work.Opened(), range(12)):
            of_process.setdefault(process, []).append(times)
        assert all(times == list(range(1, len(times) + 1)) for times in of_process.values())


def test_a_pool_can_leave_calls_undone(tmp_path: Path) -> None:
    pool, mark = Workers(1), tmp_path / "go on"
    calls = [pool.submit(work.wait_if_first, (0, str(mark))) for _ in range(5)]
    wait_for(calls[0].running)
    pool.shutdown(wait=False, cancel_futures=True)
    mark.touch()
    pool.shutdown()
    assert calls[0].result() == 0
    assert all(call.cancelled() for call in calls[1:])
    with pytest.raises(RuntimeError):
        pool.submit(work.square, 1)


def test_workers_have_workers_of_their_own() -> None:
    assert done(work.squares, 5) == [0, 1, 4, 9, 16]


def test_a_daemon_of_multiprocessing_has_workers_too() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    daemon = context.Process(target=work.squares_in_a_daemon, args=(sender,), daemon=True)
    daemon.start()
    assert receiver.poll(PATIENCE_S)
    assert receiver.recv() == [0, 1, 4, 9, 16]
    daemon.join()


def test_a_forked_process_leaves_its_parents_workers_alone() -> None:
    if not hasattr(os, "fork"):
        return
    first = done(work.number_of_process)
    child = os.fork()
    if child == 0:
        os._exit(len(worker.spares()))
    assert os.waitpid(child, 0)[1] == 0
    assert done(work.number_of_process) == first


UNGUARDED = """
import sys, time
from napari_3dmsl.compute import Processes
import work
print("script", flush=True)
for _, result in Processes(2).run(work.{work}, {items}):
    print(result, flush=True)
"""


@pytest.mark.parametrize("kind", ["file", "command", "input"])
def test_a_script_without_a_guard_is_not_run_again(kind: str, tmp_path: Path) -> None:
    code = UNGUARDED.format(work="square", items="range(3)")
    script = tmp_path / "my scripts" / "a script.py"
    script.parent.mkdir()
    script.write_text(code)
    (script.parent / "queue.py").write_text(
        "raise SystemExit('the folder of the script is searched')"
    )
    command = {"file": [str(script)], "command": ["-c", code], "input": ["-"]}[kind]
    ran = subprocess.run(
        [sys.executable, *command],
        input=code,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=tmp_path,
        check=False,
    )
    if kind == "file":  # what a user's own folder hides is hidden from the script as well
        assert "the folder of the script is searched" in ran.stderr
        (script.parent / "queue.py").unlink()
        ran = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert ran.stdout.split() == ["script", "0", "1", "4"]
    assert ran.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_workers_end_with_whatever_has_started_them(tmp_path: Path) -> None:
    marks = [str(tmp_path / name) for name in ("a", "b")]
    (tmp_path / "script.py").write_text(UNGUARDED.format(work="sleep", items=repr(marks)))
    run = subprocess.Popen([sys.executable, str(tmp_path / "script.py")], stdout=subprocess.DEVNULL)
    wait_for(lambda: all(Path(mark).is_file() and Path(mark).read_text() for mark in marks))
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_for(lambda: not any(psutil.pid_exists(int(Path(mark).read_text())) for mark in marks))


def test_a_frozen_program_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'second'}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("multiprocessing.spawn._python_exe", str(program))
    assert done(work.number_of_process) == os.getpid()
    assert [found for _, found in Processes(2).run(work.square, range(4))] == [0, 1, 4, 9]
    hired, told = hire(), list[Any]()
    assert hired.call(work.three_parts, (), lambda *step: None, told.append) is None
    assert told == [0, 1, 2]

    def leave(*step: Any) -> None:
        hired.end()

    with pytest.raises(WorkerDiedError):
        hired.call(work.three_parts, (), leave)
    assert not hired.usable
    assert not (tmp_path / "second").exists()
