"""A histogram of one measure, stacked by class; a drag over it chooses a range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.widgets.browse.table import BoolArray, IntArray

BINS = 28
_WIDE = 20.0  # values that differ more than this are drawn on a logarithmic axis
_DECADES = 4  # what is smaller than the largest by more goes into the first bin
_TICKS = 5
_SIDE = 8  # margin in pixels
_BARS = 64  # height in pixels


@dataclass(frozen=True)
class Bins:
    """Where the bars of a histogram begin and end."""

    edges: FloatArray
    logarithmic: bool = False

    def place(self, values: FloatArray) -> IntArray:
        """Return the bin of each value; those outside are in the first or last one.

        Parameters
        ----------
        values
            (N,), in the unit of the measure.
        """
        found = np.searchsorted(self.edges, values, side="right") - 1
        return np.clip(found, 0, len(self.edges) - 2)

    def share(self, value: float) -> float:
        """Return where a value lies along the axis, from 0 to 1 within the bins.

        Parameters
        ----------
        value
            In the unit of the measure.
        """
        ends = self.edges[[0, -1]]
        if self.logarithmic:
            value, ends = np.log(max(value, 1e-300)), np.log(ends)
        return float((value - ends[0]) / (ends[1] - ends[0]))

    def value(self, share: float) -> float:
        """Return the value at a place along the axis.

        Parameters
        ----------
        share
            0 to 1 within the bins.
        """
        low, high = self.edges[[0, -1]]
        if self.logarithmic:
            return float(low * (high / low) ** share)
        return float(low + (high - low) * share)

    def ticks(self) -> list[float]:
        """Return round numbers along the axis, a few."""
        low, high = self.edges[[0, -1]]
        if self.logarithmic:
            powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
            for steps in ((1, 2, 5), (1, 3), (1,)):
                ticks = [step * 10.0**power for power in powers for step in steps]
                inside = [tick for tick in ticks if low <= tick <= high]
                if len(inside) <= _TICKS:
                    break
            return inside
        rough = max((high - low) / _TICKS, self.edges[1] - low)  # no ticks within a bar
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
        return (np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step).tolist()


def bins_of(values: FloatArray) -> Bins:
    """Return bins for finite values: whole numbers each their own, wide ranges logarithmic.

    Parameters
    ----------
    values
        (N,), finite; there may be none.
    """
    if not len(values):
        return Bins(np.array([0.0, 1.0]))
    low, high = float(values.min()), float(values.max())
    if high - low < BINS and np.array_equal(values, np.round(values)):
        return Bins(np.arange(low, high + 2) - 0.5)
    if low >= 0 and high > 0:
        smallest = max(float(values[values > 0].min()), high * 10.0**-_DECADES)
        if high > _WIDE * smallest:
            return Bins(np.geomspace(smallest, high * (1 + 1e-9), BINS + 1), logarithmic=True)
    return Bins(np.linspace(low, high if high > low else low + 1.0, BINS + 1))


class Histogram(QWidget):
    """Bars of the shapes shown, stacked by class; behind them, in grey, those of all shapes.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    range_chosen(low, high)
        A range was dragged over, or a bar clicked; infinite ends after a double click.
    """

    range_chosen = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bins = bins_of(np.zeros(0))
        self.counts = np.zeros((0, 1), np.int64)
        """Shapes shown, class by bin; the lowest bar first."""
        self.all_counts = np.zeros(1, np.int64)
        self._classes: list[tuple[str, str]] = []
        self._unit = ""
        self._has_shapes = False
        self._bounds = (-np.inf, np.inf)
        self._dragged: tuple[float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Drag over a range, or click a bar, to show only these; double-click: all")

    def sizeHint(self) -> QSize:
        """Qt: a small plot, with room for its numbers."""
        return QSize(180, _BARS + self._above + self._below)

    def changeEvent(self, event: Any) -> None:
        """Qt: other letters need other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    @property
    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(max(font.pointSizeF() - 1.5, 6.0))
        return font

    @property
    def _above(self) -> int:
        """Height of the line above the bars, in pixels."""
        return QFontMetrics(self._small).height() + 2

    @property
    def _below(self) -> int:
        """Height of ticks and numbers below the bars, in pixels."""
        return QFontMetrics(self._small).height() + 6

    def show_values(
        self,
        values: FloatArray,
        codes: IntArray,
        classes: list[tuple[str, str]],
        shown: BoolArray,
        unit: str,
        bounds: tuple[float, float],
    ) -> None:
        """Show other values.

        Parameters
        ----------
        values
            One for each shape, NaN where it has none.
        codes
            Place of its class in ``classes``.
        classes
            Name and colour of the classes.
        shown
            Which shapes are coloured.
        unit
            Of the values.
        bounds
            The range to mark.
        """
        self._has_shapes = len(values) > 0
        known = np.isfinite(values)
        self.bins = bins_of(values[known])
        size = len(self.bins.edges) - 1
        place = self.bins.place(values[known])
        self.all_counts = np.bincount(place, minlength=size)
        seen = shown[known]
        flat = codes[known][seen] * size + place[seen]
        self.counts = np.bincount(flat, minlength=len(classes) * size).reshape(-1, size)
        self._classes, self._unit, self._bounds = classes, unit, bounds
        self.update()

    def x_of(self, value: float) -> float:
        """Return the pixel column of a value.

        Parameters
        ----------
        value
            In the unit of the measure.
        """
        return _SIDE + self.bins.share(value) * (self.width() - 2 * _SIDE)

    def paintEvent(self, event: Any) -> None:
        """Qt: draw."""
        painter = QPainter(self)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        self._paint_range(painter, ink)
        if self.all_counts.sum():
            self._paint_bars(painter, ink)
        self._paint_axis(painter, ink)
        painter.end()

    def _paint_range(self, painter: QPainter, ink: QColor) -> None:
        low, high = self._dragged or self._bounds
        if (low, high) == (-np.inf, np.inf):
            return
        left = max(self.x_of(low), _SIDE) if np.isfinite(low) else _SIDE
        end = self.width() - _SIDE
        right = min(self.x_of(high), end) if np.isfinite(high) else end
        box = QRectF(
            left, self._above, max(right - left, 1.0), self.height() - self._above - self._below
        )
        painter.fillRect(box, _faint(ink, 40))

    def _paint_bars(self, painter: QPainter, ink: QColor) -> None:
        bottom = self.height() - self._below
        each = (bottom - self._above) / self.all_counts.max()
        for at, (low, high) in enumerate(zip(self.bins.edges, self.bins.edges[1:], strict=False)):
            left, right = self.x_of(low) + 0.5, self.x_of(high) - 0.5
            tall = each * float(self.all_counts[at])
            painter.fillRect(QRectF(left, bottom - tall, right - left, tall), _faint(ink, 60))
            foot = float(bottom)
            for (_, colour), count in zip(self._classes, self.counts[:, at], strict=True):
                tall = each * float(count)
                foot -= tall
                painter.fillRect(QRectF(left, foot, right - left, tall), QColor(colour))

    def _paint_axis(self, painter: QPainter, ink: QColor) -> None:
        bottom = self.height() - self._below
        painter.setFont(self._small)
        painter.setPen(_faint(ink, 200))
        painter.drawLine(QPointF(_SIDE, bottom), QPointF(self.width() - _SIDE, bottom))
        most = int(self.all_counts.max())
        told = f"up to {most}" if most else "no such measure" if self._has_shapes else ""
        painter.drawText(QPointF(1, self._above - 4), told)
        if not most:
            return
        unit_wide = painter.fontMetrics().horizontalAdvance(self._unit) + 2
        painter.drawText(QPointF(self.width() - unit_wide, self.height() - 4), self._unit)
        for tick in self.bins.ticks():
            x, text = self.x_of(tick), f"{tick:g}"
            painter.drawLine(QPointF(x, bottom), QPointF(x, bottom + 3))
            wide = painter.fontMetrics().horizontalAdvance(text)
            left = max(x - wide / 2, 0.0)
            if left + wide < self.width() - unit_wide - 2:
                painter.drawText(QPointF(left, self.height() - 4), text)

    def mousePressEvent(self, event: Any) -> None:
        """Qt: begin a range."""
        if event.button() == Qt.MouseButton.LeftButton and self.all_counts.sum():
            value = self._value_at(event)
            self._dragged = (value, value)

    def mouseMoveEvent(self, event: Any) -> None:
        """Qt: the range follows the mouse."""
        if self._dragged is not None:
            self._dragged = (self._dragged[0], self._value_at(event))
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        """Qt: the range is chosen: of whole bars, so that what is seen is what is shown."""
        if self._dragged is None:
            return
        dragged, self._dragged = np.array(self._dragged), None
        first, last = np.sort(self.bins.place(dragged))
        low, high = float(self.bins.edges[first]), float(self.bins.edges[last + 1])
        ends = (-np.inf if first == 0 else low, high if last < self.counts.shape[1] - 1 else np.inf)
        self.range_chosen.emit(*ends)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Qt: all again."""
        self._dragged = None
        self.range_chosen.emit(-np.inf, np.inf)

    def event(self, event: Any) -> bool:
        """Qt: over a bar, tell what is in it."""
        if event.type() == QEvent.Type.ToolTip and self.all_counts.sum():
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().x()), self)
            return True
        return bool(super().event(event))

    def text_at(self, x: float) -> str:
        """Return what is in the bar at a pixel column, and what the mouse can do.

        Parameters
        ----------
        x
            Pixels from the left side of the widget.
        """
        share = (x - _SIDE) / max(self.width() - 2 * _SIDE, 1)
        at = int(self.bins.place(np.array([self.bins.value(share)]))[0])
        low, high = self.bins.edges[at : at + 2]
        pairs = zip(self._classes, self.counts[:, at], strict=True)
        inside = ", ".join(f"{count} {kind}" for (kind, _), count in pairs if count)
        return f"{low:.3g} to {high:.3g} {self._unit}: {inside or 'none'}\n{self.toolTip()}"

    def _value_at(self, event: Any) -> float:
        share = (event.position().x() - _SIDE) / max(self.width() - 2 * _SIDE, 1)
        return self.bins.value(min(max(share, 0.0), 1.0))


def _faint(colour: QColor, alpha: int) -> QColor:
    thin = QColor(colour)
    thin.setAlpha(alpha)
    return thin
