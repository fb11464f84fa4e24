"""Commands run in this process, and what they are run on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from commands import RADIUS_UM, Run

from napari_3dmsl import cli


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with ``--json`` and return its result."""

    def run_command(*arguments: object) -> dict[str, Any]:
        status = cli.main([*map(str, arguments), "--json"])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        assert all(line.startswith("Warning: ") for line in printed.err.splitlines())
        return json.loads(printed.out)

    return run_command


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must fail and return its one line on stderr."""

    def run_command(*arguments: object) -> str:
        status = cli.main(list(map(str, arguments)))
        printed = capsys.readouterr()
        assert status in {1, 2}
        assert printed.out == ""
        assert printed.err.startswith("Error: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run_command


@pytest.fixture
def sphere(tmp_path: Path) -> Path:
    """A ball of 20 units of 24 nm, written by another program."""
    path = tmp_path / "sphere.off"
    trimesh.creation.icosphere(subdivisions=3, radius=RADIUS_UM / 0.024).export(path)
    return path


@pytest.fixture
def two_balls(tmp_path: Path) -> Path:
    """Two balls of 8 voxels that do not touch."""
    z, y, x = np.ogrid[:40, :40, :80]
    balls = [(z - 20) ** 2 + (y - 20) ** 2 + (x - at) ** 2 <= 64 for at in (20, 60)]
    path = tmp_path / "labels.npy"
    np.save(path, balls[0] | balls[1])
    return path


@pytest.fixture
def released(two_balls: Path, run: Run, tmp_path: Path) -> Path:
    """Two balls as the release has shapes: meshes alone."""
    run("extract", two_balls, tmp_path / "released", "--voxel-nm", 24, 24, 24)
    (tmp_path / "released" / "library.json").unlink()
    (tmp_path / "released" / "meta_locations.csv").unlink()
    return tmp_path / "released"
