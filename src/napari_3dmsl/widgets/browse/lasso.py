"""A plot in which the left button draws a lasso around points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal

from napari_3dmsl.arrays import FloatArray

BoolArray = NDArray[np.bool_]


def inside(polygon: FloatArray, points: FloatArray) -> BoolArray:
    """Return which points lie inside a polygon, closed by itself.

    Parameters
    ----------
    polygon
        Its corners, (K, 2); less than three hold nothing.
    points
        (N, 2); those that are not finite lie nowhere.
    """
    from skimage.measure import points_in_poly

    found = np.zeros(len(points), bool)
    if len(polygon) >= 3:
        finite = np.isfinite(points).all(axis=1)
        found[finite] = points_in_poly(points[finite], polygon)
    return found


class LassoBox(pg.ViewBox):
    """A view of a plot: the left button draws a lasso, the others move the view, the wheel zooms.

    Signals
    -------
    drawn(polygon, adds)
        A lasso was closed: its corners (K, 2), and whether Shift was held.
    """

    drawn = Signal(object, bool)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self._corners: list[tuple[float, float]] = []
        self._line = pg.PlotCurveItem(pen=pg.mkPen("#808080", width=1.5))
        self._line.setZValue(100)
        self.addItem(self._line, ignoreBounds=True)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Qt: draw on, or move the view."""
        if event.button() != Qt.MouseButton.LeftButton or axis is not None:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        if event.isStart():
            self._corners = [self._place(event.buttonDownPos())]
        self._corners.append(self._place(event.pos()))
        if not event.isFinish():
            self._line.setData(*np.array([*self._corners, self._corners[0]]).T)
            return
        self._line.setData([], [])
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.drawn.emit(np.array(self._corners), adds)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Qt: all points in sight again."""
        self.autoRange()
        event.accept()

    def _place(self, pixel: Any) -> tuple[float, float]:
        point = self.mapToView(pixel)
        return float(point.x()), float(point.y())
