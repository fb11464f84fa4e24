"""A library is browsed at once, and its shapes are drawn while it is."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import PATIENCE_MS, Hands, running

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.library import level_of_detail
from napari_3dmsl.library.library import write_library

PANEL = "Shape browser"


@pytest.fixture
def folder(shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of four shapes of which opening has time to read the first one only."""
    write_library(shapes.shapes, tmp_path / "library")
    monkeypatch.setattr(library_layers, "__defaults__", (0.0,))
    return tmp_path / "library"


def drawn(viewer: Any) -> set[int]:
    """Ids of the shapes that the class surfaces hold."""
    told = [about(layer) for layer in viewer.layers]
    return {i for one in told if one.get("kind") == "class" for i in one["merged"].sizes}


def rows(hands: Hands) -> int:
    return hands.find("shapes").model().rowCount()


def test_the_table_is_there_at_once_and_the_shapes_follow(
    viewer: Any, open_panel: Any, shapes: Any, folder: Path, hold: Any
) -> None:
    reading = hold()
    hands = open_panel(viewer, PANEL)
    viewer.open(folder, plugin="napari-3dmsl")
    assert rows(hands) == 4
    assert drawn(viewer) == {1}
    progress = hands.find("progress")
    assert not progress.isHidden()
    assert (progress.value(), progress.maximum()) == (1, 4)
    reading.go_on.set()
    hands.wait(progress.isHidden)
    assert drawn(viewer) == {1, 2, 3, 4}
    assert [layer.name for layer in viewer.layers] == ["dot (2)", "rod (1)", "donut (1)"]
    for layer in viewer.layers:
        sizes = about(layer)["merged"].sizes
        whole = np.concatenate([shapes.mesh(i).vertices for i in sizes])
        np.testing.assert_allclose(layer.data[0].min(axis=0), whole.min(axis=0), atol=0.03)
        assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert not hands.complains


@pytest.mark.parametrize("moved", [False, True])
def test_a_library_fills_the_canvas_as_it_is_drawn_until_the_camera_is_moved(
    viewer: Any, open_panel: Any, folder: Path, hold: Any, moved: bool
) -> None:
    reading = hold()
    hands = open_panel(viewer, PANEL)
    viewer.add_points(np.full((1, 3), 3.0), units="um", name="others")
    viewer.open(folder, plugin="napari-3dmsl")
    assert viewer.dims.ndisplay == 3
    camera = getattr(viewer, "scene", viewer).camera
    camera.angles = (5.0, 10.0, 15.0)
    hands.wait(lambda: hands.panel.canvas._view.is_fitted)
    first = camera.zoom
    if moved:
        camera.zoom = 2 * first
    reading.go_on.set()
    hands.wait(hands.find("progress").isHidden)
    assert camera.angles == (5.0, 10.0, 15.0)
    found = camera.zoom
    viewer.reset_view(reset_camera_angle=False)
    assert found == pytest.approx(2 * first if moved else camera.zoom)


