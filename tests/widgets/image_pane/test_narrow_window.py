"""On a small screen the pane is a tab over napari's docks, and they come back when it goes."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_3dmsl.widgets.image_pane.narrow_window import (
    LEAST_PX,
    half_of_the_left,
    is_narrow,
    lay_out_as_before,
    lie_over_layers,
)

LEFT = Qt.DockWidgetArea.LeftDockWidgetArea


def dock_named(name: str, window: QMainWindow) -> QDockWidget:
    dock = QDockWidget(name, window)
    dock.setObjectName(name)
    dock.setWidget(QWidget())
    dock.widget().setMinimumWidth(200)
    return dock


@pytest.fixture
def window(qtbot: Any) -> QMainWindow:
    """As napari's: controls above a list on the left, a canvas in the middle."""
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(QWidget())
    for name in ("layer controls", "layer list"):
        window.addDockWidget(LEFT, dock_named(name, window))
    window.resize(900, 500)
    window.show()
    qtbot.waitExposed(window)
    return window


def docks(window: QMainWindow) -> list[QDockWidget]:
    return [window.findChild(QDockWidget, name) for name in ("layer controls", "layer list")]


def test_a_window_is_narrow_when_pane_and_scene_would_both_be_too_small(
    window: QMainWindow, qtbot: Any
) -> None:
    assert window.centralWidget().width() < 2 * LEAST_PX
    assert is_narrow(window)
    window.resize(1400, 500)
    qtbot.waitUntil(lambda: window.centralWidget().width() >= 2 * LEAST_PX)
    assert not is_narrow(window)


def test_docks_that_a_person_has_hidden_leave_no_place_to_lie_over(window: QMainWindow) -> None:
    for dock in docks(window):
        dock.hide()
    assert not is_narrow(window)


def test_the_pane_lies_in_front_and_leaves_as_it_came(window: QMainWindow) -> None:
    pane = dock_named("Image", window)
    half = half_of_the_left(window)
    assert half == (docks(window)[0].width() + window.centralWidget().width()) // 2
    lie_over_layers(window, pane)
    assert set(window.tabifiedDockWidgets(pane)) == set(docks(window))
    window.removeDockWidget(pane)
    lay_out_as_before(window)
    controls, below = docks(window)
    assert not window.tabifiedDockWidgets(controls)
    assert controls.isVisible()
    assert below.isVisible()
    assert below.y() > controls.y()
