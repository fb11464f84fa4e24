"""Fields for settings that a recipe leaves open: a range, limits, and several of a list."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_3dmsl.widgets.common.accessibility import warning_colour
from napari_3dmsl.widgets.common.row_form import Row, RowForm

_ENDLESS = 1e6  # written for a limit that is left open: no shape is as large
_LOG = "log"
_LETTERS = 38  # in a line of a description


@dataclass(frozen=True)
class Span:
    """Two numbers, both of which may stay empty.

    ``kind``: ``open`` is a number, or a range to draw from when the second is given; ``limits`` are
    the lowest and the highest; ``size`` and ``pair`` are whole numbers, the second as
    the first if it is empty.
    """

    name: str
    label: str
    unit: str = ""
    tip: str = ""
    kind: str = "open"
    hints: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Ticks:
    """Any number of a list; ``words`` maps what people read to the setting's entry.

    ``tips`` are by word; where ``described``, they also stand beside it.
    """

    name: str
    label: str
    words: Mapping[str, Any]
    tip: str = ""
    tips: Mapping[str, str] = field(default_factory=dict)
    columns: int = 3
    described: bool = False


class SpanField(QWidget):
    """From and to."""

    changed = Signal()

    def __init__(self, row: Span, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self._logarithmic = False
        self.box = self._line(row.name, row.hints[0])
        self._to = self._line(f"{row.name}_to", row.hints[1])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._between = QLabel("×" if row.kind == "size" else "–", self)
        unit = QLabel(row.unit, self)
        unit.setMinimumWidth(44)
        for widget, stretch in ((self.box, 1), (self._between, 0), (self._to, 1), (unit, 0)):
            layout.addWidget(widget, stretch)

    def _line(self, name: str, hint: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setObjectName(name)
        line.setPlaceholderText(hint)
        line.setToolTip(self._row.tip)
        line.setAccessibleName(f"{self._row.label}{' to' if name != self._row.name else ''}")
        line.setMinimumWidth(60)
        line.textChanged.connect(lambda text: self._typed(line, text))
        return line

    def _typed(self, line: QLineEdit, text: str) -> None:
        wrong = _number(text) is None and bool(text.strip())
        line.setStyleSheet(f"color: {warning_colour(self)};" if wrong else "")
        self.changed.emit()

    def value(self) -> Any:
        """Return None, a number or a list as the recipe has it; ValueError for other text."""
        first, second = self._read(self.box), self._read(self._to)
        if self._row.kind == "limits" and (first, second) != (None, None):
            return [0.0 if first is None else first, _ENDLESS if second is None else second]
        low = first if first is not None else second
        high = second if second is not None else first
        if low is None or high is None:
            return None
        if self._row.kind in ("size", "pair"):
            return [_whole(low), _whole(high)]
        if low == high:
            return low
        return [low, high, _LOG] if self._logarithmic else [low, high]

    def _read(self, line: QLineEdit) -> float | None:
        text = line.text().strip()
        number = _number(text)
        if text and number is None:
            raise ValueError(f"{self._row.name}: '{text}' is no number")
        return number

    def set_value(self, value: Any) -> None:
        """Show a setting."""
        self._logarithmic = isinstance(value, list | tuple) and _LOG in value
        pair = list(value[:2]) if isinstance(value, list | tuple) else [value, None]
        if self._row.kind == "limits" and pair[1] is not None and pair[1] >= _ENDLESS:
            pair[1] = None
        with QSignalBlocker(self):
            for line, number in zip((self.box, self._to), pair, strict=True):
                line.setText("" if number is None else f"{number:.12g}")
        self._between.setText("×" if self._row.kind == "size" else self._dash())
        self.changed.emit()

    def _dash(self) -> str:
        return "– (log)" if self._logarithmic else "–"


class TicksField(QWidget):
    """A tick box for each entry; entries of a file that the list does not have join it."""

    changed = Signal()

    def __init__(self, row: Ticks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self._boxes: list[tuple[QCheckBox, Any]] = []
        self._order: list[Any] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(row.columns, 1)
        for word, entry in row.words.items():
            self._add(word, entry)
        self.box = self._boxes[0][0]

    def _add(self, word: str, entry: Any) -> QCheckBox:
        box = QCheckBox(word, self)
        box.setObjectName(f"{self._row.name}_{word}")
        tip = self._row.tips.get(word, "")
        box.setToolTip(tip or self._row.tip)
        box.toggled.connect(self.changed)
        line, column = divmod(len(self._boxes), self._row.columns)
        self._grid.addWidget(box, line, column, Qt.AlignmentFlag.AlignTop)
        if self._row.described:
            # Lines of our own: a section does not ask how high text is that Qt wraps.
            text = QLabel(textwrap.fill(tip, _LETTERS), self)
            self._grid.addWidget(text, line, column + 1, Qt.AlignmentFlag.AlignTop)
        self._boxes.append((box, entry))
        return box

    def value(self) -> list[Any]:
        """Return the entries that are ticked: those of a file in its order, then the others."""
        ticked = [entry for box, entry in self._boxes if box.isChecked()]
        first = [entry for entry in self._order if entry in ticked]
        return first + [entry for entry in ticked if entry not in first]

    def set_value(self, entries: Sequence[Any]) -> None:
        """Tick these entries and no others."""
        self._order = list(entries)
        with QSignalBlocker(self):
            known = [entry for _, entry in self._boxes]
            for entry in entries:
                if entry not in known:
                    self._add(_word_of(entry), entry)
            for box, entry in self._boxes:
                box.setChecked(entry in self._order)
        self.changed.emit()


class RecipeSection(RowForm):
    """A form that also has ranges and lists."""

    def __init__(self, rows: Sequence[Row | Span | Ticks], parent: QWidget | None = None) -> None:
        super().__init__(rows, parent)  # type: ignore[arg-type]
        grid = self.layout()
        assert isinstance(grid, QGridLayout)
        for line, row in enumerate(rows):
            label = grid.itemAtPosition(line, 0)
            if not isinstance(row, Ticks) or label is None:
                continue
            if row.described:  # the descriptions need the width
                label.widget().hide()
                grid.addWidget(self._fields[row.name], line, 0, 1, 2)
            else:
                label.setAlignment(Qt.AlignmentFlag.AlignTop)

    @property
    def names(self) -> list[str]:
        """Names of the fields."""
        return list(self._fields)

    def value_of(self, name: str) -> Any:
        """Return the value of one field."""
        return self._read(name)

    def _make(self, row: Any) -> QWidget:
        if not isinstance(row, Span | Ticks):
            return super()._make(row)
        made = SpanField(row, self) if isinstance(row, Span) else TicksField(row, self)
        made.changed.connect(self.changed)
        return made

    def _read(self, name: str) -> Any:
        widget = self._fields[name]
        if isinstance(widget, SpanField | TicksField):
            return widget.value()
        return super()._read(name)

    def _write(self, name: str, value: Any) -> None:
        widget = self._fields[name]
        if isinstance(widget, SpanField | TicksField):
            widget.set_value(value)
        else:
            super()._write(name, value)


def _word_of(entry: Any) -> str:
    """Name an entry of a file: a microscope by its name, or by what it is a change of."""
    if not isinstance(entry, Mapping):
        return str(entry)
    if "name" in entry:
        return str(entry["name"])
    inner = entry.get("microscope")
    if isinstance(inner, Mapping) and "name" in inner:
        return str(inner["name"])
    return f"{entry.get('preset', 'own')}, changed"


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None  # false for NaN too


def _whole(number: float) -> float | int:
    return int(number) if number == int(number) else number
