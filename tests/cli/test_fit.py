"""``napari-3dmsl fit``, as people call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.helpers.camera_scenes import photons, recorded
from tests.helpers.commands import Run

from napari_3dmsl.cli import main
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching import scene_fit

OPTICS = ("--numerical-aperture", "1.4", "--emission-nm", "600", "--pixel-nm", "80")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in (0, 1):
        counts = recorded(photons(200.0, seed, 128), np.random.default_rng(seed), 0.5, 1.5)
        tifffile.imwrite(folder / f"{seed}.tif", counts.astype(np.uint16))
    return folder


@pytest.fixture
def few_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = scene_fit.Budget(scenes=(4,), kinds=(1,), check=6, shapes=12)
    monkeypatch.setattr(scene_fit, "Budget", lambda: budget)


@pytest.mark.usefixtures("few_scenes")
def test_images_become_a_recipe_that_is_told_and_can_be_used(
    images: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cell.toml"
    told = run("fit", images, "--out", out, *OPTICS, "--seed", 5, "--workers", 1)
    assert told["out"] == str(out)
    assert (told["tiles"], told["tile_size"]) == (8, 64)
    recipe = Recipe.load(out)
    assert recipe.scene is not None
    assert recipe.scene.kind == "cell"
    fitted = told["fitted"]["density_per_um2"]
    assert recipe.scene.cell["density_per_um2"] == (fitted["low"], fitted["high"], "log")
    assert recipe.microscopes[0].microscope.emission_nm == 600.0
    first = out.read_bytes()
    again = ["fit", str(images), "--out", str(out), *OPTICS, "--seed", "5", "--workers", "1"]
    assert main(again) == 0
    assert out.read_bytes() == first, "the same seed, the same recipe"
    printed = capsys.readouterr().out
    assert "8 tiles of 64 × 64 pixels" in printed
    assert f"recipe: {out}" in printed


def test_it_is_told_what_is_missing(
    images: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    assert "--emission-nm, --pixel-nm missing" in refused(
        "fit", images, "--out", tmp_path / "cell.toml", "--numerical-aperture", 1.4
    )
    assert "ends in .toml or .json" in refused("fit", images, "--out", tmp_path / "cell", *OPTICS)
    assert not list(tmp_path.glob("cell*"))
