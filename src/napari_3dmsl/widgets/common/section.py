"""A section of a panel that folds: no stop of the Tab key in it then, and room when it grows."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QWidget
from superqt import QCollapsible

_STYLE = (  # superqt's hides which one has the keyboard
    "QPushButton { text-align: left; border: none; }"
    "QPushButton:focus { text-decoration: underline; }"
)
_ANY_HEIGHT = 16777215  # Qt's QWIDGETSIZE_MAX


class Section(QCollapsible):
    """A heading above what it folds away.

    Parameters
    ----------
    title
        Its heading.
    parent
        Of the widget.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        # The arrow is a letter: superqt's own is drawn once, in black, whatever the theme.
        nothing = QPixmap(1, 1)  # PySide6 takes an icon without a picture for none at all
        nothing.fill(Qt.GlobalColor.transparent)
        icon = QIcon(nothing)
        super().__init__(title, parent, expandedIcon=icon, collapsedIcon=icon)
        self.toggled.connect(partial(self._fold, title))
        self._fold(title, False)
        heading = self.toggleButton()
        heading.setIconSize(QSize(1, 1))
        heading.setStyleSheet(_STYLE)
        heading.setAccessibleName(title)
        heading.setToolTip(f"Fold or unfold: {title}")
        self.layout().setContentsMargins(0, 0, 0, 0)

    def eventFilter(self, part: Any, event: Any) -> bool:
        """Qt: what is in an open section may grow; superqt keeps it as high as it was at first."""
        if event.type() == QEvent.Type.LayoutRequest and self.isExpanded():
            self.content().setMaximumHeight(_ANY_HEIGHT)
        return bool(super().eventFilter(part, event))

    def _fold(self, title: str, opened: bool) -> None:
        """Tell whether it is folded; what lies in a folded one is no stop of the Tab key."""
        self.setText(f"{'▾' if opened else '▸'}  {title}")
        self.content().setVisible(opened)
