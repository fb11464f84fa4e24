"""Runs that are killed at any moment go on and end with the same bytes."""

import json
import random
import signal
import subprocess
import sys

import psutil
import pytest
from ending import FROM_HERE
from small_sets import tree
from waiting import PATIENCE_S, wait_for

from napari_3dmsl.datasets.run import generate as module
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

RUN = """
import json, sys
from pathlib import Path
from ending import EndsAt
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.recipe.recipe import Recipe
recipe, folder, how = sys.argv[1:]
how = json.loads(how)
ending = EndsAt(**how, note=Path(folder).with_name("workers.json"))
generate(Recipe.load(recipe), folder, workers=2, progress=ending)  # without a guard
"""


@pytest.fixture
def ended(tmp_path, small_recipe):
    """Begin with 144 images in processes of their own, and end as told.

    Returns how to make the same, where, and what does that and gives the exit code.
    """
    recipe = small_recipe(repeats=3)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.model_dump(mode="json")))
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, *map(str, (tmp_path / "run.py", tmp_path / "recipe.json"))]

    def run_to_its_end(**how):
        command_with_end = [*command, str(tmp_path / "set"), json.dumps(how)]
        run = subprocess.Popen(command_with_end, start_new_session=True, env=FROM_HERE)
        return run.wait(PATIENCE_S)

    return recipe, tmp_path / "set", run_to_its_end


def alive(process):
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def finished_groups(folder):
    journal = folder / JOURNAL_FILE
    return journal.read_bytes().count(b"\n") if journal.is_file() else 0


def test_killed_runs_go_on_and_end_with_the_same_bytes(ended, tmp_path, in_process):
    recipe, folder, run_to_its_end = ended
    rng, kept = random.Random(4), 0
    for groups in (2, 5, 8):
        delay_s = rng.uniform(0, 0.1)
        assert run_to_its_end(at=12 * groups, delay_s=delay_s, group=True) == -signal.SIGKILL
        assert finished_groups(folder) >= max(kept, groups)  # nothing is lost
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


def test_workers_end_with_the_run_that_started_them(ended, in_process):
    recipe, folder, run_to_its_end = ended
    assert run_to_its_end(at=36) == -signal.SIGKILL  # the workers are not told
    workers = json.loads(folder.with_name("workers.json").read_text())
    assert len(workers) >= 2
    wait_for(lambda: not any(map(alive, workers)))
    assert module.generate(recipe, folder).images == 144
    assert not list(folder.rglob(".*"))


def test_control_c_keeps_what_is_finished_and_prints_nothing_of_the_workers(ended, capfd):
    _, folder, run_to_its_end = ended
    assert run_to_its_end(at=24, signal_number=signal.SIGINT, group=True) == -signal.SIGINT
    assert finished_groups(folder) >= 2
    assert not (folder / "index.csv").exists()
    assert not list(folder.rglob("*.part"))
    assert "Process" not in capfd.readouterr().err.split("Traceback")[0]
