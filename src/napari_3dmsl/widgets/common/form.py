"""Forms made from settings classes, with magicgui: one labelled field a setting, named after it.

What a field asks, allows and tells stands on the settings class alone (see
`napari_3dmsl.described`). A value is kept to the last digit until a person edits its field: the
slider's range and the decimals limit what the hand enters, never what a file or preset brought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from magicgui.application import use_app
from magicgui.backends._qtpy.widgets import QBaseValueWidget, QBaseWidget
from magicgui.widgets import ComboBox, Widget
from magicgui.widgets.bases import ContainerWidget, ValueWidget
from psygnal import Signal
from pydantic_core import PydanticUndefined
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QWidget

from napari_3dmsl.described import Described, described
from napari_3dmsl.settings import Settings
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.common.number_field import NumberField, SizeField
from napari_3dmsl.widgets.common.words import in_words

_LETTERS = 11  # of a drop-down, at least
_AXES = ("z", "y", "x")


class _Native(QBaseValueWidget):
    """magicgui's backend of a widget of ours that has a value of its own."""

    def __init__(self, make: Callable[[Any], QWidget], parent: Any = None) -> None:
        # magicgui wants a class, which it calls with the parent alone
        super().__init__(make, "value", "setValue", "valueChanged", parent=parent)  # type: ignore[arg-type]

    def _mgui_set_tooltip(self, value: str | None) -> None:
        for widget in (self._qwidget, *self._qwidget.findChildren(QWidget)):
            widget.setToolTip(value or "")


class _LabelledRows(QBaseWidget):
    """magicgui's backend of a container: a label and a field a row, in two columns.

    magicgui's own makes a container with a label of each row: three times the widgets, so that a
    panel takes three times as long to open, and tick boxes stand without a label.
    """

    def __init__(self, parent: Any = None, **_: Any) -> None:
        super().__init__(LabelledRows, parent=parent)
        self.labels: dict[str, QLabel] = {}
        self._rows: Any = self._qwidget
        self._grid = self._rows.grid

    def _mgui_insert_widget(self, position: int, widget: Widget) -> None:
        label = self._rows.insert_row(position, widget.label, widget.native)
        self.labels[widget.name] = label

    def _mgui_remove_widget(self, widget: Widget) -> None:
        self.labels.pop(widget.name)
        self._rows.remove_row(widget.native)

    def _mgui_get_margins(self) -> tuple[int, int, int, int]:
        margins = self._grid.contentsMargins()
        return margins.left(), margins.top(), margins.right(), margins.bottom()

    def _mgui_set_margins(self, margins: tuple[int, int, int, int]) -> None:
        self._grid.setContentsMargins(*margins)

    def _mgui_get_orientation(self) -> str:
        return "vertical"

    def _mgui_set_orientation(self, value: str) -> None:
        raise NotImplementedError("rows lie one below the other")


class OwnField(ValueWidget[Any]):
    """A widget of ours as magicgui has them.

    Parameters
    ----------
    make
        Makes the Qt widget, given its parent; it has ``value()``, ``setValue()`` and the signals
        ``valueChanged(value)`` and, where something can be refused, ``refused(why)``.
    **options
        Of every magicgui widget.
    """

    def __init__(self, make: Callable[[Any], QWidget], **options: Any) -> None:
        super().__init__(widget_type=_Native, backend_kwargs={"make": make}, **options)


