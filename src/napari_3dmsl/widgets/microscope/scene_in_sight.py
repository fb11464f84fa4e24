"""The 3D scene fills the canvas while the pane *Image* shows the flat images beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_3dmsl.widgets.common.bring_into_view import BringIntoView
from napari_3dmsl.widgets.common.camera_flight import can_fit_layers
from napari_3dmsl.widgets.image_pane.opening import open_image_pane

if TYPE_CHECKING:
    import napari


class SceneInSight(QObject):
    """Fits what has depth into a 3D canvas whenever napari fits all layers, as its house does.

    napari would make room for the images beside the scene too, which are in the pane already.

    Parameters
    ----------
    viewer
        Whose view is fitted.
    parent
        The panel.
    """

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer: Any = getattr(viewer, "__wrapped__", viewer)
        self._fits = False
        # Before napari 0.9 room is made for all.
        self._event = self._viewer.events.reset_view if can_fit_layers() else None
        if self._event is not None:
            self._event.connect(self._fit)

    def stop(self) -> None:
        """Leave the view to napari again."""
        if self._event is not None:
            self._event.disconnect(self._fit)

    def _fit(self, event: Any = None) -> None:
        deep = [layer for layer in self._viewer.layers if layer.visible and layer.ndim > 2]
        has_flat = any(layer.ndim == 2 for layer in self._viewer.layers)
        if self._fits or not (deep and has_flat and images_are_beside(self._viewer)):
            return
        self._fits = True
        try:
            self._viewer.fit_to_view(layers=deep)
        finally:
            self._fits = False


class ImageInSight(BringIntoView):
    """Leaves the camera where it is when the pane shows an image beside the 3D scene."""

    def if_new(self, name: str, kind: str | None = None) -> None:
        """See `BringIntoView.if_new`."""
        flat = self._viewer.layers[name].ndim == 2
        if not (flat and images_are_beside(self._viewer)):
            super().if_new(name, kind)


def images_are_beside(viewer: napari.viewer.Viewer) -> bool:
    """Return whether the pane shows the images, beside a scene in 3D.

    Parameters
    ----------
    viewer
        Whose pane it is.
    """
    pane = open_image_pane(viewer)
    return pane is not None and pane.isVisible() and viewer.dims.ndisplay == 3
