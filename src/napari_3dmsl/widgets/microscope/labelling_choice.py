"""Labellings by name: how densely real labels lie, and the paper's number one click away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget

from napari_3dmsl.microscope.named_labelling import NamedLabelling
from napari_3dmsl.microscope.presets import labelling_names, load_labelling
from napari_3dmsl.widgets.common.controls import drop_down, fill_drop_down
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows

FIRST = "antibody"
_TIP = "How densely fluorophores lie and how bright they are, with the source of the numbers."


class LabellingChoice(QObject):
    """A drop-down of labellings; it reads *own* while the fields are those of none.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    chosen(labelling)
        A `NamedLabelling`.
    """

    chosen = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._offered = {name: load_labelling(name) for name in labelling_names()}
        self.box = drop_down("labelling", "Labelling", [], _TIP)
        fill_drop_down(self.box, {name: found.in_short for name, found in self._offered.items()})
        for at, found in enumerate(self._offered.values()):
            tip = f"{found.title}: {found.numbers_from}"
            self.box.setItemData(at, tip, Qt.ItemDataRole.ToolTipRole)
        self.box.setPlaceholderText("own numbers")
        self.box.activated.connect(self._choose)
        self.source = QLabel()
        self.source.setObjectName("numbers_from")
        self.source.setWordWrap(True)
        self.source.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def rows(self) -> QWidget:
        """Return the drop-down with its label."""
        rows = LabelledRows()
        rows.add_row("Labelling", self.box)
        return rows

    @property
    def first(self) -> NamedLabelling:
        """What the panel opens with."""
        return self._offered[FIRST]

    def show(self, values: Mapping[str, Any]) -> None:
        """Name the labelling that the fields show.

        Parameters
        ----------
        values
            Of the settings, by name.
        """
        same = [
            name
            for name, found in self._offered.items()
            if all(values[setting] == value for setting, value in found.given.items())
        ]
        self.box.setCurrentIndex(self.box.findData(same[0]) if same else -1)
        told = self._offered[same[0]].numbers_from if same else ""
        self.box.setToolTip(f"{_TIP} {told}".strip())
        self.source.setText(f"{self._offered[same[0]].title}. {told}" if same else "")
        self.source.setVisible(bool(same))

    def _choose(self, at: int) -> None:
        self.chosen.emit(self._offered[self.box.itemData(at)])
