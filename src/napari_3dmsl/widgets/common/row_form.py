"""Forms of rows: the way of the panels that are not yet made from settings classes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QWidget,
)

from napari_3dmsl.widgets.common.form import LABEL_WIDTH

_SLIDER_STEPS = 1000


@dataclass(frozen=True)
class Number:
    """A number with a unit; ``slider`` adds one, logarithmic for ranges of many decades.

    A tip tells what the number means and where its default is from; a pure number has no unit.
    ``lowest`` is what the field reads at the low end, where that has a meaning of its own.
    """

    name: str
    label: str
    low: float
    high: float
    step: float = 1.0
    decimals: int = 0
    unit: str = ""
    tip: str = ""
    slider: bool = True
    logarithmic: bool = False
    lowest: str = ""


@dataclass(frozen=True)
class Choice:
    """One of a few words; ``words`` maps what people read to the setting's value."""

    name: str
    label: str
    words: Mapping[str, Any]
    tip: str = ""


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    name: str
    label: str
    tip: str = ""


Row = Number | Choice | Switch

_LIKE_A_NUMBER = re.compile(r"[-+]?[\d.,\s]*")
_DIGITS = 12  # behind the point, that a number keeps though fewer are shown


class NumberBox(QDoubleSpinBox):
    """A spin box that lets people type any number, keeps all its digits, and says what is wrong.

    Qt's own swallows the keys that would lead out of the range or beyond the decimals: whoever
    types 1500 into a field up to 1000 has typed 150.
    """

    refused = Signal(str)

    def __init__(self, row: Number, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self.setObjectName(row.name)
        self.setDecimals(_DIGITS if row.decimals else 0)
        self.setRange(row.low, row.high)
        self.setSingleStep(row.step)
        self.setSuffix(f" {row.unit}" if row.unit else "")
        self.setSpecialValueText(row.lowest)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(92)
        self.setToolTip(row.tip)
        self.setAccessibleName(row.label)

    def textFromValue(self, value: float) -> str:
        """Qt: show the decimals of the row, or more where these would show another number."""
        decimals = self._row.decimals
        while decimals < self.decimals() and abs(round(value, decimals) - value) > 1e-3 * abs(
            value
        ):
            decimals += 1
        text = str(self.locale().toString(float(value), "f", decimals))
        return text.replace(self.locale().groupSeparator(), "")

    def validate(self, text: str | None, position: int) -> tuple[Any, str, int]:
        """Qt: let numbers of any size be typed; only what is no number is not."""
        state, *rest = super().validate(text, position)
        if state == QValidator.State.Invalid and _LIKE_A_NUMBER.fullmatch(self._bare(text)):
            state = QValidator.State.Intermediate
        return (state, *rest)

    def fixup(self, text: str | None) -> str:
        """Qt: a number that cannot be taken is typed to its end; the old one comes back."""
        typed = self._bare(text)
        if typed:
            row, unit = self._row, f" {self._row.unit}" if self._row.unit else ""
            low, high = (f"{end:,.12g}" for end in (row.low, row.high))
            kind = "a number" if row.decimals else "a whole number"
            self.refused.emit(
                f"{row.label}: {typed}{unit} is not {kind} from {low} to {high}{unit}"
            )
        return self.prefix() + self.textFromValue(self.value()) + self.suffix()

    def _bare(self, text: str | None) -> str:
        return (text or "").removesuffix(self.suffix()).strip()


class NumberField(QWidget):
    """A spin box with a unit and, beside it, a slider over the same range."""

    valueChanged = Signal(float)  # noqa: N815

    def __init__(self, row: Number, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self.box = NumberBox(row, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.slider: QSlider | None = None
        if row.slider:
            self.slider = QSlider(Qt.Orientation.Horizontal, self)
            self.slider.setObjectName(f"{row.name}_slider")
            self.slider.setRange(0, _SLIDER_STEPS)
            self.slider.setMinimumWidth(60)
            self.slider.setToolTip(row.tip)
            self.slider.setAccessibleName(row.label)
            self.slider.valueChanged.connect(self._slid)
            layout.addWidget(self.slider, 1)
        layout.addWidget(self.box, 0 if row.slider else 1)
        self.box.valueChanged.connect(self._typed)
        self._follow()

    def value(self) -> float:
        """Return the number in the row's unit."""
        return float(self.box.value())

    def setValue(self, value: float) -> None:
        """Set the number; the slider follows."""
        self.box.setValue(value)

    def _slid(self, position: int) -> None:
        share = position / _SLIDER_STEPS
        low, high = self._row.low, self._row.high
        if self._row.logarithmic:
            self.box.setValue(round(low * (high / low) ** share, self._row.decimals))
            return
        value = low + (high - low) * share
        stepped = round(value / self._row.step) * self._row.step
        self.box.setValue(round(stepped, self._row.decimals))

    def _typed(self, value: float) -> None:
        self._follow()
        self.valueChanged.emit(value)

    def _follow(self) -> None:
        if self.slider is None:
            return
        low, high, value = self._row.low, self._row.high, self.box.value()
        if self._row.logarithmic:
            share = math.log(max(value, low) / low) / math.log(high / low)
        else:
            share = (value - low) / (high - low)
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(share * _SLIDER_STEPS))


class RowForm(QWidget):
    """Labelled fields, one a row.

    Signals
    -------
    changed
        Any of them has changed.
    refused(why)
        A number was typed that a field cannot take.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, rows: Sequence[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: dict[str, QWidget] = {}
        self._rows = {row.name: row for row in rows}
        self._words = {row.name: dict(row.words) for row in rows if isinstance(row, Choice)}
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 2, 4, 2)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for line, row in enumerate(rows):
            label = QLabel(row.label, self)
            label.setFixedWidth(LABEL_WIDTH)
            label.setToolTip(row.tip)
            field = self._make(row)
            label.setBuddy(field.box if isinstance(field, NumberField) else field)
            grid.addWidget(label, line, 0)
            grid.addWidget(field, line, 1)
            self._fields[row.name] = field

    def _make(self, row: Row) -> QWidget:
        field: QWidget
        if isinstance(row, Number):
            field = NumberField(row, self)
            field.valueChanged.connect(self.changed)
            field.box.refused.connect(self.refused)
        elif isinstance(row, Choice):
            field = QComboBox(self)
            field.addItems(list(row.words))
            field.currentIndexChanged.connect(self.changed)
        else:
            field = QCheckBox(self)
            field.toggled.connect(self.changed)
        if not isinstance(row, Number):
            field.setObjectName(row.name)
            field.setToolTip(row.tip)
            field.setAccessibleName(row.label)
        return field

    @property
    def rows(self) -> Mapping[str, Row]:
        """What is asked, by the name of its setting."""
        return self._rows

    @property
    def labels_by_name(self) -> dict[str, str]:
        """What people read for each setting."""
        labels: dict[str, str] = {}
        for name, row in self._rows.items():
            labels[name] = row.label
            if name[-2:] in ("_z", "_y", "_x"):  # one setting, a field for each axis
                labels.setdefault(name[:-2], row.label[:-2])
        return labels

    def field(self, name: str) -> Any:
        """Return the widget that edits a setting."""
        return self._fields[name]

    def values(self) -> dict[str, Any]:
        """Return the value of every field by the name of its setting."""
        return {name: self._read(name) for name in self._rows}

    def _read(self, name: str) -> Any:
        row, field = self._rows[name], self._fields[name]
        if isinstance(row, Number):
            value = field.value()
            return round(value) if row.decimals == 0 else value
        if isinstance(row, Choice):
            return self._words[name][field.currentText()]
        return field.isChecked()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named; `changed` is sent once, at the end."""
        with QSignalBlocker(self):
            for name in self._rows:  # in their order: some fields fill the next ones
                if name in values:
                    self._write(name, values[name])
        self.changed.emit()

    def tell_defaults(self) -> None:
        """Tell in the tips of the numbers, as their defaults, what the fields hold now."""
        for name, row in self._rows.items():
            if isinstance(row, Number) and "default" not in row.tip.lower():
                field = self._fields[name]
                for part in filter(None, (field.box, field.slider)):
                    part.setToolTip(f"{row.tip} Default: {field.box.text()}.")

    def take(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named to values from a file; those that do not fit stay."""
        self.set_values({name: value for name, value in values.items() if self._holds(name, value)})

    def _holds(self, name: str, value: Any) -> bool:
        row = self._rows.get(name)
        if isinstance(row, Number):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return is_number and row.low <= value <= row.high  # false for NaN
        if isinstance(row, Choice):
            return any(type(value) is type(x) and value == x for x in self._words[name].values())
        return row is not None and isinstance(value, bool)

    def _write(self, name: str, value: Any) -> None:
        row, field = self._rows[name], self._fields[name]
        if isinstance(row, Number):
            field.setValue(value)
        elif isinstance(row, Choice):
            words = [word for word, meaning in self._words[name].items() if meaning == value]
            if not words:  # a value from a file that the list does not offer
                words = [str(value)]
                self._words[name][words[0]] = value
                field.addItem(words[0])
            field.setCurrentText(words[0])
        else:
            field.setChecked(bool(value))

    def show_only(self, *, without: Sequence[str]) -> None:
        """Grey out the fields that have no meaning with the present choices."""
        for name, field in self._fields.items():
            field.setEnabled(name not in without)
