"""The scores as a table: what each is called, its value, and in words what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.scoring.measures import MEASURES

if TYPE_CHECKING:
    from napari_3dmsl.scoring.table import ScoreTable

_HEADS = ("Score", "Value", "95 % interval", "Best")
_INTERVAL = 2
_HINT = "Choose a row to read what the number means."


class ScoreView(QWidget):
    """A table of scores above the meaning of the chosen row; hidden while there are none.

    Parameters
    ----------
    parent
        Of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("score_view")
        self._table: ScoreTable | None = None
        self.rows = QTableWidget(0, len(_HEADS), self)
        self.rows.setObjectName("scores")
        self.rows.setAccessibleName("Scores")
        self.rows.setToolTip("Each score with its value; point at a row to read what it means")
        self.rows.setHorizontalHeaderLabels(_HEADS)
        self.rows.verticalHeader().hide()
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.rows.setTabKeyNavigation(False)  # Tab leads on to the next field
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.horizontalHeader().setHighlightSections(False)
        self.rows.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.rows.horizontalHeader().setStretchLastSection(True)
        self.rows.currentCellChanged.connect(self._explain)
        self.meaning = _words("meaning")
        self.notes = _words("notes")
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        for part in (self.rows, self.meaning, self.notes):
            column.addWidget(part)
        self.show_table(None)

    @property
    def text(self) -> str:
        """The table as it is copied: columns parted by tabs."""
        lines = ["\t".join(_HEADS)]
        for row in range(self.rows.rowCount()):
            cells = [self.rows.item(row, column).text() for column in range(len(_HEADS))]
            lines.append("\t".join(cell.removeprefix("· ") for cell in cells))
        return "\n".join(lines)

    def show_table(self, table: ScoreTable | None) -> None:
        """Show scores; None to hide them.

        Parameters
        ----------
        table
            Of one image, or of the frames of a film.
        """
        self._table = table
        self.setVisible(table is not None)
        if table is None:
            self.rows.setRowCount(0)
            return
        self.rows.setRowCount(len(table.means))
        for row, (name, mean) in enumerate(table.means.items()):
            measure = MEASURES[name]
            cells = (
                measure.label,
                _with_unit(measure.written(mean.mean), measure.unit),
                mean.ends(measure),
                f"{measure.best:g}",
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(f"{measure.label.removeprefix('· ')}: {measure.meaning}")
                self.rows.setItem(row, column, item)
        self.rows.setColumnHidden(_INTERVAL, len(table.scores) < 2)
        self.rows.resizeColumnsToContents()
        self.rows.resizeRowsToContents()
        widths = map(self.rows.sizeHintForColumn, range(len(_HEADS)))
        heads = map(self.rows.horizontalHeader().sectionSizeHint, range(len(_HEADS)))
        shown = [at for at in range(len(_HEADS)) if not self.rows.isColumnHidden(at)]
        needed = [max(pair) for pair in zip(widths, heads, strict=True)]
        self.rows.setMinimumWidth(sum(needed[at] + 1 for at in shown) + 4)
        self.rows.setFixedHeight(
            self.rows.horizontalHeader().sizeHint().height()
            + self.rows.verticalHeader().length()
            + 2 * self.rows.frameWidth()
        )
        self.meaning.setText(_HINT)
        self.notes.setText("\n".join(f"Note: {note}." for note in table.notes))
        self.notes.setVisible(bool(table.notes))

    def _explain(self, row: int, *_: int) -> None:
        item = self.rows.item(row, 0)
        if item is not None:
            self.meaning.setText(item.toolTip())


def _with_unit(value: str, unit: str) -> str:
    return f"{value} {unit}" if unit == "µm" else value  # features are counted: no unit


def _words(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
