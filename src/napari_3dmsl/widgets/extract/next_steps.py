"""What to do first in the *Extract shapes* panel, and what next once the shapes are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.samples import mitochondria_phantom
from napari_3dmsl.widgets.common.background_process import BackgroundProcess
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import open_named

if TYPE_CHECKING:
    from napari_3dmsl.widgets.common.panel import Panel

SAMPLE = "File > Open Sample > 3DMSL > mitochondria phantom"
_SAMPLE_TIP = "Draw a small volume with 38 mitochondria of all six classes and open it as labels"
_IMAGE_TIP = "See the selected shape, or the first, through a microscope"
_BROWSE_TIP = "A table of the shapes with class, measures and pictures"
_FIRST = (
    "Start here: drop a segmented volume on the window, or open the sample. Then check the voxel "
    "size and press Extract."
)
_NEXT = "The shapes are there. What next?"


class NextSteps(QObject):
    """Offers the sample as long as there are no labels, and other panels when there are shapes.

    Parameters
    ----------
    panel
        With the card of first steps.
    choice
        Of the labels.
    """

    def __init__(self, panel: Panel, choice: LayerChoice) -> None:
        super().__init__(panel)
        self._panel, self._choice = panel, choice
        self.drawing = BackgroundProcess(self)
        self.drawing.finished.connect(self._show_sample)
        self.drawing.failed.connect(self._no_sample)
        panel.at_end(self.drawing.close)
        offer = panel.first_steps.offer
        offer("open_sample", "Open the sample", _SAMPLE_TIP, self.open_sample)
        offer("image_shape", "Image this shape", _IMAGE_TIP, self._image_shape)
        offer("browse_shapes", "Browse shapes", _BROWSE_TIP, self._browse)

    def tell(self, *, extracted: bool) -> None:
        """Say what to do first, and after an extraction what to do next.

        Parameters
        ----------
        extracted
            Whether the shapes of the chosen labels are there.
        """
        card = self._panel.first_steps
        if self._choice.layer is None:
            card.tell(_FIRST, ["open_sample"])
        elif extracted:
            card.tell(_NEXT, ["image_shape", "browse_shapes"])
        else:
            card.tell("")

    def open_sample(self) -> None:
        """Draw the phantom in another process, and choose it as labels."""
        self._panel.first_steps.buttons["open_sample"].setEnabled(False)
        self._panel.say("Drawing the sample…")
        self.drawing.start(mitochondria_phantom)

    def _show_sample(self, found: list[LayerData]) -> None:
        from napari.layers import Layer

        self._panel.first_steps.buttons["open_sample"].setEnabled(True)
        layer = self._panel.viewer.add_layer(Layer.create(*found[0]))
        self._choice.choose(layer)
        self._panel.say("The sample is there: press Extract.")

    def _no_sample(self, why: str) -> None:
        self._panel.first_steps.buttons["open_sample"].setEnabled(True)
        self._panel.complain(why)

    def _image_shape(self) -> None:
        """Show the selected shape, or the first, in the Microscope panel."""
        selection = selection_of(self._panel.viewer)
        if selection.shape_id is None and selection.source is not None and selection.source.ids:
            selection.select(selection.source.ids[0])
        open_named(self._panel.viewer, "Microscope")

    def _browse(self) -> None:
        open_named(self._panel.viewer, "Shape browser")
