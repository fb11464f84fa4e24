"""OME-Zarr images, checked by the specification's models, zarr and napari."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_3dmsl.image_io.ome_zarr import (
    is_our_zarr,
    read_ome_zarr,
    read_zarr_array,
    write_ome_zarr,
)

zarr = pytest.importorskip("zarr", minversion="3")
ome_zarr_models = pytest.importorskip("ome_zarr_models")

ABOUT = {"software": "napari-3dmsl 0.1.0", "seed": 7, "microscope": {"name": "a µ"}}
AXES = {
    "YX": (8, 9),
    "ZYX": (4, 8, 9),
    "TYX": (5, 8, 9),
    "CZYX": (3, 4, 8, 9),
    "TCZYX": (2, 3, 4, 8, 9),
}
SCALE = {"T": 0.5, "C": 1.0, "Z": 0.25, "Y": 0.1, "X": 0.11}
TYPES = {"T": ("time", "second"), "C": ("channel", None)}


def written(path: Path, axes: str) -> tuple[Path, np.ndarray, np.ndarray]:
    """An image with those axes and a mask of it."""
    pixels = np.random.default_rng(1).integers(0, 5000, AXES[axes]).astype(np.uint16)
    mask = pixels.take(0, axis=axes.index("C")) if "C" in axes else pixels
    mask = (mask > 2500).astype(np.uint8)
    size_um = [SCALE[axis] for axis in axes if axis in "ZYX"]
    channels = ("dot", "rod", "µ") if "C" in axes else ()
    told = {"axes": axes, "frame_s": 0.5, "channels": channels, "labels": {"mask": mask}}
    return write_ome_zarr(path, pixels, size_um, ABOUT, **told), pixels, mask


@pytest.mark.parametrize("axes", AXES)
def test_the_models_of_the_specification_accept_every_image(tmp_path: Path, axes: str) -> None:
    path, pixels, mask = written(tmp_path / "a.zarr", axes)
    image = ome_zarr_models.open_ome_zarr(zarr.open_group(path, mode="r"))
    assert type(image).__module__ == "ome_zarr_models.v05.image"
    [multiscale] = image.attributes.ome.multiscales
    assert [(a.name, a.type, a.unit) for a in multiscale.axes] == [
        (axis.lower(), *TYPES.get(axis, ("space", "micrometer"))) for axis in axes
    ]
    [level] = multiscale.datasets
    assert level.coordinateTransformations[0].scale == [SCALE[axis] for axis in axes]
    label = ome_zarr_models.v05.image_label.ImageLabel.from_zarr(
        zarr.open_group(path / "labels" / "mask", mode="r")
    )
    assert label.attributes.ome.image_label.source.image == "../../"
    group = zarr.open_group(path, mode="r")
    ome_zarr_models.v05.labels.Labels.from_zarr(group["labels"])
    np.testing.assert_array_equal(group["0"], pixels)
    np.testing.assert_array_equal(group["labels/mask/0"], mask)
    assert group["0"].metadata.dimension_names == tuple(axes.lower())


@pytest.mark.parametrize("axes", AXES)
def test_an_image_comes_back_with_its_scale_and_settings(tmp_path: Path, axes: str) -> None:
    path, pixels, mask = written(tmp_path / "a.zarr", axes)
    image = read_ome_zarr(path)
    assert image.axes == axes
    assert image.scale == tuple(SCALE[axis] for axis in axes)
    assert image.metadata == ABOUT
    assert image.channels == (("dot", "rod", "µ") if "C" in axes else ())
    np.testing.assert_array_equal(image.pixels, pixels)
    np.testing.assert_array_equal(read_zarr_array(path), pixels)
    np.testing.assert_array_equal(read_zarr_array(path / "labels" / "mask"), mask)


def test_a_projected_mask_of_a_stack_keeps_its_own_axes(tmp_path: Path) -> None:
    pixels, mask = np.zeros((5, 4, 8, 9), np.uint16), np.ones((5, 8, 9), np.uint8)
    told: dict[str, Any] = {"axes": "TZYX", "frame_s": 0.5, "labels": {"mask": mask}}
    path = write_ome_zarr(tmp_path / "a.zarr", pixels, (0.3, 0.2, 0.1), ABOUT, **told)
    group = zarr.open_group(path / "labels" / "mask", mode="r")
    label = ome_zarr_models.v05.image_label.ImageLabel.from_zarr(group)
    [multiscale] = label.attributes.ome.multiscales
    assert [axis.name for axis in multiscale.axes] == ["t", "y", "x"]
    assert multiscale.datasets[0].coordinateTransformations[0].scale == [0.5, 0.2, 0.1]


def content(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_the_same_image_gives_the_same_bytes_and_replaces_the_old_one(tmp_path: Path) -> None:
    first = content(written(tmp_path / "a.zarr", "CZYX")[0])
    assert content(written(tmp_path / "a.zarr", "CZYX")[0]) == first
    written(tmp_path / "a.zarr", "YX")
    assert read_ome_zarr(tmp_path / "a.zarr").axes == "YX"
    assert [file.name for file in tmp_path.iterdir()] == ["a.zarr"]


def test_a_failed_write_leaves_the_old_image_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, _ = written(tmp_path / "a.zarr", "ZYX")
    before = content(path)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)
    with pytest.raises(OSError, match="the disk is full"):
        written(path, "YX")
    assert content(path) == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("a.tif", {}, "written as .zarr"),
        ("missing/a.zarr", {}, "no such folder"),
        ("taken.zarr", {}, "no image of ours"),
        ("a.zarr", {"m": np.zeros((8, 7), np.uint8)}, "labels 'm' of shape .8, 7."),
        ("a.zarr", {"m": np.zeros((8, 8), np.float32)}, "expected whole numbers"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, name: str, labels: dict[str, Any], message: str
) -> None:
    (tmp_path / "taken.zarr").mkdir()
    with pytest.raises(ValueError, match=message) as error:
        write_ome_zarr(tmp_path / name, np.zeros((8, 8)), (0.1, 0.1), ABOUT, labels=labels)
    assert "\n" not in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["taken.zarr"]


def test_images_of_others_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zarr"
    zarr.open_group(other, mode="w")
    damaged, _, _ = written(tmp_path / "damaged.zarr", "YX")
    (damaged / "zarr.json").write_text("{")
    for path in (other, damaged, tmp_path / "missing.zarr", tmp_path):
        assert not is_our_zarr(path)
        with pytest.raises(ValueError, match=path.name) as error:
            read_ome_zarr(path)
        assert "\n" not in str(error.value)
