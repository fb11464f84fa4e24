"""The shapes of the table as pictures, in its order; both select together."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_3dmsl.widgets.browse.table import ShapeTable
from napari_3dmsl.widgets.browse.table_view import ShapeTableView
from napari_3dmsl.widgets.browse.thumbnails import Thumbnails

_MARGIN = 10
_WIDEST = "8888 · nano-tunnel"


class Gallery(QListView):
    """Pictures of the shapes that the table lists.

    Parameters
    ----------
    table
        Whose rows and selection are shown.
    model
        Of the table.
    pictures
        Make them.
    parent
        Of the widget.

    Signals
    -------
    flown_to()
        A picture was double-clicked, or Enter pressed on it.
    """

    flown_to = Signal()

    def __init__(
        self,
        table: ShapeTableView,
        model: ShapeTable,
        pictures: Thumbnails,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("gallery")
        self.setAccessibleName("Shapes as pictures")
        self.setToolTip(
            "Pictures of the shapes that are listed, each as large as fits, in the order of the "
            "table. Shift and Ctrl select several; a double click or Enter flies there"
        )
        self.setModel(model)
        self.setSelectionModel(table.selectionModel())
        self.setItemDelegate(_Pictures(model, pictures, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)  # of thousands, some at a time
        self.setIconSize(QSize(pictures.size, pictures.size))
        metrics = self.fontMetrics()
        wide = max(pictures.size, metrics.horizontalAdvance(_WIDEST))
        self.setGridSize(QSize(wide + _MARGIN, pictures.size + metrics.height() + _MARGIN))
        self.doubleClicked.connect(lambda _: self.flown_to.emit())
        pictures.made.connect(self._refresh)

    def keyPressEvent(self, event: Any) -> None:
        """Qt: Enter flies to what is marked."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.flown_to.emit()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: Any) -> None:
        """Qt: begin with what is selected in sight."""
        super().showEvent(event)
        current = self.selectionModel().currentIndex()
        if current.isValid():
            self.scrollTo(current.siblingAtColumn(0))

    def _refresh(self, shape_id: int) -> None:
        for row in self.model().rows_of([shape_id]):
            self.update(self.model().index(row, 0))


class _Pictures(QStyledItemDelegate):
    """Draws the picture of a shape above its number and class."""

    def __init__(self, model: ShapeTable, pictures: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._pictures = pictures

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Qt: what is drawn for a shape."""
        super().initStyleOption(option, index)
        shape_id = self._model.id_of(index.row())
        colour = self._model.colour_of(index.row())
        size = self._pictures.size
        picture = self._pictures.picture(shape_id, colour)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        option.decorationSize = QSize(size, size)
        option.decorationPosition = QStyleOptionViewItem.Position.Top
        option.decorationAlignment = Qt.AlignmentFlag.AlignCenter
        option.displayAlignment = Qt.AlignmentFlag.AlignCenter
        option.icon = QIcon() if picture is None else QIcon(picture)
        option.text = f"{shape_id} · {self._model.class_of(index.row())}"

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Qt: the same for all, whether there is a picture yet or not."""
        return self.parent().gridSize()
