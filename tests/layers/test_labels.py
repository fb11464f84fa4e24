"""Label volumes as layers, and the voxel size of a layer back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import VOXEL_NM, shown

from napari_3dmsl.layers.labels import volume_layer, voxel_nm_of
from napari_3dmsl.volumes.open import LabelVolume


@pytest.mark.parametrize(
    ("units", "scale", "expected"),
    [
        ("µm", (0.03, 0.02, 0.024), VOXEL_NM),
        ("nm", (30, 20, 24), VOXEL_NM),
        ("mm", (3e-5, 2e-5, 2.4e-5), VOXEL_NM),
        ("pixel", (30, 20, 24), None),
        (("pixel", "nm", "nm"), (30, 20, 24), None),
    ],
)
def test_voxel_sizes_are_those_of_the_layer_if_its_units_are_lengths(
    viewer: Any, units: Any, scale: Any, expected: Any
) -> None:
    layer = viewer.add_labels(np.ones((2, 3, 4), np.uint8), scale=scale, units=units)
    found = voxel_nm_of(layer)
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_flat_layer_has_no_voxel_size(viewer: Any) -> None:
    layer = viewer.add_labels(np.ones((3, 4), np.uint8), scale=(20, 20), units="nm")
    assert voxel_nm_of(layer) is None


def test_a_volume_without_a_voxel_size_stays_in_pixels(viewer: Any) -> None:
    volume = LabelVolume(np.ones((2, 3, 4), bool), None, "volume")
    [layer] = shown(viewer, volume_layer(volume))
    assert layer.data.dtype == np.uint8
    assert voxel_nm_of(layer) is None
