"""What one can change or press in a panel, and what a screen reader calls it."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)

FIELDS = (
    QAbstractButton,
    QComboBox,
    QAbstractSpinBox,
    QAbstractSlider,
    QLineEdit,
    QAbstractItemView,
)


def fields(panel: QWidget) -> list[QWidget]:
    """Everything that one can change or press; not what these are made of."""
    found = [field for kind in FIELDS for field in panel.findChildren(kind)]
    return [
        field
        for field in found
        if not isinstance(field, QScrollBar)
        and not (isinstance(field, QWidget) and _is_part(field, panel))
    ]


def _is_part(field: QWidget, panel: QWidget) -> bool:
    """Whether it belongs to another: the text in a spin box, the arrows of a bar of tabs."""
    above = field.parentWidget()
    while above is not None and above is not panel:
        if isinstance(above, (*FIELDS, QTabBar)):
            return True
        above = above.parentWidget()
    return False


def name_of(field: Any, panel: QWidget) -> str:
    """What a screen reader says, by Qt's rules."""
    if field.accessibleName():
        return field.accessibleName()
    if isinstance(field, QAbstractButton):
        return field.text()
    labels = [label for label in panel.findChildren(QLabel) if label.buddy() is field]
    return labels[0].text() if labels else ""
