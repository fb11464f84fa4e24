"""Layers that are made shown in a viewer, and the labels of a test extracted."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.shapes.extraction import ExtractionSettings

VOXEL_NM = (30.0, 20.0, 24.0)  # three sizes, so that axes that are swapped show


def shown(viewer: Any, *found: LayerData) -> list[Any]:
    """Add layer data to a viewer."""
    from napari.layers import Layer

    return [viewer.add_layer(Layer.create(*layer)) for layer in found]


def extract(labels: np.ndarray, **settings: Any) -> list[LayerData]:
    return extraction_layers(labels, ExtractionSettings(voxel_nm=VOXEL_NM, **settings), "volume")
