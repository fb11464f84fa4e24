"""``napari-3dmsl calibrate``: gain, noise and offset of a camera from its images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from camera_scenes import photons, recorded
from commands import Run

from napari_3dmsl import cli

OPTICS = ("--numerical-aperture", 1.4, "--emission-nm", 600, "--pixel-nm", 80)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """An image and a dark frame."""
    rng = np.random.default_rng(0)
    for name, light in (("image.tif", photons(400.0)), ("dark.tif", np.zeros((256, 256)))):
        counts = recorded(light, rng, 0.46, 1.6).astype(np.uint16)
        tifffile.imwrite(tmp_path / name, counts)
    return tmp_path / "image.tif", tmp_path / "dark.tif"


def test_calibrate_tells_the_camera(run: Run, files: tuple[Path, Path]) -> None:
    image, dark = files
    alone = run("calibrate", image, *OPTICS)
    assert alone["e_per_adu"]["value"] == pytest.approx(0.46, rel=0.1)
    assert alone["offset_adu"] is None
    both = run("calibrate", image, "--dark", dark, *OPTICS)
    assert both["offset_adu"]["value"] == pytest.approx(100.0, abs=0.2)
    assert both["read_noise_e"]["value"] == pytest.approx(1.6, rel=0.1)
    assert both["files"] == [str(image)]


def test_people_read_lines(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    image, dark = files
    assert cli.main(["calibrate", str(image), *map(str, OPTICS)]) == 0
    assert "a dark frame (--dark) tells it" in capsys.readouterr().out
    assert cli.main(["calibrate", str(image), "--dark", str(dark), *map(str, OPTICS)]) == 0
    printed = capsys.readouterr().out
    assert "conversion            0.4" in printed
    assert "background with haze" in printed


def test_a_preset_brings_the_optics(run: Run, files: tuple[Path, Path]) -> None:
    found = run("calibrate", files[0], "--microscope", "epi1", "--pixel-nm", 80)
    assert found["e_per_adu"]["value"] == pytest.approx(0.46, rel=0.1)


def test_what_is_missing_is_asked_for(
    refused: Callable[..., str], files: tuple[Path, Path]
) -> None:
    message = refused("calibrate", files[0], "--pixel-nm", 80)
    assert "give --numerical-aperture, --emission-nm, by which" in message


def test_a_file_that_cannot_be_read_is_not_asked_for_its_microscope(
    refused: Callable[..., str], files: tuple[Path, Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.tif"
    cut.write_bytes(files[0].read_bytes()[:60000])
    assert "cannot read this TIFF" in refused("calibrate", cut)
    assert "images are read from" in refused("calibrate", tmp_path)


def test_what_was_left_out_is_told(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for file in files:
        counts = tifffile.imread(file)
        counts[5::60, 5::60] += 3000
        tifffile.imwrite(file, counts)
    image, dark = map(str, files)
    assert cli.main(["calibrate", image, "--dark", dark, *map(str, OPTICS)]) == 0
    assert "hot pixels            25 left out" in capsys.readouterr().out


def test_swapped_files_are_refused(refused: Callable[..., str], files: tuple[Path, Path]) -> None:
    image, dark = files
    message = refused("calibrate", dark, "--dark", image, *OPTICS)
    assert "image.tif: its mean of" in message
    assert "above the darkest ground" in message
    assert "image.tif has the same pixels" in refused("calibrate", image, "--dark", image, *OPTICS)


def test_a_refusal_is_an_exit_status(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(files[1]), *map(str, OPTICS)]
    assert cli.main(["calibrate", *words]) == 1
    assert "refused: too little signal" in capsys.readouterr().out
