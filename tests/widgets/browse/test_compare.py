"""*Compare* of the *Shape browser*: the same as the function says, in a window that saves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shape_browser import PANEL

from napari_3dmsl.library.compare_libraries import compare_libraries
from napari_3dmsl.library.library import ShapeLibrary, write_library


def test_a_library_on_disk_is_compared_and_the_comparison_saved(
    loaded: Any,
    open_panel: Any,
    shapes: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qtpy.QtWidgets import QFileDialog, QPushButton

    write_library(shapes.shapes[1:], tmp_path / "starved")
    hands = open_panel(loaded, PANEL)
    button = hands.find("compare")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "starved"))
    button.menu().aboutToShow.emit()
    [folder] = [a for a in button.menu().actions() if "folder" in a.text()]
    folder.trigger()
    hands.wait(lambda: button.window_shown is not None)
    assert hands.status == "Compared volume with starved."
    window = button.window_shown
    expected = compare_libraries(
        shapes, ShapeLibrary.open(tmp_path / "starved"), names=("volume", "starved")
    )
    words = window.findChild(type(hands.find("count")), "comparison_words").text()
    assert words == "\n".join(expected.lines())
    for name, file in (("save_tests", "t.csv"), ("save_figure", "f.pdf")):
        path = str(tmp_path / file)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (path, ""))
        window.findChild(QPushButton, name).click()
        assert hands.status == f"Saved {path}"
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines() == (
        expected.to_csv().splitlines()
    )
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")
    window.close()


def test_shapes_that_are_open_too_are_offered_and_nothing_without_shapes(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    hands = open_panel(viewer, PANEL)
    button = hands.find("compare")
    assert not button.isEnabled()
    for name in ("control", "starved"):
        write_library(shapes.shapes, tmp_path / name)
        viewer.open(tmp_path / name, plugin="napari-3dmsl")
    assert button.isEnabled()
    button.menu().aboutToShow.emit()
    offered = [action.text() for action in button.menu().actions()]
    assert offered == ["With control", "With a library folder…", "With a library zip…"]
    button.menu().actions()[0].trigger()
    hands.wait(lambda: button.window_shown is not None)
    assert button.window_shown.windowTitle() == "starved and control"
    button.window_shown.close()
