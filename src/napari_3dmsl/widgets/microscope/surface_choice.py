"""A surface of the viewer that is no shape: which one is chosen, and whether it is edited."""

from __future__ import annotations

from typing import Any

from psygnal import Signal

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.classes import CLASS
from napari_3dmsl.layers.field_frame import FIELD_FRAME
from napari_3dmsl.layers.optics import FOCAL_PLANE
from napari_3dmsl.layers.surfaces import HIGHLIGHT
from napari_3dmsl.widgets.common.layer_choice import LayerChoice

_TIP = "Images this surface when it is chosen or no shape is selected"


class SurfaceChoice(LayerChoice):
    """Offers surfaces that are one object, and listens to the chosen one.

    Parameters
    ----------
    viewer
        Of the layers.

    Signals
    -------
    edited()
        The chosen surface has another form, size or place.
    """

    edited = Signal()

    def __init__(self, viewer: Any) -> None:
        from napari.layers import Surface

        super().__init__(viewer, Surface, _is_plain_surface, name="surface", tooltip=_TIP)
        self._followed: Any = None
        self.layer_changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        for event in _geometry_events(self._followed):
            event.disconnect(self._layer_edited)
        self._followed = self.layer
        for event in _geometry_events(self._followed):
            event.connect(self._layer_edited)

    def _layer_edited(self, event: Any = None) -> None:
        self.edited.emit()


def _is_plain_surface(layer: Any) -> bool:
    """Surfaces that are one object: not the merged ones of a class, not the highlight."""
    return kind_of(layer) not in {CLASS, HIGHLIGHT, FOCAL_PLANE, FIELD_FRAME}


def _geometry_events(layer: Any) -> tuple[Any, ...]:
    """Events that tell of another form, size or place of a surface."""
    if layer is None:
        return ()
    names = ("data", "scale", "translate", "rotate", "shear", "affine", "units")
    return tuple(getattr(layer.events, name) for name in names)
