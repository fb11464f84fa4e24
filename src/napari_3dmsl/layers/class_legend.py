"""Which classes the layers in sight are coloured by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.class_colours import CLASS_COLOURS
from napari_3dmsl.layers.classes import CLASS, shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.shapes.correction import UNKNOWN


def classes_in_sight(layers: Iterable[Any]) -> list[str]:
    """Return the classes whose colours are seen, in the order of `ShapeClass`.

    Parameters
    ----------
    layers
        Of a viewer: surfaces of a class and instances count while they are visible.
    """
    found: set[str] = set()
    for layer in layers:
        if not layer.visible or layer.opacity == 0.0:
            continue
        if kind_of(layer) == CLASS:
            found.add(str(about(layer)["shape_class"]))
        elif kind_of(layer) == INSTANCES and (shapes := shapes_of(layer)) is not None:
            found |= {str(kind or UNKNOWN) for kind in shapes.table["shape_class"]}
    known = [str(kind) for kind in CLASS_COLOURS]
    return [kind for kind in known if kind in found] + sorted(found.difference(known))
