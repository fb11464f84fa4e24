"""The legend on the canvas: there while colours of classes are, and never in the mouse's way."""

from __future__ import annotations

from typing import Any

import pytest
from hands import load
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication

from napari_3dmsl.widgets.common.class_legend import legend_of


@pytest.fixture
def browser(imported: None, make_napari_viewer: Any, open_panel: Any, extracted: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    hands = open_panel(viewer, "Shape browser")
    load(viewer, extracted)
    return hands


def named(viewer: Any) -> list[str]:
    plate = legend_of(viewer).plate
    return plate.classes if plate is not None and plate.isVisible() else []


def test_it_names_what_is_visible_and_goes_with_it(browser: Any, qtbot: Any) -> None:
    viewer = browser.panel.viewer
    qtbot.waitUntil(lambda: named(viewer) == ["dot", "rod", "donut"])
    surfaces = [layer for layer in viewer.layers if layer.name.startswith(("dot", "rod", "donut"))]
    surfaces[0].visible = False
    qtbot.waitUntil(lambda: len(named(viewer)) == 2)
    for layer in surfaces:
        viewer.layers.remove(layer)
    viewer.layers["instances"].visible = False
    qtbot.waitUntil(lambda: named(viewer) == [])
    viewer.layers["instances"].visible = True
    qtbot.waitUntil(lambda: named(viewer) == ["dot", "rod", "donut"])


def test_a_tick_switches_it_off(browser: Any, qtbot: Any) -> None:
    viewer = browser.panel.viewer
    qtbot.waitUntil(lambda: bool(named(viewer)))
    browser.find("legend").click()
    assert named(viewer) == []
    browser.find("legend").click()
    assert named(viewer) == ["dot", "rod", "donut"]


def test_the_mouse_reaches_the_canvas_below_it(browser: Any, qtbot: Any) -> None:
    viewer = browser.panel.viewer
    qtbot.waitUntil(lambda: bool(named(viewer)))
    plate = legend_of(viewer).plate
    canvas = plate.parentWidget()
    assert canvas.childAt(plate.geometry().center()) is not plate
    below = QApplication.widgetAt(plate.mapToGlobal(QPoint(5, 5)))
    assert below is not plate
    assert canvas.rect().contains(plate.geometry())


def test_it_goes_with_the_last_panel(browser: Any, qtbot: Any, open_panel: Any) -> None:
    viewer = browser.panel.viewer
    other = open_panel(viewer, "Export images")
    qtbot.waitUntil(lambda: bool(named(viewer)) and other.panel.isVisible())
    legend = legend_of(viewer)
    viewer.window.remove_dock_widget(browser.dock)
    assert legend.plate is not None
    viewer.window.remove_dock_widget(other.dock)
    assert legend.plate is None
