"""Drag the focal plane in the 3D canvas, and the focus follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.optics import FOCAL_PLANE
from napari_3dmsl.layers.show import find
from napari_3dmsl.widgets.microscope.canvas_drag import CanvasDrag, Ray

_NEAR_PX = 5.0  # seen from its edge the plane is a line: so far beside it still takes hold of it
_FLATTEST_SINE = 0.2  # along the line of sight a move of the mouse says nothing about the focus


class FocusDrag(CanvasDrag):
    """A press on the focal plane moves it.

    Signals
    -------
    focused(focus_um)
        The plane was dragged to this height above the shape's centroid.
    """

    focused = Signal(float)

    def _take_hold(self, event: Any) -> Callable[[Any], None] | None:
        plane = find(self._viewer, FOCAL_PLANE)
        grabbed = None if plane is None else self._grab(plane, event)
        if plane is None or grabbed is None:
            return None
        facts = about(plane)
        axis, focus_um = np.array(facts["axis"]), float(facts["focus_um"])

        def follow(event: Any) -> None:
            along = along_axis(grabbed, axis, self._ray(plane, event))
            self.focused.emit(focus_um + along)

        return follow

    def _grab(self, plane: Any, event: Any) -> FloatArray | None:
        """Return the place at which a press takes hold of the plane, or None."""
        if not plane.visible:
            return None
        ray = self._ray(plane, event)
        axis = np.array(about(plane)["axis"])
        if 1.0 - (axis @ ray.direction) ** 2 < _FLATTEST_SINE**2:
            return None
        near_um = self._pixels_um(plane, _NEAR_PX)
        return hit(ray, np.asarray(plane.data[0], dtype=np.float64), near_um)


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
