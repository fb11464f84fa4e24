"""How the table of the shapes looks: its columns, their menu, and what is marked in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QFontMetrics
from qtpy.QtWidgets import QAbstractItemView, QMenu, QTableView, QWidget

from napari_3dmsl.widgets.browse.columns import COLUMNS
from napari_3dmsl.widgets.browse.table import ShapeTable


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
