"""A layer that is dragged: napari draws it elsewhere and does nothing else meanwhile.

napari's own ``layer.translate = place`` renews the sliders, slices every layer anew and rebuilds
the shading of all surfaces, which takes several times as long as drawing. What hangs on the place
of a layer follows with the next change of any layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def move_live(viewer: Any, layer: Any, translate: ArrayLike) -> None:
    """Put a layer elsewhere.

    Parameters
    ----------
    viewer
        Which has the layer.
    layer
        Of napari.
    translate
        (axes,), its new place.
    """
    place = np.asarray(translate, dtype=np.float64)
    if np.allclose(layer.translate, place, rtol=0.0, atol=1e-9):
        return
    model = getattr(viewer, "__wrapped__", viewer)
    changes = getattr(model, "_on_layers_change", None)  # private, as is the next one
    refreshing = getattr(layer, "_block_refresh", None)
    if changes is None or refreshing is None or model.dims.ndisplay == 2:
        layer.translate = place  # a slice shows another part of it
        return
    with layer.events.translate.blocker(changes), refreshing():
        layer.translate = place
