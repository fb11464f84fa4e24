"""Which cell the *Microscope* panel images: of what, and how it is laid out."""

from __future__ import annotations

from typing import Any

from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_3dmsl.datasets.render.cell_imager import CellSample
from napari_3dmsl.described import Described
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.history import Change, Snapshot
from napari_3dmsl.widgets.microscope.sample_settings import CellOf

_CELL = ("coverage", "density_per_um2", "thickness_um", "haze", "glow_photons")
_MORE_OF_CELL = (
    *("density_spread", "outline_um", "tilt_deg", "layer_um", "brightness_spread"),
    "peak_photons",
)


class _CellForm(Form):
    """Its widgets are called ``cell_density_per_um2`` and so on: labelling has a density, too."""

    def _field(self, name: str, setting: Described) -> ValueWidget[Any]:
        field = super()._field(name, setting)
        for part in (field.native, *field.native.findChildren(QWidget)):
            if part.objectName().startswith(name):
                part.setObjectName(f"cell_{part.objectName()}")
        return field


class CellChoice(QWidget):
    """Fields of a cell: which shapes are laid into it, and how; seldom used ones fold.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    stepped(source, fields)
        A person has made a step, as `History.note` takes it.
    changed
        Other shapes are laid out.
    edited
        The same ones are laid out otherwise.
    """

    stepped = Signal(object, object)
    changed = Signal()
    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of = Form(CellOf)
        self.settings = _CellForm(CellScene, _CELL)
        self.more_settings = _CellForm(CellScene, _MORE_OF_CELL)
        self.more = QPushButton(self)
        self.more.setObjectName("more_of_cell")
        self.more.setCheckable(True)
        self.more.setToolTip("Settings of the cell that are seldom changed")
        self.more.setStyleSheet("QPushButton { text-align: left; border: none; }")
        self.more.toggled.connect(self._fold)
        self._fold(False)
        below = QVBoxLayout(self)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        for part in (self.of.native, self.settings.native, self.more, self.more_settings.native):
            below.addWidget(part)
        for form in (self.of, self.settings, self.more_settings):
            form.changed.connect(self._edited)

    def sample(self, shapes: Any) -> CellSample | None:
        """Return the cell that the fields tell of; None of shapes that are not there.

        Parameters
        ----------
        shapes
            Those that are loaded, or None.
        """
        loaded = self.of.values()["cell_of"] == "loaded"
        if loaded and shapes is None:
            return None
        cell = CellScene(**self.settings.values(), **self.more_settings.values())
        return CellSample(cell, shapes if loaded else None)

    def snapshot(self) -> Snapshot:
        """Return all that a person can choose, for `take_snapshot`."""
        cell = {**self.settings.values(), **self.more_settings.values()}
        return {**self.of.values(), **{f"cell_{name}": value for name, value in cell.items()}}

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show what was chosen; no signal tells of it.

        Parameters
        ----------
        snapshot
            From `snapshot`; may hold other things.
        """
        self.of.show_values(snapshot)
        for form in (self.settings, self.more_settings):
            form.show_values({name: snapshot[f"cell_{name}"] for name in form.names})

    def words(self, change: Change) -> str | None:
        """Return what people call a change of a cell; None of anything else.

        Parameters
        ----------
        change
            Of a snapshot.
        """
        for form, prefix in (
            (self.of, ""),
            (self.settings, "cell_"),
            (self.more_settings, "cell_"),
        ):
            name = change.name.removeprefix(prefix)
            if change.name.startswith(prefix) and name in form.names:
                return form.told(name, change.after, change.at)
        return None

    def _fold(self, opened: bool) -> None:
        self.more.setText(f"{'▾' if opened else '▸'}  More about the cell")
        self.more_settings.native.setVisible(opened)

    def _edited(self, form: Form) -> None:
        prefix = "" if form is self.of else "cell_"
        self.stepped.emit(id(form), [f"{prefix}{name}" for name in form.names])
        if form is self.of:
            self.changed.emit()
        else:
            self.edited.emit()
