"""Recipes: read, written, drawn from; and what is said of broken ones."""

import json

import numpy as np
import pytest
import tomli_w
from broken_recipes import HEAD, TOML, WHOLE

from napari_3dmsl.datasets.recipe.error_lines import line_of
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_camera, load_microscope, usual_camera
from napari_3dmsl.ranges import draw, draw_settings, open_settings
from napari_3dmsl.settings import SettingsError

BROKEN = {
    **{name: (".toml", HEAD + text, line, words) for name, (text, line, words) in TOML.items()},
    **WHOLE,
}

FULL = """
name = "all of it"
seed = 11
repeats = 2
image_size = [48, 64]
snr = [2, 20, "log"]
ground_truth = ["mask", "emitters", "meshes"]
microscopes = [
    "con1",
    { preset = "epi1", name = "dry", objective = "20x-air", pixel_integration = false },
    { preset = "conf2", name = "dim", camera = { preset = "pmt", offset_adu = [50, 150] } },
]

[source]
library = "shapes"
classes = ["rod", "nano-tunnel"]
length_um = [1, 30]
whole_only = true
most = 12

[split]
train = 0.5
val = 0.25
test = 0.25

[views]
six = false
random = 3
rotations_deg = [[0, 45, 0]]

[focus]
focus_um = [-0.5, 0.5]
planes = 3

[labelling]
density_per_um2 = [10, 100, "log"]
efficiency = 0.5
"""


def load(folder, text, suffix=".toml"):
    file = folder / f"recipe{suffix}"
    file.write_text(text, encoding="utf-8")
    return Recipe.load(file)


def test_there_are_forty_broken_recipes_and_more():
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_recipe_is_told_in_one_line_that_names_the_field(tmp_path, name):
    suffix, text, line, words = BROKEN[name]
    file = tmp_path / f"recipe{suffix}"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r".") as caught:
        Recipe.load(file)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{file}: " + (f"line {line}: " if line else ""))
    assert [word for word in words if word not in message] == []
    # None of the words that only people who write Python know.
    assert not [word for word in ("tuple", "dictionary", "literal[", "Union") if word in message]


def test_all_problems_of_a_recipe_are_told_at_once(tmp_path):
    with pytest.raises(ValueError, match="line 3: seed = -1.*; line 4: repeats = 0"):
        load(tmp_path, f"{HEAD}seed = -1\nrepeats = 0\n")


def test_a_recipe_goes_round_as_toml_and_json_and_is_the_same(tmp_path):
    recipe = load(tmp_path, FULL)
    dumped = recipe.model_dump(mode="json", exclude_none=True)
    assert load(tmp_path, tomli_w.dumps(dumped)) == recipe
    assert load(tmp_path, json.dumps(recipe.model_dump(mode="json")), ".json") == recipe
    assert Recipe(**recipe.model_dump()) == recipe
    assert recipe.replace(seed=12).replace(seed=11) == recipe


def test_what_a_full_recipe_says_is_what_it_means(tmp_path):
    recipe = load(tmp_path, FULL)
    con1, dry, dim = recipe.microscopes
    assert con1.microscope == load_microscope("con1")
    assert con1.camera == usual_camera(con1.microscope).model_dump(mode="json")
    assert (dry.name, dry.microscope.pixel_integration) == ("dry", False)
    assert dry.microscope.numerical_aperture < 1
    assert dim.camera["offset_adu"] == (50, 150)
    assert dim.camera["quantum_efficiency"] == load_camera("pmt").quantum_efficiency
    assert recipe.views.count == 4
    assert recipe.truths == ("mask", "emitters", "meshes")
    assert recipe.labelling["photons_per_fluorophore"] == Labelling().photons_per_fluorophore


def test_a_recipe_needs_only_a_library_and_a_microscope(tmp_path):
    recipe = load(tmp_path, HEAD)
    assert (recipe.seed, recipe.repeats, recipe.noise, recipe.snr) == (0, 1, "camera", None)
    assert recipe.truths == ("mask",)
    assert recipe.views.count == 6
    assert (recipe.split.train, recipe.split.val, recipe.split.test) == (0.8, 0.1, 0.1)
    assert Labelling(**recipe.labelling) == Labelling()
    assert (recipe.output.layout, recipe.output.format) == ("flat", "ome-tiff")


def test_names_of_files_count_from_the_folder_of_the_recipe(tmp_path, monkeypatch):
    (tmp_path / "scope.json").write_text('{"name": "ours", "pixel_nm": 90}')
    (tmp_path / "chip.toml").write_text('name = "chip"\nread_noise_e = 3.5')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    recipe = load(
        tmp_path,
        '[source]\nlibrary = "../shapes"\n[[microscopes]]\n'
        'preset = "scope.json"\ncamera = "chip.toml"',
    )
    assert recipe.source.library == str((tmp_path.parent / "shapes").resolve())
    assert recipe.microscopes[0].microscope.pixel_nm == 90
    assert recipe.microscopes[0].camera["read_noise_e"] == 3.5
    missing = '["lost.json"]'
    with pytest.raises(ValueError, match=r"line 2: microscopes\.0.*lost\.json: no such file"):
        load(tmp_path, f'source.library = "shapes"\nmicroscopes = {missing}')


