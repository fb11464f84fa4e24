"""Panels that are opened one after the other become tabs, as a laptop has no room for all."""

from __future__ import annotations

from functools import partial
from typing import Any

from hands import PATIENCE_MS

NAMES = ["Extract shapes", "Shape browser", "Microscope", "Export images"]


def test_panels_opened_from_the_menu_are_tabs_with_the_newest_in_front(
    window: Any, open_panel: Any, qtbot: Any
) -> None:
    opened = [open_panel(window, name) for name in NAMES]
    main = opened[0].dock.parentWidget()
    qtbot.waitUntil(
        lambda: len(main.tabifiedDockWidgets(opened[0].dock)) == len(NAMES) - 1, timeout=PATIENCE_MS
    )
    qtbot.waitUntil(partial(_fills, opened[-1].panel, main), timeout=PATIENCE_MS)
    for hands in opened:
        hands.dock.raise_()
        qtbot.waitUntil(partial(_fills, hands.panel, main), timeout=PATIENCE_MS)


def test_tabs_cut_no_word_and_leave_out_what_all_say(
    window: Any, open_panel: Any, qtbot: Any
) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QTabBar

    opened = [open_panel(window, name) for name in NAMES]
    opened[-1].click("make_set")
    main = opened[0].dock.parentWidget()
    qtbot.waitUntil(
        lambda: len(main.tabifiedDockWidgets(opened[0].dock)) == len(NAMES), timeout=PATIENCE_MS
    )
    found = main.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    [bar] = [bar for bar in found if bar.count() == len(NAMES) + 1]
    assert bar.tabText(bar.count() - 1) == "Image set"
    assert bar.elideMode() == Qt.TextElideMode.ElideNone
    assert bar.usesScrollButtons()


def _fills(panel: Any, main: Any) -> bool:
    return not panel.visibleRegion().isEmpty() and panel.height() > 0.6 * main.height()


def test_a_panel_that_the_user_has_put_elsewhere_stays_there(
    window: Any, open_panel: Any, qtbot: Any
) -> None:
    from qtpy.QtCore import Qt

    first, second = open_panel(window, "Shape browser"), open_panel(window, "Microscope")
    main = first.dock.parentWidget()
    qtbot.waitUntil(lambda: bool(main.tabifiedDockWidgets(first.dock)), timeout=PATIENCE_MS)
    main.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, second.dock)
    second.dock.hide()
    second.dock.show()
    qtbot.wait(50)
    assert not main.tabifiedDockWidgets(first.dock)
    assert main.dockWidgetArea(second.dock) == Qt.DockWidgetArea.BottomDockWidgetArea
