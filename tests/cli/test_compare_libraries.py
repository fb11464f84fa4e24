"""``napari-3dmsl compare-libraries``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hands import VOXEL_NM, small_labels

from napari_3dmsl.cli import main
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import measure_shapes


@pytest.fixture
def libraries(tmp_path: Path) -> list[str]:
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    shapes = measure_shapes(extract_instances(small_labels(), settings))
    write_library(shapes, tmp_path / "control")
    write_library(shapes[1:], tmp_path / "starved")
    return [str(tmp_path / name) for name in ("control", "starved")]


def test_two_libraries_are_compared_in_one_line_with_table_and_figure(
    libraries: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--csv", str(tmp_path / "tests.csv"), "--figure", str(tmp_path / "tests.svg")]
    assert main(["compare-libraries", *libraries, *out, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["names"] == ["control", "starved"]
    assert result["counts"] == [4, 3]
    assert {one["shape_class"]: one["counts"] for one in result["shares"]} == {
        "dot": [2, 1],
        "rod": [1, 1],
        "donut": [1, 1],
    }
    assert (tmp_path / "tests.csv").read_text().startswith("class,measure,count control")
    assert (tmp_path / "tests.svg").read_text().startswith("<?xml")
    assert main(["compare-libraries", *libraries]) == 0
    assert "control: 4 shapes   starved: 3 shapes" in capsys.readouterr().out


def test_what_cannot_be_compared_is_refused_in_one_line(
    libraries: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare-libraries", *libraries, "--measure", "weight"]) == 1
    assert "control: no measure 'weight'" in capsys.readouterr().err
    assert main(["compare-libraries", *libraries, "--figure", str(tmp_path / "x.jpg")]) == 1
    assert "figures are written as .png" in capsys.readouterr().err
