"""The field of view in the 3D canvas: drag its frame to move it, a corner to resize it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.field_frame import FIELD_FRAME, Rectangle, field_frame_layer
from napari_3dmsl.layers.live_place import move_live
from napari_3dmsl.layers.show import find, show
from napari_3dmsl.widgets.common.canvas_pace import CanvasPace
from napari_3dmsl.widgets.microscope.canvas_drag import CanvasDrag, Ray

_NEAR_PX, _CORNER_PX = 8.0, 14.0  # beside a bar, and about a corner, that still take hold
_FLATTEST_COSINE = 0.1  # seen from its edge a frame cannot be dragged in its plane


class FieldFrame(CanvasDrag):
    """Draws the frame, and a press on it drags.

    Parameters
    ----------
    viewer
        In 3D the frame can be dragged.
    parent
        Of the Qt object.

    Signals
    -------
    dragged(Rectangle)
        The field lies elsewhere or has other sides; the frame is drawn there already.
    """

    dragged = Signal(object)

    def __init__(self, viewer: Any, parent: Any = None) -> None:
        super().__init__(viewer, parent)
        self.field: Rectangle | None = None
        self.smallest, self.largest = 8, 4096
        self.pace = CanvasPace(self._viewer, self)

    def show(self, field: Rectangle | None) -> None:
        """Draw the frame about a field, or take it away.

        Parameters
        ----------
        field
            Of the image; None for no frame.
        """
        drawn, self.field = self.field, field
        layer = find(self._viewer, FIELD_FRAME)
        if field is None:
            if layer is not None:
                show(self._viewer, FIELD_FRAME, None)
        elif layer is not None and drawn is not None and field.is_congruent(drawn):
            move_live(self._viewer, layer, field.middle_um)
        else:
            show(self._viewer, FIELD_FRAME, field_frame_layer(field))

    def _take_hold(self, event: Any) -> Callable[[Any], None] | None:
        layer, field = find(self._viewer, FIELD_FRAME), self.field
        if layer is None or field is None or not layer.visible:
            return None
        start = self._on_plane(layer, event, field)
        if start is None:
            return None
        inside = field.half_um - np.abs(start)
        corner, near = (self._pixels_um(layer, pixels) for pixels in (_CORNER_PX, _NEAR_PX))
        if (np.abs(inside) <= corner).all():
            return self._resizing(layer, field, np.sign(start))
        if inside.min() >= -near and inside.min() <= near:
            return self._moving(layer, field, start)
        return None

    def _moving(self, layer: Any, field: Rectangle, start: FloatArray) -> Callable[[Any], None]:
        def follow(event: Any) -> None:
            place = self._on_plane(layer, event, field)
            if place is not None:
                self._drag_to(field.moved(place - start))

        return follow

    def _resizing(self, layer: Any, field: Rectangle, taken: FloatArray) -> Callable[[Any], None]:
        def follow(event: Any) -> None:
            place = self._on_plane(layer, event, field)
            if place is None:
                return
            sides = taken * place + field.half_um  # from the opposite corner, which stays
            pixels = np.round(sides / field.pixel_um).astype(int)
            rows, columns = np.clip(pixels, self.smallest, self.largest).tolist()
            self._drag_to(field.resized((rows, columns), -taken))

        return follow

    def stop(self) -> None:
        """See `CanvasDrag.stop`."""
        super().stop()
        self.pace.stop()

    def _drag_to(self, field: Rectangle) -> None:
        self.pace.hold()
        self.show(field)
        self.dragged.emit(field)

    def _on_plane(self, layer: Any, event: Any, field: Rectangle) -> FloatArray | None:
        """Return where the mouse is on the plane of a field, (y, x) from its middle."""
        return on_plane(self._ray(layer, event), field)


def on_plane(ray: Ray, field: Rectangle) -> FloatArray | None:
    """Return where a line of sight meets the plane of a field, (y, x) from its middle in µm.

    Parameters
    ----------
    ray : Ray
        The line of sight.
    field : Rectangle
        In the world.

    Returns
    -------
    (2,) float64, or None where it runs along the plane.
    """
    origin, direction = field.axes @ (ray.origin - field.middle_um), field.axes @ ray.direction
    if abs(direction[0]) < _FLATTEST_COSINE:
        return None
    place: FloatArray = (origin - origin[0] / direction[0] * direction)[1:]
    return place
