"""Keep a layer up to date in a viewer: find it, renew it in its place, add it, take it away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.live_pixels import put_pixels
from napari_3dmsl.layers.quiet_surfaces import put_surface

if TYPE_CHECKING:
    from napari_3dmsl.layers.attributes import LayerData


def find(viewer: Any, kind: str, name: str | None = None) -> Any:
    """Return the first layer of a kind, None without one.

    Parameters
    ----------
    viewer
        Which has the layers.
    kind
        Of the layer, see `attributes_for`.
    name
        Of the layer, too, where there are several of this kind.
    """
    of_kind = (layer for layer in viewer.layers if kind_of(layer) == kind)
    return next((layer for layer in of_kind if name in (None, layer.name)), None)


def show(
    viewer: Any,
    kind: str,
    data: LayerData | None,
    name: str | None = None,
    *,
    live: bool = False,
) -> Any:
    """Renew the layer of a kind, add it if it is not there, or take it away.

    The selection stays as it is; where nothing is selected, a new image is.

    Parameters
    ----------
    viewer
        Which gets the layer.
    kind
        Of the layer, see `attributes_for`.
    data
        What is shown; None to take the layer away.
    name
        Of the layer, too, where there are several of this kind.
    live
        Whether more of it is likely to come at once, see `put_pixels`.

    Returns
    -------
    layer or None
        The layer in the viewer.
    """
    found = find(viewer, kind, name)
    if data is None:
        if found is not None:
            viewer.layers.remove(found)
        return None
    if found is None:
        return add(viewer, data)
    renew(found, data, live=live)
    return found


def add(viewer: Any, data: LayerData) -> Any:
    """Add a layer and return it; the selection stays as it is, but an image comes into none.

    Parameters
    ----------
    viewer
        Which gets the layer.
    data
        What is shown.
    """
    from napari.layers import Layer

    layer = Layer.create(*data)
    with unselected(viewer.layers):
        viewer.add_layer(layer)
    if data[2] == "image" and not viewer.layers.selection:
        viewer.layers.selection.active = layer  # its contrast is what people reach for first
    return layer


def renew(layer: Any, data: LayerData, *, live: bool = False) -> None:
    """Give a layer other data, another place and story; how it is drawn is the person's.

    Parameters
    ----------
    layer
        Of napari.
    data
        What it shows from now on.
    live
        Whether more of it is likely to come at once, see `put_pixels` and `put_surface`.
    """
    content, attributes, kind = data
    if live and kind == "image":
        put_pixels(layer, content)
    elif live and kind == "surface":
        put_surface(layer, content)
    else:
        layer.data = content
    layer.metadata.update(attributes["metadata"])
    for name in ("scale", "translate"):
        wanted = attributes[name]
        if not np.allclose(getattr(layer, name), wanted, rtol=1e-9, atol=1e-9):
            setattr(layer, name, wanted)  # napari redraws everything for it


def remove(viewer: Any, layers: Iterable[Any]) -> None:
    """Take layers away together.

    napari searches all of Python for garbage after each removal, a quarter of a second; of those
    that go together once.

    Parameters
    ----------
    viewer
        Which has the layers.
    layers
        Those that have gone meanwhile, as others did, are passed over.
    """
    there = [layer for layer in layers if layer in viewer.layers]
    if not there:
        return  # napari searches after none, too
    together = getattr(viewer.layers, "batched_update", nullcontext)  # not in all napari
    with together():
        for layer in there:
            if layer in viewer.layers:
                viewer.layers.remove(layer)


@contextmanager
def unselected(layers: Any) -> Iterator[None]:
    """Keep the selection of the layers as it is while some are added.

    napari selects what is added, and searches a big selected surface at every move of the mouse.

    Parameters
    ----------
    layers
        Of a viewer.
    """
    selection = layers.selection
    before = set(selection)
    with selection.events.blocker_all():
        yield
        selection.clear()
        selection.update(before)
