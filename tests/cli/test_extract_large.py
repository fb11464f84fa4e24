"""Volumes larger than the memory, from the command line: estimates, progress, stops, labels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ending import FROM_HERE
from same_files import assert_same
from waiting import PATIENCE_S

from napari_3dmsl.cli import main
from napari_3dmsl.library import extract
from napari_3dmsl.library.unfinished import work_folder
from napari_3dmsl.memory import size_in_bytes
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.volumes.lazy import open_lazy

VOXEL = ("--voxel-nm", "48", "48", "48")
INTERRUPTED = """
import importlib, signal, sys
from ending import EndsAt
ending = EndsAt(5, signal_number=signal.SIGINT, stage="Measuring")
importlib.import_module("napari_3dmsl.cli.extract").stage_line = lambda: ending
from napari_3dmsl.cli import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def volume(tmp_path_factory: Any) -> Path:
    """The coarse phantom as a file."""
    path: Path = tmp_path_factory.mktemp("labels") / "phantom.npy"
    np.save(path, make_phantom(seed=0, voxel_nm=(48, 48, 48)).labels > 0)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; return the status and what it printed."""

    def call(*words: Any) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def test_a_large_volume_is_worked_on_in_blocks_and_tells_what_it_takes(
    run, volume, tmp_path, monkeypatch
):
    assert run("extract", volume, tmp_path / "whole", *VOXEL)[0] == 0
    monkeypatch.setattr(extract, "COPIES", 1e9)
    status, out, err = run(
        *("extract", volume, tmp_path / "blocks", *VOXEL, "--memory-limit", "1GB"),
        *("--workers", "1", "--labels-out", tmp_path / "labels.ome.zarr", "--json"),
    )
    assert status == 0, err
    result = json.loads(out)
    assert result["blockwise"]
    assert result["shapes"] == 38
    assert result["estimate"]["memory_bytes"] == 10**9
    assert "Estimate: about" in err
    assert_same(tmp_path / "whole", tmp_path / "blocks")
    labels = open_lazy(tmp_path / "labels.ome.zarr")
    assert labels.voxel_nm == pytest.approx((48, 48, 48))
    assert len(np.unique(labels.labels[...])) == 39


def test_what_is_no_memory_is_told(run, volume, tmp_path, monkeypatch):
    status, _, err = run("extract", volume, tmp_path / "x", *VOXEL, "--memory-limit", "much")
    assert status == 1
    assert "--memory-limit 'much': expected a size such as" in err
    monkeypatch.setattr(extract, "COPIES", 1e9)
    status, _, err = run(
        "extract", volume, tmp_path / "x", *VOXEL, "--memory-limit", "10MB", "--workers", "2"
    )
    assert status == 1
    assert "workers need at least" in err
    assert [item for item in tmp_path.iterdir() if not item.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("text", "size"), [("1GB", 10**9), ("1.5 MiB", 3 * 2**19), ("20kb", 20_000), ("7", 7)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "1e999GB", "1 XB", "nan"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="expected a size such as 500MB"):
        size_in_bytes(text)


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C of a console is another thing elsewhere")
def test_ctrl_c_leaves_a_run_that_goes_on_and_says_so(run, volume, tmp_path):
    library = tmp_path / "library"
    command = [sys.executable, "-c", INTERRUPTED, "extract", str(volume), str(library)]
    ended = subprocess.run(
        [*command, *VOXEL, "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        env=FROM_HERE,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 130
    assert "the same command goes on where this run has stopped" in ended.stderr
    assert (work_folder(library) / "shapes.jsonl").read_bytes().count(b"\n") >= 5
    assert run("extract", volume, library, *VOXEL)[0] == 0
    assert run("extract", volume, tmp_path / "whole", *VOXEL)[0] == 0
    assert_same(tmp_path / "whole", library)
