"""The image of a point, in the sharp plane and along the axis, with its widths marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.resolution import PointImage

_GAMMA = 0.5  # shows the rings
_GAP = 6  # pixels between the sections
_MARK = QColor("#ffb000")
_TIP = (
    "The image of a point at the object's height: in the sharp plane (left) and along the axis "
    "(right, in the specimen), with gamma 0.5 to show the rings. The lines mark the full width at "
    "half maximum (FWHM)"
)


class PointInset(QWidget):
    """Two small sections of equal scale; nothing before there is a point.

    Parameters
    ----------
    parent
        Of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections: list[tuple[QImage, float, bool]] = []
        self._side_um = 1.0
        self.setObjectName("point_inset")
        self.setToolTip(_TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.hide()

    def show_point(self, point: PointImage, lateral_um: float, axial_um: float) -> None:
        """Show a point and mark its widths.

        Parameters
        ----------
        point
            Sections through its image.
        lateral_um, axial_um
            Full widths at half maximum; one that is wider than the picture is not marked.
        """
        self._side_um = point.xy.shape[0] * point.pixel_um
        self._sections = [
            (_grey(point.xy), lateral_um, True),
            (_grey(point.xz), axial_um, False),
        ]
        words = f"{1000 * lateral_um:.0f} nm wide, {1000 * axial_um:.0f} nm along z"
        self.setAccessibleName(f"Image of a point: {words}")
        self.show()
        self.update()

    def sizeHint(self) -> QSize:
        """Qt: two squares of some lines of text."""
        side = 9 * self.fontMetrics().height()
        return QSize(2 * side + _GAP, side)

    def minimumSizeHint(self) -> QSize:
        """Qt: the same; it is small."""
        return self.sizeHint()

    def paintEvent(self, event: Any) -> None:
        """Qt: draw the sections side by side."""
        painter = QPainter(self)
        side = min(self.height(), (self.width() - _GAP) // 2)
        for number, (image, width_um, across) in enumerate(self._sections):
            place = QRectF(number * (side + _GAP), 0, side, side)
            painter.drawImage(place, image)
            self._mark(painter, place, width_um, across)
        painter.end()

    def _mark(self, painter: QPainter, place: QRectF, width_um: float, across: bool) -> None:
        """Draw the ends of a width, and the words beside the point."""
        half = 0.5 * place.width() * width_um / self._side_um
        words = f"{'xy' if across else 'xz'}: {1000 * width_um:.0f} nm"
        painter.setPen(QPen(_MARK, 1))
        if half < 0.5 * place.width():
            middle, reach = place.center(), 0.2 * place.width()
            for end in (-half, half):
                if across:
                    x = middle.x() + end
                    painter.drawLine(QPointF(x, middle.y() - reach), QPointF(x, middle.y() + reach))
                else:
                    y = middle.y() + end
                    painter.drawLine(QPointF(middle.x() - reach, y), QPointF(middle.x() + reach, y))
        corner = int((Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter).value)
        painter.drawText(place.adjusted(2, 2, -2, -2), corner, words)


def _grey(section: FloatArray) -> QImage:
    """Return a section as a picture of its own bytes."""
    share = np.clip(section / max(float(section.max()), 1e-30), 0.0, 1.0) ** _GAMMA
    grey = np.ascontiguousarray(np.round(255 * share).astype(np.uint8))
    rows, columns = grey.shape
    return QImage(grey.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
