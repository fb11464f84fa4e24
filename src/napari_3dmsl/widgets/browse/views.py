"""The ways to see the shapes that are listed: table, gallery of pictures, plot of two measures."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.widgets.browse.gallery import Gallery
from napari_3dmsl.widgets.browse.table import ShapeTable
from napari_3dmsl.widgets.browse.table_view import ShapeTableView
from napari_3dmsl.widgets.browse.thumbnails import Thumbnails

if TYPE_CHECKING:
    from napari_3dmsl.widgets.browse.scatter import ScatterPlot

VIEWS = {
    "table": ("Table", "A row for each shape, with its measures"),
    "gallery": ("Gallery", "A picture of each shape, in the order of the table"),
    "plot": ("Plot", "Two measures against each other; a lasso selects"),
}


class ShapeViews(QWidget):
    """Three views of the same shapes, one of them in sight; they select together.

    Parameters
    ----------
    model
        The shapes.
    pictures
        Make those of the gallery.
    parent
        Of the widget.

    Signals
    -------
    chosen(ids, current)
        The person has selected these shapes, the last one being ``current``; none with None.
    flown_to()
        The selection is to be flown to.
    switched(name)
        Another view is in sight.
    """

    chosen = Signal(list, object)
    flown_to = Signal()
    switched = Signal(str)

    def __init__(
        self, model: ShapeTable, pictures: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._selected: tuple[int, ...] = ()
        self.table = ShapeTableView(model, self)
        self.table.setAccessibleName("Shapes")
        self.table.setToolTip("Shift and Ctrl select several; a double click or Enter flies there")
        self.gallery = Gallery(self.table, model, pictures, self)
        self.plot: ScatterPlot | None = None
        self._stack = QStackedWidget(self)
        self._stack.setMinimumHeight(200)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.gallery)
        self.table.chosen.connect(self.chosen)
        self.table.flown_to.connect(self.flown_to)
        self.gallery.flown_to.connect(self.flown_to)
        self.line = QHBoxLayout()
        self.line.setSpacing(1)
        self._buttons = QButtonGroup(self)
        for name, (words, tip) in VIEWS.items():
            self.line.addWidget(self._button(name, words, tip))
        self.line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self.line)
        column.addWidget(self._stack, 1)

    def _button(self, name: str, words: str, tip: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(f"view_{name}")
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setChecked(name == "table")
        button.clicked.connect(lambda: self.show_view(name))
        self._buttons.addButton(button)
        return button

    @property
    def view(self) -> str:
        """Which one is in sight: ``table``, ``gallery`` or ``plot``."""
        return [*VIEWS][self._stack.currentIndex()]

    @property
    def measures(self) -> tuple[str, str]:
        """Columns of the plot, to the right and upwards."""
        return ("length_um", "volume_um3") if self.plot is None else self.plot.measures

    def show_view(self, name: Any) -> None:
        """Show one of the views; an unknown one changes nothing.

        Parameters
        ----------
        name
            ``table``, ``gallery`` or ``plot``.
        """
        if name not in VIEWS or name == self.view:
            return
        if name == "plot" and self.plot is None:
            from napari_3dmsl.widgets.browse.scatter import ScatterPlot  # pyqtgraph loads slowly

            self.plot = ScatterPlot(self._model, self)
            self.plot.chosen.connect(self.chosen)
            self.plot.select(self._selected)
            self._stack.addWidget(self.plot)
        self._stack.setCurrentIndex([*VIEWS].index(name))
        self._buttons.buttons()[[*VIEWS].index(name)].setChecked(True)
        self.switched.emit(name)

    def mark(self, shape_ids: Collection[int], current: int | None) -> None:
        """Mark the selected shapes in all views, without telling.

        Parameters
        ----------
        shape_ids
            Of the shapes; those that are not listed are left out.
        current
            The one that is imaged.
        """
        self._selected = tuple(shape_ids)
        self.table.mark(self._selected, current)
        if self.gallery.isVisible() and current is not None:
            for row in self._model.rows_of([current]):
                self.gallery.scrollTo(self._model.index(row, 0))
        if self.plot is not None:
            self.plot.select(self._selected)
