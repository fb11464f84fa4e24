"""The images of the *Microscope* panel in the pane *Image*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.simulated_picture import picture_of
from napari_3dmsl.microscope.simulation import SimulatedImage
from napari_3dmsl.widgets.image_pane.opening import image_pane_of, open_image_pane

if TYPE_CHECKING:
    import napari

    from napari_3dmsl.widgets.image_pane.pane import ImagePane

FIRST = "first"
"""Key of the panel's own image; those of comparisons come after it in the order of their names."""


class Pictures:
    """Keeps the pane up to date; it opens with the first image.

    Closed by a person it stays closed until something else is imaged.

    Parameters
    ----------
    viewer
        Whose pane it is.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._pictures: dict[str, Picture] = {}
        self._opens = True
        self._fits = True

    def begin_anew(self) -> None:
        """Tell that something else is imaged: contrast and view are set again, the pane opens."""
        self._opens = self._fits = True

    def show(self, image: SimulatedImage, key: str = FIRST) -> None:
        """Show an image or a stack.

        Parameters
        ----------
        image
            Takes the place of the last with this key.
        key
            Whose it is.
        """
        self._pictures[key] = picture_of(image, key)
        pane = self._pane()
        if pane is not None:
            pane.show_pictures(self._in_order(), fit=self._fits and key == FIRST)
            self._fits = self._fits and key != FIRST

    def show_sharp_plane(self, image: SimulatedImage) -> None:
        """Show the sharp plane until its stack is there, if that is the plane that is looked at.

        Parameters
        ----------
        image
            One plane.
        """
        pane = open_image_pane(self._viewer)
        if self._fits or pane is None or pane.in_focus:
            self.show(image)

    def remove(self, key: str) -> None:
        """Show one picture less.

        Parameters
        ----------
        key
            Whose it is.
        """
        if self._pictures.pop(key, None) is not None:
            pane = open_image_pane(self._viewer)
            if pane is not None:
                pane.show_pictures(self._in_order())

    def _in_order(self) -> list[Picture]:
        keys = sorted(self._pictures, key=lambda key: (key != FIRST, key))
        return [self._pictures[key] for key in keys]

    def _pane(self) -> ImagePane | None:
        if self._opens:
            self._opens = False
            return image_pane_of(self._viewer)
        return open_image_pane(self._viewer)
