"""Forms for the parts of a recipe: numbers that may be ranges, limits, and some of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_3dmsl.described import Described
from napari_3dmsl.settings import Settings
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.form_fields import OwnField
from napari_3dmsl.widgets.common.range_fields import (
    LimitsField,
    OpenField,
    SidesField,
    TicksField,
    TwoNumbersField,
)

Path = tuple[str, ...]


class RecipePart(Form):
    """Fields for some settings of one table of a recipe.

    A setting that is a table itself is a tick box: whether there is one.

    Parameters
    ----------
    table
        Names that lead to the table in the recipe; empty for its top.
    kind, names
        Its class, and the settings to show.
    ranges
        Whether a range may stand for every number, as in the recipe's labelling.
    choices
        What a list offers that its class does not name, by the name of the setting.
    texts
        What stands beside the words of a list, by the word.
    prefix
        Before the names of fields that another part has, too, such as ``density_per_um2``.
    """

    def __init__(
        self,
        table: Path,
        kind: type[Settings],
        names: Sequence[str],
        *,
        ranges: bool = False,
        choices: Mapping[str, Sequence[str]] | None = None,
        texts: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> None:
        self.table = table
        self._prefix = prefix
        self._ranges = ranges
        self._choices = choices or {}
        self._texts = texts
        super().__init__(kind, names)
        self._place_lists()

    def _place_lists(self) -> None:
        """Let long lists begin beside their label, and those with texts take the whole width."""
        backend: Any = self._widget
        grid = self.native.layout()
        for at, row in enumerate(self):
            if isinstance(row.native, TicksField):
                label = backend.labels[row.name]
                grid.setAlignment(label, Qt.AlignmentFlag.AlignTop)
                label.setVisible(not row.native.texts)
                if row.native.texts:
                    grid.addWidget(row.native, at, 0, 1, 2)

    @property
    def paths(self) -> list[Path]:
        """Names that lead to each setting in the recipe."""
        return [(*self.table, name) for name in self.names]

    def readings(self) -> dict[Path, Any]:
        """Return what each field holds; ValueError where one holds no number."""
        return dict(zip(self.paths, self.values().values(), strict=True))

    def as_shown(self) -> Settings:
        """Return the settings unchecked, to ask what has an effect; without what is no number."""
        found = {}
        for name in self.names:
            with suppress(ValueError):
                found[name] = self._read(name)
        return self.settings_class.model_construct(**found)

    def _field(self, name: str, setting: Described) -> ValueWidget[Any]:
        if _is_table(setting):
            return super()._field(name, replace(setting, kind=bool))
        make = self._own(replace(setting, choices=tuple(self._choices.get(name, setting.choices))))
        if make is None:
            return super()._field(name, setting)
        # A lambda, as magicgui asks what makes a widget for its name. None: not to be read, too.
        return OwnField(
            lambda parent: make(parent=parent), name=name, label=setting.show.label, nullable=True
        )

    def _own(self, setting: Described) -> Callable[..., QWidget] | None:
        """Return what makes the field of a setting that holds several, or may."""
        if setting.entries == 0:
            return partial(TicksField, setting.name, setting, texts=self._texts)
        if setting.open or (self._ranges and setting.kind is float):
            return partial(OpenField, f"{self._prefix}{setting.name}", setting)
        if setting.entries == 2:
            sides = SidesField if setting.optional else TwoNumbersField
            field = LimitsField if setting.kind is float else sides
            return partial(field, setting.name, setting)
        return None

    def _write(self, name: str, value: Any) -> None:
        super()._write(name, bool(value) if _is_table(self._settings[name]) else value)


def _is_table(setting: Described) -> bool:
    kind = setting.kind
    return setting.entries == 1 and isinstance(kind, type) and issubclass(kind, Settings)
