"""Other surfaces in many layers, after which the viewer measures itself once, not after each.

napari renews the extent of all layers whenever one has other data; when the whole has another
extent, it also draws all of them anew. For the classes of shapes one after the other that is as
many times as there are classes, for each class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

_untold: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def put_surface(layer: Any, content: Any) -> None:
    """Show another surface in a layer; `tell` about it when the last of them has been changed.

    Parameters
    ----------
    layer
        A Surface of napari.
    content
        Vertices, faces and values.
    """
    with layer.events.data.blocker():
        layer.data = content
    _untold[layer] = True


def tell(layers: Iterable[Any]) -> None:
    """Let the viewer and whoever listens know what `put_surface` has changed.

    Parameters
    ----------
    layers
        Those that have not been changed are left alone.
    """
    for layer in [layer for layer in layers if _untold.pop(layer, False)]:
        layer.events.data(value=layer.data)
