"""Extracted shapes as layers: in their place in the volume, with their measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import VOXEL_NM, extract, shown

from napari_3dmsl.layers.attributes import LayerData, about
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.shapes.extraction import ExtractionSettings


def test_instances_are_in_their_place_in_the_volume(
    viewer: Any, labels: np.ndarray, extracted: list[LayerData]
) -> None:
    [instances, *_] = shown(viewer, *extracted)
    np.testing.assert_allclose(instances.scale, [0.030, 0.020, 0.024])
    np.testing.assert_allclose(instances.translate, 0)
    np.testing.assert_array_equal(instances.data > 0, labels > 0)
    assert about(instances)["source"] == "volume"
    assert "3 shapes" in about(instances)["summary"]


@pytest.mark.parametrize("downsample", [1, 2])
def test_surfaces_lie_on_their_labels(viewer: Any, labels: np.ndarray, downsample: int) -> None:
    found = extract(labels, downsample=downsample, erosion_nm=20 * downsample)
    [instances, *_] = shown(viewer, *found)
    shapes = shapes_of(instances)
    assert shapes is not None
    assert list(shapes.ids) == [1, 2, 3]
    for shape_id in shapes.ids:
        voxels = np.argwhere(instances.data == shape_id)
        world = np.array([instances.data_to_world(voxel) for voxel in voxels])
        lowest, highest = shapes.mesh(shape_id).bounds_um
        np.testing.assert_allclose((lowest + highest) / 2, world.mean(axis=0), atol=0.012)
        half = 0.5 * np.array(instances.scale)
        np.testing.assert_allclose(lowest, world.min(axis=0) - half, atol=0.03)
        np.testing.assert_allclose(highest, world.max(axis=0) + half, atol=0.03)


def test_downsampled_labels_stay_where_they_were(labels: np.ndarray) -> None:
    _, attributes, _ = extract(labels, downsample=2, erosion_nm=40)[0]
    np.testing.assert_allclose(attributes["scale"], [0.060, 0.040, 0.048])
    # The middle of a block of two voxels is half a voxel from the middle of its first.
    np.testing.assert_allclose(attributes["translate"], [0.015, 0.010, 0.012])


def test_label_i_is_row_i_of_the_features(viewer: Any, extracted: list[LayerData]) -> None:
    [instances, *_] = shown(viewer, *extracted)
    features = instances.features
    assert features["index"].tolist() == list(range(instances.data.max() + 1))
    assert features["shape_class"].tolist() == ["", "dot", "dot", "rod"]
    assert features["reason"][0] == "background"
    assert np.isnan(features["volume_um3"][0])
    voxel_um3 = np.prod(instances.scale)
    for label in (1, 2, 3):
        count = np.count_nonzero(instances.data == label)
        assert features["volume_um3"][label] == pytest.approx(count * voxel_um3)
    instances.visible = True
    status = instances.get_status((18 * 0.030, 42 * 0.020, 40 * 0.024), world=True)
    assert "shape_class: rod" in " ".join(map(str, status.values()))


def test_extraction_tells_its_progress_and_can_be_stopped(labels: np.ndarray) -> None:
    told: list[tuple[int, int, str]] = []
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    extraction_layers(labels, settings, "volume", lambda *step: told.append(step))
    assert any(total == 3 and done == 3 for done, total, _ in told)
    assert told[-1] == (0, 0, "drawing")

    def stop(done: int, total: int, what: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        extraction_layers(labels, settings, "volume", stop)
