"""Fields for settings that hold several numbers or words: a range, limits, a pair, some of a list.

Each edits one described setting and keeps what a file brought until a person edits it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_3dmsl.described import Described
from napari_3dmsl.widgets.common.accessibility import warning_colour

_ENDLESS = 1e6  # written for a limit that is left open: no shape is as large
_LOG = "log"
_LETTERS = 38  # in a line of a description
_SHORT = 12  # letters of words that stand three beside each other


class TwoNumbersField(QWidget):
    """Two numbers, both of which may stay empty.

    Parameters
    ----------
    name
        Of the setting.
    setting
        What its class says of it.
    parent
        Of the widget.

    Signals
    -------
    valueChanged(value)
        The value is None, too, while something is typed that is no number.
    """

    valueChanged = Signal(object)  # noqa: N815

    hints = ("", "")
    between = "–"

    def __init__(self, name: str, setting: Described, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._setting = setting
        self._given: Any = None
        self._edited = False
        first, second = self.hints
        self.box = self._line(name, setting.show.label, setting.show.lowest or first)
        self._to = self._line(f"{name}_to", f"{setting.show.label} to", second)
        self._sign = QLabel(self.between, self)
        unit = QLabel(setting.show.unit, self)
        unit.setMinimumWidth(44)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.box, 1), (self._sign, 0), (self._to, 1), (unit, 0)):
            layout.addWidget(widget, stretch)

    def _line(self, name: str, label: str, hint: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setObjectName(name)
        line.setPlaceholderText(hint)
        line.setAccessibleName(label)
        line.setMinimumWidth(60)
        line.textChanged.connect(lambda text: self._typed(line, text))
        return line

    def _typed(self, line: QLineEdit, text: str) -> None:
        wrong = _number(text) is None and bool(text.strip())
        line.setStyleSheet(f"color: {warning_colour(self)};" if wrong else "")
        self._edited = True
        self.valueChanged.emit(None if wrong else self.value())

    def value(self) -> Any:
        """Return the setting as a recipe has it; ValueError for text that is no number."""
        return self._of(*self._numbers()) if self._edited else self._given

    def _numbers(self) -> tuple[float | None, float | None]:
        return self._read(self.box), self._read(self._to)

    def _read(self, line: QLineEdit) -> float | None:
        text = line.text().strip()
        number = _number(text)
        if text and number is None:
            raise ValueError(f"{self._setting.name}: '{text}' is no number")
        return number

    def _of(self, first: float | None, second: float | None) -> Any:
        """Return the setting for two numbers; one that is missing is as the other."""
        low = second if first is None else first
        high = first if second is None else second
        return None if low is None or high is None else [_whole(low), _whole(high)]

    def setValue(self, value: Any) -> None:
        """Show a setting; nobody has edited it.

        Parameters
        ----------
        value
            As a recipe has it.
        """
        pair = value[:2] if isinstance(value, list | tuple) else (value, None)
        for line, number in zip((self.box, self._to), pair, strict=True):
            with QSignalBlocker(line):
                line.setText(self._text(number))
                line.setStyleSheet("")
        self._given, self._edited = value, False
        self.valueChanged.emit(value)

    def _text(self, number: float | None) -> str:
        return "" if number is None else f"{number:.12g}"


class OpenField(TwoNumbersField):
    """A number, or a range to draw from when the second is given, too."""

    hints = ("", "fixed")

    def setValue(self, value: Any) -> None:
        """Show a setting; whether it is drawn by its logarithm stays.

        Parameters
        ----------
        value
            A number, or a range.
        """
        self._logarithmic = isinstance(value, list | tuple) and _LOG in value
        self._sign.setText("– (log)" if self._logarithmic else "–")
        super().setValue(value)

    def _of(self, first: float | None, second: float | None) -> Any:
        low = second if first is None else first
        high = first if second is None else second
        if low == high:
            return low
        return [low, high, _LOG] if self._logarithmic else [low, high]


class LimitsField(TwoNumbersField):
    """The lowest and the highest; what stays empty is no limit."""

    hints = ("any", "any")

    def _of(self, first: float | None, second: float | None) -> Any:
        if first is None and second is None:
            return None
        return [0.0 if first is None else first, _ENDLESS if second is None else second]

    def _text(self, number: float | None) -> str:
        return "" if number is None or number >= _ENDLESS else super()._text(number)


class SidesField(TwoNumbersField):
    """Down × across; one number is both."""

    between = "×"


class TicksField(QWidget):
    """A tick box for each of a list; what a file has beside them joins it.

    A list that may be left out is all of them: then all are ticked. To tick nothing never means
    all; where one is needed it is refused.

    Parameters
    ----------
    name, setting, parent
    texts
        Stand beside the words, one below the other.

    Signals
    -------
    valueChanged(entries)
    """

    valueChanged = Signal(object)  # noqa: N815

    def __init__(
        self,
        name: str,
        setting: Described,
        parent: QWidget | None = None,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._optional = name, setting.optional
        self._label, self._least = setting.show.label, setting.least_entries
        self.texts = texts or {}
        words = {choice: setting.show.words.get(choice, str(choice)) for choice in setting.choices}
        short = max(map(len, words.values())) <= _SHORT
        self._columns = 1 if self.texts else 3 if short else 2
        self._boxes: list[tuple[QCheckBox, Any]] = []
        self._order: list[Any] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(self._columns, 1)
        for entry, word in words.items():
            self._add(word, entry)
        self.box = self._boxes[0][0]

    def _add(self, word: str, entry: Any) -> None:
        box = QCheckBox(word, self)
        box.setObjectName(f"{self._name}_{entry if isinstance(entry, str) else word}")
        box.setToolTip(self.toolTip())
        box.toggled.connect(self._tell)
        line, column = divmod(len(self._boxes), self._columns)
        self._grid.addWidget(box, line, column, Qt.AlignmentFlag.AlignTop)
        if isinstance(entry, str) and entry in self.texts:
            # Lines of our own: a section does not ask how high text is that Qt wraps.
            text = QLabel(textwrap.fill(self.texts[entry], _LETTERS), self)
            self._grid.addWidget(text, line, column + 1, Qt.AlignmentFlag.AlignTop)
        self._boxes.append((box, entry))

    def value(self) -> list[Any] | None:
        """Return the entries that are ticked: those of a file in its order, then the others.

        Raises
        ------
        ValueError
            When nothing is ticked and something must be.
        """
        ticked = [entry for box, entry in self._boxes if box.isChecked()]
        first = [entry for entry in self._order if entry in ticked]
        found = first + [entry for entry in ticked if entry not in first]
        if len(found) < self._least:
            raise ValueError(f"{self._label}: nothing is ticked; tick at least one")
        everything = len(found) == len(self._boxes)
        return None if self._optional and everything else found

    def setValue(self, entries: Sequence[Any] | None) -> None:
        """Tick these entries and no others.

        Parameters
        ----------
        entries
            As a recipe has them.
        """
        everything = entries is None and self._optional
        self._order = [entry for _, entry in self._boxes] if everything else list(entries or ())
        known = [entry for _, entry in self._boxes]
        for entry in self._order:
            if entry not in known:
                self._add(_word_of(entry), entry)
        for box, entry in self._boxes:
            with QSignalBlocker(box):
                box.setChecked(entry in self._order)
        self._tell()

    def _tell(self, _: bool = False) -> None:
        """Tell of a change; the value is None, too, while too few are ticked."""
        value = None
        with suppress(ValueError):
            value = self.value()
        self.valueChanged.emit(value)


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
