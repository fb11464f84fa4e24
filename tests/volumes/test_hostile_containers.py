"""Containers whose headers ask for more than there is: one line, and no room is made for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from containers import n5, ome_zarr_04, precomputed
from refusals import refusal

from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

LABELS = np.ones((4, 5, 6), np.uint16)
SIZE = (3.0, 2.0, 1.0)
MANY = 10**6


def changed(path: Path, change: Any) -> None:
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def large_n5(folder: Path, what: str) -> Path:
    path = n5(folder, LABELS, SIZE)
    changed(path / "mito" / "attributes.json", lambda told: told.update({what: [MANY] * 3}))
    return path


def large_precomputed(folder: Path, what: str) -> Path:
    path = precomputed(folder, LABELS, SIZE)
    value: Any = [MANY] * 3 if what == "dimensions" else [[MANY] * 3]
    name = "size" if what == "dimensions" else "chunk_sizes"
    changed(path / "info", lambda told: told["scales"][0].update({name: value}))
    return path


def large_zarr(folder: Path, what: str) -> Path:
    path = ome_zarr_04(folder, LABELS, SIZE)
    name = "shape" if what == "dimensions" else "chunks"
    for level in "01":
        changed(path / level / ".zarray", lambda told: told.update({name: [MANY] * 3}))
    return path


WRITERS = (large_n5, large_precomputed, large_zarr)


@pytest.mark.parametrize("write", WRITERS)
def test_a_chunk_that_memory_cannot_hold_is_refused(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, "blockSize")
    for opened in (open_lazy, open_labels):
        said = refusal(opened, path)
        assert said.startswith(str(path))
        assert "of memory" in said


@pytest.mark.parametrize("write", WRITERS)
def test_a_volume_that_memory_cannot_hold_is_opened_lazily_only(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, "dimensions")
    assert "of memory" in refusal(open_labels, path)
    assert open_lazy(path).labels[-3:, -3:, -3:].tolist() == np.zeros((3, 3, 3)).tolist()


def test_hdf5_that_was_never_written_is_not_taken_into_memory(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("main", (MANY, MANY, MANY), np.uint8)
    assert "of memory" in refusal(open_labels, tmp_path / "a.h5")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"scales": []}', '{"scales": [{}]}'])
def test_a_damaged_description_is_told(tmp_path: Path, content: str) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    (path / "info").write_text(content)
    assert refusal(open_lazy, path).startswith(str(path))


def test_a_size_below_0_is_refused(tmp_path: Path) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    changed(path / "info", lambda told: told["scales"][0].update({"size": [-5, 5, 5]}))
    assert refusal(open_lazy, path).startswith(str(path))


def test_precomputed_that_tensorstore_packs_is_read(tmp_path: Path) -> None:
    import tensorstore as ts

    labels = np.arange(4 * 5 * 6, dtype=np.uint64).reshape(4, 5, 6) % 7 + 2**40
    for encoding in ("compressed_segmentation", "raw"):
        scale: dict[str, Any] = {
            "size": [6, 5, 4],
            "resolution": [1, 2, 3],
            "chunk_size": [4, 4, 4],
            "encoding": encoding,
        }
        if encoding == "compressed_segmentation":
            scale["compressed_segmentation_block_size"] = [8, 8, 8]
        else:
            scale["sharding"] = {
                "@type": "neuroglancer_uint64_sharded_v1",
                "preshift_bits": 1,
                "hash": "identity",
                "minishard_bits": 1,
                "shard_bits": 1,
                "data_encoding": "gzip",
            }
        spec = {
            "driver": "neuroglancer_precomputed",
            "kvstore": {"driver": "file", "path": f"{(tmp_path / encoding).as_posix()}/"},
            "multiscale_metadata": {
                "type": "segmentation",
                "data_type": "uint64",
                "num_channels": 1,
            },
            "scale_metadata": scale,
        }
        ts.open(spec, create=True).result()[..., 0] = labels.T
        volume = open_lazy(tmp_path / encoding)
        np.testing.assert_array_equal(volume.labels[...], labels)
        assert volume.voxel_nm == SIZE
