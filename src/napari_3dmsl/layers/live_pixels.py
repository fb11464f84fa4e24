"""Pixels of an image layer that follow a knob: napari draws them and does nothing else meanwhile.

napari's own ``layer.data = pixels`` also renews the extent of all layers, the sliders and the
thumbnail in the list, which takes as long as the drawing itself. Here the pixels are written into
an array that the layer keeps, and what else hangs on them follows when the knob rests (`settle`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

_ours: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The array that was made for a layer. No other may be written into: somebody may hold it."""

_restless: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
"""Layers whose thumbnail is not that of their pixels."""


def put_pixels(layer: Any, pixels: Any) -> None:
    """Show other pixels in an image layer; `settle` it when no others are expected soon.

    Parameters
    ----------
    layer
        An image of napari.
    pixels
        Of it, from now on. They are copied: the layer's array is written into again and again.
    """
    pixels = np.asarray(pixels)
    kept = _ours.get(layer)
    if (
        kept is None
        or kept is not layer.data  # a person has given it another
        or kept.shape != pixels.shape
        or kept.dtype != pixels.dtype
    ):
        _ours[layer] = own = pixels.copy()
        layer.data = own
        return
    if np.array_equal(kept, pixels):
        return
    np.copyto(kept, pixels)
    with layer.events.blocker():  # who draws the layer is told, the list of layers is not
        layer.refresh(extent=False, thumbnail=False, highlight=False)
    _restless[layer] = True


def settle(layers: Iterable[Any]) -> None:
    """Renew the thumbnails of layers at rest, and tell who listens that they have other data.

    Parameters
    ----------
    layers
        Those that `put_pixels` has not been called for are left alone.
    """
    for layer in [layer for layer in layers if _restless.pop(layer, False)]:
        layer.refresh(extent=False, data_displayed=False, highlight=False)
        layer.events.data(value=layer.data)
