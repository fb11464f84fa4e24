"""Zarr of both versions, OME-Zarr 0.4 and 0.5, plain ones, and ours: opened block by block."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from refusals import refusal

from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.volumes.lazy import open_lazy

SHAPE = (8, 20, 34)
LABELS = np.zeros(SHAPE, np.uint32)
LABELS[1:4, 3:9, 5:20] = 70_000
LABELS[3:6, 10:18, 15:30] = 2
GREY = np.random.default_rng(0).integers(1, 255, SHAPE).astype(np.uint8)
BOX = (slice(2, 5), slice(4, 15), slice(7, 31))


def axes(*names: str, unit: str = "nanometer") -> list[dict[str, str]]:
    space = {"type": "space", "unit": unit}
    return [{"name": name, **(space if name in "zyx" else {"type": "channel"})} for name in names]


def levels(scale: list[float], count: int) -> list[dict[str, Any]]:
    sizes = [[s * 2**level for s in scale] for level in range(count)]
    return [
        {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": size}]}
        for level, size in enumerate(sizes)
    ]


def ome_zarr(path: Path, version: str, labels: np.ndarray = LABELS, count: int = 2) -> Path:
    """A pyramid of `labels` by another program's hand."""
    scheme = 2 if version == "0.4" else 3
    names = ["c", "z", "y", "x"][4 - labels.ndim :]
    scale = [1.0] * (labels.ndim - 3) + [30.0, 8.0, 4.0]
    told = {"version": version, "axes": axes(*names), "datasets": levels(scale, count)}
    attributes = (
        {"multiscales": [told]}
        if scheme == 2
        else {"ome": {"version": "0.5", "multiscales": [told]}}
    )
    group = zarr.create_group(path, zarr_format=scheme, attributes=attributes)
    for level in range(count):
        step = 2**level
        data = labels[..., ::step, ::step, ::step]
        group.create_array(str(level), data=data, chunks=(1,) * (labels.ndim - 3) + (4, 10, 17))
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_gives_voxels_sizes_and_levels(tmp_path: Path, version: str) -> None:
    volume = open_lazy(ome_zarr(tmp_path / "cell.zarr", version))
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.labels.chunks == (4, 10, 17)
    assert volume.voxel_nm == (30, 8, 4)
    assert volume.name == "cell"
    assert [one.voxel_nm for one in volume.levels] == [(30, 8, 4), (60, 16, 8)]
    coarse = open_lazy(tmp_path / "cell.zarr", level=1)
    np.testing.assert_array_equal(coarse.labels[...], LABELS[::2, ::2, ::2])
    assert coarse.voxel_nm == (60, 16, 8)
    assert len(coarse.levels) == 1
    assert "0 '0' (8 × 20 × 34), 1 '1'" in refusal(open_lazy, tmp_path / "cell.zarr", level=7)
    copy = pickle.loads(pickle.dumps(volume.labels))
    np.testing.assert_array_equal(copy[BOX], LABELS[BOX])


def test_a_corrected_voxel_size_holds_for_all_levels(tmp_path: Path) -> None:
    volume = open_lazy(ome_zarr(tmp_path / "a.zarr", "0.5"), voxel_nm=(15, 16, 4))
    assert [one.voxel_nm for one in volume.levels] == [(15, 16, 4), (30, 32, 8)]


@pytest.mark.parametrize(
    ("of_level", "of_all", "said"),
    [
        ([{"type": "scale", "scale": [2, 2, 2]}], [{"type": "scale", "scale": [8, 8]}], "[8, 8]"),
        ([{"type": "scale", "scale": "123"}], None, "'scale' is \"123\""),
        ({"type": "scale", "scale": [1, 1, 1]}, None, "expected a list"),
        ([{"type": "scale", "scale": [1, 1, 1]}, {"type": "affine"}], None, "affine"),
        ([{"type": "scale", "scale": [1, 1, 1]}], [5], "'coordinateTransformations' has 5"),
    ],
)
def test_a_scale_that_cannot_be_read_leaves_the_size_unknown(
    tmp_path: Path, of_level: object, of_all: object, said: str
) -> None:
    told = {
        "axes": axes("z", "y", "x"),
        "datasets": [{"path": "0", "coordinateTransformations": of_level}],
        "coordinateTransformations": of_all,
    }
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    group.attrs["multiscales"] = [told]
    group.create_array("0", data=LABELS)
    volume = open_lazy(tmp_path / "a.zarr")
    assert volume.voxel_nm is None
    assert said in volume.size_problem
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert open_lazy(tmp_path / "a.zarr", voxel_nm=(30, 8, 4)).voxel_nm == (30, 8, 4)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_channel_axis_of_one_is_no_axis(tmp_path: Path, version: str) -> None:
    volume = open_lazy(ome_zarr(tmp_path / "a.zarr", version, LABELS[None]))
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.voxel_nm == (30, 8, 4)