def test_without_the_panel_what_was_read_is_drawn_and_told_and_the_panel_draws_the_rest(
    viewer: Any, open_panel: Any, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari.utils.notifications import notification_manager

    told: list[str] = []
    monkeypatch.setattr(notification_manager, "dispatch", lambda one: told.append(one.message))
    viewer.open(folder, plugin="napari-3dmsl")
    assert drawn(viewer) == {1}
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
    browser = "Plugins > 3DMSL > Shape browser draws the others"
    assert told == [f"library: 1 of 4 shapes are drawn; {browser}"]
    hands = open_panel(viewer, PANEL)
    hands.wait(hands.find("progress").isHidden)
    assert drawn(viewer) == {1, 2, 3, 4}
    viewer.open(folder, plugin="napari-3dmsl")
    hands.wait(lambda: hands.find("progress").isHidden() and not running())
    assert len(told) == 1  # the panel is open


@pytest.mark.parametrize(
    ("most", "rest"),
    [
        (3, "Plugins > 3DMSL > Shape browser draws the first 3 and lists all"),
        (1, "that is as many as are ever drawn, Plugins > 3DMSL > Shape browser lists all"),
    ],
)
def test_of_a_library_of_more_shapes_than_are_ever_drawn_it_is_told_how_many_are(
    viewer: Any, folder: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch, most: int, rest: str
) -> None:
    from napari.utils.notifications import notification_manager

    told: list[str] = []
    monkeypatch.setattr(notification_manager, "dispatch", lambda one: told.append(one.message))
    monkeypatch.setattr(level_of_detail, "DRAWN_SHAPES", most)
    viewer.open(folder, plugin="napari-3dmsl")
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
    assert told == [f"library: 1 of 4 shapes are drawn; {rest}"]


@pytest.mark.parametrize("ending", ["panel", "layers"])
def test_closing_the_panel_or_the_library_stops_drawing(
    viewer: Any, open_panel: Any, folder: Path, qtbot: Any, hold: Any, ending: str
) -> None:
    hold()
    hands = open_panel(viewer, PANEL)
    viewer.open(folder, plugin="napari-3dmsl")
    assert running()
    if ending == "panel":
        hands.close()
        assert drawn(viewer) == {1}
    else:
        viewer.layers.clear()
        assert hands.find("progress").isHidden()
        assert rows(hands) == 0
    qtbot.waitUntil(lambda: not running(), timeout=PATIENCE_MS)
    assert not drawn(viewer) - {1}


def test_a_library_that_is_gone_meanwhile_is_told(
    viewer: Any, open_panel: Any, folder: Path
) -> None:
    viewer.open(folder, plugin="napari-3dmsl")
    folder.rename(folder.with_name("moved"))
    hands = open_panel(viewer, PANEL)
    hands.wait(lambda: hands.complains)
    assert "Not all shapes are drawn" in hands.status
    assert "no such folder" in hands.status
    assert hands.find("progress").isHidden()


def test_a_class_set_by_hand_meanwhile_counts_for_what_is_drawn_later(
    viewer: Any, open_panel: Any, folder: Path, hold: Any
) -> None:
    reading = hold()
    hands = open_panel(viewer, PANEL)
    viewer.open(folder, plugin="napari-3dmsl")
    hands.qtbot.keyClick(hands.find("shapes"), "A", modifier=_ctrl())
    hands.choose("new_class", "mega")
    hands.click("set_class")
    assert drawn(viewer) == {1}
    reading.go_on.set()
    hands.wait(hands.find("progress").isHidden)
    assert [layer.name for layer in viewer.layers if "shape" not in layer.name] == ["mega (4)"]


def _ctrl() -> Any:
    from qtpy.QtCore import Qt

    return Qt.KeyboardModifier.ControlModifier


def test_layers_come_unselected_and_the_garbage_collector_is_as_before(
    window: Any, extracted: Any, qtbot: Any
) -> None:
    from napari_3dmsl.widgets.common.frame_apart import gl_canvas_of
    from napari_3dmsl.widgets.common.garbage import SELDOM
    from napari_3dmsl.widgets.common.incremental_layers import LayersInTurns

    before, active = gc.get_threshold(), window.layers.selection.active
    adding = LayersInTurns(window)
    with qtbot.waitSignal(adding.added, timeout=PATIENCE_MS) as finished:
        adding.start(extracted)
        assert gc.get_threshold() == (*before[:2], SELDOM)
    [added] = finished.args
    assert [layer.visible for layer in added] == [False, True, True, True]
    assert set(window.layers.selection) == {active}
    assert gc.get_threshold() == before
    adding.start(extracted)
    adding.stop()
    assert gc.get_threshold() == before
    qtbot.waitUntil(gl_canvas_of(window).updatesEnabled, timeout=PATIENCE_MS)


def test_of_two_who_work_in_turns_neither_leaves_the_garbage_collector_off(qapp: Any) -> None:
    from napari_3dmsl.widgets.common.incremental_layers import Turns

    before = gc.get_threshold()
    one, other = Turns(), Turns()
    for turns in (one, other):
        turns.extend([lambda: None])
        assert gc.get_threshold()[2] > before[2]
    one.finish()
    assert gc.get_threshold()[2] > before[2]
    other.finish()
    assert gc.get_threshold() == before
