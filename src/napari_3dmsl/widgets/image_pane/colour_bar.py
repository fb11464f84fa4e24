"""What the colours of a picture mean: two numbers with their unit, and what is saturated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

_LENGTH, _SHORTEST, _THICKNESS, _GAP = 64, 12, 10, 5


class ColourBar(QWidget):
    """A horizontal bar from black to full colour between the values that they stand for.

    Parameters
    ----------
    parent
        Of the widget.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._table: NDArray[np.uint8] = np.zeros((256, 3), np.uint8)
        self._image = QImage()
        self._said = ("", "", "")
        self._full_colour = QColor()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "What black and full colour stand for. The square marks pixels that are as bright as "
            "the camera can record, and how many."
        )

    def show_table(self, table: NDArray[np.uint8], full_colour: str) -> None:
        """Take another colormap.

        Parameters
        ----------
        table : (levels, 3) uint8
            From black on.
        full_colour
            Of saturated pixels.
        """
        self._table = np.ascontiguousarray(table)
        levels = len(table)
        self._image = QImage(self._table.data, levels, 1, 3 * levels, QImage.Format.Format_RGB888)
        self._full_colour = QColor(full_colour)
        self.update()

    def show_values(self, low: float, high: float, unit: str, saturated: float) -> None:
        """Take other numbers.

        Parameters
        ----------
        low, high
            What black and full colour stand for.
        unit
            Of both.
        saturated
            Share of the pixels that are, 0 to 1.
        """
        full = f"{_percent(saturated)} saturated" if saturated else ""
        said = (_number(low, high), f"{_number(high, high)} {unit}", full)
        if said == self._said:
            return
        self._said = said
        self.setAccessibleName(f"Black is {said[0]}, full colour {said[1]} {said[2]}".rstrip())
        self.updateGeometry()
        self.update()

    @property
    def said(self) -> tuple[str, str, str]:
        """The words beside it: low, high with unit, and what is saturated."""
        return self._said

    def sizeHint(self) -> QSize:
        """Qt: as wide as bar and words."""
        return QSize(self._words_width() + _LENGTH, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Qt: words are never cut, the bar may be shorter."""
        return QSize(self._words_width() + _SHORTEST, self.fontMetrics().height() + 2)

    def _words_width(self) -> int:
        metrics = self.fontMetrics()
        low, high, full = (metrics.horizontalAdvance(word) for word in self._said)
        return low + high + 2 * _GAP + 2 + (full + _THICKNESS + 3 * _GAP if full else 0)

    def paintEvent(self, event: Any) -> None:
        """Qt: draw it."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        height, at = self.height(), 0
        top = (height - _THICKNESS) // 2
        low, high, full = self._said
        at = self._say(painter, at, low) + _GAP
        length = min(max(self.width() - self._words_width(), _SHORTEST), _LENGTH)
        bar = QRect(at, top, length, _THICKNESS)
        painter.drawImage(bar, self._image)
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
        at = self._say(painter, at + length + _GAP, high)
        if full:
            square = QRect(at + 2 * _GAP, top, _THICKNESS, _THICKNESS)
            painter.fillRect(square, self._full_colour)
            painter.drawRect(square.adjusted(0, 0, -1, -1))
            self._say(painter, square.right() + 1 + _GAP, full)
        painter.end()

    def _say(self, painter: QPainter, left: int, words: str) -> int:
        width = self.fontMetrics().horizontalAdvance(words)
        line = QRect(left, 0, width + 1, self.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        return left + width


def _number(value: float, largest: float) -> str:
    said = f"{value:,.0f}" if abs(largest) >= 20 else f"{value:.2g}"
    return said.replace("-", "−")


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
