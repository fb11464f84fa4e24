"""Forms made from settings classes, with magicgui: one labelled field a setting, named after it.

What a field asks, allows and tells stands on the settings class alone (see
`napari_3dmsl.described`). A value is kept to the last digit until a person edits its field: the
slider's range and the decimals limit what the hand enters, never what a file or preset brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from magicgui.widgets import Widget
from magicgui.widgets.bases import ContainerWidget, ValueWidget
from psygnal import Signal
from pydantic_core import PydanticUndefined
from qtpy.QtWidgets import QLabel, QWidget

from napari_3dmsl.described import Described, described
from napari_3dmsl.settings import Settings
from napari_3dmsl.widgets.common.controls import may_be_narrow
from napari_3dmsl.widgets.common.form_fields import Choice, OwnField, RowsBackend, TickBox
from napari_3dmsl.widgets.common.number_field import NumberField, SizeField
from napari_3dmsl.widgets.common.words import in_words

_AXES = ("z", "y", "x")


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
        super().__init__(widgets=rows, labels=False, widget_type=RowsBackend)
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
