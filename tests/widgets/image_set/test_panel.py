"""The *Image set* panel: what it shows is what the recipe's file says, and what is made."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands, running, workers

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.microscope.presets import microscope_names

PANEL = "Image set"
KINDS = ("images", "masks")


@pytest.fixture(scope="module")
def library(shapes: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four small shapes on disk."""
    folder = tmp_path_factory.mktemp("shapes") / "library"
    write_library(shapes.shapes, folder)
    return folder


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers the next question for a file or folder."""
    from qtpy.QtWidgets import QFileDialog

    def give(path: Path | str) -> None:
        for name in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, name, lambda *_, **__: (str(path), ""))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(path))

    return give


@pytest.fixture
def hands(viewer: Any, open_panel: Any, library: Path) -> Hands:
    """The panel, with the library chosen by its path."""
    found = open_panel(viewer, PANEL)
    found.type("library", library)
    found.wait(lambda: "images" in plan(found))
    return found


def plan(hands: Hands) -> str:
    return str(hands.find("plan").text())


def counted(hands: Hands, text: str) -> None:
    hands.wait(lambda: plan(hands).startswith(text))


def open_file(hands: Hands, answer: Any, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    answer(path)
    hands.click("open_recipe")


def saved(hands: Hands, answer: Any, path: Path) -> Recipe:
    answer(path)
    hands.click("save_recipe")
    assert not hands.complains, hands.status
    return Recipe.load(path)


def made(done: int, total: int, what: str) -> bool:
    """Whether a run has told of an image that it has made, and not of what was there."""
    return what != "starting" and "checked" not in what


def whole(folder: Path) -> set[str]:
    """Names of the images of a set that have all their files."""
    images, masks = ({path.name for path in folder.glob(f"{kind}/*.tif")} for kind in KINDS)
    return images & masks


def small(hands: Hands) -> None:
    """Ask for small images of one view, which are made quickly."""
    hands.click("six")
    hands.type("random", 1)
    hands.type("image_size", 32)


def test_the_open_library_is_taken_until_another_is_chosen(
    viewer: Any, open_panel: Any, library: Path, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    hands.wait(lambda: plan(hands).startswith("Choose a shape library"))
    assert not hands.find("preview").isEnabled()
    viewer.open(library, plugin="napari-3dmsl")
    assert hands.find("library").text() == str(library)
    counted(hands, "4 of 4 shapes → 24 images: 18 train · 6 val · 0 test")
    write_library(shapes.shapes[:2], tmp_path / "two.zip")
    answer(tmp_path / "two.zip")
    hands.click("choose_zip")
    counted(hands, "2 of 2 shapes")
    viewer.layers.clear()
    viewer.open(library, plugin="napari-3dmsl")
    assert hands.find("library").text() == str(tmp_path / "two.zip")


def test_shapes_just_extracted_are_saved_first(
    loaded: Any, open_panel: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    assert "4 shapes that are open are not on disk" in hands.find("unsaved").text()
    answer(tmp_path / "mine")
    hands.click("save_shapes")
    counted(hands, "4 of 4 shapes")
    assert hands.find("save_shapes").isHidden()
    assert hands.find("library").text() == str(tmp_path / "mine")
    assert list(ShapeLibrary.open(tmp_path / "mine").ids) == [1, 2, 3, 4]


def test_shapes_are_saved_over_a_library_after_a_question(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    write_library(shapes.shapes[:1], tmp_path / "mine")
    hands = open_panel(loaded, PANEL)
    answer(tmp_path / "mine")
    hands.click("save_shapes")
    assert len(ShapeLibrary.open(tmp_path / "mine")) == 1
    hands.click("replace")
    counted(hands, "4 of 4 shapes")


def test_the_shapes_that_are_left_are_counted_while_filters_change(hands: Hands) -> None:
    hands.click("classes_dot")
    counted(hands, "2 of 4 shapes → 12 images")
    hands.click("classes_dot")
    hands.type("length_um", "1,0")
    hands.click("classes_donut")
    counted(hands, "1 of 4 shapes → 6 images")
    hands.type("length_um_to", "1.1")
    hands.wait(lambda: hands.complains)
    assert "none of the 4 shapes is left" in hands.status
    assert not hands.find("make").isEnabled()
    hands.type("length_um_to", "long")
    hands.wait(lambda: "Length: 'long' is no number" in hands.status)
    hands.type("length_um_to", "100")
    counted(hands, "1 of 4 shapes")
    assert hands.status == ""
    hands.click("microscopes_epi1")
    hands.type("repeats", 10)
    counted(hands, "1 of 4 shapes → 120 images")


RECIPE = """
name = "everything"
seed = 12345
repeats = 2
microscopes = ["epi1", {preset = "con1", name = "mine", camera = {background_photons = [1, 9]}}]
image_size = [48, 32]
snr = [4.5, 20.25]
ground_truth = ["instances", "depth"]

