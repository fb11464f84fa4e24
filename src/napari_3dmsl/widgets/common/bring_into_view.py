"""The first image of a kind comes into view; afterwards the camera stays where people put it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.widgets.common.canvas_view import units_in

if TYPE_CHECKING:
    import napari

_FILLED = 0.95  # of the canvas


class BringIntoView:
    """Shows people what is new to them: once for each kind, and only if they cannot see it.

    Parameters
    ----------
    viewer
        Whose camera is moved.
    panel
        Which adds the layers.
    """

    def __init__(self, viewer: napari.viewer.Viewer, panel: QWidget) -> None:
        self._viewer = viewer
        self._panel = panel
        self._seen: set[str] = set()

    def if_new(self, name: str, kind: str | None = None) -> None:
        """Bring a layer that has just been added into view, unless there was one of its kind.

        All layers are fitted into the canvas then; the angles of the camera stay. In 2D, where a
        volume is a slice, the images alone fill it.

        Parameters
        ----------
        name
            Of the layer.
        kind
            What it counts as; by default its name.
        """
        kind = name if kind is None else kind
        if kind in self._seen:
            return
        self._seen.add(kind)
        room = _canvas_of(self._panel)
        if room is None or is_in_sight(self._viewer, self._viewer.layers[name], room):
            return
        if self._viewer.dims.ndisplay == 2:
            fill_canvas(self._viewer, room)
        else:
            self._viewer.reset_view(reset_camera_angle=False)


def fill_canvas(viewer: Any, canvas: tuple[int, int]) -> None:
    """Let all simulated images that are shown fill the canvas, in 2D.

    Parameters
    ----------
    viewer
        Which shows them.
    canvas
        Height and width in pixels.
    """
    displayed = list(viewer.dims.displayed)[-2:]
    edges = []
    for layer in viewer.layers:
        if kind_of(layer) == SIMULATED and layer.visible:
            whole = np.zeros((2, viewer.dims.ndim))
            whole[:, -layer.ndim :] = layer.extent.world / units_in(viewer.layers, layer)
            edges.append(whole[:, displayed])
    if not edges:
        return
    low, high = np.min(edges, axis=0)[0], np.max(edges, axis=0)[1]
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    center = np.array(camera.center)
    center[-2:] = 0.5 * (low + high)
    camera.center = tuple(center)
    camera.zoom = _FILLED * float((np.array(canvas) / (high - low)).min())


def _canvas_of(panel: QWidget) -> tuple[int, int] | None:
    """Height and width of what lies between the docks, in pixels; napari tells no canvas' size."""
    above: Any = panel
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    middle = None if above is None else above.centralWidget()
    return None if middle is None else (middle.height(), middle.width())


def is_in_sight(viewer: Any, layer: Any, canvas: tuple[int, int]) -> bool:
    """Whether the middle of a layer lies within a canvas of this height and width.

    Parameters
    ----------
    viewer
        Which shows the layer.
    layer
        In any units of length.
    canvas
        Height and width in pixels.
    """
    middle = np.zeros(viewer.dims.ndim)
    middle[-layer.ndim :] = layer.extent.world.mean(axis=0) / units_in(viewer.layers, layer)
    displayed = list(viewer.dims.displayed)
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    offset = middle[displayed] - np.array(camera.center)[-len(displayed) :]
    if len(displayed) == 3:
        up, ahead = np.array(camera.up_direction), np.array(camera.view_direction)
        offset = np.array([up @ offset, np.cross(up, ahead) @ offset])
    return bool(np.all(np.abs(offset) * camera.zoom <= 0.5 * np.array(canvas)))
