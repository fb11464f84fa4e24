"""One pane *Image* a viewer, in a dock beside the canvas, so that the 3D scene stays in sight."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

from napari_3dmsl.layers.emission_colours import is_in_grey
from napari_3dmsl.widgets.common.soon import soon
from napari_3dmsl.widgets.common.tabs import dock_of
from napari_3dmsl.widgets.image_pane.narrow_window import (
    half_of_the_left,
    is_narrow,
    lay_out_as_before,
    lie_over_layers,
)

if TYPE_CHECKING:
    import napari

    from napari_3dmsl.widgets.image_pane.pane import ImagePane

TITLE = "Image"
_SHARE = 0.55  # of what lies between the docks


def open_image_pane(viewer: napari.viewer.Viewer) -> ImagePane | None:
    """Return the viewer's pane if it is there, else None.

    Parameters
    ----------
    viewer
        In whose window it is docked.
    """
    panes = [pane for pane in viewer.window.dock_widgets.values() if _is_pane(pane)]
    return panes[0] if panes else None


def shows_grey(viewer: napari.viewer.Viewer) -> bool:
    """Return whether the viewer's images are asked for in grey, by the switch of its pane.

    Parameters
    ----------
    viewer
        Whose images they are; without a pane they are as the last one has left them.
    """
    pane = open_image_pane(viewer)
    return is_in_grey(viewer.layers) if pane is None else pane.grey.isChecked()


def image_pane_of(viewer: napari.viewer.Viewer) -> ImagePane:
    """Return the viewer's pane *Image*, in sight; it is opened if it is not there.

    Parameters
    ----------
    viewer
        In whose window it is docked.
    """
    from napari_3dmsl.widgets.image_pane.pane import ImagePane  # pyqtgraph takes a while to load

    pane = open_image_pane(viewer)
    if pane is not None:
        dock = dock_of(pane)
        if dock is not None and not dock.isVisible():
            dock.show()
            dock.raise_()
        return pane
    pane = ImagePane(viewer)
    viewer.window.add_dock_widget(pane, name=TITLE, area="left", add_vertical_stretch=False)
    dock = dock_of(pane)
    window = None if dock is None else dock.parentWidget()
    if dock is not None and isinstance(window, QMainWindow):
        _put_beside_the_canvas(pane, dock, window)
    return pane


def _is_pane(widget: Any) -> bool:
    return getattr(widget, "objectName", str)() == "image_pane"


def _put_beside_the_canvas(pane: ImagePane, dock: QDockWidget, window: QMainWindow) -> None:
    """Let the dock have a column of its own: napari puts it below the list of layers."""
    window.removeDockWidget(dock)
    room = _canvas_of(window)
    if is_narrow(window):
        pane.preferred_width = half_of_the_left(window)
        lie_over_layers(window, dock)
        pane.at_end(partial(_once_it_is_gone, ref(window)))
    else:
        if room is not None:
            pane.preferred_width = int(_SHARE * room[0])
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock, Qt.Orientation.Horizontal)
    dock.show()
    soon(pane, partial(_keep_in_sight, pane, room)).start()  # no widths are settled before


def _once_it_is_gone(window: ReferenceType[QMainWindow]) -> None:
    """Lay out a window that may be gone, too: a pane that held it would keep it with PySide6."""
    if (there := window()) is not None:
        lay_out_as_before(there)


def _keep_in_sight(pane: ImagePane, before: tuple[int, int] | None) -> None:
    """Let the smaller canvas show what the larger one showed."""
    dock = dock_of(pane)
    window = None if dock is None else dock.parentWidget()
    if not isinstance(window, QMainWindow) or before is None:
        return
    window.resizeDocks([dock], [pane.preferred_width], Qt.Orientation.Horizontal)
    window.layout().activate()  # else the canvas keeps its width until the next event
    after = _canvas_of(window)
    if after is not None and min(before) > 0:
        viewer = pane.viewer
        camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
        camera.zoom *= min(min(after) / min(before), 1.0)


def _canvas_of(window: QMainWindow) -> tuple[int, int] | None:
    """Width and height of what lies between the docks; napari tells no canvas' size."""
    middle = window.centralWidget()
    return None if middle is None else (middle.width(), middle.height())
