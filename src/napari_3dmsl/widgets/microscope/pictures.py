"""The images of the *Microscope* panel in the pane *Image*."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.simulated_picture import picture_of
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.progress import Progress
from napari_3dmsl.widgets.image_pane.opening import image_pane_of, open_image_pane

if TYPE_CHECKING:
    import napari
    from matplotlib.figure import Figure

    from napari_3dmsl.widgets.image_pane.pane import ImagePane

FIRST = "first"
"""Key of the panel's own image; those of comparisons come after it in the order of their names."""

_VIEWS = "Views × microscopes"
_VIEWS_TIP = (
    "The six views of the 3DMSL release of this shape through each microscope that is shown, as in "
    "Fig. 4a of the paper"
)

Imaged = tuple[Surface, list[Simulation]]
"""One shape, and how each microscope images it."""


class Pictures:
    """Keeps the pane up to date; it opens with the first image.

    Closed by a person it stays closed until something else is imaged.

    Parameters
    ----------
    viewer
        Whose pane it is.
    imaged
        Returns what is imaged now; ValueError, in one line, when that is not one shape.
    """

    def __init__(self, viewer: napari.viewer.Viewer, imaged: Callable[[], Imaged]) -> None:
        self._viewer = viewer
        self._imaged = imaged
        self._pictures: dict[str, Picture] = {}
        self._opens = True
        self._to_fit: set[str] = set()

    def begin_anew(self) -> None:
        """Tell that something else is imaged: contrast and view are set again, the pane opens."""
        self._opens = True
        self._to_fit = {FIRST, *self._pictures}

    def show(
        self,
        image: SimulatedImage,
        key: str = FIRST,
        *,
        adjust: bool = False,
        more_to_come: bool = False,
    ) -> None:
        """Show an image or a stack.

        Parameters
        ----------
        image
            Takes the place of the last with this key.
        key
            Whose it is.
        adjust
            Whether the contrast is fitted to it, whatever it was before.
        more_to_come
            Whether a newer one is on its way: this may still be of what was imaged before.
        """
        self._pictures[key] = picture_of(image, key)
        pane = self._pane()
        if pane is not None:
            pane.show_pictures(self._in_order(), fit={key} & self._to_fit)
            if not more_to_come:
                self._to_fit.discard(key)
            if adjust:
                pane.grid.fit_contrast()

    def show_sharp_plane(
        self, image: SimulatedImage, *, adjust: bool = False, more_to_come: bool = False
    ) -> None:
        """Show the sharp plane until its stack is there, if that is the plane that is looked at.

        Parameters
        ----------
        image
            One plane.
        adjust, more_to_come
            See `show`.
        """
        pane = open_image_pane(self._viewer)
        if FIRST in self._to_fit or pane is None or pane.in_focus:
            self.show(image, adjust=adjust, more_to_come=more_to_come)

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

    def close(self) -> None:
        """Leave the last pictures in the pane, but make no more."""
        pane = open_image_pane(self._viewer)
        if pane is not None:
            pane.offer([])

    def _in_order(self) -> list[Picture]:
        keys = sorted(self._pictures, key=lambda key: (key != FIRST, key))
        return [self._pictures[key] for key in keys]

    def _pane(self) -> ImagePane | None:
        if not self._opens:
            return open_image_pane(self._viewer)
        from napari_3dmsl.widgets.image_pane.figure_making import Offer

        self._opens = False
        pane = image_pane_of(self._viewer)
        pane.offer([Offer(_VIEWS, _VIEWS_TIP, self._views)])
        return pane

    def _views(self) -> Callable[..., Figure]:
        surface, simulations = self._imaged()
        return partial(_draw_views, surface, simulations)


def _draw_views(
    surface: Surface, simulations: list[Simulation], progress: Progress | None = None
) -> Figure:
    """Image and draw the six views; for a thread."""
    from napari_3dmsl.figures.views_figure import draw_views, views_of_shape

    return draw_views(views_of_shape(surface, simulations, progress))
