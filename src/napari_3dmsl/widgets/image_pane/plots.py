"""Plots below the pictures, in the colours of the theme."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.theme_colours import ThemeColours

_STYLES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
_DARKER = 160  # per cent, on light ground


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


def take_theme(plot: Any, colours: ThemeColours) -> None:
    """Draw ground, axes and words in the colours of a theme.

    Parameters
    ----------
    plot
        As from `new_plot`.
    colours
        Of the theme.
    """
    plot.setBackground(colours.background)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(colours.text)
        axis.setTextPen(colours.text)


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
