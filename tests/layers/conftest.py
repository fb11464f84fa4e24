"""Fixtures: a viewer without a window, and what there is to be seen in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import extract

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.shapes.mesh import Mesh


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """Two balls and a rod along x."""
    z, y, x = np.ogrid[:36, :60, :90]
    volume = np.zeros((36, 60, 90), np.uint8)
    for middle in (14, 44):
        volume[(z - 18) ** 2 + (y - 14) ** 2 + (x - middle) ** 2 <= 8**2] = 1
    along = np.clip(x, 14, 76)
    volume[(z - 18) ** 2 + (y - 42) ** 2 + (x - along) ** 2 <= 6**2] = 1
    return volume


@pytest.fixture(scope="module")
def extracted(labels: np.ndarray) -> list[LayerData]:
    return extract(labels, downsample=1)


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture(scope="module")
def ball() -> Mesh:
    import trimesh

    sphere = trimesh.creation.icosphere(subdivisions=2, radius=0.4)
    return Mesh(
        np.asarray(sphere.vertices) + np.array([1.0, 2.0, 3.0]), np.asarray(sphere.faces, np.int32)
    )
