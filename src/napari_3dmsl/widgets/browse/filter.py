"""What narrows the table: a class, an id, and ranges of two measures."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.layers.class_colours import CLASS_COLOURS, class_colour
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.widgets.browse.histogram import Histogram
from napari_3dmsl.widgets.browse.measures import MEASURES, measure_words
from napari_3dmsl.widgets.browse.table import BoolArray, ShapeTable
from napari_3dmsl.widgets.common.accessibility import warning_colour

ALL = "all classes"
BY_HAND = "set by hand"


class RangeField(QWidget):
    """From and to of one measure that can be chosen; an empty field bounds nothing.

    Parameters
    ----------
    number
        Its place among those of the bar, from 0.
    measure
        The one that is chosen first.
    parent
        Of the widget.

    Signals
    -------
    changed()
        Another measure is chosen, or other bounds.
    """

    changed = Signal()

    def __init__(self, number: int, measure: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = QComboBox(self)
        self.column.setObjectName(f"measure_{number}")
        self.column.setAccessibleName(f"Measure {number}")
        self.column.setToolTip("The measure that is bounded here and whose histogram is shown")
        for name, *_ in MEASURES:
            self.column.addItem(measure_words(name), name)
        self.column.setCurrentIndex([name for name, *_ in MEASURES].index(measure))
        self.low = self._bound(f"from_{number}", "from", "Show shapes with at least this")
        self.high = self._bound(f"to_{number}", "to", "Show shapes with at most this")
        self.histogram = Histogram(self)
        self.histogram.setObjectName(f"histogram_{number}")
        self.histogram.range_chosen.connect(self.set_bounds)
        bounds = QHBoxLayout()
        bounds.addWidget(self.low, 1)
        bounds.addWidget(QLabel("–", self))
        bounds.addWidget(self.high, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.column)
        column.addWidget(self.histogram)
        column.addLayout(bounds)
        self.column.currentIndexChanged.connect(self._other_measure)

    @property
    def measure(self) -> str:
        """Name of the column that is chosen."""
        return str(self.column.currentData())

    @property
    def unit(self) -> str:
        """Unit of that column, empty for a count."""
        return next(unit for name, _, unit in MEASURES if name == self.measure)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value to show, infinite where a field is empty or holds no number."""
        low, high = _number(self.low.text()), _number(self.high.text())
        return (-np.inf if low is None else low, np.inf if high is None else high)

    def set_bounds(self, low: float, high: float) -> None:
        """Fill the fields; an infinite bound empties its field.

        Parameters
        ----------
        low, high
            In the unit of the measure.
        """
        with QSignalBlocker(self):
            for field, value in ((self.low, low), (self.high, high)):
                field.setText(f"{value:.4g}" if np.isfinite(value) else "")
        self.changed.emit()

    def _bound(self, name: str, placeholder: str, tip: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setObjectName(name)
        field.setPlaceholderText(placeholder)
        field.setAccessibleName(tip)
        field.setToolTip(f"{tip}, in the unit above; empty: no bound")
        field.setMinimumWidth(48)
        field.textChanged.connect(lambda text: self._typed(field, text))
        return field

    def _typed(self, field: QLineEdit, text: str) -> None:
        wrong = bool(text.strip()) and _number(text) is None
        field.setStyleSheet(f"color: {warning_colour(self)};" if wrong else "")
        self.changed.emit()

    def _other_measure(self) -> None:
        self.set_bounds(-np.inf, np.inf)  # bounds of a length mean nothing for a volume


class FilterBar(QWidget):
    """The fields that narrow the table.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    changed()
        Others are to be shown.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.class_choice = QComboBox(self)
        self.class_choice.setObjectName("shape_class")
        self.class_choice.setAccessibleName("Class")
        self.class_choice.setToolTip("Show one class only")
        self.class_choice.setMinimumContentsLength(10)
        self.class_choice.currentIndexChanged.connect(self.changed)
        self.search = QLineEdit(self)
        self.search.setObjectName("search")
        self.search.setAccessibleName("Find id")
        self.search.setPlaceholderText("find id…")
        self.search.setToolTip("Show the shapes whose number begins with this")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.changed)
        self.clear_button = QPushButton("Show all", self)
        self.clear_button.setObjectName("show_all")
        self.clear_button.setToolTip("Empty the search and all bounds, and show all classes")
        self.clear_button.clicked.connect(self.clear)
        self.ranges = [RangeField(1, "length_um", self), RangeField(2, "volume_um3", self)]
        line = QHBoxLayout()
        line.addWidget(self.class_choice, 3)
        line.addWidget(self.search, 2)
        line.addWidget(self.clear_button)
        pair = QHBoxLayout()
        pair.setSpacing(10)
        for field in self.ranges:
            pair.addWidget(field, 1)
            field.changed.connect(self.changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addLayout(pair)

    def show_classes(self, table: ShapeTable) -> None:
        """Offer the classes of other shapes, with their numbers; the choice stays if it can.

        Parameters
        ----------
        table
            Of the shapes that are open.
        """
        chosen = self.class_choice.currentData()
        kinds, counts = np.unique(table.classes(), return_counts=True)
        with QSignalBlocker(self.class_choice):
            self.class_choice.clear()
            self.class_choice.addItem(f"{ALL} ({len(table.ids)})", ALL)
            for at in np.argsort(-counts, kind="stable").tolist():
                mark = QPixmap(12, 12)
                mark.fill(QColor(class_colour(str(kinds[at]))))
                self.class_choice.addItem(f"{kinds[at]} ({counts[at]})", str(kinds[at]))
                self.class_choice.setItemData(
                    self.class_choice.count() - 1, mark, Qt.ItemDataRole.DecorationRole
                )
            edited = np.count_nonzero(table.edited())
            if edited:
                self.class_choice.addItem(f"{BY_HAND} ({edited})", BY_HAND)
            self.class_choice.setCurrentIndex(max(0, self.class_choice.findData(chosen)))

    def show_histograms(self, table: ShapeTable) -> None:
        """Draw the shapes of the table, those that are shown in the colours of their classes.

        Parameters
        ----------
        table
            Of the shapes that are open.
        """
        kinds = table.classes()
        order = [*CLASS_COLOURS, UNKNOWN]
        present = [kind for kind in order if kind in set(kinds.tolist())]
        present += sorted(set(kinds.tolist()) - set(order))
        codes = np.zeros(len(kinds), np.int64)
        for code, kind in enumerate(present):
            codes[kinds == kind] = code
        classes = [(kind, class_colour(kind)) for kind in present]
        names = {column.name for column in table.columns}
        for field in self.ranges:
            known = field.measure in names
            values = table.numbers(field.measure) if known else np.full(len(codes), np.nan)
            field.histogram.show_values(
                values, codes, classes, table.shown, field.unit, field.bounds
            )

    def clear(self) -> None:
        """Show all."""
        with QSignalBlocker(self):
            self.class_choice.setCurrentIndex(0)
            self.search.clear()
            for field in self.ranges:
                field.set_bounds(-np.inf, np.inf)
        self.changed.emit()

    def mask(self, table: ShapeTable) -> BoolArray:
        """Return which shapes are to be shown, in the order of their ids.

        Parameters
        ----------
        table
            Of the shapes that are open.
        """
        keep = np.ones(len(table.ids), bool)
        kind = self.class_choice.currentData() or ALL
        if kind == BY_HAND:
            keep &= table.edited()
        elif kind != ALL:
            keep &= table.classes() == kind
        number = self.search.text().strip()
        if number:
            keep &= np.char.startswith(table.ids.astype(np.str_), number)
        names = {column.name for column in table.columns}
        for field in self.ranges:
            low, high = field.bounds
            if field.measure in names and (low, high) != (-np.inf, np.inf):
                values = table.numbers(field.measure)
                keep &= (values >= low) & (values <= high)  # no measure lies in no range
        return keep


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return None if np.isnan(value) else value
