"""A picture of a step, as wide as the panel, that can be saved."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.image_io.figures import save_figure
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.common.save_layer import try_to_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_3dmsl.widgets.common.panel import Panel

_KINDS = "Pictures (*.png *.svg *.pdf)"


class Picture(QWidget):
    """Shows a figure of matplotlib; hidden while there is none.

    Parameters
    ----------
    name
        Of the picture; its button is called ``save_`` and this.
    panel
        Says how saving went.
    """

    def __init__(self, name: str, panel: Panel) -> None:
        super().__init__(panel)
        self._panel, self._name = panel, name
        self._figure: Figure | None = None
        self._pixmap = QPixmap()
        self.label = QLabel(self)
        self.label.setObjectName(name)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.save_button = button(
            f"save_{name}", "Save the picture…", "Save it as PNG, SVG or PDF", self._save
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.label)
        self.larger_button = button(
            f"larger_{name}",
            "Show larger",
            "Open it in a window of its own",
            self._enlarge,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.larger_button)
        buttons.addWidget(self.save_button)
        layout.addLayout(buttons)
        self.hide()

    def show_figure(self, figure: Figure | None) -> None:
        """Show a figure, or nothing.

        Parameters
        ----------
        figure
            None hides the picture.
        """
        self._figure = figure
        self.setVisible(figure is not None)
        if figure is None:
            return
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=140)
        self._pixmap.loadFromData(drawn.getvalue())
        self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Qt: the panel has become wider or narrower."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = max(self.label.width(), 200)
        if not self._pixmap.isNull():
            shown = self._pixmap.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
            self.label.setPixmap(shown)
            self.label.setFixedHeight(shown.height())

    def _enlarge(self) -> None:
        window = QDialog(self)
        window.setObjectName(f"large_{self._name}")
        window.setWindowTitle("Match my microscope")
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        picture = QLabel()
        picture.setPixmap(self._pixmap)
        scroll = QScrollArea(window)
        scroll.setWidget(picture)
        layout = QVBoxLayout(window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        window.resize(min(self._pixmap.width() + 20, 1600), min(self._pixmap.height() + 20, 900))
        window.show()

    def _save(self) -> None:
        ask_for_path(self._panel, "Save the picture", f"{self._name}.png", _KINDS, self._write)

    def _write(self, path: Path) -> None:
        figure = self._figure
        if figure is not None:
            try_to_write(self._panel, lambda: save_figure(figure, path), path)
