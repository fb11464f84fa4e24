"""Plots below the pictures, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.picture_view import PictureView
from napari_3dmsl.widgets.image_pane.theme_colours import ThemeColours

_STYLES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
_DARKER = 160  # per cent, on light ground


class GridPlot(QWidget):
    """A plot of what the pictures of a grid show now; it is hidden until it is switched on.

    Parameters
    ----------
    grid
        Whose pictures they are.
    name
        Of the plot, its ``objectName``.
    accessible_name
        What it shows.
    tip
        How it is read.
    """

    def __init__(self, grid: PictureGrid, name: str, accessible_name: str, tip: str) -> None:
        super().__init__()
        self._grid = grid
        self._ground, self._text = "#000000", "#ffffff"
        self.plot = new_plot(name, accessible_name)
        self.plot.setToolTip(tip)
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
        """Draw ground, axes and words in the colours of a theme.

        Parameters
        ----------
        colours
            Of the theme.
        """
        self._ground, self._text = colours.background, colours.text
        self.plot.setBackground(colours.background)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(colours.text)
            axis.setTextPen(colours.text)
        self.refresh()

    def refresh(self) -> None:
        """Plot what is shown now."""
        raise NotImplementedError

    def _plotted(self) -> Iterator[tuple[PictureView, Picture, Any]]:
        """Yield each picture that is no difference, with its view and its pen."""
        for place, view in enumerate(self._grid.views):
            picture = view.picture
            if picture is not None and not picture.signed:
                yield view, picture, pen_of(picture, place, self._ground)


def new_plot(name: str, accessible_name: str) -> Any:
    """Return an empty plot that neither the wheel nor a drag moves.

    Parameters
    ----------
    name
        Of the widget.
    accessible_name
        What it shows.
    """
    plot = pg.PlotWidget()
    plot.setObjectName(name)
    plot.setAccessibleName(accessible_name)
    plot.setMinimumHeight(110)
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return plot


def label(plot: Any, bottom: str, left: str, colour: str) -> None:
    """Say what the axes are, in letters that have room.

    Parameters
    ----------
    plot
        As from `new_plot`.
    bottom, left
        With units.
    colour
        Of the letters.
    """
    for side, words in (("bottom", bottom), ("left", left)):
        axis = plot.getAxis(side)
        if (axis.labelText, axis.labelStyle.get("color")) != (words, colour):
            axis.setLabel(words, **{"font-size": "8pt", "color": colour})


def pen_of(picture: Picture, place: int, ground: str) -> Any:
    """Return the pen of a picture's curve: the colour of its light, a style of its own.

    Parameters
    ----------
    picture
        Whose curve it is.
    place
        Its place among the pictures.
    ground
        Colour on which it is drawn.
    """
    colour = QColor.fromRgbF(*emission_colour(picture.emission_nm))
    if QColor(ground).lightness() > 128:
        colour = colour.darker(_DARKER)
    return pg.mkPen(colour, width=2, style=_STYLES[place % len(_STYLES)])
