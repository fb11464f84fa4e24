"""Runs that are killed at any moment go on and end with the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_sets import tree

from napari_3dmsl.datasets.run import generate as module
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

RUN = """
import sys
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.recipe.recipe import Recipe
generate(Recipe.load(sys.argv[1]), sys.argv[2], workers=2)  # without a guard
"""


@pytest.fixture
def start(tmp_path, small_recipe):
    """Start a run of 144 images in processes of their own; returns it and how to make the same."""
    recipe = small_recipe(repeats=3)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.model_dump(mode="json")))
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, *map(str, (tmp_path / "run.py", tmp_path / "recipe.json"))]

    def started():
        return subprocess.Popen([*command, str(tmp_path / "set")], start_new_session=True)

    return recipe, tmp_path / "set", started


def descendants(process):
    """Ids of the processes that a process has started, and they."""
    found, left = [], [process]
    while left:
        file = Path(f"/proc/{left.pop()}/task")
        for children in file.glob("*/children"):
            new = [int(child) for child in children.read_text().split()]
            found += new
            left += new
    return found


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def finished_groups(folder):
    journal = folder / JOURNAL_FILE
    return journal.read_bytes().count(b"\n") if journal.is_file() else 0


def test_killed_runs_go_on_and_end_with_the_same_bytes(start, tmp_path, in_process):
    recipe, folder, started = start
    rng, kept = random.Random(4), 0
    for groups in (2, 5, 8):
        run = started()
        wait_for(lambda g=groups: finished_groups(folder) >= g or run.poll() is not None)  # noqa: B023
        time.sleep(rng.uniform(0, 0.1))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert run.returncode == -signal.SIGKILL
        assert finished_groups(folder) >= kept  # nothing is lost
        kept = finished_groups(folder)
        assert not (folder / "index.csv").exists()
    before = {file: file.stat().st_mtime_ns for file in (folder / "images").glob("*.tif")}
    outcome = module.generate(recipe, folder)
    assert outcome.images == 144
    assert outcome.made == 144 - 12 * kept
    same = [file for file, at in before.items() if file.stat().st_mtime_ns == at]
    assert len(same) >= 12 * kept
    module.generate(recipe, tmp_path / "alone")
    assert tree(folder) == tree(tmp_path / "alone")
    assert not list(folder.rglob(".*"))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find workers")
def test_workers_end_with_the_run_that_started_them(start, in_process):
    recipe, folder, started = start
    run = started()
    wait_for(lambda: finished_groups(folder) >= 3)
    workers = descendants(run.pid)
    assert len(workers) >= 2
    os.kill(run.pid, signal.SIGKILL)  # the workers are not told
    run.wait()
    wait_for(lambda: not any(map(alive, workers)), 10)
    assert module.generate(recipe, folder).images == 144
    assert not list(folder.rglob(".*"))


def test_control_c_keeps_what_is_finished_and_prints_nothing_of_the_workers(start, capfd):
    _, folder, started = start
    run = started()
    wait_for(lambda: finished_groups(folder) >= 2)
    os.killpg(run.pid, signal.SIGINT)
    run.wait(30)
    # On a slow machine the run may have come to its end before.
    assert finished_groups(folder) >= 2 or (folder / "index.csv").is_file()
    assert not list(folder.rglob("*.part"))
    assert "Process" not in capfd.readouterr().err.split("Traceback")[0]
