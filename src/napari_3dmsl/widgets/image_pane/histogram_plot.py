"""How many pixels have which value, and where the camera is full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt

from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.plots import GridPlot, label

_BINS = 128
_NONE = 0.5  # pixels: where a logarithmic axis ends


_TIP = (
    "Pixels by their value, on a logarithmic axis. The dashed line stands where the camera "
    "is full; without one no pixel comes near."
)


class HistogramPlot(GridPlot):
    """Histograms of what is shown; a dashed line stands where pixels are saturated.

    Parameters
    ----------
    grid
        Whose pictures they are.
    """

    def __init__(self, grid: PictureGrid) -> None:
        super().__init__(grid, "histogram_plot", "Histogram of the pixels", _TIP)
        self.plot.setLogMode(x=False, y=True)

    def refresh(self) -> None:
        """Count the pixels that are shown now."""
        self.plot.clear()
        if self.isHidden():
            return
        units = {}
        for view, picture, pen in self._plotted():
            counts, edges = _counted(view.shown)
            units[picture.unit] = True
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
