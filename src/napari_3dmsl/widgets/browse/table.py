"""The table of the shapes: which columns there are, in which order the rows, which are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QFontMetrics, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QMenu, QTableView, QWidget

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


class ShapeTableView(QTableView):
    """Shows the table; its columns are chosen from the menu of the headings.

    Parameters
    ----------
    model
        What is shown.
    parent
        Of the widget.

    Signals
    -------
    chosen(ids, current)
        The person has marked these rows, the last one being ``current``; none with None.
    flown_to()
        A row was double-clicked, or Enter pressed on it.
    columns_changed()
        Others are shown.
    """

    chosen = Signal(list, object)
    flown_to = Signal()
    columns_changed = Signal()

    def __init__(self, model: ShapeTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._marking = False
        self._telling = False
        self._picture = 0
        self._visible = {column.name: column.by_default for column in COLUMNS}
        self.setObjectName("shapes")
        self.setModel(model)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leads on to the next field
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.menu = QMenu("Columns", self)
        self.menu.aboutToShow.connect(self._fill_menu)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        self.selectionModel().selectionChanged.connect(self._tell)
        self.doubleClicked.connect(lambda _: self.flown_to.emit())

    def fit_columns(self) -> None:
        """Hide and size the columns: as wide as what they hold, whatever rows are in sight."""
        metrics = QFontMetrics(self.font())
        heading = QFontMetrics(self.horizontalHeader().font())
        for at, column in enumerate(self._model.columns):
            self.setColumnHidden(at, not self._visible[column.name])
            lines = [heading.horizontalAdvance(line) for line in column.heading.split("\n")]
            width = max(*lines, metrics.horizontalAdvance(column.widest)) + 9
            room = {"shape_class": 16, "index": self._picture}.get(column.name, 0)
            self.setColumnWidth(at, width + room)

    def show_pictures(self, size: int) -> None:
        """Make room for pictures of so many pixels, none for 0.

        Parameters
        ----------
        size
            Side of a picture in pixels.
        """
        self._picture = size
        self.setIconSize(QSize(size, size))
        self.verticalHeader().setDefaultSectionSize(max(22, size + 4))
        self.fit_columns()

    def mark(self, shape_ids: Sequence[int], current: int | None) -> None:
        """Mark the rows of shapes, as far as they are shown, without telling.

        Parameters
        ----------
        shape_ids
            Of the shapes; those that are not shown are left out.
        current
            The one that is selected.
        """
        if self._telling:  # Qt is about to mark them itself
            return
        rows = self._model.rows_of(shape_ids)
        last = self._model.columnCount() - 1
        selection = QItemSelection()
        for first, end in _runs(rows):
            corners = (self._model.index(first, 0), self._model.index(end, last))
            selection.append(QItemSelectionRange(*corners))
        flags = QItemSelectionModel.SelectionFlag
        marked = self.selectionModel()
        self._marking = True
        marked.select(selection, flags.ClearAndSelect | flags.Rows)
        at = [] if current is None else self._model.rows_of([current])
        place = self._model.index(at[0], 0) if at else QModelIndex()
        marked.setCurrentIndex(place, flags.NoUpdate)
        self._marking = False
        if at:
            self.scrollTo(place)

    def _tell(self) -> None:
        if self._marking:
            return
        marked = self.selectionModel()
        rows = [row for part in marked.selection() for row in range(part.top(), part.bottom() + 1)]
        current = marked.currentIndex()
        at = current.row() if current.isValid() and current.row() in rows else max(rows, default=0)
        self._telling = True
        self.chosen.emit(self._model.ids_of(sorted(rows)), self._model.id_of(at) if rows else None)
        self._telling = False

    def keyPressEvent(self, event: Any) -> None:
        """Qt: Enter flies to what is marked."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.flown_to.emit()
            return
        super().keyPressEvent(event)

    def _open_menu(self, place: QPoint) -> None:
        self.menu.popup(self.horizontalHeader().mapToGlobal(place))

    def _fill_menu(self) -> None:
        self.menu.clear()
        for column in self._model.columns[2:]:  # id and class stay
            action = self.menu.addAction(column.heading.replace("\n", " "))
            action.setToolTip(column.tip)
            action.setCheckable(True)
            action.setChecked(self._visible[column.name])
            action.toggled.connect(lambda on, name=column.name: self._show_column(name, on))

    @property
    def shown(self) -> list[str]:
        """Names of the columns that are shown when the shapes have them."""
        return [name for name, shown in self._visible.items() if shown]

    def show_columns(self, names: Sequence[Any]) -> None:
        """Show these columns; id and class stay, and unknown names are left out.

        Parameters
        ----------
        names
            Of measures.
        """
        stay = {column.name for column in COLUMNS[:2]}
        self._visible = {name: name in stay or name in names for name in self._visible}
        self.fit_columns()
        self.columns_changed.emit()

    def _show_column(self, name: str, shown: bool) -> None:
        self._visible[name] = shown
        self.fit_columns()
        self.columns_changed.emit()


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of rows without a gap."""
    if not rows:
        return []
    ordered = np.sort(np.array(rows))
    ends = np.flatnonzero(np.diff(ordered) > 1)
    first, last = np.append(0, ends + 1), np.append(ends, len(ordered) - 1)
    return list(zip(ordered[first].tolist(), ordered[last].tolist(), strict=True))
