"""simulate --scene cell: tubes or the shapes of a library as in a cell, with haze and masks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_3dmsl import cli
from napari_3dmsl.image_io.ome_zarr import read_zarr_array

Run = Callable[..., dict[str, Any]]
COMMON = ("simulate", "tubes", "out.zarr", "--microscope", "epi1", "--scene", "cell")
SMALL = ("--image-size", 96, 96, "--seed", 3)


def test_tubes_lie_in_a_cell_and_its_masks_in_the_image(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*COMMON, *SMALL, "--coverage", 0.8, "--haze", 1, "--peak-photons", 250)
    assert result["shape"] == [96, 96]
    assert result["cell"]["coverage"] == 0.8
    assert result["cell"]["objects_in_focus"] > 10
    assert len(result["haze_labels"]) == result["cell"]["objects_in_haze"] > 0
    mask = read_zarr_array(tmp_path / "out.zarr" / "labels" / "mask")
    haze = read_zarr_array(tmp_path / "out.zarr" / "labels" / "haze_mask")
    assert 0.05 < np.mean(mask > 0) < 0.9
    assert haze.any()
    again = run(*COMMON[:2], "again.tif", *COMMON[3:], *SMALL, "--coverage", 0.8, "--haze", 1)
    assert again["cell"]["objects_in_focus"] == result["cell"]["objects_in_focus"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("tubes", "out.tif", "--coverage", "0.5"), "--coverage does not apply without --scene"),
        (("a.off", "out.tif", "--scene", "cell"), "--scene cell: takes a library or tubes, not a"),
        (
            ("tubes", "out.tif", "--scene", "cell", "--view", "x90"),
            "--view does not apply to --scene cell",
        ),
        (("tubes", "out.tif", "--scene", "cell", "--coverage", "2"), "coverage = 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(
    options: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["simulate", *options, "--microscope", "epi1"]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
