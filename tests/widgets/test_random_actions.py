"""napari lives through what a person does on the real canvas, with the layers as asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE_S


@pytest.mark.parametrize(("kind", "seed", "count"), [("again", 1, 3), ("random", 2, 60)])
def test_a_window_lives_through(kind: str, seed: int, count: int, repository: Path) -> None:
    program = repository / "benchmarks" / "random_actions.py"
    ran = subprocess.run(
        [sys.executable, str(program), "--child", kind, str(seed), str(count)],
        capture_output=True,
        text=True,
        timeout=8 * PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, "\n".join([*ran.stdout.splitlines()[-15:], ran.stderr])
    assert f"{count} " in ran.stdout.splitlines()[-1]
