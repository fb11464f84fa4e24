"""A number with its unit and a slider: what a file brought is kept to the last digit."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic_core import PydanticUndefined
from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from napari_3dmsl.described import Described

_SLIDER_STEPS = 1000
_WIDEST = "000000 photons"  # beside a slider
_LEAST = "0000"
_BUTTONS = 58  # pixels for the two buttons and the frame
_DIGITS = 12  # behind the point, that can be typed
_SHOWN = 5e-6  # of the value: what six digits leave out
_ENDLESS = 1e15  # the end of a range that has none
_LIKE_A_NUMBER = re.compile(r"[-+]?[\d.,\s]*")


class NumberBox(QDoubleSpinBox):
    """A spin box that lets people type any number and says what is wrong.

    Qt's own swallows the keys that would lead out of the range or beyond the decimals: whoever
    types 1500 into a field up to 1000 has typed 150. And it rounds what it is given; this one
    keeps the number until another one is typed.

    Parameters
    ----------
    setting
        What its class says of it.
    parent
        Of the widget.

    Signals
    -------
    edited()
        Somebody has typed or stepped to another number.
    refused(why)
        A number was typed that the setting cannot be.
    """

    edited = Signal()
    refused = Signal(str)

    def __init__(self, setting: Described, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._setting = setting
        show = setting.show
        self._whole = setting.kind is int
        # What must be given is missing until it is.
        self._may_be_empty = setting.optional or setting.default is PydanticUndefined
        self.setDecimals(0 if self._whole else _DIGITS)
        self.setRange(*self._ends())
        self._exact: Any = None if setting.optional else setting.kind(self.minimum())
        self.setSingleStep(show.step)
        self.setSuffix(f" {show.unit}" if show.unit else "")
        self.setSpecialValueText(show.lowest)
        self.setKeyboardTracking(False)
        self.setAccessibleName(show.label)
        self.valueChanged.connect(self._take)

    def width_of(self, text: str) -> int:
        """Return how wide the box has to be to show a text in its font.

        Parameters
        ----------
        text
            With the unit.
        """
        return self.fontMetrics().horizontalAdvance(text) + _BUTTONS

    def minimumSizeHint(self) -> QSize:
        """Qt: wide enough for a few digits with the unit, or for the word instead."""
        words = (_LEAST + self.suffix(), self.specialValueText())
        return QSize(max(map(self.width_of, words)), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Qt: as wide as all boxes beside sliders, so that sliders align."""
        return QSize(self.width_of(_WIDEST), super().sizeHint().height())

    def _ends(self) -> tuple[float, float]:
        """Return the range; without a value the box stands at its low end."""
        allowed, least = self._setting.range, 1.0 if self._whole else 10.0**-_DIGITS
        low = -_ENDLESS if allowed.low is None else allowed.low
        high = _ENDLESS if allowed.high is None else allowed.high
        if self._may_be_empty:
            low -= 0 if allowed.above else self._setting.show.step
        elif allowed.above:
            low += least
        return float(low), float(high - least if allowed.below else high)

    @property
    def exact(self) -> Any:
        """The number with all of its digits; None where the setting may be left out."""
        return self._exact

    def set_exact(self, value: Any) -> None:
        """Show a number; nobody has edited it.

        Parameters
        ----------
        value
            Within the range.
        """
        with QSignalBlocker(self):
            self._exact = None if value is None else self._setting.kind(value)
            self.setValue(self.minimum() if value is None else float(value))

    def _take(self, value: float) -> None:
        left_out = self._may_be_empty and value == self.minimum()
        self._exact = None if left_out else round(value) if self._whole else value
        self.edited.emit()

    def stepBy(self, steps: int) -> None:
        """Qt: no step leads to the end that the range leaves out."""
        target = self.value() + steps * self.singleStep()
        if self._setting.range.above and target < self.minimum():
            return
        super().stepBy(steps)

    def textFromValue(self, value: float) -> str:
        """Qt: show the decimals of the setting, or more where these would show another number."""
        decimals = self._setting.show.decimals if self.decimals() else 0
        while decimals < self.decimals() and abs(round(value, decimals) - value) > _SHOWN * abs(
            value
        ):
            decimals += 1
        text = str(self.locale().toString(float(value), "f", decimals))
        return text.replace(self.locale().groupSeparator(), "")

    def valueFromText(self, text: str | None) -> float:
        """Qt: what is shown and was not typed over is the number that it stands for."""
        shown = self._bare(text) == self.textFromValue(self.value())
        return self.value() if shown else float(super().valueFromText(text))

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
            show, allowed = self._setting.show, str(self._setting.range)
            unit = f" {show.unit}" if show.unit else ""
            kind = "a whole number" if self._whole else "a number"
            between = "from " if re.match(r"[-\d.,]+ to [-\d.,]+$", allowed) else ""
            self.refused.emit(f"{show.label}: {typed}{unit} is not {kind} {between}{allowed}{unit}")
        return self.prefix() + self.textFromValue(self.value()) + self.suffix()

    def _bare(self, text: str | None) -> str:
        return (text or "").removesuffix(self.suffix()).strip()


