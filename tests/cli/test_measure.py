"""``napari-3dmsl measure``: class and measures of the shapes of any library."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Run

from napari_3dmsl import cli


def test_measure_finds_the_classes_of_a_library(run: Run, released: Path) -> None:
    assert run("info", released)["classes"] == {"unknown": 2}
    result = run("measure", released, "--workers", 1)
    assert (result["measured"], result["known"], result["problems"]) == (2, 0, {})
    assert result["classes"] == run("info", released)["classes"] == {"dot": 2}
    assert result["measures"] == str(released / "measures.csv")
    assert run("measure", released, "--workers", 1)["known"] == 2


def test_measure_tells_what_is_broken_and_measures_the_rest(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (released / "1" / "raw_mesh.off").write_text("no mesh")
    assert cli.main(["measure", str(released), "--workers", "1"]) == 1
    printed = capsys.readouterr().out
    assert "1 dot, 1 unknown" in printed
    assert "1 could not be measured:" in printed
    assert "shape 1: raw_mesh.off" in printed