[source]
library = "library"
classes = ["donut", "dot", "rod"]
volume_um3 = [0.001, 3.0000000001]
ids = [1, 2, 3]

[split]
train = 0.5
val = 0.25
test = 0.25

[views]
six = false
rotations_deg = [[0.0, 12.5, 90.0]]

[labelling]
density_per_um2 = [10.0, 300.123456789, "log"]
off_time_s = 0.2

[focus]
focus_um = [-0.123456, 0.5]
planes = 3

[motion]
frames = 4
heading = "random"

[output]
format = "ome-zarr"
"""


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_what_a_file_says_is_shown_and_saved_to_the_last_digit(
    viewer: Any, open_panel: Any, library: Path, tmp_path: Path, answer: Any, suffix: str
) -> None:
    hands = open_panel(viewer, PANEL)
    text = RECIPE.replace('"library"', f'"{library.as_posix()}"')
    open_file(hands, answer, tmp_path / "given.toml", text)
    given = Recipe.load(tmp_path / "given.toml")
    assert hands.find("name").text() == "everything"
    assert hands.find("seed").value() == 12345
    assert hands.find("microscopes_epi1").isChecked()
    assert hands.find("microscopes_mine").isChecked()
    assert not hands.find("microscopes_con1").isChecked()
    assert hands.find("snr").text() == "4.5"
    assert hands.find("snr_to").text() == "20.25"
    assert hands.find("image_size").text() == "48"
    assert hands.find("density_per_um2_to").text() == "300.123456789"
    assert hands.find("motion").isChecked()
    assert hands.find("frames").value() == 4
    assert not hands.find("scene").isChecked()
    kept = hands.find("kept").text()
    for name in ("Shapes", "Rotations", "Dark for", "Heading"):
        assert name in kept
    assert "Signal to noise" not in kept
    assert saved(hands, answer, tmp_path / f"again.{suffix}") == given
    hands.type("frames", 5)
    changed = saved(hands, answer, tmp_path / f"changed.{suffix}")
    assert given.motion is not None
    assert changed == given.replace(motion=given.motion.replace(frames=5))
    hands.click("motion")
    still = saved(hands, answer, tmp_path / f"still.{suffix}")
    assert still == given.replace(motion=None)


def test_scenes_and_time_lapse_are_what_the_fields_show(
    hands: Hands, answer: Any, tmp_path: Path
) -> None:
    hands.click("scene")
    hands.type("objects", 3)
    hands.type("objects_to", 5)
    hands.type("montage_to", 2)
    hands.type("repeats", 5)
    counted(hands, "4 of 4 shapes in 5 scenes")
    assert not hands.find("six").isEnabled()
    assert not hands.find("frames").isEnabled()
    recipe = saved(hands, answer, tmp_path / "scenes.toml")
    assert recipe.scene is not None
    assert (recipe.scene.kind, recipe.scene.objects) == ("packed", (3, 5))
    assert recipe.montage == (2, 2)
    hands.empty("montage")
    hands.empty("montage_to")
    hands.click("motion")
    hands.type("bleach_time_s", 30)
    recipe = saved(hands, answer, tmp_path / "film.toml")
    assert recipe.motion is not None
    assert recipe.motion.bleach_time_s == 30
    assert recipe.montage is None
    hands.click("scene")
    assert saved(hands, answer, tmp_path / "one.toml").scene is None


def test_a_new_recipe_is_written_in_full(hands: Hands, answer: Any, tmp_path: Path) -> None:
    hands.type("density_per_um2", 10)
    hands.type("density_per_um2_to", 100)
    hands.click("ground_truth_depth")
    recipe = saved(hands, answer, tmp_path / "recipe.toml")
    assert recipe.labelling["density_per_um2"] == (10, 100)
    assert recipe.truths == ("mask", "depth")
    text = (tmp_path / "recipe.toml").read_text(encoding="utf-8")
    for name in ("seed", "train", "six", "focus_um", "efficiency", "layout"):
        assert f"{name} = " in text


def test_a_wrong_file_is_told_with_its_line_and_changes_nothing(
    hands: Hands, answer: Any, tmp_path: Path
) -> None:
    hands.type("seed", 77)
    before = hands.panel.values()
    for wrong, told in (
        ('microscopes = ["con1"]\n[source]\nlibrary = "."\nmost = 0', "line 4: source.most = 0"),
        ('microscopes = ["con9"]\n[source]\nlibrary = "."', "line 1"),
        ("microscopes = [", "not valid TOML"),
    ):
        open_file(hands, answer, tmp_path / "wrong.toml", wrong)
        assert hands.complains
        assert told in hands.status
        assert "\n" not in hands.status
    assert hands.panel.values() == before


def test_every_field_has_a_tip_and_can_be_reached_by_keyboard(hands: Hands) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import (
        QAbstractSpinBox,
        QCheckBox,
        QComboBox,
        QLineEdit,
        QListWidget,
        QPushButton,
    )

    inner = {"qt_spinbox_lineedit", ""}
    kinds = (QAbstractSpinBox, QCheckBox, QComboBox, QLineEdit, QListWidget, QPushButton)
    fields = [f for kind in kinds for f in hands.panel.findChildren(kind)]
    fields = [f for f in fields if f.objectName() not in inner]
    assert len(fields) > 60
    assert [f.objectName() for f in fields if not f.toolTip()] == []
    assert [f.objectName() for f in fields if not f.focusPolicy() & Qt.FocusPolicy.TabFocus] == []
    names = {f.objectName() for f in fields}
    assert {f"ground_truth_{name}" for name in TRUTHS} <= names
    assert {f"microscopes_{name}" for name in microscope_names()} <= names


def test_the_preview_shows_samples_and_tells_size_and_time(hands: Hands) -> None:
    hands.type("image_size", 32)
    hands.click("microscopes_epi1")
    counted(hands, "4 of 4 shapes → 48 images")
    assert "Preview tells size and time" in plan(hands)
    hands.click("preview")
    sheet = hands.find("contact_sheet")
    hands.wait(sheet.count)
    hands.wait(lambda: "About" in plan(hands))
    assert sheet.count() == 16
    assert hands.status.startswith("16 samples")
    captions = [sheet.item(row).text() for row in range(16)]
    assert len(set(captions)) == 16
    assert sum("epi1" in caption for caption in captions) == 8
    assert {caption.split(" · ")[0] for caption in captions} == {"1", "2", "3", "4"}
    assert not sheet.item(0).icon().isNull()
    assert "photons" in sheet.item(0).toolTip()
    hands.press("contact_sheet", "Right", 2)
    assert hands.status == sheet.currentItem().toolTip().replace("\n", "; ")
    assert sheet.currentRow() > 0
    before = sheet.item(0).icon().pixmap(86, 86).toImage()
    hands.click("outlines")
    assert sheet.item(0).icon().pixmap(86, 86).toImage() != before
    assert " process" in plan(hands)  # as many as this machine has processors
    hands.type("seed", 5)
    hands.wait(lambda: "Preview tells size and time" in plan(hands))


def test_cancel_ends_the_preview(hands: Hands, hold: Any) -> None:
    hold(lambda *_: True)
    hands.click("preview")
    hands.click("cancel")
    hands.wait(lambda: hands.status == "Preview cancelled.")
    assert hands.find("contact_sheet").count() < 16
    assert hands.find("preview").isEnabled()


def test_the_set_is_made_gone_on_with_and_protected(
    hands: Hands, answer: Any, tmp_path: Path
) -> None:
    small(hands)
    hands.type("repeats", 2)
    counted(hands, "4 of 4 shapes → 8 images")
    answer(tmp_path / "set")
    told = hands.texts()
    hands.click("make")
    assert not hands.find("preview").isEnabled()
    hands.wait(lambda: hands.find("make").isEnabled())
    assert hands.status == f"8 images in {tmp_path / 'set'}: 8 made."
    assert any("of 8 images" in text for text in told)
    with (tmp_path / "set" / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for row in rows:
        assert (tmp_path / "set" / row["image"]).is_file()
        assert (tmp_path / "set" / row["mask"]).is_file()
    viewer = hands.panel.viewer
    mine = viewer.add_image(np.zeros((9, 9, 9)), name="mine", scale=(0.1, 0.1, 0.1), units="µm")
    viewer.dims.ndisplay = 3
    hands.click("open_set")
    assert viewer.dims.ndisplay == 2
    assert (viewer.dims.current_step[0], viewer.dims.nsteps[0]) == (0, 8)
    assert "con1: 8 of 8 images" in hands.status
    assert not mine.visible
    viewer.layers.remove(mine)
    names = [layer.name for layer in hands.panel.viewer.layers]
    assert names == ["con1", "con1 mask"]
    assert hands.panel.viewer.layers["con1"].data.shape == (8, 32, 32)
    hands.click("make")
    hands.wait(lambda: "8 were there and are whole" in hands.status)
    hands.type("seed", 9)
    hands.wait(lambda: hands.find("make").isEnabled())
    hands.click("make")
    hands.wait(lambda: hands.complains)
    assert "recipe.seed: 0 before, 9 now" in hands.status
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.doc").write_text("")
    answer(tmp_path / "other")
    hands.click("make")
    hands.wait(lambda: "not empty (thesis.doc)" in hands.status)
    assert [item.name for item in (tmp_path / "other").iterdir()] == ["thesis.doc"]


def test_cancel_keeps_what_is_finished_and_the_next_run_goes_on(
    hands: Hands, answer: Any, tmp_path: Path, hold: Any
) -> None:
    hold(made)
    small(hands)
    hands.type("repeats", 10)
    counted(hands, "4 of 4 shapes → 40 images")
    answer(tmp_path / "set")
    kept: set[str] = set()
    bar = hands.find("progress")
    for _ in range(2):
        hands.click("make")
        hands.wait(lambda before=kept: bar.maximum() == 40 and bar.value() > len(before))
        hands.click("cancel")
        hands.wait(lambda: hands.status.startswith("Cancelled"))
        assert f" {len(kept) + 1} of 40 images" in hands.status
        assert "go on" in hands.status
        assert workers() == []
        before, kept = kept, whole(tmp_path / "set")
        assert before < kept
        assert len(kept) < 40


def test_cancel_while_shapes_are_checked_counts_no_images(
    hands: Hands, answer: Any, tmp_path: Path, hold: Any
) -> None:
    hold(lambda done, total, what: what == "shapes checked")
    counted(hands, "4 of 4 shapes")
    answer(tmp_path / "set")
    hands.click("make")
    hands.wait(lambda: hands.status == "4 of 4 shapes checked")
    hands.click("cancel")
    hands.wait(lambda: hands.status.startswith("Cancelled"))
    assert hands.status == (
        f"Cancelled. What is finished is kept in {tmp_path / 'set'}. "
        "To go on, make the set into the same folder again."
    )


def test_closing_the_panel_in_the_middle_ends_the_run(
    viewer: Any, hands: Hands, answer: Any, tmp_path: Path, hold: Any
) -> None:
    hold(made)
    small(hands)
    hands.type("repeats", 10)
    counted(hands, "4 of 4 shapes → 40 images")
    answer(tmp_path / "set")
    hands.click("make")
    bar = hands.find("progress")
    hands.wait(lambda: bar.maximum() == 40 and bar.value() > 0)
    viewer.window.remove_dock_widget(hands.dock)
    hands.wait(lambda: running() == [])


def test_closing_the_viewer_during_a_preview_leaves_nothing(viewer: Any, hands: Hands) -> None:
    hands.click("preview")
    hands.wait(lambda: hands.find("contact_sheet").count())
    viewer.close()


def test_the_export_panel_opens_it(loaded: Any, open_panel: Any) -> None:
    hands = open_panel(loaded, "Export images")
    hands.click("make_set")
    found = [name for name in loaded.window.dock_widgets if PANEL in name]
    assert found == [f"{PANEL} (3DMSL)"]  # as napari's menu calls it, which so knows it
    hands.click("make_set")
    assert [name for name in loaded.window.dock_widgets if PANEL in name] == found


def test_the_recipe_is_remembered_and_defaults_bring_it_back(
    viewer: Any, open_panel: Any, qtbot: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("microscopes_epi1")
    hands.click("scene")
    hands.type("density_per_um2_to", "300")
    hands.type("snr", "no number")
    hands.empty("snr")
    before = hands.panel.form.values()
    viewer.window.remove_dock_widget(hands.dock)
    hands = open_panel(viewer, PANEL)
    told = hands.status.removeprefix("As you left it last time: ").rstrip(".")
    assert set(told.split(", ")) == {"microscopes", "scenes", "labelling"}
    assert hands.panel.form.values() == before
    hands.click("defaults")
    assert not hands.find("scene").isChecked()
    assert not hands.find("microscopes_epi1").isChecked()
    hands.click("defaults")
    assert hands.panel.form.values() == before
    viewer.window.remove_dock_widget(hands.dock)


def test_a_damaged_memory_is_left_alone(viewer: Any, open_panel: Any) -> None:
    import json

    from napari_3dmsl.microscope.presets import user_folder

    fresh = open_panel(viewer, PANEL)
    values = fresh.panel.form.values()
    viewer.window.remove_dock_widget(fresh.dock)
    for damaged in ({"source": 5}, {"microscopes": ["gone"]}, {"views": {"six": "x"}}, {"no": 1}):
        content = {"image set": {"recipe": damaged}}
        (user_folder() / "panels.json").write_text(json.dumps(content), "utf-8")
        hands = open_panel(viewer, PANEL)
        assert hands.panel.form.values() == values
        viewer.window.remove_dock_widget(hands.dock)
