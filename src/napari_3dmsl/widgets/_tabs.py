"""Panels that are opened one after the other lie behind each other, as tabs."""

from __future__ import annotations

from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


def join_tabs(panel: QWidget, kind: type[QWidget]) -> None:
    """Make a panel that has just been opened a tab of the first other panel of this kind.

    napari puts docks below each other: three of them have no room on a laptop's screen.
    """
    own = _dock_of(panel)
    window = own.parentWidget() if own is not None else None
    if own is None or not isinstance(window, QMainWindow) or window.tabifiedDockWidgets(own):
        return
    area = window.dockWidgetArea(own)
    for other in window.findChildren(kind):
        dock = _dock_of(other)
        if dock is None or dock is own or not dock.isVisible() or dock.isFloating():
            continue
        if window.dockWidgetArea(dock) == area:
            window.tabifyDockWidget(dock, own)
            own.raise_()
            return


def _dock_of(panel: QWidget) -> QDockWidget | None:
    above = panel.parentWidget()
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    return above
