"""What to do first in the *Microscope* panel: there must be something to image."""

from __future__ import annotations

from functools import partial

from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import open_named

_NO_SHAPES = (
    "Start here: extract shapes from labels (a sample is there, too), or drop a shape library or a "
    "surface on the window."
)
_NONE_SELECTED = "Choose what to image: click a shape in the canvas or in the Shape browser."


def offer_shapes(panel: Panel) -> None:
    """Give the card of a panel the buttons that lead to shapes.

    Parameters
    ----------
    panel
        The *Microscope* panel.
    """
    for name, words, tip in (
        ("go_extract", "Extract shapes", "Cut shapes out of labels, or of the sample"),
        ("go_browse", "Shape browser", "A table of the shapes, to choose one"),
    ):
        panel.first_steps.offer(name, words, tip, partial(open_named, panel.viewer, words))


def tell_first(panel: Panel, *, there: bool) -> None:
    """Say what to do as long as there is nothing to image.

    Parameters
    ----------
    panel
        The *Microscope* panel.
    there
        Whether there is.
    """
    if there:
        panel.first_steps.tell("")
    elif selection_of(panel.viewer).source is None:
        panel.first_steps.tell(_NO_SHAPES, ["go_extract"])
    else:
        panel.first_steps.tell(_NONE_SELECTED, ["go_browse"])
