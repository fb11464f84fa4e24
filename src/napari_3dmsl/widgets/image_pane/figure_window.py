"""A figure in a window of its own, which saves it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QDialog, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_3dmsl.widgets.common.questions import ask_for_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = "Pictures (*.png *.svg *.pdf)"
_WIDEST, _HIGHEST = 1200, 900


class FigureWindow(QDialog):
    """Shows a figure of matplotlib.

    Parameters
    ----------
    figure
        To be shown.
    title
        Of the window, and of its file.
    write
        Called with the figure and a path; tells by itself how it went.
    parent
        Whose window it is.
    """

    def __init__(
        self, figure: Figure, title: str, write: Callable[[Figure, Path], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.figure = figure
        self._title, self._write = title, write
        self.setObjectName("figure_window")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.picture = QLabel(self)
        self.picture.setAccessibleName(title)
        self.picture.setPixmap(_drawn(figure))
        scroll = QScrollArea(self)
        scroll.setWidget(self.picture)
        save = QPushButton("Save the figure…", self)
        save.setObjectName("save_figure")
        save.setToolTip("Write it as PNG, SVG or PDF")
        save.clicked.connect(self._save)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(save)
        size = self.picture.pixmap().size()
        self.resize(min(size.width() + 40, _WIDEST), min(size.height() + 80, _HIGHEST))

    def _save(self) -> None:
        name = f"{self._title.replace(' × ', '_by_').replace(' ', '_')}.png"
        ask_for_path(
            self, "Save the figure", name, KINDS, lambda path: self._write(self.figure, path)
        )


def _drawn(figure: Figure) -> QPixmap:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    pixmap = QPixmap()
    pixmap.loadFromData(drawn.getvalue())
    return pixmap
