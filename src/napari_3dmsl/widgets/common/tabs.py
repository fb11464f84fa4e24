"""Panels that are opened one after the other lie behind each other, as tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

if TYPE_CHECKING:
    import napari

PanelKind = TypeVar("PanelKind", bound=QWidget)
_OURS = " (3DMSL)"  # napari's menu adds it to the titles of docks


def join_tabs(panel: QWidget, kind: type[QWidget]) -> None:
    """Make a panel that has just been opened a tab of the first other panel of this kind.

    napari puts docks below each other: three of them have no room on a laptop's screen.

    Parameters
    ----------
    panel
        In a dock already.
    kind
        Class that all these panels have in common.
    """
    own = dock_of(panel)
    window = own.parentWidget() if own is not None else None
    if own is None or not isinstance(window, QMainWindow) or window.tabifiedDockWidgets(own):
        return
    area = window.dockWidgetArea(own)
    for other in window.findChildren(kind):
        dock = dock_of(other)
        if dock is None or dock is own or not dock.isVisible() or dock.isFloating():
            continue
        if window.dockWidgetArea(dock) == area:
            window.tabifyDockWidget(dock, own)
            own.raise_()
            _make_legible(window, [dock, own])
            return


def open_panel(viewer: napari.viewer.Viewer, kind: type[PanelKind], display_name: str) -> PanelKind:
    """Return the viewer's panel of a kind, in front; without one it is opened as by the menu.

    napari's own ``add_plugin_dock_widget`` takes another title than its menu, which would then not
    know the panel and open a second one.

    Parameters
    ----------
    viewer
        In whose window it is docked.
    kind
        Class of the panel.
    display_name
        As in the menu.
    """
    for panel in viewer.window.dock_widgets.values():
        if isinstance(panel, kind):
            dock = dock_of(panel)
            if dock is not None:
                dock.show()
                dock.raise_()
            return panel
    panel = kind(viewer)
    viewer.window.add_dock_widget(panel, name=f"{display_name}{_OURS}")
    return panel


def open_named(viewer: napari.viewer.Viewer, display_name: str) -> QWidget:
    """Return the viewer's panel of a name, in front; without one it is opened as by the menu.

    Panels of one floor do not import each other: the manifest knows them all.

    Parameters
    ----------
    viewer
        In whose window it is docked.
    display_name
        As in the menu.
    """
    from npe2 import PluginManager

    found = PluginManager.instance().get_manifest("napari-3dmsl").contributions.widgets or ()
    [widget] = [each for each in found if each.display_name == display_name]
    kind = widget.get_callable()
    return open_panel(viewer, cast("type[QWidget]", kind), display_name)


def _make_legible(window: QMainWindow, docks: list[QDockWidget]) -> None:
    """Cut no word on the tabs: what all of them say is left out, and what has no room scrolls."""
    for dock in docks:
        dock.setWindowTitle(dock.windowTitle().removesuffix(_OURS))
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)


def dock_of(panel: QWidget) -> QDockWidget | None:
    """Return the dock that a widget lies in.

    napari's own answer to who added it may be a stand-in, which Qt does not take.

    Parameters
    ----------
    panel
        In a window.
    """
    above = panel.parentWidget()
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    return above
