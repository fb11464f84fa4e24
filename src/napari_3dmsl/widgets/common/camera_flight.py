"""Fly the camera to a layer."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from qtpy.QtCore import QEasingCurve, QObject, QVariantAnimation

from napari_3dmsl.arrays import FloatArray

_DURATION_MS = 300
_MARGIN = 0.25  # share of the canvas left free around what is flown to


class Flight(QVariantAnimation):
    """Moves and zooms the camera of a viewer; it turns nothing.

    Parameters
    ----------
    viewer
        Whose camera is moved.
    parent
        Of the Qt object.
    """

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._fits_layers = can_fit_layers()
        self._ends: list[tuple[np.ndarray, float]] = []
        self.setDuration(_DURATION_MS)
        self.setStartValue(0.0)
        self.setEndValue(1.0)
        self.setEasingCurve(QEasingCurve.Type.InOutQuad)
        self.valueChanged.connect(self._move)

    @property
    def _camera(self) -> Any:
        return getattr(self._viewer, "scene", self._viewer).camera  # napari 0.9 moved it

    def to(self, layer: Any, middle: FloatArray, unit: float) -> None:
        """Fly to a layer.

        Parameters
        ----------
        layer
            Fills the view in the end.
        middle
            Its middle in the units of the viewer; a 2D view goes to its slice.
        unit
            Length of the viewer's unit in that of the layer.
        """
        self.stop()
        dims = self._viewer.dims
        for axis in dims.not_displayed:
            if axis >= dims.ndim - len(middle):
                dims.set_point(axis, float(middle[axis - dims.ndim + len(middle)]))
        begin = self._place()
        if self._fits_layers:
            self._viewer.fit_to_view(layers=[layer], margin=_MARGIN)
        self._ends = [begin, self._end(middle, unit)]
        self._move(0.0)
        self.start()

    def _end(self, middle: FloatArray, unit: float) -> tuple[np.ndarray, float]:
        """Return where the camera has to be; napari 0.9 fits in the layer's own unit."""
        center, zoom = self._place()
        axes = min(self._viewer.dims.ndisplay, len(middle))
        if self._fits_layers and not np.allclose(
            center[-axes:], middle[-axes:], rtol=0.01, atol=0.01 * np.ptp(middle)
        ):
            zoom *= unit
        center[-axes:] = middle[-axes:]
        return center, zoom

    def _place(self) -> tuple[np.ndarray, float]:
        return np.array(self._camera.center, dtype=float), float(self._camera.zoom)

    def _move(self, share: float) -> None:
        if not self._ends:
            return
        (start, near), (end, far) = self._ends
        self._camera.center = tuple((start + share * (end - start)).tolist())
        self._camera.zoom = near * (far / near) ** share


def can_fit_layers() -> bool:
    """Tell whether this napari can fit some layers only into the view: since 0.9."""
    from napari.components import ViewerModel

    fit = getattr(ViewerModel, "fit_to_view", None)
    return fit is not None and "layers" in inspect.signature(fit).parameters
