"""Voxel sizes as each program writes them into attributes: axes, orders and units of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from containers import n5
from file_server import serving_files
from refusals import refusal

from napari_3dmsl.volumes.attribute_sizes import letters_of, size_in
from napari_3dmsl.volumes.lazy import open_lazy

LABELS = np.zeros((20, 33, 40), np.uint16)
LABELS[1:14, 3:9, 5:20] = 300
SIZE = (30.0, 8.0, 4.0)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"resolution": [30, 8, 4]}, SIZE),  # CREMI, funlib: nm
        ({"voxel_size": [0.03, 0.008, 0.004], "units": ["um"] * 3}, SIZE),
        ({"voxel_size": [0.03, 0.008, 0.004], "unit": "micrometer"}, SIZE),
        ({"resolution": [30, 8, 4], "units": [b"nm", b"nm", b"nm"]}, SIZE),
        ({"element_size_um": [0.03, 0.008, 0.004]}, SIZE),  # ImageJ, PlantSeg
        ({"transform": {"axes": ["z", "y", "x"], "scale": [30, 8, 4], "units": ["nm"] * 3}}, SIZE),
        ({"transform": {"axes": ["x", "y", "z"], "scale": [4, 8, 30], "units": ["nm"] * 3}}, SIZE),
        ({"pixelResolution": {"dimensions": [4, 8, 30], "unit": "nm"}}, SIZE),
        ({"pixelResolution": [0.004, 0.008, 0.03]}, SIZE),  # N5 viewers: µm
        ({"resolution": [30, 8]}, None),
        ({"resolution": "fine"}, None),
        ({"resolution": [0, 0, 0]}, None),
        ({"transform": {"axes": ["z"], "scale": [1]}}, None),
        ({"resolution": "123"}, None),
        ({"resolution": [True, True, True]}, None),
        ({"resolution": [10**400, 8, 4]}, None),
        ({"pixelResolution": 5, "resolution": [30, 8, 4]}, SIZE),  # the other one can be read
        ({}, None),
    ],
)
def test_every_convention_is_understood(attributes: dict[str, Any], expected: Any) -> None:
    found = size_in(attributes, "ZYX").voxel_nm
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_unit_that_is_not_known_is_named() -> None:
    found = size_in({"resolution": [1, 1, 1], "units": "furlong"}, "ZYX")
    assert "'furlong', which is not known" in found.problem


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"resolution": [30, 8]}, "'resolution' is [30.0, 8.0]; expected a list of 3 numbers"),
        ({"voxel_size": {"z": 30}}, "'voxel_size' is {\"z\": 30}; expected a list of numbers"),
        ({"resolution": [30, 8, 4], "units": ["nm"]}, "'units' is [\"nm\"]"),
        ({"transform": {"axes": None, "scale": [1, 1, 1]}}, "'axes' of 'transform' is null"),
        ({"pixelResolution": {"unit": "nm"}}, "'pixelResolution' is null"),
        ({"resolution": [4, 8, 30], "downsamplingFactors": 5}, "'downsamplingFactors' is 5"),
        ({"element_size_um": ["x" * 99] * 3}, "x…; expected"),
    ],
)
def test_a_size_that_cannot_be_read_is_told_with_its_name(
    attributes: dict[str, Any], said: str
) -> None:
    found = size_in(attributes, "ZYX")
    assert found.voxel_nm is None
    assert found.problem.startswith("the file's voxel size cannot be read: ")
    assert said in found.problem
    assert "\n" not in found.problem


def test_axes_are_named_by_letters_or_types() -> None:
    assert letters_of(["z", "y", "x"], 3) == "ZYX"
    assert letters_of(["c^", "z", "y", "x"], 4) == "CZYX"
    described = [{"name": "frame", "type": "time"}, *({"name": name} for name in "xyz")]
    assert letters_of(described, 4) == "TXYZ"
    for unknown in (None, "zyx", ["a", "b", "c"], ["z", "y"], ["dim_0", "dim_1", "dim_2"]):
        assert letters_of(unknown, 3) == ""


def pyramid(folder: Path, group: dict[str, Any], levels: list[dict[str, Any]]) -> Path:
    """An N5 group of levels with attributes of their own."""
    root = folder / "a.n5"
    for number, attributes in enumerate(levels):
        part = folder / str(number)
        part.mkdir()
        written = n5(part, LABELS[:: 2**number, :: 2**number, :: 2**number], SIZE) / "mito"
        told = json.loads((written / "attributes.json").read_text())
        del told["pixelResolution"]
        (written / "attributes.json").write_text(json.dumps(told | attributes))
        (root / "mito").mkdir(parents=True, exist_ok=True)
        written.rename(root / "mito" / f"s{number}")
    (root / "attributes.json").write_text('{"n5": "2.0.0"}')
    (root / "mito" / "attributes.json").write_text(json.dumps(group))
    return root


PAIR = [SIZE, (60.0, 16.0, 8.0)]
RESOLUTION = {"pixelResolution": {"dimensions": [4, 8, 30], "unit": "nm"}}
HALF = {"downsamplingFactors": [2, 2, 2]}
TRANSFORMS = [
    {"path": f"s{n}", "transform": {"axes": ["z", "y", "x"], "scale": size, "units": ["nm"] * 3}}
    for n, size in enumerate(PAIR)
]


@pytest.mark.parametrize(
    ("group", "levels"),
    [
        ({**RESOLUTION, "scales": [[1] * 3, [2] * 3]}, [{}, {}]),
        (RESOLUTION, [{}, HALF]),
        ({"resolution": [4, 8, 30], "multiScale": True}, [{}, HALF]),
        ({}, [{"resolution": [4, 8, 30]}, {"resolution": [8, 16, 60]}]),
        ({"multiscales": [{"datasets": TRANSFORMS}]}, [{}, {}]),
        ({}, [{**RESOLUTION, "downsamplingFactors": [1, 1, 1]}, {**RESOLUTION, **HALF}]),
        ({}, [{"resolution": [4, 8, 30]}, {"resolution": [4, 8, 30], **HALF}]),  # Paintera
        ({}, [TRANSFORMS[0], {**TRANSFORMS[1], **HALF}]),  # that of the level itself
        ({"downsamplingFactors": [[1] * 3, [2] * 3], **RESOLUTION}, [{}, {}]),  # BigDataViewer
    ],
)
def test_pyramids_of_n5_tell_the_size_of_every_level(
    tmp_path: Path, group: dict[str, Any], levels: list[dict[str, Any]]
) -> None:
    path = pyramid(tmp_path, group, levels)
    volume = open_lazy(path)
    assert [one.name for one in volume.levels] == ["s0", "s1"]
    assert [one.voxel_nm for one in volume.levels] == [pytest.approx(size) for size in PAIR]
    np.testing.assert_array_equal(volume.levels[1].labels[...], LABELS[::2, ::2, ::2])
    coarse = open_lazy(path / "mito" / "s1")
    assert coarse.voxel_nm == pytest.approx(PAIR[1])
    assert coarse.labels.shape == (10, 17, 20)


def test_a_level_of_n5_by_itself_is_as_coarse_as_its_factors(tmp_path: Path) -> None:
    path = pyramid(tmp_path, {}, [RESOLUTION, {**RESOLUTION, **HALF}])
    (path / "mito" / "attributes.json").unlink()  # so that nobody tells of a group
    assert open_lazy(path / "mito" / "s1").voxel_nm == pytest.approx(PAIR[1])
    assert open_lazy(path, level="s1").voxel_nm == pytest.approx(PAIR[1])


@pytest.mark.parametrize("factors", [5, "222", ["x", 2, 2], [2, 2], True, {"x": 2}])
@pytest.mark.parametrize("where", ["level", "level, group has the size", "scales"])
def test_damaged_factors_of_n5_leave_the_size_unknown(
    tmp_path: Path, factors: Any, where: str
) -> None:
    damaged = {"downsamplingFactors": factors}
    group, level = {
        "level": ({}, {**RESOLUTION, **damaged}),
        "level, group has the size": (RESOLUTION, damaged),
        "scales": ({**RESOLUTION, "scales": [[1] * 3, factors]}, {}),
    }[where]
    volume = open_lazy(pyramid(tmp_path, group, [RESOLUTION, level]), level="s1")
    assert volume.voxel_nm is None
    assert "'scales'" in volume.size_problem or "'downsamplingFactors'" in volume.size_problem
    np.testing.assert_array_equal(volume.labels[...], LABELS[::2, ::2, ::2])


@pytest.mark.parametrize(
    "names", [["x", "y", "z"], ["z", "y", "x"], ["X", "Y", "Z"], ["a", "b", "c"]]
)
def test_axes_of_n5_are_named_from_either_end(tmp_path: Path, names: Any) -> None:
    path = n5(tmp_path, LABELS, SIZE)
    about = path / "mito" / "attributes.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "axes": names}))
    volume = open_lazy(path)
    np.testing.assert_array_equal(volume.labels[...], LABELS)
    assert volume.voxel_nm == pytest.approx(SIZE)


@pytest.mark.parametrize("names", [5, None, "zyx", []])
def test_axes_of_n5_that_are_no_list_are_refused(tmp_path: Path, names: Any) -> None:
    path = n5(tmp_path, LABELS, SIZE)
    about = path / "mito" / "attributes.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "axes": names}))
    message = refusal(open_lazy, path)
    assert message.startswith(str(path / "mito"))
    assert "'axes' is" in message


def test_axes_of_n5_in_an_order_of_their_own_go_with_its_resolution(tmp_path: Path) -> None:
    turned = np.ascontiguousarray(LABELS.transpose(0, 2, 1))  # y runs fastest
    path = n5(tmp_path, turned, SIZE)
    about = path / "mito" / "attributes.json"
    told = json.loads(about.read_text())
    del told["pixelResolution"]
    about.write_text(json.dumps({**told, "axes": ["y", "x", "z"], "resolution": [8, 4, 30]}))
    volume = open_lazy(path)
    np.testing.assert_array_equal(volume.labels[...], LABELS)
    assert volume.voxel_nm == pytest.approx(SIZE)


def test_dimension_names_of_zarr_3_and_xarray_turn_the_axes(tmp_path: Path) -> None:
    turned = np.ascontiguousarray(LABELS.transpose(2, 0, 1))
    zarr.create_array(tmp_path / "a.zarr", data=turned, dimension_names=["x", "z", "y"])
    old = zarr.create_array(tmp_path / "b.zarr", data=turned, zarr_format=2)
    old.attrs["_ARRAY_DIMENSIONS"] = ["x", "z", "y"]
    for name in ("a.zarr", "b.zarr"):
        np.testing.assert_array_equal(open_lazy(tmp_path / name).labels[...], LABELS)


def test_scales_of_the_whole_multiply_those_of_a_level(tmp_path: Path) -> None:
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    told = {
        "axes": axes,
        "datasets": [
            {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [3, 2, 1]}]}
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [0.01, 0.004, 0.004]}],
    }
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    group.attrs["multiscales"] = [told]
    group.create_array("0", data=LABELS)
    assert open_lazy(tmp_path / "a.zarr").voxel_nm == pytest.approx(SIZE)


def test_hdf5_of_imagej_and_with_names_of_its_dimensions(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = file.create_dataset("t0/channel0", data=LABELS)
        array.attrs["element_size_um"] = np.array([0.03, 0.008, 0.004])
    assert open_lazy(tmp_path / "a.h5").voxel_nm == pytest.approx(SIZE)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        array = file.create_dataset("main", data=LABELS.T)
        for dimension, name in zip(array.dims, "xyz", strict=True):
            dimension.label = name
        array.attrs["resolution"] = [4, 8, 30]  # along its own axes
    volume = open_lazy(tmp_path / "b.h5")
    np.testing.assert_array_equal(volume.labels[...], LABELS)
    assert volume.voxel_nm == pytest.approx(SIZE)


def test_a_group_of_n5_that_says_nothing_of_itself_is_read(tmp_path: Path) -> None:
    path = pyramid(tmp_path, {}, [{"resolution": [4, 8, 30]}, {"resolution": [8, 16, 60]}])
    (path / "mito" / "attributes.json").unlink()
    for place in (path, path / "mito"):
        volume = open_lazy(place)
        assert [one.name for one in volume.levels] == ["s0", "s1"]
        assert volume.voxel_nm == pytest.approx(SIZE)
    with serving_files(tmp_path) as address:
        volume = open_lazy(f"{address}/a.n5/mito")
        np.testing.assert_array_equal(volume.levels[1].labels[...], LABELS[::2, ::2, ::2])
        assert volume.voxel_nm == pytest.approx(SIZE)
