"""*Export shapes* in the *Shape browser*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trimesh
from hands import Hands, running

from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.library.library import write_library
from napari_3dmsl.library.shape_forms import FORMS

PANEL = "Shape browser"


@pytest.fixture
def hands(loaded: Any, open_panel: Any) -> Hands:
    return open_panel(loaded, PANEL)


def export(hands: Hands, form: str, folder: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder))
    [action] = [one for one in hands.panel._export.menu.actions() if one.objectName() == form]
    action.trigger()


def test_the_selected_shapes_are_written_in_every_form(
    loaded: Any, hands: Hands, shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not hands.find("export_shapes").isEnabled()
    loaded.layers[INSTANCES].selected_label = 3
    assert hands.find("export_shapes").isEnabled()
    actions = [action.objectName() for action in hands.panel._export.menu.actions()]
    assert actions == list(FORMS)
    for form, ending in FORMS.items():
        export(hands, form, tmp_path, monkeypatch)
        path = tmp_path / f"3{ending}"
        hands.wait(lambda path=path: hands.status == f"Saved {path}.")
        assert path.is_file()
    hands.find("shapes").selectAll()
    export(hands, "stl", tmp_path / "all", monkeypatch)
    hands.wait(lambda: hands.status == f"Saved 4 files in {tmp_path / 'all'}.")
    for shape_id in shapes.ids:
        volume = trimesh.load_mesh(tmp_path / "all" / f"{shape_id}.stl").volume
        assert volume == pytest.approx(shapes.mesh(shape_id).volume_um3, rel=1e-4)
    assert hands.find("cancel").isHidden()
    assert hands.find("progress").isHidden()


def test_files_that_are_there_are_replaced_after_a_question(
    loaded: Any, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.layers[INSTANCES].selected_label = 3
    (tmp_path / "3.stl").write_text("mine")
    export(hands, "stl", tmp_path, monkeypatch)
    question = hands.find("ask_to_replace")
    assert "3.stl" in question.text()
    question.reject()
    hands.wait(lambda: not hands.panel.findChildren(type(question)))
    assert (tmp_path / "3.stl").read_text() == "mine"
    export(hands, "stl", tmp_path, monkeypatch)
    hands.click("replace")
    hands.wait(lambda: hands.status.startswith("Saved"))
    assert trimesh.load_mesh(tmp_path / "3.stl").is_watertight


def test_no_folder_changes_nothing_and_a_problem_is_told(
    loaded: Any, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.layers[INSTANCES].selected_label = 3
    before = hands.status
    export(hands, "stl", "", monkeypatch)
    assert hands.status == before
    (tmp_path / "file").write_text("no folder")
    export(hands, "stl", tmp_path / "file", monkeypatch)
    hands.wait(lambda: hands.complains)
    assert hands.status.startswith("Not exported: ")
    assert hands.find("export_shapes").isEnabled()


def test_shapes_of_a_library_are_written_and_closing_stops_it(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_library(shapes.shapes, tmp_path / "library")
    hands = open_panel(viewer, PANEL)
    viewer.open(tmp_path / "library", plugin="napari-3dmsl")
    hands.find("shapes").selectAll()
    export(hands, "swc", tmp_path / "out", monkeypatch)
    hands.wait(lambda: hands.status.startswith("Saved 4 files"))
    export(hands, "swc", tmp_path / "more", monkeypatch)
    viewer.window.remove_dock_widget(hands.dock)
    hands.wait(lambda: running() == [])
