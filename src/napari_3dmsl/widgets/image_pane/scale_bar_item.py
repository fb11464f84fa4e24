"""A scale bar in the corner of a picture: a round length, told in µm."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter

from napari_3dmsl.figures.scale_bar import bar_label, bar_length_um

_MARGIN, _PADDING, _THICKNESS = 8.0, 5.0, 4.0
_GROUND = QColor(0, 0, 0, 150)  # white letters on it can be read over any picture and theme


class ScaleBarItem(pg.GraphicsObject):  # type: ignore[misc,unused-ignore]
    """Keeps its length right while its view zooms; drawn over the picture, at the lower right.

    Parameters
    ----------
    view
        The view box that it lies in, whose units are µm.
    """

    def __init__(self, view: Any) -> None:
        super().__init__()
        self._view = view
        self.length_um = 0.0
        self.length_pixels = 0.0
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(100)
        self.setParentItem(view)
        view.sigRangeChanged.connect(self._measure)
        view.sigResized.connect(self._measure)
        self._measure()

    def boundingRect(self) -> QRectF:
        """Qt: the ground on which bar and words stand."""
        metrics = QFontMetricsF(self._font())
        width = max(self.length_pixels, metrics.horizontalAdvance(bar_label(self.length_um)))
        width, height = width + 2 * _PADDING, metrics.height() + _THICKNESS + 2 * _PADDING
        area = self._view.rect()
        return QRectF(
            area.right() - width - _MARGIN, area.bottom() - height - _MARGIN, width, height
        )

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Qt: draw it."""
        ground = self.boundingRect()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(ground, 3, 3)
        painter.fillRect(self.bar_rect(), Qt.GlobalColor.white)
        painter.setPen(Qt.GlobalColor.white)
        painter.setFont(self._font())
        words = ground.adjusted(0, _PADDING - 2, 0, -_PADDING - _THICKNESS)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, bar_label(self.length_um))

    def bar_rect(self) -> QRectF:
        """Return where the bar itself is drawn, in pixels of the view."""
        ground = self.boundingRect()
        return QRectF(
            ground.center().x() - 0.5 * self.length_pixels,
            ground.bottom() - _PADDING - _THICKNESS,
            self.length_pixels,
            _THICKNESS,
        )

    def _font(self) -> Any:
        from qtpy.QtWidgets import QApplication

        font = QApplication.font()
        font.setBold(True)
        return font

    def _measure(self, *_: Any) -> None:
        (left, right), _rows = self._view.viewRange()
        width = float(self._view.width())
        if right <= left or width <= 0:
            return
        self.prepareGeometryChange()
        self.length_um = bar_length_um(right - left)
        self.length_pixels = self.length_um / (right - left) * width
        self.update()
