"""Things in the 3D canvas that the mouse can drag; a press beside them is the camera's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.widgets.common.canvas_view import units_in

_held: WeakSet[Any] = WeakSet()
"""Viewers in which something is being dragged: what lies behind it is left alone."""


class Ray(NamedTuple):
    """What lies under the mouse, in µm."""

    origin: FloatArray
    direction: FloatArray


class CanvasDrag(QObject):
    """Listens to the canvas and follows the mouse once something was taken hold of.

    Of several the one that was made first takes what lies under the mouse.

    Parameters
    ----------
    viewer
        In 3D things can be dragged.
    parent
        Of the Qt object.

    Signals
    -------
    taken(), let_go()
        Something has been taken hold of, and is not any more.
    """

    taken = Signal()
    let_go = Signal()

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._stopped = False
        self._viewer.mouse_drag_callbacks.append(self._drag)

    def stop(self) -> None:
        """Stop listening, in the middle of a drag too."""
        self._stopped = True
        with suppress(ValueError):  # somebody has emptied the list
            self._viewer.mouse_drag_callbacks.remove(self._drag)

    def _take_hold(self, event: Any) -> Callable[[Any], None] | None:
        """Return what to do with each move of the mouse, None when nothing is under it."""
        raise NotImplementedError

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        if self._viewer in _held or not self._can_drag(event):
            return
        follow = self._take_hold(event)
        if follow is None:
            return
        camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
        pans, camera.mouse_pan = camera.mouse_pan, False
        _held.add(self._viewer)
        self.taken.emit()
        try:
            yield
            moved = False
            while event.type == "mouse_move" and not self._stopped:
                follow(event)
                moved = True
                yield
            if moved and not self._stopped:  # napari leaves out moves while it is busy
                follow(event)
        finally:
            _held.discard(self._viewer)
            camera.mouse_pan = pans
            if not self._stopped:
                self.let_go.emit()

    def _can_drag(self, event: Any) -> bool:
        """Whether a press is meant for things in space."""
        in_space = (
            len(event.dims_displayed) == 3
            and min(event.dims_displayed) >= self._viewer.dims.ndim - 3
        )
        return bool(event.button == 1 and not event.modifiers and in_space)

    def _ray(self, layer: Any, event: Any) -> Ray:
        """Return the line of sight under the mouse, in the unit of a layer."""
        units = units_in(self._viewer.layers, layer)
        direction = np.asarray(event.view_direction, dtype=np.float64)[-3:]
        origin = np.asarray(event.position, dtype=np.float64)[-3:] * units
        return Ray(origin, direction / np.linalg.norm(direction))

    def _pixels_um(self, layer: Any, pixels: float) -> float:
        """Return a length on the screen in the unit of a layer."""
        zoom = getattr(self._viewer, "scene", self._viewer).camera.zoom
        return float(pixels / zoom * units_in(self._viewer.layers, layer)[-1])
