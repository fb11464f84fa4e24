"""The registry of ground truths: what entries say holds, and an entry is all that a truth needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placed import ball, field, placed
from small_sets import settings_of
from waiting import PATIENCE_S

import napari_3dmsl
from napari_3dmsl.ground_truth.registry import (
    TRUTHS,
    PixelTruth,
    ground_truth,
    needs_of,
    read_truth_of,
)

NEW_ENTRIES = """
def _write_box(path, placed, view, rng):
    import json
    box = [placed.vertices_um.min(axis=0).tolist(), placed.vertices_um.max(axis=0).tolist()]
    path.write_text(json.dumps(box))

def _read_box(path):
    import json
    return np.array(json.loads(path.read_text()))

TRUTHS["cover"] = PixelTruth(
    name="cover",
    text="Seven times the mask",
    folder="covers",
    draw=lambda imaged: 7 * (imaged.instances > 0),
    dtype=np.int16,
)
TRUTHS["boxes"] = ObjectTruth(
    name="boxes", text="Box of each object", suffix=".box", write=_write_box, read=_read_box
)
"""
USE_THEM = """
import json, sys
from pathlib import Path
import napari_3dmsl
from napari_3dmsl.cli import main
from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.layers.image_sets import image_set_layers

recipe, scripts = sys.argv[1:]
make = ["dataset", recipe, "made", "--json"]
for command in ([*make, "--dry-run"], make, ["info", "made", "--json"], ["schema", "recipe"]):
    if main(command):
        sys.exit(f"{command} failed")

row, sample = ImageSet("made").row(0), ImageSet("made")[0]
[rendered] = RenderedSet(Recipe.load(recipe))
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QCheckBox, QLabel
application, top = QApplication([]), QObject()
from napari_3dmsl.widgets.image_set.form import RecipeForm
form = RecipeForm(top)
widgets = application.allWidgets()
sys.path.insert(0, scripts)
from settings_tables import table_of_truths
found = {
    "files": [row["cover"], row["boxes"], (Path("made") / row["boxes"]).read_text()],
    "read": [[sample.truths["cover"].tolist(), str(sample.truths["cover"].dtype)],
             sample.truths["boxes"].tolist()],
    "rendered": [rendered.truths["cover"].tolist(), rendered.truths["boxes"].tolist()],
    "mask": sample.truths["mask"].tolist(),
    "problems": ImageSet("made").verify(),
    "layers": [(told["name"], kind) for _, told, kind in image_set_layers("made")],
    "ticks": [box.objectName() for box in widgets if isinstance(box, QCheckBox)],
    "words": [label.text() for label in widgets if isinstance(label, QLabel)],
    "docs": table_of_truths(details=False),
    "module": napari_3dmsl.__file__,
}
Path("found.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def used(library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What a copy of the package whose registry has two entries more makes of them, and prints."""
    folder = tmp_path_factory.mktemp("copy")
    package = Path(napari_3dmsl.__file__).parent
    shutil.copytree(package, folder / "src" / "napari_3dmsl")
    with (folder / "src/napari_3dmsl/ground_truth/registry.py").open("a") as registry:
        registry.write(NEW_ENTRIES)
    recipe = settings_of(library) | {
        "source": {"library": str(library), "ids": [2]},
        "microscopes": ["epi1"],
        "views": {"six": False, "rotations_deg": [[0, 0, 0]]},
        "ground_truth": ["mask", "cover", "boxes"],
    }
    (folder / "recipe.json").write_text(json.dumps(recipe))
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    ran = subprocess.run(
        [sys.executable, "-c", USE_THEM, str(folder / "recipe.json"), str(scripts)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads((folder / "found.json").read_text())
    assert found["module"] == str(folder / "src/napari_3dmsl/__init__.py")
    return found, ran.stdout


def test_a_new_entry_is_written_and_read_as_it_says(used: tuple[dict[str, Any], str]) -> None:
    found, _ = used
    stem = Path(found["files"][0]).stem
    assert found["files"][:2] == [f"covers/{stem}.tif", f"boxes/{stem}.box"]
    pixels, dtype = found["read"][0]
    assert dtype == "int16"
    assert np.any(found["mask"])
    np.testing.assert_array_equal(pixels, 7 * np.array(found["mask"]))
    assert found["read"][1] == json.loads(found["files"][2])
    assert found["rendered"] == [pixels, found["read"][1]]
    assert found["problems"] == []


def test_a_new_entry_is_shown_in_window_and_docs(used: tuple[dict[str, Any], str]) -> None:
    found, _ = used
    assert found["layers"] == [["epi1", "image"], ["epi1 mask", "labels"], ["epi1 cover", "labels"]]
    assert {"ground_truth_mask", "ground_truth_cover", "ground_truth_boxes"} <= {*found["ticks"]}
    assert {"Seven times the mask", "Box of each object"} <= {*found["words"]}  # beside the ticks
    assert "| `cover` | TIFF, int16 (y, x) | Seven times the mask. |" in found["docs"]
    assert "| `boxes` | BOX for each object | Box of each object. |" in found["docs"]


def test_a_new_entry_is_known_to_the_commands(used: tuple[dict[str, Any], str]) -> None:
    planned, made, told, schema = _documents(used[1])
    assert planned["ground_truth"] == told["ground_truth"] == ["mask", "cover", "boxes"]
    assert planned["images"] == made["images"] == told["images"] == 1
    allowed = schema["properties"]["ground_truth"]["items"]["enum"]
    assert allowed == [*TRUTHS, "cover", "boxes"]


def _documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that were printed one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


@pytest.mark.parametrize("planes", [1, 3])
def test_pixels_have_the_type_and_axes_that_their_entry_says(planes: int) -> None:
    view = field(size=(20, 30), planes=5.0 + np.arange(planes))
    photons = np.ones((planes, 20, 30))
    entries = {name: truth for name, truth in TRUTHS.items() if isinstance(truth, PixelTruth)}
    found = ground_truth([placed(ball())], view, entries, photons)
    assert list(found) == list(entries)
    stack = {"YX": (), "ZYX": (planes,), "[Z]YX": (planes,) if planes > 1 else ()}
    for name, truth in entries.items():
        assert found[name].dtype == truth.dtype, name
        assert found[name].shape == (*stack[truth.axes], 20, 30), name


def test_entries_are_told_in_one_line_each() -> None:
    for name, truth in TRUTHS.items():
        assert truth.name == name
        assert truth.text[0].isupper() or truth.text[0].isdigit(), name
        assert not truth.text.endswith(".")
        assert "\n" not in truth.text + truth.details
        assert not truth.details or truth.details.endswith("."), name


def test_needs_are_those_of_the_entries() -> None:
    assert needs_of(["mask", "emitters"]) == set()
    assert needs_of(["mask", "centreline", "tracks"]) == {"centrelines", "motion"}


def test_a_truth_without_an_entry_is_read_by_its_ending(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("z_um\n0.5\n")
    assert read_truth_of("of a later version", tmp_path / "a.csv")["z_um"].tolist() == [0.5]
