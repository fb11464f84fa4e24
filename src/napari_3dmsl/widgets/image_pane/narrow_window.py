"""On a small screen the pane *Image* lies over napari's own docks, as a tab of theirs."""

from __future__ import annotations

from contextlib import suppress

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar

LEAST_PX = 400
"""Width below which neither pane nor 3D scene is large enough to look at."""

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_NAPARIS = ("layer controls", "layer list")


def is_narrow(window: QMainWindow) -> bool:
    """Whether what lies between the docks has no room for the pane and the 3D scene.

    Parameters
    ----------
    window
        Of a viewer, before the pane is in it.
    """
    middle = window.centralWidget()
    shown = bool(_naparis(window))
    return shown and middle is not None and 0 < middle.width() < 2 * LEAST_PX


def lie_over_layers(window: QMainWindow, dock: QDockWidget) -> None:
    """Make a dock the front tab of the list and the controls of layers, which are tabs then.

    Parameters
    ----------
    window
        With both docks on its left.
    dock
        Of the pane, shown afterwards.
    """
    first, *others = _naparis(window)
    window.addDockWidget(_LEFT, dock, Qt.Orientation.Vertical)  # else Qt makes no tab of it
    for other in (*others, dock):
        window.tabifyDockWidget(first, other)
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        bar.setElideMode(Qt.TextElideMode.ElideNone)
    dock.show()
    dock.raise_()  # to the front of the tabs


def half_of_the_left(window: QMainWindow) -> int:
    """Return half the width, in pixels, of napari's docks and what lies between the docks.

    Parameters
    ----------
    window
        Before the pane is in it.
    """
    middle = window.centralWidget()
    widest = max((dock.width() for dock in _naparis(window)), default=0)
    return (widest + (0 if middle is None else middle.width())) // 2


def lay_out_as_before(window: QMainWindow) -> None:
    """Put the list of layers below their controls again, once the pane is gone.

    Parameters
    ----------
    window
        Which may be closing.
    """
    with suppress(RuntimeError):  # Qt has taken the window apart already
        docks = _naparis(window)
        if len(docks) < 2 or docks[1] not in window.tabifiedDockWidgets(docks[0]):
            return
        window.removeDockWidget(docks[1])
        window.addDockWidget(_LEFT, docks[1], Qt.Orientation.Vertical)
        docks[1].show()


def _naparis(window: QMainWindow) -> list[QDockWidget]:
    """Return napari's own docks on the left that have not been hidden or taken out."""
    found = (window.findChild(QDockWidget, name) for name in _NAPARIS)
    return [
        dock
        for dock in found
        if dock is not None
        and not (dock.isHidden() and not window.tabifiedDockWidgets(dock))
        and not dock.isFloating()
        and window.dockWidgetArea(dock) == _LEFT
    ]
