"""``napari-3dmsl score``, as people call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from commands import Run

from napari_3dmsl.cli import main


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    truth = np.zeros((20, 20), np.uint8)
    truth[4:10, 4:10] = 1
    truth[14:18, 4:10] = 2
    tifffile.imwrite(tmp_path / "truth.tif", truth)
    tifffile.imwrite(tmp_path / "found.tif", truth * (np.arange(20) < 7))
    return tmp_path


def test_it_tells_people_each_score_with_its_name(
    masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(masks / "truth.tif"), str(masks / "found.tif")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["score", "value", "unit", "best"]
    assert lines[1].split() == ["Dice", "0.6667", "1"]
    assert lines[2].split() == ["IoU", "0.5000", "1"]


def test_it_tells_programs_all_of_it(run: Run, masks: Path) -> None:
    found = run("score", masks / "truth.tif", masks / "found.tif", "--no-centrelines")
    assert found["scores"]["ap_50"]["mean"] == 1.0
    assert found["scores"]["ap_75"]["mean"] == 0.0
    assert found["each"][0]["details"]["objects"]["iou_sum"] == 0.0  # more than a half is needed
    assert found["settings"]["objects"] == "auto"
    assert "cldice" not in found["scores"]


def test_what_is_wrong_is_one_line(refused: Callable[..., str], masks: Path) -> None:
    assert "no such file or folder" in refused("score", masks / "none.tif", masks / "found.tif")
    told = refused("score", masks / "truth.tif", masks / "found.tif", "--patch", "-1")
    assert "patch" in told
    assert "0 to 4,096" in told
