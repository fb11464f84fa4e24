"""Every field within reach: by the keyboard in reading order, in sight in every theme."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QLabel, QWidget

_DARK_RED, _LIGHT_RED = "#a61b1b", "#ff8a80"  # at least 6:1 on napari's light and dark theme


def warning_colour(widget: QWidget) -> str:
    """Return a red that can be read on a widget's background.

    Parameters
    ----------
    widget
        On which the text stands.
    """
    dark = widget.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return _LIGHT_RED if dark else _DARK_RED


def in_reading_order(widget: QWidget) -> Iterator[QWidget]:
    """Yield the widgets that the Tab key can reach, from top to bottom, folded ones too.

    Parameters
    ----------
    widget
        Which holds them.
    """
    if widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value:
        yield widget
    elif widget.layout() is not None:
        yield from _of_layout(widget.layout())
    elif hasattr(widget, "widget"):  # what a scroll area scrolls
        yield from in_reading_order(widget.widget())


def _of_layout(layout: Any) -> Iterator[QWidget]:
    for item in (layout.itemAt(at) for at in range(layout.count())):
        if item.widget() is not None:
            yield from in_reading_order(item.widget())
        elif item.layout() is not None:
            yield from _of_layout(item.layout())


def set_tab_order(panel: QWidget) -> None:
    """Let the Tab key go through a panel as it is read; without it, in the order of making.

    Parameters
    ----------
    panel
        Its widgets are all there.
    """
    for one, following in pairwise(in_reading_order(panel)):
        QWidget.setTabOrder(one, following)


def name_drop_downs(panel: QWidget) -> None:
    """Give each drop-down without a name that of its label: not all screen readers look for it.

    Parameters
    ----------
    panel
        Its widgets are all there.
    """
    labels = panel.findChildren(QLabel)
    for box in panel.findChildren(QComboBox):
        if not box.accessibleName():
            words = [label.text() for label in labels if label.buddy() is box]
            box.setAccessibleName("".join(words) or box.objectName().replace("_", " ").capitalize())


class CalmWheel(QObject):
    """Lets the wheel scroll the panel: a field takes it only while it has the keyboard.

    Otherwise a person who scrolls changes the settings that come under the mouse.
    """

    def watch(self, panel: QWidget) -> None:
        """Calm the fields of a panel.

        Parameters
        ----------
        panel
            Its fields are all there.
        """
        for kind in (QAbstractSpinBox, QComboBox, QAbstractSlider):
            for field in panel.findChildren(kind):
                if field.focusPolicy() != Qt.FocusPolicy.NoFocus:  # scroll bars have none
                    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                    field.installEventFilter(self)

    def eventFilter(self, field: Any, event: Any) -> bool:
        """Qt: pass the wheel on to the panel."""
        if event.type() == QEvent.Type.Wheel and not field.hasFocus():
            event.ignore()
            return True
        return False
