"""Colours of the shape classes."""

from __future__ import annotations

from napari_3dmsl.shapes.classification import ShapeClass

CLASS_COLOURS: dict[str, str] = {
    ShapeClass.DOT: "#56B4E9",
    ShapeClass.ROD: "#009E73",
    ShapeClass.NETWORK: "#E69F00",
    ShapeClass.DONUT: "#CC79A7",
    ShapeClass.MEGA: "#D55E00",
    ShapeClass.NANOTUNNEL: "#F0E442",
}
"""Okabe and Ito's palette, told apart also by colour-blind eyes."""

UNKNOWN_COLOUR = "#BBBBBB"


def class_colour(shape_class: str | None) -> str:
    """Colour of a shape class, ``#rrggbb``; grey for shapes without one.

    Parameters
    ----------
    shape_class
        None where it is not known.
    """
    return CLASS_COLOURS.get(str(shape_class), UNKNOWN_COLOUR)
