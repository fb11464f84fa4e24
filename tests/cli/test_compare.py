"""``napari-3dmsl compare``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_3dmsl.cli import main


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, light in (("real", 30), ("simulated", 8), ("other", 29)):
        (tmp_path / name).mkdir()
        for number in range(3):
            image = rng.poisson(light, (128, 192)) + rng.poisson(40)
            tifffile.imwrite(tmp_path / name / f"{number}.tif", image.astype(np.uint16))
    return tmp_path


def run(folders: Path, *more: str) -> int:
    return main(["compare", str(folders / "real"), str(folders / "simulated"), *more])


def test_it_tells_people_distances_and_what_to_change(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(folders, "--tile", "64", "--other", str(folders / "other"))
    told = capsys.readouterr().out
    assert status == 0
    assert "64 × 64 pixels a tile" in told
    assert "tiles: 18 real, 18 simulated, 18 another real cell" in told
    assert "  1. " in told


def test_it_tells_programs_all_of_it_and_saves_the_figure(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = folders / "figure.png"
    assert run(folders, "--tile", "64", "--figure", str(figure), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tile"] == 64
    assert told["distances"][0]["name"] == "simulated"
    assert told["mismatches"][0]["knobs"]
    assert figure.stat().st_size > 5000


def test_images_smaller_than_a_tile_set_the_size(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folders) == 1  # three tiles of 128 × 128 are too few
    assert "real: 3 tiles; a comparison needs 8 or more" in capsys.readouterr().err


def test_a_figure_never_replaces_an_image_that_is_read(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = folders / "image.png"
    image.write_bytes(b"")
    assert run(folders, "--other", str(image), "--figure", str(image)) == 1
    assert "the figure would replace the image" in capsys.readouterr().err
