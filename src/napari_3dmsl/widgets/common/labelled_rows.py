"""Labels with their fields in two columns; a drop-down that has no room goes below its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QAbstractScrollArea, QComboBox, QGridLayout, QLabel, QSizePolicy, QWidget

from napari_3dmsl.widgets.common.soon import soon

_WIDEST_LABEL = "Numerical apert."
_ARROW = 40  # of a drop-down, with its frame
_MOST_LETTERS = 45  # that widen a panel: names of layers and files may be of any length


class FieldLabel(QLabel):
    """What a field is called; in every form as wide, whatever the font, so that fields align.

    A label that is longer goes on in a second line.

    Parameters
    ----------
    text
        Two or three words.
    parent
        Of the widget.
    """

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """Qt: as wide as all labels."""
        widest = f"{_WIDEST_LABEL}xx"  # Qt wraps earlier than it must
        width = self.fontMetrics().horizontalAdvance(widest)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """Qt: never narrower."""
        return self.sizeHint()


@dataclass
class _Row:
    label: QLabel | None
    field: QWidget
    is_below: bool = False


class LabelledRows(QWidget):
    """Rows of a label and a field, and rows without a label.

    Letters may be large and panels narrow: a drop-down whose longest choice would be cut beside
    its label has the whole width below it.

    Parameters
    ----------
    parent
        Of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(4, 2, 4, 2)
        self.grid.setVerticalSpacing(4)
        self.grid.setColumnStretch(1, 1)
        self._rows: list[_Row] = []
        self._soon = soon(self, self._fit)

    def add_row(self, label: str, field: QWidget) -> QLabel:
        """Put a field with its label at the end; return the label.

        Parameters
        ----------
        label
            Two or three words; none keeps the column empty.
        field
            Beside it.
        """
        return self.insert_row(len(self._rows), label, field)

    def insert_row(self, at: int, label: str, field: QWidget) -> QLabel:
        """Put a field with its label before the row of that number; return the label.

        Parameters
        ----------
        at
            From 0.
        label
            Two or three words; none keeps the column empty.
        field
            Beside it.
        """
        field.setParent(self)  # now: magicgui renews the choices then, and so this would place it
        words = FieldLabel(label, self)
        words.setBuddy(getattr(field, "box", field))
        self._rows.insert(at, _Row(words, field))
        self._watch(field)
        self._place_all()
        return words

    def add_wide(self, field: QWidget) -> None:
        """Put something without a label at the end, as wide as both columns.

        Parameters
        ----------
        field
            The widget.
        """
        self._rows.append(_Row(None, field))
        self._place_all()

    def remove_row(self, field: QWidget) -> None:
        """Take a field and its label out.

        Parameters
        ----------
        field
            Of one of the rows.
        """
        row = next(row for row in self._rows if row.field is field)
        self._rows.remove(row)
        for part in (row.label, row.field):
            if part is not None:
                self.grid.removeWidget(part)
                part.setParent(None)

    def minimumSizeHint(self) -> QSize:
        """Qt: each choice can be read, if need be below its label."""
        shown = super().minimumSizeHint()
        margins = self.grid.contentsMargins()
        sides = margins.left() + margins.right()
        boxes = [row.field for row in self._rows if not row.field.isHidden()]
        needed = [width_of_choices(box) for box in boxes if isinstance(box, QComboBox)]
        most = self.fontMetrics().averageCharWidth() * _MOST_LETTERS
        wanted = min(max(needed, default=0), most) + sides
        return QSize(max(shown.width(), wanted), shown.height())

    def resizeEvent(self, event: Any) -> None:
        """Qt: there may be room beside the labels now, or no more."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: Any) -> None:
        """Qt: other letters need other room."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._soon.start()  # the fields get them, too

    def eventFilter(self, field: Any, event: Any) -> bool:
        """Qt: a drop-down has got other letters."""
        if event.type() == QEvent.Type.FontChange:
            self._soon.start()
        return bool(super().eventFilter(field, event))

    def _watch(self, field: QWidget) -> None:
        if isinstance(field, QComboBox):
            field.installEventFilter(self)
            field.model().rowsInserted.connect(lambda *_: self._fit())

    def _fit(self) -> None:
        """Put each drop-down beside its label, or below it where it would be cut."""
        changed = [row for row in self._rows if self._is_cut(row) != row.is_below]
        for row in changed:
            row.is_below = not row.is_below
        if changed:
            self._place_all()
            self._have_room()

    def _have_room(self) -> None:
        """Give the rows their new height now: one event later other rows would be cut meanwhile."""
        within: list[QWidget] = []
        above: QWidget | None = self
        while above is not None and not isinstance(above, QAbstractScrollArea):
            if above.layout() is not None:
                within.append(above)
            above = above.parentWidget()
        for widget in within:
            widget.layout().activate()
        # While it is being shown, Qt does not tell a widget of a second size: its rows would stay
        # where the first one put them.
        for widget in reversed(within):
            widget.layout().setGeometry(widget.contentsRect())

    def _is_cut(self, row: _Row) -> bool:
        if row.label is None or not isinstance(row.field, QComboBox):
            return False
        margins = self.grid.contentsMargins()
        sides = margins.left() + margins.right() + self.grid.horizontalSpacing()
        beside = self.width() - sides - row.label.sizeHint().width()
        return width_of_choices(row.field) > beside

    def _place_all(self) -> None:
        """Two lines of the grid for each row: those without a widget have no height."""
        for number, row in enumerate(self._rows):
            line = 2 * number
            if row.label is None:
                self.grid.addWidget(row.field, line, 0, 1, 2)
                continue
            self.grid.addWidget(row.label, line, 0)
            if row.is_below:
                self.grid.addWidget(row.field, line + 1, 0, 1, 2)
            else:
                self.grid.addWidget(row.field, line, 1)


def width_of_choices(box: QComboBox) -> int:
    """Return how wide a drop-down has to be so that none of its choices is cut.

    Parameters
    ----------
    box
        In its letters.
    """
    metrics = box.fontMetrics()
    words = [box.itemText(at) for at in range(box.count())]
    return max(map(metrics.horizontalAdvance, words), default=0) + _ARROW


def label_at_top(label: QLabel) -> QLabel:
    """Let a label stand beside the first line of a longer text; return it.

    Parameters
    ----------
    label
        Of a row.
    """
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label
