"""No name of the code, of files or of the command line reaches what a panel shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManifest
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QComboBox, QLabel, QWidget

from napari_3dmsl.widgets.common.words import in_words

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "napari_3dmsl"
MANIFEST = PluginManifest.from_distribution("napari-3dmsl")
PANELS = [widget.display_name for widget in MANIFEST.contributions.widgets]
CODE = re.compile(r"(?<![\w/.-])[a-z]\w*_\w+|(?<!\w)--[a-z]|`|\b\w+ = (?:true|false|True|False|')")
HEADS = re.compile(r"^[A-Z][\w ./-]* = (?:true|false|')")  # a label and what it was set to
OF_PROGRAMS = ("cli", "as_code", "compute")  # command lines, code, and what workers run
NO_MESSAGES = ("napari-3dmsl unit_nm=", "z-step_um", "end_header")  # of files


def texts(widget: QWidget) -> Iterator[str]:
    """All that a widget says or would say."""
    for name in ("text", "title", "placeholderText", "toolTip", "accessibleName", "statusTip"):
        read = getattr(widget, name, None)
        if callable(read):
            yield str(read())
    if isinstance(widget, QComboBox):
        yield from (widget.itemText(place) for place in range(widget.count()))


@pytest.mark.parametrize("name", PANELS)
def test_panels_show_no_code(name: str, viewer: Any, open_panel: Any) -> None:
    panel = open_panel(viewer, name).panel
    shown = [text for part in panel.findChildren(QWidget) for text in texts(part)]
    shown += [action.text() for action in panel.findChildren(QAction)]
    assert len(shown) > 20
    assert sorted({text for text in shown if CODE.search(text)}) == []


def messages(file: Path) -> Iterator[str]:
    """Sentences of a file, with a number where something is filled in; not its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left_out = {id(x.value) for x in ast.walk(tree) if isinstance(x, ast.Expr)}
    left_out |= {
        id(part) for x in ast.walk(tree) if isinstance(x, ast.JoinedStr) for part in x.values
    }
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (x.value if isinstance(x, ast.Constant) else "7" for x in node.values)
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if " " in text.strip() and not any(part in text for part in NO_MESSAGES):
            yield text


def test_no_message_of_any_room_keeps_names_of_code_in_a_panel() -> None:
    files = [f for f in PACKAGE.rglob("*.py") if f.relative_to(PACKAGE).parts[0] not in OF_PROGRAMS]
    files = [file for file in files if "widgets" not in file.parts]
    found = [text for file in files for text in messages(file)]
    with_code = [text for text in found if CODE.search(text)]
    assert len(with_code) > 50
    said = (HEADS.sub("", in_words(text, {})) for text in with_code)
    assert [text for text in said if CODE.search(text)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "views: no view: take the six ones (six = true), or angles (rotations_deg)",
            "Views: no view: take the six ones, or angles",
        ),
        (
            "target = 'volume': the mesh has a hole; close it or choose 'surface'",
            "Label = “volume (matrix)”: the mesh has a hole; close it or choose "
            "“surface (membrane)”",
        ),
        ("give --voxel-nm, in nm", "give “Voxel size”, in nm"),
        (
            "ground_truth: 'focus_mask' goes with motion",
            "Ground truth: “focus mask” goes with motion",
        ),
        ("lower depth_um, or more", "lower “Depth”, or more"),
    ],
)
def test_names_become_the_words_of_the_window(text: str, words: str) -> None:
    assert in_words(text, {}) == words


@pytest.mark.parametrize(
    "text",
    [
        "/data/my_cells/mask_1.tif: damaged",
        "Saved my_library.zip in C:\\my_files\\depth_um",
        "layer 'depth_of_cell': has no unit",
        "12 made, 3 were there and are whole.",
    ],
)
def test_names_of_files_and_layers_stay(text: str) -> None:
    assert in_words(text, {}) == text


def test_labels_of_the_panel_come_first() -> None:
    assert in_words("erosion_nm = 0: too small", {"erosion_nm": "Radius"}) == (
        "Radius = 0: too small"
    )


def test_a_panel_says_nothing_but_words(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Image set")
    hands.panel.say("Take `tubes` or set focus_um")
    assert hands.status == "Take “tubes” or set “Focus”"
    hands.panel.complain("montage: add some ([scene], such as kind = 'packed')")
    assert hands.status == "Montage: add some"
    assert "focus_mask" not in {label.text() for label in hands.panel.findChildren(QLabel)}
    assert hands.find("ground_truth_focus_mask").text() == "focus mask"


def test_nothing_ticked_never_means_all(
    viewer: Any, open_panel: Any, tmp_path: Path, qtbot: Any
) -> None:
    hands = open_panel(viewer, "Image set")
    hands.panel.library.set_path(str(tmp_path))
    boxes = ("dot", "rod", "network", "donut", "mega", "nano-tunnel")
    assert all(hands.find(f"classes_{name}").isChecked() for name in boxes)
    assert hands.panel.values()["source"].get("classes") is None
    for name in boxes[1:]:
        hands.click(f"classes_{name}")
    assert hands.panel.values()["source"]["classes"] == ["dot"]
    hands.click("classes_dot")
    with pytest.raises(ValueError, match="Classes: nothing is ticked; tick at least one"):
        hands.panel.recipe()
    hands.wait(lambda: hands.complains)
    assert hands.status == "Classes: nothing is ticked; tick at least one"
    hands.click("classes_dot")
    hands.click("microscopes_con1")
    with pytest.raises(ValueError, match="Microscopes: nothing is ticked"):
        hands.panel.recipe()
