"""A fit gives a recipe that can be saved, the same one each time, or says why it cannot."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.camera_scenes import EPI, photons, recorded

from napari_3dmsl.compute import Here
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.fitted_scene import SceneFit
from napari_3dmsl.matching.scene_fit import Budget, fit_scene

SMALL = Budget(scenes=(4, 4), kinds=(1, 1), check=6, shapes=12)

ONE_ROUND = Budget(scenes=(4,), kinds=(1,), check=6, shapes=12)


@pytest.fixture(scope="module")
def images() -> list[Any]:
    made = [
        recorded(photons(200.0, seed, 128), np.random.default_rng(seed), 0.5, 1.5)
        for seed in (0, 1)
    ]
    return [image.astype(np.uint16) for image in made]


@pytest.fixture(scope="module")
def fitted(images: list[Any]) -> SceneFit:
    return fit_scene(images, EPI, seed=3, budget=SMALL, place=Here())


def test_the_recipe_is_saved_and_read_again(fitted: SceneFit, tmp_path: Path) -> None:
    fitted.save(tmp_path / "cell.toml")
    recipe = Recipe.load(tmp_path / "cell.toml")
    assert recipe.image_size == (64, 64)
    assert recipe.scene is not None
    low, high = recipe.scene.cell["coverage"]
    assert 0.0 <= low <= high <= 1.0
    assert recipe.microscopes[0].camera["e_per_adu"] == pytest.approx(0.5, rel=0.15)
    assert len(recipe.variants) == 8, "the light of each tile"
    assert recipe.output.stretch == "none"


def test_all_that_was_fitted_is_told_with_its_unit(fitted: SceneFit) -> None:
    text = "\n".join(fitted.lines())
    assert "8 tiles of 64 × 64 pixels" in text
    for words in ("cell covers", "shapes in focus", "/µm²", "haze", "photons", "point spread"):
        assert words in text
    told = fitted.as_dict()
    assert told["fitted"]["coverage"]["low"] <= told["fitted"]["coverage"]["high"]
    assert told["frechet"]["value"] > 0


def test_the_same_seed_gives_the_same_recipe(images: list[Any], fitted: SceneFit) -> None:
    again = fit_scene(images, EPI, seed=3, budget=SMALL, place=Here())
    assert again.recipe == fitted.recipe
    assert again.distance == fitted.distance


def test_8_bit_images_are_those_of_a_camera_of_8_bits(images: list[Any]) -> None:
    grey = [(image / image.max() * 200).astype(np.uint8) for image in images]
    found = fit_scene(grey, EPI, budget=ONE_ROUND, place=Here())
    recipe = Recipe(**found.recipe)
    assert recipe.output.stretch == "none"
    assert recipe.microscopes[0].camera["bit_depth"] == 8
    assert all(variant.camera["e_per_adu"] > 0.5 for variant in recipe.variants), (
        "greys are coarser"
    )


def test_it_can_be_cancelled(images: list[Any]) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done >= 3:
            raise InterruptedError(what)

    with pytest.raises(InterruptedError):
        fit_scene(images, EPI, budget=SMALL, place=Here(), progress=stop)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([], "no image"),
        ([np.zeros((64, 64))], "4 tiles or more"),
        ([np.zeros((40, 400))] * 9, "64 × 64"),
        ([np.zeros((2, 2, 64, 64))], "shape"),
        ([np.full((128, 128), 7.0)] * 2, "every pixel"),
    ],
)
def test_images_that_cannot_be_fitted_are_refused(images: list[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_scene(images, EPI, budget=SMALL, place=Here())
