"""Keys that focus, turn and go from shape to shape in the whole window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QShortcut

from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import dock_of


def shortcuts(panel: Any) -> dict[str, QShortcut]:
    """The keys of the window that a panel is docked in."""
    return {
        each.objectName(): each for each in dock_of(panel).parentWidget().findChildren(QShortcut)
    }


def test_keys_focus_turn_and_go_from_shape_to_shape(
    window: Any, open_panel: Any, qtbot: Any
) -> None:
    hands = open_panel(window, "Microscope")
    main = dock_of(hands.panel).parentWidget()
    main.activateWindow()
    qtbot.waitUntil(lambda: shortcuts(hands.panel).get("focus_up") is not None)
    selection = selection_of(window)
    ids = selection.source.ids
    alt = Qt.KeyboardModifier.AltModifier

    def press(key: Any, modifiers: Any = alt) -> None:
        qtbot.keyClick(main, key, modifiers)

    press(Qt.Key.Key_Right)
    assert selection.shape_id == ids[0]
    press(Qt.Key.Key_Right)
    assert selection.shape_id == ids[1]
    press(Qt.Key.Key_Left)
    press(Qt.Key.Key_Left)
    assert selection.shape_id == ids[0]  # there is none before
    press(Qt.Key.Key_PageUp)
    press(Qt.Key.Key_PageUp)
    press(Qt.Key.Key_PageDown)
    assert hands.panel.simulation().acquisition.focus_um == 0.1
    press(Qt.Key.Key_Right, alt | Qt.KeyboardModifier.ShiftModifier)
    press(Qt.Key.Key_PageDown, alt | Qt.KeyboardModifier.ShiftModifier)
    assert hands.panel.simulation().pose.rotation_deg == (15.0, 0.0, -15.0)
    tips = hands.find("focus_um").toolTip(), hands.find("rotation_deg_z").toolTip()
    assert "0.1 µm up and down" in tips[0]
    assert "15° about z" in tips[1]


def test_the_next_shape_is_the_next_row_of_the_browser(
    loaded: Any, open_panel: Any, id_of: Callable[[str], int]
) -> None:
    hands = open_panel(loaded, "Shape browser")
    selection = selection_of(loaded)
    hands.choose(
        "shape_class",
        next(
            hands.find("shape_class").itemText(i)
            for i in range(hands.find("shape_class").count())
            if hands.find("shape_class").itemText(i).startswith("donut")
        ),
    )
    selection.step(1)
    assert selection.shape_id == id_of("donut")
    selection.step(1)
    assert selection.shape_id == id_of("donut")
    hands.close()
    assert selection.order is None
    selection.select(None)
    selection.step(-1)
    assert selection.shape_id == selection.source.ids[-1]


def test_keys_end_with_the_panel_and_are_none_of_naparis(viewer: Any, open_panel: Any) -> None:
    viewer.window.show()
    hands = open_panel(viewer, "Microscope")
    hands.wait(lambda: "focus_up" in shortcuts(hands.panel))
    main = dock_of(hands.panel).parentWidget()
    ours = {each.key().toString() for each in shortcuts(hands.panel).values() if each.objectName()}
    theirs = {action.shortcut().toString() for action in main.findChildren(QAction)}
    from napari.utils.shortcuts import default_shortcuts

    for keys in default_shortcuts.values():
        theirs |= {QKeySequence(str(key)).toString() for key in keys}
    assert len(ours) == 8
    assert not ours & (theirs - {""})
    hands.close()
    hands.wait(lambda: not [s for s in main.findChildren(QShortcut, "focus_up") if s.isEnabled()])