class TickBox(ValueWidget[bool]):
    """Yes or no beside its label: magicgui's own tick box takes none.

    Parameters
    ----------
    **options
        As magicgui's value widgets take them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(widget_type=use_app().get_obj("CheckBox"), **options)


class Choice(ComboBox):
    """A drop-down that also takes values that its list does not offer: they join it.

    Parameters
    ----------
    words
        What people read for each value.
    **options
        As magicgui's drop-down takes them.
    """

    def __init__(self, words: Mapping[Any, str], **options: Any) -> None:
        self._words = dict(words)
        super().__init__(choices=self._offered, **options)

    @property
    def value(self) -> Any:
        """The chosen value."""
        return super().value

    @value.setter
    def value(self, value: Any) -> None:
        if value not in self._words:
            self._words[value] = str(value)
            self.reset_choices()
        self.set_value(value)

    def _offered(self, _: Any) -> list[tuple[str, Any]]:
        return [(word, value) for value, word in self._words.items()]


@dataclass(frozen=True)
class Mark:
    """A sign at the label of a setting, such as that it was read from a file.

    Attributes
    ----------
    sign : str
        One letter.
    text : str
        A sentence for the tip.
    """

    sign: str
    text: str


class Form(ContainerWidget[Any]):
    """Labelled fields for the settings of a class, or for some of them.

    A setting of three numbers, one for each axis, has three rows ``name_z``, ``name_y``,
    ``name_x``; one of two numbers is a size, rows × columns.

    Parameters
    ----------
    kind : type of Settings
    names : sequence of str, optional
        Settings to show, in this order; all that a field can hold otherwise.
    hides : bool
        Whether settings that have no effect are taken out of sight, not only greyed out; somebody
        else tells them then, such as `napari_3dmsl.widgets.common.no_effect.NoEffect`.

    Signals
    -------
    changed(form)
        Some field holds another value; told once for a batch.
    refused(why)
        A number was typed that a field cannot take.
    """

    refused = Signal(str)

    def __init__(
        self, kind: type[Settings], names: Sequence[str] | None = None, *, hides: bool = False
    ) -> None:
        self.settings_class = kind
        self._hides = hides
        settings = described(kind)
        self._settings = {
            name: settings[name] for name in (names or _shown_in_forms(settings.values()))
        }
        self._rows = {name: list(self._made(setting)) for name, setting in self._settings.items()}
        self._tips = {name: setting.help for name, setting in self._settings.items()}
        self._marks: dict[str, Mark] = {}
        self._reasons: dict[str, str] = {}
        rows = [row for rows in self._rows.values() for row in rows]
        super().__init__(widgets=rows, labels=False, widget_type=_LabelledRows)
        self.margins = (4, 2, 4, 2)
        for name in self._settings:
            self._tell_tip(name)
            default = self._settings[name].default
            if default is not PydanticUndefined:
                self._write(name, default)
            for row in self._rows[name]:
                row.changed.connect(partial(self._lose_mark, name))

    def _made(self, setting: Described) -> Iterator[ValueWidget[Any]]:
        """Yield the rows of a setting."""
        if setting.entries == 3:
            for axis in _AXES:
                show = replace(setting.show, label=f"{setting.show.label} {axis}")
                yield self._field(f"{setting.name}_{axis}", replace(setting, entries=1, show=show))
        else:
            yield self._field(setting.name, setting)

    def _field(self, name: str, setting: Described) -> ValueWidget[Any]:
        """Return the field of one row."""
        options: dict[str, Any] = {"name": name, "label": setting.show.label}
        field: ValueWidget[Any]
        if setting.choices or (setting.show.words and setting.show.slider is None):
            values = setting.choices or tuple(setting.show.words)
            words = {value: setting.show.words.get(value, str(value)) for value in values}
            field = Choice(words, **options)
            may_be_narrow(field.native)
        elif setting.kind is bool:
            field = TickBox(**options)
        else:
            make = SizeField if setting.entries == 2 else NumberField
            field = OwnField(
                lambda parent: make(name, setting, parent), nullable=setting.optional, **options
            )
            field.native.refused.connect(lambda why: self.refused.emit(why))
            return field
        field.native.setObjectName(name)
        field.native.setAccessibleName(setting.show.label)
        return field

    @property
    def names(self) -> list[str]:
        """Names of the settings that are shown."""
        return list(self._settings)

    @property
    def labels_by_name(self) -> dict[str, str]:
        """What people read for each setting, and for each row of one."""
        found = {name: setting.show.label for name, setting in self._settings.items()}
        return found | {row.name: row.label for row in self}

    def told(self, name: str, value: Any, at: int | None = None) -> str:
        """Return a setting with a value in words, such as ``focus 1.2 µm``.

        Parameters
        ----------
        name
            Of the setting.
        value
            Of it, or of one of its entries.
        at
            Which of three entries it is.
        """
        setting = self._settings[name]
        axis = f" {_AXES[at]}" if at is not None and setting.entries == 3 else ""
        label = f"{setting.show.label}{axis}"
        is_word = label[1:2].islower() or label[1:2] in ("", " ", "-")  # not NA, not z-stack
        label = label[0].lower() + label[1:] if is_word else label
        return f"{label} {self._said(setting, value)}"

    def _said(self, setting: Described, value: Any) -> str:
        show = setting.show
        if value in show.words:
            return str(show.words[value])
        if isinstance(value, bool):
            return "on" if value else "off"
        if value is None:
            return show.lowest or "not given"
        if isinstance(value, tuple):
            return " × ".join(f"{part:g}" for part in value)
        if isinstance(value, int | float):
            said = f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
            return f"{said} {show.unit}".rstrip()
        return str(value)

    def field(self, name: str) -> Any:
        """Return the magicgui widget of a setting, or of one row such as ``rotation_deg_z``.

        Parameters
        ----------
        name
            Of the setting or row.
        """
        return self[name]

    def values(self) -> dict[str, Any]:
        """Return the value of every field by the name of its setting."""
        return {name: self._read(name) for name in self._settings}

    def _read(self, name: str) -> Any:
        rows = self._rows[name]
        return rows[0].value if len(rows) == 1 else tuple(row.value for row in rows)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named; `changed` is sent once, at the end.

        Parameters
        ----------
        values
            By name.
        """
        self.show_values(values)
        self.changed.emit(self)

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named to what nobody has edited: `changed` is not sent.

        Parameters
        ----------
        values
            By name.
        """
        with self.changed.blocked():
            for name in self._settings:  # in their order: some fields fill the next ones
                if name in values:
                    self._write(name, values[name])

    def _write(self, name: str, value: Any) -> None:
        rows = self._rows[name]
        entries = [value] * len(rows) if len(rows) == 1 or value is None else value
        for row, entry in zip(rows, entries, strict=True):
            row.value = entry

    def take(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named to values from a file; those that do not fit stay.

        Parameters
        ----------
        values
            By name; those without a field are passed over.
        """
        fit = {
            name: value
            for name, value in values.items()
            if name in self._settings and _holds(self._settings[name], value)
        }
        self.set_values(fit)

    def show_only(self, *, without: Mapping[str, str]) -> None:
        """Grey out, or hide, the settings without effect beside the others, and tell why.

        Parameters
        ----------
        without
            Reasons by name, as `Settings.irrelevant` gives them.
        """
        for name, rows in self._rows.items():
            reason = without.get(name, "")
            if rows[0].enabled == bool(reason) or reason != self._reasons[name]:
                self._tell_tip(name, reason)
                for row in rows:
                    row.enabled = not reason
                    if self._hides:
                        self._label_of(row).setVisible(not reason)
                        row.native.setVisible(not reason)
        if self._hides:  # without its margins, where all is hidden
            self.native.setVisible(not all(self._reasons.values()))

    @property
    def hidden_settings(self) -> dict[str, str]:
        """Why settings are out of sight, by their labels."""
        reasons = self._reasons if self._hides else {}
        return {
            self._settings[name].show.label: reason for name, reason in reasons.items() if reason
        }

    def _label_of(self, row: ValueWidget[Any]) -> QLabel:
        backend: Any = self._widget
        label: QLabel = backend.labels[row.name]
        return label

    @property
    def marks(self) -> dict[str, Mark]:
        """The settings that are marked, see `mark`."""
        return dict(self._marks)

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Mark settings by a sign at their label; an edited one loses its mark.

        Parameters
        ----------
        marks
            By name; those without a field are passed over, and all others lose theirs.
        """
        self._marks = {name: mark for name, mark in marks.items() if name in self._settings}
        for name in self._settings:
            self._tell_tip(name, self._reasons.get(name, ""))

    def _lose_mark(self, name: str, _: Any = None) -> None:
        if self._marks.pop(name, None):
            self._tell_tip(name, self._reasons.get(name, ""))

    def _tell_tip(self, name: str, reason: str = "") -> None:
        self._reasons[name] = reason
        mark = self._marks.get(name)
        parts = (self._tips[name], mark.text if mark else "")
        tip = " ".join(filter(None, (*parts, f"No effect now: {reason}." if reason else "")))
        tip = in_words(tip, {})
        for row in self._rows[name]:
            row.tooltip = tip
            label = self._label_of(row)
            label.setToolTip(tip)
            label.setText(f"{mark.sign} {row.label}" if mark else row.label)

    def add_tip(self, name: str, text: str) -> None:
        """Tell more in the tip of a setting, such as its keys.

        Parameters
        ----------
        name
            Of the setting.
        text
            A sentence.
        """
        self._tips[name] = f"{self._tips[name]} {text}"
        self._tell_tip(name, self._reasons.get(name, ""))

    def tell_defaults(self) -> None:
        """Tell in the tips, as their defaults, what the fields of numbers hold now."""
        for name, tip in self._tips.items():
            box = getattr(self._rows[name][0].native, "box", None)
            if box is not None and "default" not in tip.lower():
                self._tips[name] = f"{tip} Default: {box.text()}."
                self._tell_tip(name)


def _shown_in_forms(settings: Iterable[Described]) -> list[str]:
    """Return the names of the settings that a field can hold."""
    return [
        setting.name
        for setting in settings
        if setting.kind in (bool, int, float) or setting.choices
        if setting.entries in (1, 2, 3)
    ]


def _holds(setting: Described, value: Any) -> bool:
    """Whether a setting can have a value, of a file of any version."""
    if setting.entries != 1:
        is_list = isinstance(value, list | tuple) and len(value) == setting.entries
        return is_list and all(_holds(replace(setting, entries=1), entry) for entry in value)
    if value is None:
        return setting.optional
    if setting.choices:
        return any(type(value) is type(choice) and value == choice for choice in setting.choices)
    if setting.kind is bool or isinstance(value, bool):
        return setting.kind is bool and isinstance(value, bool)
    if not isinstance(value, int if setting.kind is int else int | float):
        return False
    return value in setting.range


def forms_in(widget: QWidget) -> list[Form]:
    """Return the forms that lie in a widget, itself included.

    Parameters
    ----------
    widget
        Qt's.
    """
    parts = (widget, *widget.findChildren(QWidget))
    owners = (getattr(part, "_magic_widget", None) for part in parts)
    return [owner for owner in owners if isinstance(owner, Form)]


def native(part: QWidget | Widget) -> QWidget:
    """Return the Qt widget of a widget, Qt's or magicgui's.

    Parameters
    ----------
    part
        Either of them.
    """
    return part.native if isinstance(part, Widget) else part


def by_labels(text: str, forms: Iterable[Any]) -> str:
    """Return what is wrong with settings with the labels of their fields for their names.

    Parameters
    ----------
    text
        Such as ``microscope.pixel_nm = 0: expected…; seed: …``.
    forms
        With the fields that people see.
    """
    labels: dict[str, str] = {}
    for form in forms:
        labels |= form.labels_by_name
    return in_words(text, labels)


def button(name: str, text: str, tip: str, work: Callable[[], None]) -> QPushButton:
    """Return a button that does some work.

    Parameters
    ----------
    name
        Its ``objectName``.
    text
        What it says.
    tip
        What it does.
    work
        What it does, without an argument.
    """
    made = QPushButton(text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.clicked.connect(lambda: work())  # without Qt's "checked"
    return made


def drop_down(name: str, label: str, words: Sequence[str], tip: str) -> QComboBox:
    """Return a choice between words.

    Parameters
    ----------
    name
        Its ``objectName``.
    label
        What is chosen, in a word or two, for screen readers.
    words
        The choices.
    tip
        What is chosen.
    """
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.addItems(list(words))
    box.setToolTip(tip)
    may_be_narrow(box)
    return box


def may_be_narrow(box: QComboBox) -> None:
    """Let a panel be narrower than the longest choice: of that it shows the beginning then.

    Parameters
    ----------
    box
        A drop-down.
    """
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LETTERS)


def fill_drop_down(box: QComboBox, titles: Mapping[str, str]) -> None:
    """Offer choices that people read in other words than files have.

    Parameters
    ----------
    box
        The drop-down; the names are its ``itemData``.
    titles
        What people read, by name.
    """
    box.clear()
    for name, title in titles.items():
        box.addItem(title, name)
