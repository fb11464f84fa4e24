"""Sample data: *File > Open Sample > mitochondria phantom (3DMSL)*."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_3dmsl.layers.attributes import LayerData


def mitochondria_phantom() -> list[LayerData]:
    """Return procedural labels of mitochondria of all six classes, drawn on the spot."""
    from napari_3dmsl.layers.labels import phantom_layer
    from napari_3dmsl.shapes.phantom import make_phantom

    return [phantom_layer(make_phantom(), "mitochondria phantom")]