class NumberField(QWidget):
    """A number box and, where the setting has one, a slider for what the hand reaches.

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
    refused(why)
    """

    valueChanged = Signal(object)  # noqa: N815
    refused = Signal(str)

    def __init__(self, name: str, setting: Described, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._show = setting.show
        self.box = NumberBox(setting, self)
        self.box.setObjectName(name)
        self.box.edited.connect(self._tell)
        self.box.refused.connect(self.refused)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.slider: QSlider | None = None
        if setting.show.slider is not None:
            self.slider = QSlider(Qt.Orientation.Horizontal, self)
            self.slider.setObjectName(f"{name}_slider")
            self.slider.setRange(0, _SLIDER_STEPS)
            self.slider.setMinimumWidth(60)
            self.slider.setAccessibleName(setting.show.label)
            self.slider.valueChanged.connect(self._slid)
            layout.addWidget(self.slider, 1)
            self.box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout.addWidget(self.box, 0 if self.slider else 1)

    def value(self) -> Any:
        """Return the number in the setting's unit, to the last digit."""
        return self.box.exact

    def setValue(self, value: Any) -> None:
        """Set the number, also one that the slider does not reach.

        Parameters
        ----------
        value
            Within the range.
        """
        if value != self.box.exact:
            self.box.set_exact(value)
            self._tell()

    def _tell(self) -> None:
        self._follow()
        self.valueChanged.emit(self.box.exact)

    def _slid(self, position: int) -> None:
        assert self._show.slider is not None
        low, high = self._show.slider
        share = position / _SLIDER_STEPS
        if self._show.logarithmic:
            value = low * (high / low) ** share
        else:
            value = round((low + (high - low) * share) / self._show.step) * self._show.step
        self.box.setValue(round(value, self._show.decimals))

    def _follow(self) -> None:
        if self.slider is None or self._show.slider is None:
            return
        low, high = self._show.slider
        value = min(max(self.box.value(), low), high)
        if self._show.logarithmic:
            share = math.log(value / low) / math.log(high / low)
        else:
            share = (value - low) / (high - low)
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(share * _SLIDER_STEPS))


class SizeField(QWidget):
    """Rows × columns; a square stays one when its rows are changed.

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
    refused(why)
    """

    valueChanged = Signal(object)  # noqa: N815
    refused = Signal(str)

    def __init__(self, name: str, setting: Described, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows, self._columns = NumberBox(setting, self), NumberBox(setting, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for box, ending, words in ((self._rows, "", "rows"), (self._columns, "_to", "columns")):
            box.setObjectName(f"{name}{ending}")
            box.setAccessibleName(f"{setting.show.label}, {words}")
            box.refused.connect(self.refused)
            layout.addWidget(box, 5 if box is self._columns else 4)
        self._rows.setSuffix("")  # the unit stands behind both
        between = QLabel("×", self)
        between.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        layout.insertWidget(1, between)
        layout.setSpacing(3)
        self._size = self._shown()
        self._rows.edited.connect(self._rows_edited)
        self._columns.edited.connect(self._tell)

    def value(self) -> tuple[Any, Any]:
        """Return rows and columns."""
        return self._size

    def setValue(self, value: tuple[Any, Any]) -> None:
        """Set rows and columns.

        Parameters
        ----------
        value
            Rows and columns.
        """
        if tuple(value) != self._size:
            for box, number in zip((self._rows, self._columns), value, strict=True):
                box.set_exact(number)
            self._tell()

    def _shown(self) -> tuple[Any, Any]:
        return self._rows.exact, self._columns.exact

    def _rows_edited(self) -> None:
        if self._size[0] == self._size[1]:
            self._columns.set_exact(self._rows.exact)
        self._tell()

    def _tell(self) -> None:
        self._size = self._shown()
        self.valueChanged.emit(self._size)
