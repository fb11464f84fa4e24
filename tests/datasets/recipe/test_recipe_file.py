"""Recipes are written as people read them, and mean the same when they are read again."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.recipe_file import read_recipe, settings_in, write_recipe

VALUES: dict[str, Any] = {
    "name": "é",
    "seed": 7,
    "source": {"library": "", "classes": ["rod", "dot"], "length_um": [0.5, 1e6], "most": None},
    "microscopes": ["con1", {"preset": "epi1", "name": "mine", "camera": {"read_noise_e": [1, 3]}}],
    "labelling": {"density_per_um2": [10.0, 300.0, "log"]},
    "views": {"six": False, "rotations_deg": [[0.0, 12.5, 90.0]]},
    "motion": {"frames": 3},
}


def values_of(library: Path) -> dict[str, Any]:
    return {**VALUES, "source": {**VALUES["source"], "library": str(library)}}


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_recipe_means_the_same_after_writing_and_reading(tmp_path: Path, suffix: str) -> None:
    values = values_of(tmp_path / "elsewhere" / "library")
    path = tmp_path / f"recipe{suffix}"
    write_recipe(values, path)
    assert Recipe.load(path) == Recipe(**values)
    again = read_recipe(path)
    del values["source"]["most"]
    assert again == values
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_recipe_that_an_editor_of_windows_saved_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"recipe{suffix}"
    write_recipe(values_of(tmp_path / "library"), path)
    values = read_recipe(path)
    path.write_text(path.read_text("utf-8"), "utf-8-sig")  # with a byte order mark
    assert read_recipe(path) == values


def test_a_library_beside_the_recipe_can_move_with_it(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    write_recipe(values_of(before / "library"), before / "recipe.toml")
    written = tomllib.loads((before / "recipe.toml").read_text(encoding="utf-8"))
    assert written["source"]["library"] == "library"
    before.rename(after)
    assert read_recipe(after / "recipe.toml")["source"]["library"] == str(after / "library")
    write_recipe(values_of(tmp_path / "library"), after / "recipe.json")
    written = json.loads((after / "recipe.json").read_text(encoding="utf-8"))
    assert written["source"]["library"] == str(tmp_path / "library")


def test_a_wrong_recipe_or_name_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="seed"):
        write_recipe({**values_of(tmp_path), "seed": -1}, path)
    assert path.read_text(encoding="utf-8") == "old"
    with pytest.raises(ValueError, match=r"\.toml or \.json"):
        write_recipe(values_of(tmp_path), tmp_path / "recipe.txt")
    assert list(tmp_path.iterdir()) == [path]


def test_a_wrong_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('microscopes = ["con1"]\n\n[source]\nlibrary = "."\nmost = 0\n', "utf-8")
    with pytest.raises(ValueError, match="line 5: source.most = 0"):
        read_recipe(path)


def test_the_settings_of_a_recipe_are_listed_by_their_names() -> None:
    names = {".".join(path) for path in settings_in(VALUES)}
    assert {"seed", "source.classes", "views.rotations_deg", "motion.frames"} <= names
    assert "source" not in names


HOSTILE = [
    10**400,
    -(10**400),
    1e308,
    "\0",
    "a\ud800b",
    "x" * 5000 + ".json",
    [10**400, 1],
    {"\0": 1},
]


@pytest.mark.parametrize("bad", HOSTILE, ids=lambda bad: ascii(bad)[:12])
@pytest.mark.parametrize("place", list(settings_in(VALUES)), ids=".".join)
def test_no_number_or_text_that_json_can_hold_is_more_than_one_line(
    tmp_path: Path, place: tuple[str, ...], bad: Any
) -> None:
    values = values_of(tmp_path)
    *outer, last = place
    table = values
    for name in outer:
        table[name] = dict(table[name])
        table = table[name]
    table[last] = bad
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(values), encoding="ascii")
    try:
        Recipe.load(path)
    except ValueError as error:
        told = str(error)
        assert told.startswith(f"{path}: ")
        assert "\n" not in told
        assert len(told) < 600
        told.encode("utf-8")
    else:
        assert place in {("name",), ("source", "library")}
