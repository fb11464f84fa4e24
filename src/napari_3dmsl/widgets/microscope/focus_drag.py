"""Drag the focal plane in the 3D canvas, and the focus follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.optics import FOCAL_PLANE
from napari_3dmsl.layers.show import find
from napari_3dmsl.widgets.common.canvas_view import units_in

_NEAR_PX = 5.0  # seen from its edge the plane is a line: so far beside it still takes hold of it
_FLATTEST_SINE = 0.2  # along the line of sight a move of the mouse says nothing about the focus


class Ray(NamedTuple):
    """What lies under the mouse, in µm."""

    origin: FloatArray
    direction: FloatArray


class FocusDrag(QObject):
    """Listens to the canvas: a press on the plane moves it; one beside it is the camera's.

    Parameters
    ----------
    viewer
        In 3D the plane can be dragged.
    parent
        Of the Qt object.

    Signals
    -------
    focused(focus_um)
        The plane was dragged to this height above the shape's centroid.
    """

    focused = Signal(float)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._stopped = False
        self._viewer.mouse_drag_callbacks.append(self._drag)

    def stop(self) -> None:
        """Stop listening, in the middle of a drag too."""
        self._stopped = True
        with suppress(ValueError):  # somebody has emptied the list
            self._viewer.mouse_drag_callbacks.remove(self._drag)

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        plane = find(viewer, FOCAL_PLANE)
        grabbed = None if plane is None else self._grab(plane, event)
        if plane is None or grabbed is None:
            return
        camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
        facts = about(plane)
        axis, focus_um = np.array(facts["axis"]), float(facts["focus_um"])
        pans, camera.mouse_pan = camera.mouse_pan, False
        try:
            yield
            while event.type == "mouse_move" and not self._stopped:
                along = along_axis(grabbed, axis, self._ray(plane, event))
                self.focused.emit(focus_um + along)
                yield
        finally:
            camera.mouse_pan = pans

    def _grab(self, plane: Any, event: Any) -> FloatArray | None:
        """Return the place at which a press takes hold of the plane, or None."""
        viewer = self._viewer
        in_space = (
            len(event.dims_displayed) == 3 and min(event.dims_displayed) >= viewer.dims.ndim - 3
        )
        if event.button != 1 or event.modifiers or not plane.visible or not in_space:
            return None
        ray = self._ray(plane, event)
        axis = np.array(about(plane)["axis"])
        if 1.0 - (axis @ ray.direction) ** 2 < _FLATTEST_SINE**2:
            return None
        zoom = getattr(viewer, "scene", viewer).camera.zoom
        near_um = _NEAR_PX / zoom * units_in(viewer.layers, plane)[-1]
        return hit(ray, np.asarray(plane.data[0], dtype=np.float64), float(near_um))

    def _ray(self, plane: Any, event: Any) -> Ray:
        units = units_in(self._viewer.layers, plane)
        direction = np.asarray(event.view_direction, dtype=np.float64)[-3:]
        origin = np.asarray(event.position, dtype=np.float64)[-3:] * units
        return Ray(origin, direction / np.linalg.norm(direction))


def hit(ray: Ray, corners: FloatArray, near_um: float) -> FloatArray | None:
    """Return where a line of sight meets a rectangle that is ``2 near_um`` thick, or None.

    Parameters
    ----------
    ray : Ray
        The line of sight.
    corners : (4, 3) array
        Of the rectangle, one after the other, µm.
    near_um : float
        So far off is still on it.
    """
    sides = corners[[1, 3]] - corners[0]
    lengths = np.linalg.norm(sides, axis=1)
    across = sides / lengths[:, None]
    frame = np.vstack([across, np.cross(*across)])
    half = np.array([*(lengths / 2), 0.0]) + near_um
    origin, direction = frame @ (ray.origin - corners.mean(axis=0)), frame @ ray.direction
    direction = np.where(np.abs(direction) < 1e-12, 1e-12, direction)
    ends = np.array([(-half - origin) / direction, (half - origin) / direction])
    enters, leaves = ends.min(axis=0).max(), ends.max(axis=0).min()
    return ray.origin + 0.5 * (enters + leaves) * ray.direction if enters <= leaves else None


def along_axis(start: FloatArray, axis: FloatArray, ray: Ray) -> float:
    """Return how far along an axis from a place a line of sight passes it most closely.

    Parameters
    ----------
    start
        (3,).
    axis
        (3,) unit vector.
    ray
        The line of sight.
    """
    from_ray = start - ray.origin
    slope = float(axis @ ray.direction)
    return float((slope * (ray.direction @ from_ray) - axis @ from_ray) / (1.0 - slope**2))
