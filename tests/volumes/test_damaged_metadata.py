"""JSON of the wrong type wherever it is read: one line, or no voxel size, never another one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from containers import n5, ome_zarr_04, ome_zarr_05, precomputed

from napari_3dmsl.volumes.lazy import open_lazy

LABELS = np.ones((4, 5, 6), np.uint16)
LABELS[1:3] = 70
COARSE = LABELS[::2, ::2, ::2]
SIZE = (30.0, 8.0, 4.0)
SIZES = {LABELS.shape: SIZE, COARSE.shape: (60.0, 16.0, 8.0)}
WRONG: tuple[Any, ...] = (
    None,
    True,
    5,
    -1.5,
    "text",
    "123",
    [],
    [None],
    ["x", 2, 2],
    [1, 2],
    {},
    {"a": 1},
)
Fields = tuple[tuple[str | int, ...], ...]

MULTISCALES: Fields = (
    ("multiscales",),
    ("multiscales", 0),
    ("multiscales", 0, "axes"),
    ("multiscales", 0, "axes", 0),
    ("multiscales", 0, "axes", 0, "name"),
    ("multiscales", 0, "axes", 0, "unit"),
    ("multiscales", 0, "coordinateTransformations"),
    ("multiscales", 0, "datasets"),
    ("multiscales", 0, "datasets", 0),
    ("multiscales", 0, "datasets", 0, "path"),
    ("multiscales", 0, "datasets", 0, "transform"),
    ("multiscales", 0, "datasets", 0, "coordinateTransformations"),
    ("multiscales", 0, "datasets", 0, "coordinateTransformations", 0),
    ("multiscales", 0, "datasets", 0, "coordinateTransformations", 0, "type"),
    ("multiscales", 0, "datasets", 0, "coordinateTransformations", 0, "scale"),
    ("labels",),
    ("image-label",),
)
N5_ARRAY: Fields = (
    ("dimensions",),
    ("blockSize",),
    ("dataType",),
    ("compression",),
    ("axes",),
    ("pixelResolution",),
    ("pixelResolution", "dimensions"),
    ("pixelResolution", "unit"),
    ("downsamplingFactors",),
    ("transform",),
    ("resolution",),
    ("units",),
)
N5_GROUP: Fields = (("multiscales",), ("scales",), ("downsamplingFactors",), ("pixelResolution",))
PRECOMPUTED: Fields = (
    ("type",),
    ("data_type",),
    ("num_channels",),
    ("scales",),
    ("scales", 0),
    ("scales", 0, "size"),
    ("scales", 0, "chunk_sizes"),
    ("scales", 0, "resolution"),
)
IN_ZARR_3 = (("attributes",), ("attributes", "ome"), ("consolidated_metadata",), ("node_type",))
CASES: list[tuple[Callable[..., Path], str, Fields]] = [
    (ome_zarr_04, ".zattrs", MULTISCALES),
    (ome_zarr_05, "zarr.json", (*IN_ZARR_3, *(("attributes", "ome", *f) for f in MULTISCALES))),
    (n5, "mito/attributes.json", N5_ARRAY),
    (n5, "attributes.json", N5_GROUP),
    (precomputed, "info", PRECOMPUTED),
]


def changed(told: Any, field: tuple[str | int, ...], value: Any) -> Any:
    """A copy of a description with another value at a place."""
    found = inside = copy.deepcopy(told)
    for key in field[:-1]:
        inside = inside[key]
    inside[field[-1]] = value
    return found


def told_by(path: Path) -> tuple[Any, str]:
    """What a volume is, and the line that tells why it cannot be read or has no voxel size."""
    try:
        volume = open_lazy(path)
        return (volume.voxel_nm, volume.labels[...]), volume.size_problem
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize(
    ("write", "name", "field"),
    [(write, name, field) for write, name, fields in CASES for field in fields],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
def test_values_of_every_type_are_read_or_refused(
    tmp_path: Path, write: Callable[..., Path], name: str, field: tuple[str | int, ...]
) -> None:
    path = write(tmp_path, LABELS, SIZE)
    told = json.loads((path / name).read_text())
    for value in WRONG:
        (path / name).write_text(json.dumps(changed(told, field, value)))
        found, line = told_by(path)
        assert "\n" not in line
        if found is None:
            assert line.startswith(str(path))
        else:
            assert found[1].tolist() in (LABELS.tolist(), COARSE.tolist())
            assert (found[0] is None) == bool(line)
            if found[0] is not None:
                assert found[0] == pytest.approx(SIZES[found[1].shape])


@pytest.mark.parametrize("datasets", [None, "0", 5, {}, [None], ["0"], [{}], [{"path": None}]])
@pytest.mark.parametrize("write", [ome_zarr_04, ome_zarr_05])
def test_levels_that_are_none_are_named(
    tmp_path: Path, write: Callable[..., Path], datasets: Any
) -> None:
    path = write(tmp_path, LABELS, SIZE)
    name = ".zattrs" if write is ome_zarr_04 else "zarr.json"
    before = () if write is ome_zarr_04 else ("attributes", "ome")
    told = json.loads((path / name).read_text())
    field = (*before, "multiscales", 0, "datasets")
    (path / name).write_text(json.dumps(changed(told, field, datasets)))
    with pytest.raises(ValueError, match="'datasets' of its 'multiscales'") as caught:
        open_lazy(path)
    assert str(caught.value).startswith(str(path))
