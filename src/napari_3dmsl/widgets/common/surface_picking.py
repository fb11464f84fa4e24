"""Which shape of the class surfaces lies under the mouse, in 3D."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_3dmsl.layers.classes import shape_of_face
from napari_3dmsl.widgets.common.canvas_view import units_in
from napari_3dmsl.widgets.common.class_surfaces import surfaces_of


def surface_under(viewer: Any, source: Any, event: Any) -> int | None:
    """Return the first shape that a line of sight meets, of those whose surfaces are seen.

    Parameters
    ----------
    viewer
        Which shows the shapes.
    source
        A library, or shapes just extracted.
    event
        Of the mouse, as napari tells it.
    """
    if len(event.dims_displayed) != 3:
        return None
    met: list[tuple[float, int]] = []
    sight = np.array(event.view_direction)
    for layer in surfaces_of(viewer, source).values():
        position = np.array(event.position)[-3:] * units_in(viewer.layers, layer)
        found = layer.get_value(
            position, view_direction=sight[-3:], dims_displayed=[0, 1, 2], world=True
        )
        if found is None or found[1] is None:
            continue
        corners = layer.data[0][layer.data[1][found[1]]]
        met.append((float(corners.mean(axis=0) @ sight[-3:]), shape_of_face(layer, found[1])))
    return min(met)[1] if met else None
