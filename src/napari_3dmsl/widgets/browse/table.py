"""The table of the shapes: which columns there are, in which order the rows, which are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QPixmap

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.widgets.browse.columns import COLUMNS, Column

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


_EDITED = " ✎"  # behind a class that was set by hand
_NO_SHAPES = np.zeros(0, np.int64)


class ShapeTable(QAbstractTableModel):
    """The measures of a shape source, read in place; it sorts and leaves out rows itself.

    A proxy model asks Python for every row and comparison, seconds for 27,000 shapes; here an
    array of row numbers is made in one go.

    Signals
    -------
    arranged()
        Other rows are shown, or in another order.
    """

    arranged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.picture_of: Callable[[int, str], QPixmap | None] | None = None
        """Gives the picture of a shape in a colour; without it none are shown."""
        self.ids: IntArray = _NO_SHAPES
        self.columns: list[Column] = []
        self._table: dict[str, Sequence[Any]] = {}
        self._numbers: dict[str, FloatArray] = {}
        self._keep: BoolArray = np.zeros(0, bool)
        self._order: IntArray = _NO_SHAPES
        self._place: IntArray = _NO_SHAPES
        self._sorting = (0, Qt.SortOrder.AscendingOrder)

    def show(self, source: ShapeSource | None) -> None:
        """Show other shapes, or none.

        Parameters
        ----------
        source
            A library, or shapes just extracted; None for nothing.
        """
        self.beginResetModel()
        self.ids = _NO_SHAPES if source is None else np.array(source.ids, np.int64)
        self._table = {} if source is None else dict(source.table)
        self.columns = [column for column in COLUMNS if column.name in self._table]
        self._numbers = {}
        self._keep = np.ones(len(self.ids), bool)
        self._arrange()
        self.endResetModel()
        self.arranged.emit()

    def narrow(self, keep: BoolArray) -> None:
        """Show the shapes that are true in a mask in the order of `ids`.

        Parameters
        ----------
        keep
            (N,) bool.
        """
        self.beginResetModel()
        self._keep = keep
        self._arrange()
        self.endResetModel()
        self.arranged.emit()

    @property
    def shown(self) -> BoolArray:
        """Which of `ids` are shown."""
        return self._keep

    def numbers(self, name: str) -> FloatArray:
        """Return a column as numbers in the order of `ids`, NaN where there is none.

        Parameters
        ----------
        name
            Of a measure.
        """
        if name not in self._numbers:
            self._numbers[name] = np.array(self._table[name], dtype=np.float64)
        return self._numbers[name]

    def classes(self) -> NDArray[np.str_]:
        """Return the class of each of `ids`."""
        return np.array([kind or UNKNOWN for kind in self._table.get("shape_class", [])], np.str_)

    def edited(self) -> BoolArray:
        """Return for each of `ids` whether its class was set by hand."""
        measured = self._table.get("measured_class", [""] * len(self.ids))
        return np.array([bool(kind) for kind in measured], bool)

    def id_of(self, row: int) -> int:
        """Id of the shape in a row.

        Parameters
        ----------
        row
            As shown.
        """
        return int(self.ids[self._order[row]])

    def class_of(self, row: int) -> str:
        """Class of the shape in a row, as it is called.

        Parameters
        ----------
        row
            As shown.
        """
        known = self._table.get("shape_class")
        return UNKNOWN if known is None else str(known[self._order[row]] or UNKNOWN)

    def colour_of(self, row: int) -> str:
        """Colour of the class of the shape in a row, ``#rrggbb``.

        Parameters
        ----------
        row
            As shown.
        """
        return class_colour(self.class_of(row))

    @property
    def listed(self) -> list[int]:
        """Ids of the shapes that are shown, in the order of the rows."""
        found: list[int] = self.ids[self._order].tolist()
        return found

    def listed_rows(self) -> Iterator[list[Any]]:
        """Give the names of all measures, shown or not, then those of each shape that is shown."""
        yield list(self._table)
        columns = list(self._table.values())
        for row in self._order.tolist():
            yield [column[row] for column in columns]

    def ids_of(self, rows: Iterable[int]) -> list[int]:
        """Ids of the shapes in some rows.

        Parameters
        ----------
        rows
            As shown.
        """
        found: list[int] = self.ids[self._order[np.fromiter(rows, np.int64)]].tolist()
        return found

    def rows_of(self, shape_ids: Sequence[int]) -> list[int]:
        """Rows of those of the shapes that are shown.

        Parameters
        ----------
        shape_ids
            Those that are not shown are left out.
        """
        wanted = np.array(shape_ids, np.int64)
        at = np.minimum(np.searchsorted(self.ids, wanted), max(len(self.ids) - 1, 0))
        rows = self._place[at[self.ids[at] == wanted]] if len(self.ids) else _NO_SHAPES
        found: list[int] = rows[rows >= 0].tolist()
        return found

    def refresh(self, shape_id: int) -> None:
        """Draw the row of a shape again, as there is a picture of it now.

        Parameters
        ----------
        shape_id
            Of the shape, which need not be shown.
        """
        for row in self.rows_of([shape_id]):
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt: sort by a column; equals stay in the order of their ids."""
        self.beginResetModel()
        self._sorting = (column, order)
        self._arrange()
        self.endResetModel()
        self.arranged.emit()

    def _arrange(self) -> None:
        kept = np.flatnonzero(self._keep)
        column, order = self._sorting
        if 0 <= column < len(self.columns):
            keys = self._keys(self.columns[column].name)[kept]
            sign = 1.0 if order == Qt.SortOrder.AscendingOrder else -1.0
            kept = kept[np.argsort(sign * keys, kind="stable")]
        self._order = kept
        self._place = np.full(len(self.ids), -1, np.int64)
        self._place[kept] = np.arange(len(kept))

    def _keys(self, name: str) -> FloatArray:
        if name != "shape_class":
            return self.numbers(name)
        return np.unique(self.classes(), return_inverse=True)[1].astype(np.float64)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of shapes shown."""
        return len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of measures."""
        return len(self.columns)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Qt: headings with units and what they mean."""
        if orientation == Qt.Orientation.Horizontal and section < len(self.columns):
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].heading
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.columns[section].tip
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: one measure."""
        name, _, decimals, *_ = self.columns[index.column()]
        row = self._order[index.row()]
        value = self._table[name][row]
        if role == Qt.ItemDataRole.DisplayRole:
            measured = self._table.get("measured_class") if name == "shape_class" else None
            return _text(value, decimals) + (_EDITED if measured and measured[row] else "")
        if role == Qt.ItemDataRole.DecorationRole and name == "shape_class":
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(class_colour(value)))
            return swatch
        if role == Qt.ItemDataRole.DecorationRole and name == "index" and self.picture_of:
            colour = class_colour(self._table["shape_class"][row])
            return self.picture_of(int(value), colour)
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "shape_class":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and "reason" in self._table:
            return self._table["reason"][row] or None
        return None


def _text(value: Any, decimals: int | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "cut" if value else ""
    return str(value) if decimals is None else f"{value:.{decimals}f}"
