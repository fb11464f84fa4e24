"""Fields of ours as magicgui has its own, and rows for them: a label and a field each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from magicgui.application import use_app
from magicgui.backends._qtpy.widgets import QBaseValueWidget, QBaseWidget
from magicgui.widgets import ComboBox, Widget
from magicgui.widgets.bases import ValueWidget
from qtpy.QtWidgets import QLabel, QWidget

from napari_3dmsl.widgets.common.labelled_rows import LabelledRows


class _Native(QBaseValueWidget):
    """magicgui's backend of a widget of ours that has a value of its own."""

    def __init__(self, make: Callable[[Any], QWidget], parent: Any = None) -> None:
        # magicgui wants a class, which it calls with the parent alone
        super().__init__(make, "value", "setValue", "valueChanged", parent=parent)  # type: ignore[arg-type]

    def _mgui_set_tooltip(self, value: str | None) -> None:
        for widget in (self._qwidget, *self._qwidget.findChildren(QWidget)):
            widget.setToolTip(value or "")


class RowsBackend(QBaseWidget):
    """magicgui's backend of a container: a label and a field a row, in two columns.

    magicgui's own makes a container with a label of each row: three times the widgets, so that a
    panel takes three times as long to open, and tick boxes stand without a label.

    Parameters
    ----------
    parent
        Of the widget.
    **_
        What magicgui gives its own containers; not used.

    Attributes
    ----------
    labels : dict of str to QLabel
        The label of each field, by its name.
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