def test_every_truth_can_be_asked_for_and_comes_in_its_order(tmp_path):
    moving = 'motion = { frames = 2 }\nground_truth = ["tracks", "mask", "mask"]\n'
    assert load(tmp_path, moving + HEAD).truths == ("mask", "tracks")
    still = [name for name in reversed(TRUTHS) if name != "tracks"]
    recipe = load(tmp_path, f"ground_truth = {json.dumps(still)}\n{HEAD}")
    assert list(recipe.truths) == still[::-1]


@pytest.mark.parametrize("log", [False, True])
def test_ranges_are_drawn_evenly_within_their_limits(log):
    low, high = 2.0, 200.0
    given = (low, high, "log") if log else (low, high)
    rng = np.random.default_rng(3)
    drawn = np.array([draw(given, rng) for _ in range(4000)])
    assert drawn.min() >= low
    assert drawn.max() <= high
    scale = np.log(drawn / low) / np.log(high / low) if log else (drawn - low) / (high - low)
    # The largest distance from an even distribution: above 0.0257 in one of a hundred cases.
    ranks = (np.arange(4000) + 0.5) / 4000
    assert np.abs(np.sort(scale) - ranks).max() < 0.0257


def test_a_number_is_not_drawn():
    assert draw(3, np.random.default_rng(0)) == 3.0
    camera = draw_settings(Camera, Camera().model_dump(), np.random.default_rng(0))
    assert camera == Camera()


def test_open_settings_are_checked_at_both_ends_and_filled_up():
    found = open_settings(Camera, {"background_photons": [1, 9]})
    assert found["background_photons"] == (1, 9)
    assert found["bit_depth"] == Camera().bit_depth
    with pytest.raises(SettingsError, match="quantum_efficiency = 2"):
        open_settings(Camera, {"quantum_efficiency": [0.1, 2]})
    with pytest.raises(SettingsError, match="bit_depth"):  # no range: a camera has one
        open_settings(Camera, {"bit_depth": [8, 16]})


NESTED = """\
seed = 1 # one
"name" = "a # b"

[source]
library = "x"
limits.length = [1, 2]

[[microscopes]]
preset = "con1"
camera = { preset = "pmt", offset_adu = -1 }

[[microscopes]]
preset = "epi1"

[microscopes.camera]
offset_adu = 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("seed", 1),
        ("name", 2),
        ("source", 4),
        ("source.library", 5),
        ("source.limits.length.1", 6),
        ("microscopes.0", 8),
        ("microscopes.0.camera.offset_adu", 10),
        ("microscopes.1.preset", 13),
        ("microscopes.1.camera", 15),
        ("microscopes.1.camera.offset_adu", 16),
        ("microscopes.1.pinhole", 12),
        ("repeats", None),
    ],
)
def test_the_line_of_a_setting_is_found_in_toml(path, line):
    assert line_of(NESTED, path.split("."), toml=True) == line


def test_the_line_of_a_setting_is_found_in_json():
    text = '{\n "a": "x: {[,\\"",\n "b": [1,\n  {"c": 2},\n  {"c":\n 3, "d": []}]}'
    found = {path: line_of(text, path.split("."), toml=False) for path in ("a", "b.0", "b.2.d")}
    assert found == {"a": 2, "b.0": 3, "b.2.d": 6}
    assert line_of(text, ["b", "2", "c"], toml=False) == 5


@pytest.mark.parametrize(
    ("variants", "scene", "words"),
    [
        ([{"camera": {"e_per_adu": [2, 1]}}], "cell", "e_per_adu"),
        ([{"cell": {"coverage": 2}}], "cell", "coverage"),
        ([{"cell": {"glowing": 2}}], "cell", "glowing"),
        ([{"cell": {"coverage": 1}}], "packed", "kind = 'cell'"),
        ([{"focus": {}}], "cell", "focus"),
    ],
)
def test_variants_are_checked(variants, scene, words):
    values = {"source": {"library": "tubes"}, "microscopes": ["epi1"], "scene": {"kind": scene}}
    with pytest.raises(SettingsError, match=words):
        Recipe(**values, variants=variants)


def test_variants_hold_only_what_they_were_given():
    camera = {"offset_adu": [4, 5]}
    values = {"source": {"library": "tubes"}, "microscopes": ["epi1"], "scene": {"kind": "cell"}}
    recipe = Recipe(**values, variants=[{"camera": camera}, {"cell": {"coverage": 1}}])
    assert recipe.variants[0].camera == {"offset_adu": (4, 5)}
    assert recipe.variants[1].cell == {"coverage": 1}
    assert Recipe(**recipe.model_dump(mode="json")) == recipe
