"""How many pixels have which value, and where the camera is full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.plots import label, new_plot, pen_of, take_theme
from napari_3dmsl.widgets.image_pane.theme_colours import ThemeColours

_BINS = 128
_NONE = 0.5  # pixels: where a logarithmic axis ends


class HistogramPlot(QWidget):
    """Histograms of what is shown; a dashed line stands where pixels are saturated.

    Parameters
    ----------
    grid
        Whose pictures they are.
    """

    def __init__(self, grid: PictureGrid) -> None:
        super().__init__()
        self._grid = grid
        self._ground, self._text = "#000000", "#ffffff"
        self.plot = new_plot("histogram_plot", "Histogram of the pixels")
        self.plot.setToolTip(
            "Pixels by their value, on a logarithmic axis. The dashed line stands where the camera "
            "is full; without one no pixel comes near."
        )
        self.plot.setLogMode(x=False, y=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        grid.shown.connect(self.refresh)
        self.hide()

    def switch(self, on: bool) -> None:
        """Show it, or not.

        Parameters
        ----------
        on
            Whether it is shown.
        """
        self.setVisible(on)
        self.refresh()

    def take_theme(self, colours: ThemeColours) -> None:
        """See `plots.take_theme`.

        Parameters
        ----------
        colours
            Of the theme.
        """
        self._ground, self._text = colours.background, colours.text
        take_theme(self.plot, colours)
        self.refresh()

    def refresh(self) -> None:
        """Count the pixels that are shown now."""
        self.plot.clear()
        if self.isHidden():
            return
        units = {}
        for place, view in enumerate(self._grid.views):
            picture = view.picture
            if picture is None or picture.signed:
                continue
            counts, edges = _counted(view.shown)
            units[picture.unit] = True
            pen = pen_of(picture, place, self._ground)
            self.plot.plot(edges, np.maximum(counts, _NONE), stepMode="center", pen=pen)
            full = picture.saturation
            if full is not None and edges[-1] >= 0.8 * full:
                self._mark(full)
        label(self.plot, " / ".join(units), "pixels", self._text)

    def _mark(self, full: float) -> None:
        pen = pg.mkPen(self._text, style=Qt.PenStyle.DashLine)
        words = {"position": 0.9, "color": self._text, "anchors": [(1, 0), (1, 0)]}
        line = pg.InfiniteLine(full, pen=pen, label="saturated", labelOpts=words)
        self.plot.addItem(line)


def _counted(values: Any) -> tuple[Any, Any]:
    """Return counts and edges of bins that hold whole numbers evenly."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) / _BINS or 1.0
    if np.issubdtype(values.dtype, np.integer):
        width = float(np.ceil((high - low + 1.0) / _BINS))
        low, high = low - 0.5, high + 0.5
    count = max(int(np.ceil((high - low) / width)), 1)
    counts, edges = np.histogram(values, bins=count, range=(low, low + count * width))
    return counts, edges
