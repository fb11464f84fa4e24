"""Classes corrected by hand in the *Shape browser*: shown everywhere, undone, kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import VOXEL_NM, Hands, load
from shape_browser import PANEL, chosen, click_row, rows, words

from napari_3dmsl.layers.attributes import KEY, LayerData, about
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.extraction import INSTANCES, extraction_layers
from napari_3dmsl.layers.surfaces import mesh_of_layer
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings


@pytest.fixture
def extracted(labels: np.ndarray) -> list[LayerData]:
    """Shapes of its own for each test, as they are changed."""
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    return extraction_layers(labels, settings, "volume")


@pytest.fixture
def shapes(extracted: list[LayerData]) -> Any:
    return extracted[0][1]["metadata"][KEY]["shapes"]


def surfaces(viewer: Any) -> dict[str, np.ndarray]:
    """Corners of the box of each class that is drawn."""
    return {
        layer.name: np.round(mesh_of_layer(layer).bounds_um, 3)
        for layer in viewer.layers
        if about(layer).get("kind") == "class"
    }


def set_class(hands: Hands, kind: str) -> None:
    hands.choose("new_class", kind)
    hands.click("set_class")


def test_a_corrected_class_is_shown_in_table_counts_surfaces_and_labels(
    viewer: Any, open_panel: Any, extracted: Any, shapes: Any
) -> None:
    load(viewer, extracted)
    hands = open_panel(viewer, PANEL)
    before = surfaces(viewer)
    measured = shapes.table["reason"][2]
    click_row(hands, 3)
    assert hands.find("new_class").currentText() == "rod"
    set_class(hands, "network")
    assert rows(hands, 1) == ["dot", "dot", "network ✎", "donut"]
    assert chosen(hands) == ["3"]
    found = words(hands)
    assert found == ["all classes (4)", "dot (2)", "donut (1)", "network (1)", "set by hand (1)"]
    assert f"network: set by hand (was {measured})" in hands.find("why").text()
    after = surfaces(viewer)
    assert set(after) == {"dot (2)", "donut (1)", "network (1)"}
    np.testing.assert_array_equal(after["network (1)"], before["rod (1)"])
    instances = viewer.layers[INSTANCES]
    expected = [int(class_colour("network")[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    np.testing.assert_allclose(instances.get_color(3)[:3], expected, atol=0.01)
    assert instances.features["shape_class"].tolist() == ["", "dot", "dot", "network", "donut"]
    assert viewer.layers.selection.active is instances
    hands.choose("shape_class", "set by hand (1)")
    assert rows(hands) == ["3"]
    # The measured class again is no correction.
    set_class(hands, "rod")
    assert shapes.table["reason"][2] == measured
    hands.choose("shape_class", "all classes (4)")
    assert rows(hands, 1) == ["dot", "dot", "rod", "donut"]
    assert surfaces(viewer).keys() == before.keys()


def test_undo_and_ctrl_z_take_back_one_change_after_the_other(
    viewer: Any, open_panel: Any, extracted: Any, shapes: Any
) -> None:
    from qtpy.QtCore import Qt

    load(viewer, extracted)
    hands = open_panel(viewer, PANEL)
    before, table = surfaces(viewer), {name: list(x) for name, x in shapes.table.items()}
    assert not hands.find("undo").isEnabled()
    click_row(hands, 1)
    click_row(hands, 3, "Control")
    set_class(hands, "mega")
    assert rows(hands, 1) == ["mega ✎", "dot", "mega ✎", "donut"]
    assert hands.status.startswith("2 shapes set to mega.")
    click_row(hands, 1)
    set_class(hands, "rod")
    assert rows(hands, 1) == ["rod ✎", "dot", "mega ✎", "donut"]
    assert shapes.table["measured_class"] == ["dot", "", "rod", ""]
    hands.click("undo")
    assert rows(hands, 1) == ["mega ✎", "dot", "mega ✎", "donut"]
    hands.qtbot.keyClick(hands.find("shapes"), "Z", Qt.KeyboardModifier.ControlModifier)
    assert rows(hands, 1) == ["dot", "dot", "rod", "donut"]
    assert shapes.table == table
    after = surfaces(viewer)
    assert after.keys() == before.keys()
    for name, box in before.items():
        np.testing.assert_array_equal(after[name], box)
    assert not hands.find("undo").isEnabled()


def test_the_other_panels_follow_a_correction_at_once(loaded: Any, open_panel: Any) -> None:
    hands = open_panel(loaded, PANEL)
    microscope, export = open_panel(loaded, "Microscope"), open_panel(loaded, "Export images")
    click_row(hands, 3)
    microscope.wait(lambda: "simulated image" in loaded.layers)
    before = microscope.find("sample").text()
    assert before.startswith("3 · rod")
    set_class(hands, "network")
    assert microscope.find("sample").text().startswith("3 · network: set by hand")
    assert "network: set by hand" in export.panel.shape.text()
    hands.click("undo")
    assert microscope.find("sample").text() == before


def test_corrections_are_kept_in_a_library_of_ours(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    write_library(shapes.shapes, folder)
    before = sorted(folder.rglob("*"))
    viewer.open(folder, plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    click_row(hands, 4)
    set_class(hands, "network")
    assert hands.status == "Shape 4 set to network. Saved in the library."
    assert sorted(folder.rglob("*")) == before  # nothing temporary is left
    again = ShapeLibrary.open(folder)
    assert again.table["shape_class"] == ["dot", "dot", "rod", "network"]
    assert again.table["measured_class"] == ["", "", "", "donut"]
    assert again.table["reason"][3].startswith("network: set by hand (was donut: ")
    for name in ("cx", "bbx", "length_um", "parent", "touches_border"):
        assert again.table[name] == ShapeLibrary.open(folder).table[name]
    # Opened again, the measured class is still known, and gives the first table back.
    untouched = tmp_path / "untouched"
    write_library(shapes.shapes, untouched)
    again.set_classes({4: "donut"})
    again.save_classes()
    assert ShapeLibrary.open(folder).table == ShapeLibrary.open(untouched).table


def test_classes_of_another_window_are_kept_shown_and_told(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    write_library(shapes.shapes, folder)
    viewer.open(folder, plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    other = ShapeLibrary.open(folder)
    other.set_classes({1: "mega", 4: "rod"})
    other.save_classes()
    click_row(hands, 4)
    set_class(hands, "network")
    assert hands.status == (
        "Shape 4 set to network. Saved in the library. Another window had changed shape 1: shown "
        "here now. Another window had set shape 4 to rod meanwhile."
    )
    assert rows(hands, 1) == ["mega ✎", "dot", "rod", "network ✎"]
    assert "mega (1)" in surfaces(viewer)
    assert ShapeLibrary.open(folder).table["shape_class"] == ["mega", "dot", "rod", "network"]


def test_a_library_of_an_earlier_version_has_no_corrections_until_one_is_made(
    shapes: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    write_library(shapes.shapes, folder)
    table = folder / "meta_locations.csv"
    header, *lines = table.read_text().splitlines()
    older = [header.removesuffix(",measured_class"), *(line.removesuffix(",") for line in lines)]
    for text in (older, [header, *older[1:]]):  # without the column, and with rows that are short
        table.write_text("\n".join(text) + "\n")
        library = ShapeLibrary.open(folder)
        assert library.table.get("measured_class", [""] * 4) == [""] * 4
        library.set_classes({3: "network"})
        library.save_classes()
        again = ShapeLibrary.open(folder)
        assert again.table["measured_class"] == ["", "", "rod", ""]
        assert again.table["shape_class"] == ["dot", "dot", "network", "donut"]


def test_a_zip_and_a_library_without_a_table_are_not_changed(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    path = tmp_path / "1_1_5.zip"
    write_library(shapes.shapes, path)
    content = path.read_bytes()
    viewer.open(path, plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    click_row(hands, 4)
    set_class(hands, "network")
    assert "Kept in this session only" in hands.status
    assert path.read_bytes() == content
    assert rows(hands, 1)[3] == "network ✎"


def test_shapes_of_unknown_class_get_one_and_lose_it_again(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "released"
    write_library(shapes.shapes, folder)
    for name in ("library.json", "meta_locations.csv"):
        (folder / name).unlink()
    viewer.open(folder, plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    assert words(hands) == ["all classes (4)", "unknown (4)"]
    hands.wait(hands.find("progress").isHidden)
    click_row(hands, 2)
    set_class(hands, "dot")
    assert rows(hands, 1) == ["–", "dot ✎", "–", "–"]
    assert set(surfaces(viewer)) == {"unknown (3)", "dot (1)"}
    assert "dot: set by hand (was unknown)" in hands.find("why").text()
    hands.click("undo")
    assert rows(hands, 1) == ["–"] * 4
    assert set(surfaces(viewer)) == {"unknown (4)"}


def test_a_table_that_cannot_be_written_is_told(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    write_library(shapes.shapes, folder)
    viewer.open(folder, plugin="napari-3dmsl")
    (folder / "meta_locations.csv").unlink()
    hands = open_panel(viewer, PANEL)
    click_row(hands, 4)
    set_class(hands, "network")
    assert hands.complains
    assert "Not saved, kept in this session only" in hands.status
    assert rows(hands, 1)[3] == "network ✎"


def test_an_unknown_class_is_refused_and_nothing_changed(shapes: Any) -> None:
    before = {name: list(column) for name, column in shapes.table.items()}
    with pytest.raises(ValueError, match="class 'rods': expected one of dot, rod"):
        shapes.set_classes({1: "mega", 2: "rods"})
    assert shapes.table == before
