"""Instances of any size as files: a pyramid that opens lazily, or a TIFF plane by plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from refusals import refusal
from stored_labels import LabelsOnDisk

from napari_3dmsl.compute import Here, Processes
from napari_3dmsl.image_io import instance_labels
from napari_3dmsl.image_io.instance_labels import write_instance_labels
from napari_3dmsl.volumes.lazy import open_lazy

VOXEL, ORIGIN = (0.05, 0.023, 0.023), (0.0, 0.01, 0.02)


@pytest.fixture
def labels(tmp_path: Path) -> Any:
    """Some boxes of labels, larger than a chunk along two axes, and on disk."""
    array = np.zeros((40, 300, 530), np.int32)
    array[3:30, 20:290, 100:120], array[10:20, 100:110, 400:529] = 1, 2
    np.save(tmp_path / "labels.npy", array)
    return LabelsOnDisk(str(tmp_path / "labels.npy"))


@pytest.mark.parametrize("place", [Here(), Processes(2)])
def test_a_pyramid_holds_the_labels_and_says_where_they_are(labels, tmp_path, place):
    path, told = tmp_path / "labels.ome.zarr", []
    write_instance_labels(
        path, labels, 2, VOXEL, ORIGIN, {"seed": 1}, place, lambda *now: told.append(now)
    )
    volume = open_lazy(path)
    assert volume.voxel_nm == pytest.approx((50, 23, 23))
    np.testing.assert_array_equal(volume.labels[...], labels[...])
    assert volume.labels.dtype == np.uint16
    assert [level.labels.shape for level in volume.levels] == [
        (40, 300, 530),
        (20, 150, 265),
        (10, 75, 133),
    ]
    for number, level in enumerate(volume.levels):
        step = 2**number
        np.testing.assert_array_equal(level.labels[...], labels[...][::step, ::step, ::step])
        assert level.voxel_nm == pytest.approx((50 * step, 23 * step, 23 * step))
    group = zarr.open_group(path, mode="r")
    assert group.attrs[instance_labels.KEY]["seed"] == 1
    [image] = group.attrs["ome"]["multiscales"]
    for level in image["datasets"]:
        assert level["coordinateTransformations"][1]["translation"] == list(ORIGIN)
    assert told[-1][0] == told[-1][1]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["labels.npy", "labels.ome.zarr"]


def test_many_instances_take_wider_numbers(tmp_path):
    array = np.full((2, 3, 4), 70_000, np.int32)
    for name in ("x.ome.zarr", "x.tif"):
        write_instance_labels(tmp_path / name, array, 70_000, VOXEL, ORIGIN, {}, Here())
        volume = open_lazy(tmp_path / name)
        assert volume.labels[...].max() == 70_000


def test_a_tiff_is_written_plane_by_plane(labels, tmp_path, monkeypatch):
    monkeypatch.setattr(instance_labels, "_SLAB_BYTES", 8 * 300 * 530 * 7)
    path = write_instance_labels(tmp_path / "x.tif", labels, 2, VOXEL, ORIGIN, {}, Here())
    np.testing.assert_array_equal(tifffile.imread(path), labels[...])
    volume = open_lazy(path)
    assert volume.voxel_nm == pytest.approx((50, 23, 23))
    monkeypatch.setattr(instance_labels, "_CLASSIC_BYTES", 1000)
    write_instance_labels(path, labels, 2, VOXEL, ORIGIN, {}, Here())
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_bigtiff
        np.testing.assert_array_equal(tiff.asarray(), labels[...])


def test_labels_of_ours_are_replaced_and_nothing_else(labels, tmp_path):
    path = tmp_path / "x.zarr"
    for _ in range(2):
        write_instance_labels(path, labels, 2, VOXEL, ORIGIN, {}, Here())
    assert not list(tmp_path.glob(".*"))
    (tmp_path / "theirs.zarr").mkdir()
    for name, says in (
        ("theirs.zarr", "no labels of ours"),
        ("x.png", "written as .ome.zarr"),
        ("no/x.zarr", "no such folder"),
    ):
        said = refusal(write_instance_labels, tmp_path / name, labels, 2, VOXEL, ORIGIN, {}, Here())
        assert says in said


def test_what_is_stopped_leaves_nothing(labels, tmp_path):
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    for name in ("x.zarr", "x.tif"):
        with pytest.raises(KeyboardInterrupt):
            write_instance_labels(tmp_path / name, labels, 2, VOXEL, ORIGIN, {}, Here(), stop)
    assert [item.name for item in tmp_path.iterdir()] == ["labels.npy"]
