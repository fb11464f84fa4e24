"""Some hundred damaged files through every door; and that the fuzzer sees what it looks for."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fuzz_doors
import fuzz_run
import numpy as np
import pytest
from fuzz_run import PATIENCE_S, Plan, Report, run
from fuzz_seeds import Seed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux'")

INPUTS = 300


def test_damaged_files_are_read_or_refused_in_one_line_that_names_them() -> None:
    report = run_apart(11, INPUTS)
    assert report.findings == []
    assert sum(report.inputs.values()) == INPUTS
    assert report.inputs.keys() == fuzz_run.DOORS.keys()
    assert max(report.inputs.values()) <= 4 * min(report.inputs.values())
    assert report.most_bytes < fuzz_run.MOST_BYTES


def run_apart(seed: int, inputs: int) -> Report:
    """Run in a fresh process: one in which threads of tensorstore run must not fork."""
    code = (
        "import os, pickle; outbox = os.fdopen(os.dup(1), 'wb'); os.dup2(2, 1); "
        "from fuzz_run import PATIENCE_S, Plan, run, seeds_of; "
        f"pickle.dump(run(Plan({seed}, seeds_of()), range({inputs})), outbox)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        check=True,
    )
    report: Report = pickle.loads(found.stdout)
    return report


ELSEWHERE = Path(tempfile.gettempdir()) / f"napari-3dmsl-{os.getpid()}"


def raises(given: Path, target: Path) -> None:
    raise KeyError("shape")


def computes_for_ever(given: Path, target: Path) -> None:
    while True:
        pass


def sleeps_for_ever(given: Path, target: Path) -> None:
    time.sleep(3600)


def dies(given: Path, target: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def takes_memory(given: Path, target: Path) -> None:
    np.ones(40 * 2**20)


def writes_outside(given: Path, target: Path) -> None:
    ELSEWHERE.mkdir()
    ELSEWHERE.rmdir()


def writes_beside(given: Path, target: Path) -> None:
    given.write_bytes(b"changed")


def leaves_a_half(given: Path, target: Path) -> None:
    (target / ".a.tif.part").write_bytes(b"")


def says_too_little(given: Path, target: Path) -> str | None:
    return fuzz_doors._told(lambda: int("x"), given)


def litters(given: Path, target: Path) -> str | None:
    def warn() -> None:
        sys.stderr.write("a.py:3: RuntimeWarning: overflow\n")

    return fuzz_doors._told(warn, given)


@pytest.mark.parametrize(
    ("door", "problem"),
    [
        (raises, "KeyError"),
        (computes_for_ever, "processor time"),
        (sleeps_for_ever, "hung"),
        (dies, "died"),
        (takes_memory, "GB of memory"),
        (writes_outside, "outside"),
        (writes_beside, "beside"),
        (leaves_a_half, "half written"),
        (says_too_little, "names no file"),
        (litters, "on stderr"),
    ],
)
def test_the_fuzzer_sees_it_and_goes_on(door, problem: str, monkeypatch) -> None:
    monkeypatch.setitem(fuzz_run.DOORS, "points", [(door, 1)])
    if door is computes_for_ever:
        monkeypatch.setattr(fuzz_run, "LONGEST_S", 0.3)
    if door is takes_memory:
        monkeypatch.setattr(fuzz_run, "MOST_BYTES", 2**28)
    plan = Plan(0, [Seed("points", "a.csv", {"a.csv": b"z_um,y_um,x_um\n1,0,0\n"})])
    report = run(plan, range(2), patience_s=2.0 if door is sleeps_for_ever else PATIENCE_S)
    assert [finding.number for finding in report.findings] == [0, 1]
    assert [finding.problem for finding in report.findings if problem not in finding.problem] == []
