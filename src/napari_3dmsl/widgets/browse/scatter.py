"""Two measures against each other: a point for each shape, selected by a lasso."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.widgets.browse.axis_scale import on_axis
from napari_3dmsl.widgets.browse.lasso import LassoBox, inside
from napari_3dmsl.widgets.browse.measures import MEASURES, measure_words
from napari_3dmsl.widgets.browse.table import ShapeTable

_POINT, _RING = 7, 11  # pixels
_TIP = (
    "Each point is a shape, in the colour of its class. Draw a lasso with the left button to "
    "select; Shift adds. The wheel zooms, the right button moves, a double click shows all"
)


class _Axis(pg.AxisItem):
    """An axis whose logarithmic ticks are written at 1, 2 and 5, as plain numbers."""

    def logTickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        """See `pyqtgraph.AxisItem.logTickStrings`."""
        numbers = 10.0 ** np.array(values, float) * scale
        written = np.isin(np.round(10.0 ** (np.log10(numbers) % 1.0), 3), [1, 2, 5, 10])
        return [f"{x:.4g}" if told else "" for x, told in zip(numbers, written, strict=True)]


class ScatterPlot(QWidget):
    """Points of the shapes that the table lists.

    Parameters
    ----------
    model
        Whose shapes are shown.
    parent
        Of the widget.

    Signals
    -------
    chosen(ids, current)
        These shapes were selected, the last one being ``current``; none with None.
    """

    chosen = Signal(list, object)

    def __init__(self, model: ShapeTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._selected: tuple[int, ...] = ()
        self._ids = np.zeros(0, np.int64)
        self._points: FloatArray = np.zeros((0, 2))
        self.across = self._choice("plot_across", "Measure to the right", "length_um")
        self.up = self._choice("plot_up", "Measure upwards", "volume_um3")
        self._box = LassoBox()
        axes = {side: _Axis(side) for side in ("bottom", "left")}
        self._plot = pg.PlotWidget(self, viewBox=self._box, axisItems=axes)
        self._plot.setObjectName("plot")
        self._plot.setAccessibleName("Plot of two measures")
        self._plot.setToolTip(_TIP)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the table selects by keyboard
        self._plot.hideButtons()
        self._box.drawn.connect(self._take)
        line = QHBoxLayout()
        line.addWidget(self.up, 1)
        line.addWidget(QLabel("against", self))
        line.addWidget(self.across, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self._plot, 1)
        model.arranged.connect(self.renew)

    def _choice(self, name: str, words: str, first: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(words)
        box.setToolTip(f"{words} in the plot; logarithmic where values differ more than twentyfold")
        box.setMinimumContentsLength(10)
        for measure, *_ in MEASURES:
            box.addItem(measure_words(measure), measure)
        box.setCurrentIndex(box.findData(first))
        box.currentIndexChanged.connect(self._show_others)
        return box

    @property
    def measures(self) -> tuple[str, str]:
        """Columns to the right and upwards."""
        return str(self.across.currentData()), str(self.up.currentData())

    def select(self, ids: Collection[int]) -> None:
        """Ring these shapes.

        Parameters
        ----------
        ids
            Of the shapes; those that are not listed are left out.
        """
        self._selected = tuple(ids)
        if self.isVisible():
            self.renew()

    def showEvent(self, event: Any) -> None:
        """Qt: draw what has changed meanwhile."""
        super().showEvent(event)
        self._show_others()

    def changeEvent(self, event: Any) -> None:
        """Qt: in another theme, other ink."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self.renew()

    def _show_others(self) -> None:
        self.renew()
        self._box.autoRange()

    def renew(self) -> None:
        """Draw the shapes as they are now, if anybody can see it."""
        if not self.isVisible():
            return
        shown, model = self._model.shown, self._model
        self._points = np.full((len(model.ids), 2), np.nan)
        for at, (measure, side) in enumerate(zip(self.measures, ("bottom", "left"), strict=True)):
            known = measure in {column.name for column in model.columns}
            if known:
                self._points[:, at], logarithmic = on_axis(model.numbers(measure))
                self._axis(side, measure, logarithmic)
            else:
                self._axis(side, measure, False)
        self._points[~shown] = np.nan
        self._ids = model.ids
        self._draw()

    def _axis(self, side: str, measure: str, logarithmic: bool) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        axis = self._plot.getAxis(side)
        axis.setLogMode(logarithmic)
        axis.enableAutoSIPrefix(False)
        axis.setPen(ink)
        axis.setTextPen(ink)
        axis.setLabel(measure_words(measure), color=ink.name())
        self._plot.setBackground(self.palette().color(QPalette.ColorRole.Window))

    def _draw(self) -> None:
        for item in [*self._plot.plotItem.items]:
            self._plot.removeItem(item)
        classes = self._model.classes()
        there = np.isfinite(self._points).all(axis=1)
        for kind in np.unique(classes[there]).tolist():
            self._add(there & (classes == kind), _POINT, brush=class_colour(kind), pen=None)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        ringed = there & np.isin(self._ids, np.array(self._selected, np.int64))
        self._add(ringed, _RING, brush=None, pen=pg.mkPen(ink, width=2))

    def _add(self, which: Any, size: int, **look: Any) -> None:
        x, y = self._points[which].T
        item = pg.ScatterPlotItem(x=x, y=y, size=size, data=self._ids[which], **look)
        self._plot.addItem(item)

    def _take(self, polygon: FloatArray, adds: bool) -> None:
        found = self._ids[inside(polygon, self._points)].tolist()
        if adds:
            found = [*(i for i in self._selected if i not in set(found)), *found]
        self.chosen.emit(found, found[-1] if found else None)
