"""``napari-3dmsl schema``: an independent validator takes what we ship and refuses the rest."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import broken_recipes
import jsonschema
import pytest
from small_sets import settings_of

from napari_3dmsl import cli
from napari_3dmsl.cli._options import CLASSES
from napari_3dmsl.datasets.recipe.recipe import Recipe

PRESETS = Path(cli.__file__).parents[1] / "microscope" / "presets"
SHIPPED = sorted(PRESETS.glob("*/*.json"))


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    printed = StringIO()
    with redirect_stdout(printed):
        assert cli.main(["schema", kind]) == 0
    schema = json.loads(printed.getvalue())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_field_says_label_and_meaning(kind: str) -> None:
    fields = validator(kind).schema["properties"]
    assert [name for name, told in fields.items() if not told.get("title")] == []
    assert [name for name, told in fields.items() if not told.get("description")] == []


@pytest.mark.parametrize("preset", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_presets_are_right_by_their_schema(preset: Path) -> None:
    kind = preset.parent.name.removesuffix("s").replace("labelling", "named-labelling")
    validator(kind).validate(json.loads(preset.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("microscope", {"emission_nm": 200}),
        ("microscope", {"emission_nm": "red"}),
        ("microscope", {"modality": "electron"}),
        ("microscope", {"image_size": [128]}),
        ("microscope", {"emision_nm": 600}),
        ("objective", {"numerical_aperture": 1.8}),
        ("camera", {"quantum_efficiency": 1.5}),
        ("camera", {"exposure_s": 0}),
        ("acquisition", {"planes": 2.5}),
        ("labelling", {"target": "matrix"}),
        ("extraction", {"voxel_nm": [8, 8, 8], "connectivity": 7}),
        ("extraction", {}),
    ],
)
def test_what_the_settings_refuse_the_schema_refuses_too(kind: str, values: dict[str, Any]) -> None:
    assert not validator(kind).is_valid(values)


@pytest.mark.parametrize("form", ["shipped", "docs", "small", "written again"])
def test_recipes_are_right_by_their_schema(form: str, repository: Path) -> None:
    needed = {"source": {"library": "shapes"}, "microscopes": ["con1"]}
    if form == "shipped":
        recipes = [tomllib.loads((repository / "recipes" / "3dmsl.toml").read_text("utf-8"))]
    elif form == "docs":
        pages = [page.read_text("utf-8") for page in (repository / "docs").glob("*.md")]
        blocks = [block for page in pages for block in re.findall(r"```toml\n(.*?)```", page, re.S)]
        recipes = [{**needed, **tomllib.loads(block)} for block in blocks]
        assert any("objective" in str(recipe) for recipe in recipes)
    elif form == "small":
        recipes = [settings_of("shapes")]
    else:
        camera = {"preset": "emccd", "background_photons": [0, 20]}
        microscopes = ["conf2-released", {"preset": "epi1", "camera": camera}]
        labelling = {"density_per_um2": [1, 30, "log"]}
        recipe = Recipe(**{**needed, "microscopes": microscopes, "labelling": labelling})
        recipes = [recipe.model_dump(mode="json")]
    check = validator("recipe")
    for recipe in recipes:
        check.validate(recipe)


@pytest.mark.parametrize(
    "name",
    [
        *("seed is a word", "truth is no list", "labelling is no table", "size has one number"),
        *("angles lack one", "unknown setting", "unknown truth", "unknown labelling"),
        *("seed below zero", "no repeat", "tiny image", "range of three"),
        *("depth below the coverslip", "snr of nothing", "density range reaches zero"),
    ],
)
def test_broken_recipes_are_refused_by_the_schema_too(name: str) -> None:
    recipe = tomllib.loads(broken_recipes.HEAD + broken_recipes.TOML[name][0])
    assert not validator("recipe").is_valid(recipe)


@pytest.mark.parametrize(
    "microscope",
    [3, {"preset": "con1", "emission": 600}, {"preset": "con1", "camera": {"em_gain": [0, 20]}}],
)
def test_microscopes_of_a_recipe_are_checked_with_their_cameras(microscope: Any) -> None:
    recipe = {"source": {"library": "shapes"}, "microscopes": [microscope]}
    assert not validator("recipe").is_valid(recipe)


def test_unit_and_source_are_told() -> None:
    emission = validator("microscope").schema["properties"]["emission_nm"]
    assert (emission["unit"], emission["minimum"], emission["maximum"]) == ("nm", 300, 1200)
    assert "Table 2" in emission["source"]


def test_another_kind_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["schema", "telescope"]) == 2
    assert "'telescope' is not one of 'recipe', 'microscope'" in capsys.readouterr().err
