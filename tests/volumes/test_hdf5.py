"""HDF5 whose voxels lie in other files, or whose chunks are damaged or packed in unknown ways."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from refusals import refusal

from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

LABELS = np.zeros((6, 20, 30), np.uint16)
LABELS[1:4, 3:9, 5:20] = 300
READERS = pytest.mark.parametrize("read", [open_labels, open_lazy])


def source(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file["x"] = LABELS
    return path


def virtual(path: Path, name: str, inside: str = "x") -> Path:
    layout = h5py.VirtualLayout(LABELS.shape, LABELS.dtype)
    layout[...] = h5py.VirtualSource(name, inside, LABELS.shape)
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("v", layout)
    return path


@pytest.mark.parametrize("name", ["s.h5", "sub/s.h5", "/gone/s.h5", "cwd.h5"])
def test_a_virtual_array_is_read_where_hdf5_finds_its_source(
    tmp_path: Path, monkeypatch, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    source(tmp_path / "s.h5")
    source(tmp_path / "sub" / "s.h5")
    source(elsewhere / "cwd.h5")
    monkeypatch.chdir(elsewhere)
    path = virtual(tmp_path / "v.h5", name)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)


@READERS
@pytest.mark.parametrize("name", ["gone.h5", "sub/s.h5", "/gone/gone.h5"])
def test_a_virtual_array_without_its_source_is_refused_and_not_empty(
    tmp_path: Path, read, name: str
) -> None:
    source(tmp_path / "s.h5")
    path = virtual(tmp_path / "v.h5", name)
    with h5py.File(path) as file:
        assert not file["v"][...].any()  # which is what HDF5 makes of it
    assert f"its voxels lie in {name}, which is missing" in refusal(read, path)


@READERS
def test_a_source_of_a_source_a_damaged_one_and_one_without_the_array_are_named(
    tmp_path: Path, read
) -> None:
    source(tmp_path / "s.h5")
    virtual(tmp_path / "between.h5", "gone.h5")
    (tmp_path / "damaged.h5").write_bytes(b"no HDF5")
    for name, inside, told in (
        ("between.h5", "v", "gone.h5, which is missing"),
        ("damaged.h5", "x", "damaged.h5: x, which cannot be read"),
        ("s.h5", "y", "s.h5: y, which cannot be read"),
    ):
        path = virtual(tmp_path / "v.h5", name, inside)
        assert told in refusal(read, path)


@READERS
def test_an_array_whose_voxels_lie_in_itself_is_refused(tmp_path: Path, read) -> None:
    virtual(tmp_path / "there.h5", "back.h5", "v")
    path = virtual(tmp_path / "back.h5", "there.h5", "v")
    assert "which lie in this array again" in refusal(read, path)


@READERS
def test_raw_voxels_in_a_file_that_is_too_short_are_refused(tmp_path: Path, read) -> None:
    raw, path = tmp_path / "raw.bin", tmp_path / "a.h5"
    raw.write_bytes(LABELS.tobytes())
    with h5py.File(path, "w") as file:
        kept = [(str(raw), 0, LABELS.nbytes)]
        file.create_dataset("x", LABELS.shape, LABELS.dtype, external=kept)
    np.testing.assert_array_equal(np.asarray(read(path).labels), LABELS)
    os.truncate(raw, LABELS.nbytes // 2)
    assert f"its voxels lie in {raw}, which is truncated" in refusal(read, path)


def test_a_damaged_chunk_is_not_called_a_compression_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        packed = file.create_dataset("x", data=LABELS, chunks=LABELS.shape, compression="gzip")
        chunk = packed.id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(content)
    told = refusal(open_labels, path)
    assert "damaged" in told
    assert "hdf5plugin" not in told


def test_a_compression_that_is_missing_says_what_to_install(tmp_path: Path) -> None:
    path, unknown = tmp_path / "a.h5", 32767
    with h5py.File(path, "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk(LABELS.shape)
        made.set_filter(unknown, h5py.h5z.FLAG_OPTIONAL, (1,))
        space = h5py.h5s.create_simple(LABELS.shape)
        array = h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_UINT16, space, made)
        array.write_direct_chunk((0, 0, 0), LABELS.tobytes())
    assert "pip install hdf5plugin" in refusal(open_labels, path)