def test_an_axis_order_of_its_own_is_turned(tmp_path: Path) -> None:
    told = {"axes": axes("x", "y", "z"), "datasets": levels([4.0, 8.0, 30.0], 1)}
    group = zarr.create_group(
        tmp_path / "a.zarr", zarr_format=2, attributes={"multiscales": [told]}
    )
    group.create_array("0", data=np.ascontiguousarray(LABELS.T), chunks=(17, 10, 4))
    volume = open_lazy(tmp_path / "a.zarr")
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.voxel_nm == (30, 8, 4)
    assert volume.labels.chunks == (4, 10, 17)


@pytest.mark.parametrize("scheme", [2, 3])
def test_labels_in_an_ome_zarr_image_are_found_under_it(tmp_path: Path, scheme: int) -> None:
    path = ome_zarr(tmp_path / "a.zarr", "0.4" if scheme == 2 else "0.5", GREY)
    root = zarr.open_group(path, mode="r+")
    for name, factor in (("cells", 1), ("mito", 2)):
        told = {"axes": axes("z", "y", "x"), "datasets": levels([30.0, 8.0, 4.0], 1)}
        about = {"multiscales": [told], "image-label": {}}
        group = root.require_group("labels").create_group(
            name, attributes=about if scheme == 2 else {"ome": about}
        )
        group.create_array("0", data=LABELS * factor)
    assert "labels/cells" in refusal(open_lazy, path)
    for series in ("labels/mito", 1, "1", "mito"):
        volume = open_lazy(path, series=series)
        np.testing.assert_array_equal(volume.labels[BOX], 2 * LABELS[BOX])
        assert volume.name == "a mito"
    for place in (path / "labels" / "mito", path / "labels" / "mito" / "0"):
        volume = open_lazy(place)
        np.testing.assert_array_equal(volume.labels[BOX], 2 * LABELS[BOX])
        assert volume.voxel_nm == (30, 8, 4)
        assert volume.name == "a mito"


def test_our_own_masks_open(tmp_path: Path) -> None:
    path = write_ome_zarr(
        tmp_path / "a.zarr", GREY, (0.03, 0.008, 0.004), {}, labels={"mask": LABELS}
    )
    volume = open_lazy(path)
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.voxel_nm == pytest.approx((30, 8, 4))
    assert volume.name == "a mask"


@pytest.mark.parametrize("scheme", [2, 3])
def test_a_plain_zarr_is_read_with_the_attributes_of_funlib(tmp_path: Path, scheme: int) -> None:
    root = zarr.create_group(tmp_path / "a.zarr", zarr_format=scheme)
    volumes = root.create_group("volumes")
    volumes.create_array("raw", data=GREY)
    array = volumes.create_array("labels", data=LABELS)
    array.attrs.update({"resolution": [30, 8, 4], "offset": [0, 0, 0]})
    volume = open_lazy(tmp_path / "a.zarr")
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.voxel_nm == (30, 8, 4)
    assert open_lazy(tmp_path / "a.zarr" / "volumes" / "labels").voxel_nm == (30, 8, 4)


def test_open_organelle_tells_size_and_axes_in_its_transform(tmp_path: Path) -> None:
    root = zarr.create_group(tmp_path / "jrc.zarr", zarr_format=2)
    for level in range(2):
        data = LABELS[:: 2**level, :: 2**level, :: 2**level]
        array = root.create_array(f"mito_seg/s{level}", data=data)
        scale = [s * 2**level for s in (3.24, 4.0, 4.0)]
        array.attrs["transform"] = {"axes": ["z", "y", "x"], "scale": scale, "units": ["nm"] * 3}
    volume = open_lazy(tmp_path / "jrc.zarr")
    assert [one.name for one in volume.levels] == ["s0", "s1"]
    assert volume.voxel_nm == (3.24, 4, 4)
    assert volume.levels[1].voxel_nm == (6.48, 8, 8)


def test_a_folder_of_arrays_without_a_group_is_read(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr" / "mito", data=LABELS, zarr_format=2)
    np.testing.assert_array_equal(open_lazy(tmp_path / "a.zarr").labels[BOX], LABELS[BOX])
    assert open_lazy(tmp_path / "a.zarr").name == "a"


def test_shards_are_read_by_the_chunks_in_them(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=LABELS, chunks=(2, 5, 17), shards=(8, 20, 34))
    volume = open_lazy(tmp_path / "a.zarr")
    np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
    assert volume.labels.chunks == (2, 5, 17)


def test_damage_is_told_in_one_line(tmp_path: Path) -> None:
    path = ome_zarr(tmp_path / "a.zarr", "0.5")
    chunk = path / "0" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-5])
    labels = open_lazy(path).labels
    assert "a.zarr" in refusal(lambda: labels[...])
    (path / "zarr.json").write_text("{")
    assert "a.zarr" in refusal(open_lazy, path)
    (tmp_path / "empty.zarr").mkdir()
    assert "empty.zarr" in refusal(open_lazy, tmp_path / "empty.zarr")


def test_a_chunk_larger_than_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", shape=SHAPE, chunks=SHAPE, dtype="u1")
    told = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())
    told["shape"] = [10**6] * 3
    told["chunk_grid"]["configuration"]["chunk_shape"] = [10**6] * 3
    (tmp_path / "a.zarr" / "zarr.json").write_text(json.dumps(told))
    assert "of memory" in refusal(open_lazy, tmp_path / "a.zarr")
