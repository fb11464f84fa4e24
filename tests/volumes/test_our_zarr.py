"""Masks in OME-Zarr images of ours, as label volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.volumes.open import open_labels

SHAPE = (6, 8, 9)
MASK = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 3).astype(np.uint16)


def written(folder: Path, axes: str = "ZYX", **masks: np.ndarray) -> Path:
    lengths = dict(zip("ZYX", SHAPE, strict=True)) | {"T": 1, "C": 2}
    pixels = np.zeros([lengths[axis] for axis in axes], np.uint16)
    sizes = [0.03, 0.02, 0.01][-sum(axis in "ZYX" for axis in axes) :]
    return write_ome_zarr(folder / "a.zarr", pixels, sizes, {}, axes=axes, labels=masks)


@pytest.mark.parametrize(("axes", "more"), [("ZYX", 0), ("CZYX", 0), ("TCZYX", 1)])
def test_a_mask_is_read_with_its_voxel_size(tmp_path: Path, axes: str, more: int) -> None:
    path = written(tmp_path, axes, mask=MASK[(None,) * more])
    for place in (path, path / "labels" / "mask", str(path)):
        volume = open_labels(place)
        np.testing.assert_array_equal(volume.labels, MASK)
        assert volume.voxel_nm == pytest.approx((30, 20, 10))
        assert volume.name == "a mask"
    assert open_labels(path, voxel_nm=(1, 2, 3)).voxel_nm == (1, 2, 3)
    assert set(np.unique(open_labels(path, background=2).labels)) == {0, 1}


def test_of_several_masks_one_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, cells=MASK, mitochondria=2 * MASK)
    with pytest.raises(ValueError, match=r"a.zarr: 2 images .*0 'labels/cells'.*1 'labels/mito"):
        open_labels(path)
    for series in ("mitochondria", 1, "1"):
        np.testing.assert_array_equal(open_labels(path, series=series).labels, 2 * MASK)
    with pytest.raises(ValueError, match="no series 'er'"):
        open_labels(path, series="er")


def test_what_is_no_label_volume_is_refused_in_one_line(tmp_path: Path) -> None:
    for folder, told in {
        "flat": {"axes": "YX", "mask": MASK[0]},
        "none": {},
        "projected": {"mask": MASK[0]},
    }.items():
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, **told)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"a\.zarr") as raised:
            open_labels(path)
        assert "\n" not in str(raised.value)
    (tmp_path / "other.zarr").mkdir()
    with pytest.raises(ValueError, match="no Zarr"):
        open_labels(tmp_path / "other.zarr")
