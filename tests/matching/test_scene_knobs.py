"""Knobs turn what they name in a recipe, and nothing else."""

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.scene_knobs import SCENE_KNOBS, Knobs, tube_settings, with_values
from napari_3dmsl.microscope.resolution import resolution
from napari_3dmsl.microscope.settings import Microscope

EPI = {"numerical_aperture": 1.3, "emission_nm": 610, "pixel_nm": 80}


def base(**optics: float) -> dict[str, Any]:
    recipe = Recipe(
        source={"library": "tubes"}, microscopes=[{**EPI, **optics}], scene={"kind": "cell"}
    )
    return recipe.model_dump(mode="json")


def knob(name: str) -> Any:
    return next(each for each in SCENE_KNOBS if each.name == name)


@pytest.mark.parametrize("each", [k for k in SCENE_KNOBS if not k.choices], ids=lambda k: k.name)
def test_a_share_and_its_value_belong_together(each: Any) -> None:
    shares = np.linspace(0, 1, 5)
    values = each.value(shares)
    assert values[[0, -1]] == pytest.approx([each.low, each.high])
    assert each.share(values) == pytest.approx(shares)


def test_every_knob_fits_a_recipe_at_both_of_its_ends() -> None:
    knobs = Knobs(SCENE_KNOBS)
    low, high = np.zeros(len(knobs)), np.ones(len(knobs))
    for shares in (low, high):
        Recipe(**with_values(base(), knobs.values(shares)))
    ranges = knobs.ranges(low, high)
    recipe = Recipe(**with_values(base(), ranges))
    assert recipe.scene is not None
    assert recipe.scene.cell["coverage"] == (0.0, 1.0)
    assert recipe.scene.cell["density_per_um2"] == (0.03, 0.8, "log")
    assert recipe.focus.focus_um == (-0.7, 0.7)
    assert isinstance(recipe.scene.cell["layer_um"], float), "shared by all images"


def test_a_recipe_is_not_changed_in_place() -> None:
    before = base()
    with_values(before, {("scene", "cell", "haze"): 2.0, ("camera", "row_noise_e"): 1.0})
    assert before == base()


@pytest.mark.parametrize("aperture", [1.3, 1.42])
def test_blur_makes_the_point_spread_so_many_times_as_wide(aperture: float) -> None:
    """Also of an aperture that is more than the specimen lets pass."""
    changed = with_values(base(numerical_aperture=aperture), {("blur",): 1.25})
    sharp, blurred = (
        resolution(Microscope(**each["microscopes"][0]["microscope"])).lateral_fwhm_um
        for each in (base(numerical_aperture=aperture), changed)
    )
    assert blurred / sharp == pytest.approx(1.25, rel=0.06)


def test_tubes_are_as_wide_around_the_middle_as_measured_ones() -> None:
    found = tube_settings({("tubes", "radius_um"): 0.2, ("tubes", "length_um"): 3.0})
    assert found == {"length_um": 3.0, "radius_um": (0.156, 0.25)}
