"""A line that is drawn through all pictures, and the values along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal

from napari_3dmsl.figures.line_profile import Line, line_profile
from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.picture_view import PictureView
from napari_3dmsl.widgets.image_pane.plots import GridPlot, label
from napari_3dmsl.widgets.image_pane.theme_colours import ThemeColours

_PEN = {"color": "#ffffff", "width": 1.5}
_TURN_DEG = 5.0


_TIP = (
    "Values along the line in the pictures. Drag the line or its ends; by the keyboard, "
    "from a picture: Shift and arrows move it, Shift and Page Up or Down turn it."
)


class ProfilePlot(GridPlot):
    """Values along a line; the line lies at the same place in all pictures, and can be dragged.

    Parameters
    ----------
    grid
        Whose pictures they are.

    Signals
    -------
    line_moved(line)
    """

    line_moved = Signal(object)

    def __init__(self, grid: PictureGrid) -> None:
        super().__init__(grid, "profile_plot", "Values along the line", _TIP)
        self._rois: dict[PictureView, Any] = {}
        self._moving = False
        self.line: Line | None = None
        self._legend = self.plot.addLegend(offset=(-4, 4))
        grid.line_key.connect(self._step)

    def switch(self, on: bool) -> None:
        """Show line and plot, or take them away.

        Parameters
        ----------
        on
            Whether they are shown.
        """
        if on and self.line is None:
            self.line = self._across()
        super().switch(on)

    def take_theme(self, colours: ThemeColours) -> None:
        """See `GridPlot.take_theme`.

        Parameters
        ----------
        colours
            Of the theme.
        """
        self._legend.setLabelTextColor(colours.text)
        super().take_theme(colours)

    def set_line(self, line: Line) -> None:
        """Put the line somewhere else.

        Parameters
        ----------
        line
            In all pictures.
        """
        self.line = line
        self._place_lines()
        self.refresh()
        self.line_moved.emit(line)

    def refresh(self) -> None:
        """Draw the line and the curves of what is shown now."""
        self._keep_lines()
        self.plot.clear()
        if self.isHidden() or self.line is None:
            return
        units = {}
        for view, picture, pen in self._plotted():
            found = line_profile(picture, view.shown, self.line)
            name = picture.name if len(self._grid.views) > 1 else None
            self.plot.plot(found.distance_um, found.values, pen=pen, name=name, connect="finite")
            units[picture.unit] = True
        label(self.plot, "along the line (µm)", " / ".join(units), self._text)

    def curves(self) -> list[tuple[Any, Any]]:
        """Return distance and values of each curve, as drawn."""
        return [item.getData() for item in self.plot.listDataItems()]

    def _across(self) -> Line | None:
        """Return a line through the middle of the first object, from side to side."""
        if not self._grid.pictures:
            return None
        left, right, top, bottom = self._grid.pictures[0].object_um
        middle = 0.5 * (top + bottom)
        return Line(left, middle, right, middle)

    def _keep_lines(self) -> None:
        """Have a line in every picture, while they are shown."""
        wanted = [] if self.isHidden() else self._grid.views
        for view in [view for view in self._rois if view not in wanted]:
            roi = self._rois.pop(view)
            if view in self._grid.views:  # else it is gone with its view
                view.box.removeItem(roi)
        if self.line is None and wanted:
            self.line = self._across()
        for view in wanted:
            if view not in self._rois and self.line is not None:
                self._rois[view] = self._new_line(view, self.line)

    def _new_line(self, view: PictureView, line: Line) -> Any:
        ends = [(line.x0_um, line.y0_um), (line.x1_um, line.y1_um)]
        roi = pg.LineSegmentROI(ends, pen=_PEN)
        roi.setZValue(50)
        view.box.addItem(roi, ignoreBounds=True)
        roi.sigRegionChanged.connect(self._dragged)
        return roi

    def _dragged(self, roi: Any) -> None:
        if self._moving:
            return
        first, last = (roi.mapToParent(handle.pos()) for handle in roi.getHandles())
        self.set_line(Line(first.x(), first.y(), last.x(), last.y()))

    def _place_lines(self) -> None:
        line = self.line
        assert line is not None
        self._moving = True  # each line that is put right tells so
        for roi in self._rois.values():
            first, last = roi.getHandles()
            for handle, x, y in ((first, line.x0_um, line.y0_um), (last, line.x1_um, line.y1_um)):
                now = roi.mapToParent(handle.pos())
                if abs(now.x() - x) + abs(now.y() - y) > 1e-9:
                    roi.movePoint(handle, (x, y), finish=False, coords="parent")
        self._moving = False

    def _step(self, key: Any) -> None:
        line, pictures = self.line, self._grid.pictures
        if self.isHidden() or line is None or not pictures:
            return
        step = pictures[0].pixel_um
        keys = Qt.Key
        moves = {
            keys.Key_Left: (-step, 0.0),
            keys.Key_Right: (step, 0.0),
            keys.Key_Up: (0.0, -step),
            keys.Key_Down: (0.0, step),
        }
        if key in moves:
            x, y = moves[key]
            self.set_line(Line(line.x0_um + x, line.y0_um + y, line.x1_um + x, line.y1_um + y))
        elif key in {keys.Key_PageUp, keys.Key_PageDown}:
            self.set_line(_turned(line, -_TURN_DEG if key == keys.Key_PageUp else _TURN_DEG))


def _turned(line: Line, degrees: float) -> Line:
    """Return a line that is turned about its middle."""
    ends = np.array([[line.x0_um, line.y0_um], [line.x1_um, line.y1_um]])
    middle, angle = ends.mean(axis=0), np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    (x0, y0), (x1, y1) = ((ends - middle) @ turn.T + middle).tolist()
    return Line(x0, y0, x1, y1)
