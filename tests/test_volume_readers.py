"""Containers of electron microscopy in napari: lazy Labels; images of others are left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from containers import CONTAINERS, Container, cremi, imaris, mrc, n5, nrrd, ome_zarr_05, precomputed
from file_server import serving_files

from napari_3dmsl import readers
from napari_3dmsl.adopt import open_files
from napari_3dmsl.layers.labels import lazy_layer, stored_labels
from napari_3dmsl.volumes.lazy import open_lazy

SIZE = (30.0, 8.0, 4.0)
LABELS = np.zeros((20, 33, 40), np.uint16)
LABELS[1:14, 3:9, 5:20] = 300
LABELS[3:16, 10:28, 15:30] = 2
GREY = np.random.default_rng(0).integers(1, 255, LABELS.shape).astype(np.uint16)
IN_PARTS = ("OME-Zarr", "Zarr", "N5", "precomputed", "HDF5, i", "HDF5, M", "Imaris", "MRC", "NRRD")
LAZY = [one for one in CONTAINERS if one.name.startswith(IN_PARTS)]


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel
    from npe2 import PluginManager

    PluginManager.instance().discover()
    return ViewerModel()


@pytest.mark.parametrize("container", LAZY, ids=lambda one: one.name)
def test_a_container_of_labels_is_a_lazy_layer(
    viewer: Any, tmp_path: Path, container: Container
) -> None:
    path = container.write(tmp_path, LABELS, SIZE)
    [layer] = viewer.open(path, plugin="napari-3dmsl")
    assert type(layer).__name__ == "Labels"
    finest = layer.data[0] if layer.multiscale else layer.data
    assert not isinstance(finest, np.ndarray)
    np.testing.assert_array_equal(np.asarray(finest), LABELS)
    assert tuple(layer.axis_labels) == ("z", "y", "x")
    if container.tells_size:
        np.testing.assert_allclose(layer.scale, np.array(SIZE) / 1000, rtol=1e-6)
        assert {str(unit) for unit in layer.units} == {"micrometer"}
    else:
        assert {str(unit) for unit in layer.units} == {"pixel"}
    stored = stored_labels(layer)
    assert stored is not None
    np.testing.assert_array_equal(stored[5:7], LABELS[5:7])
    viewer.dims.set_point(0, 5 * layer.scale[0])
    value = layer.get_value((5, 5, 10))
    assert (value[1] if layer.multiscale else value) == 300
    viewer.dims.ndisplay = 3


def test_levels_are_those_of_the_file(viewer: Any, tmp_path: Path) -> None:
    [layer] = viewer.open(ome_zarr_05(tmp_path, LABELS, SIZE), plugin="napari-3dmsl")
    assert layer.multiscale
    assert [level.shape for level in layer.data] == [(20, 33, 40), (10, 17, 20)]


def test_a_large_volume_of_one_level_gets_coarser_ones(tmp_path: Path, monkeypatch) -> None:
    from napari_3dmsl.layers import labels as layers

    monkeypatch.setattr(layers, "_MOST_IN_3D", 1000)
    monkeypatch.setattr(layers, "_SMALL_CHUNK", 64)
    levels, attributes, _ = lazy_layer(open_lazy(mrc(tmp_path, LABELS, SIZE)))
    assert attributes["multiscale"]
    assert [level.shape for level in levels] == [(20, 33, 40), (10, 17, 20), (5, 9, 10)]
    np.testing.assert_array_equal(np.asarray(levels[2]), LABELS[::4, ::4, ::4])


def test_bool_masks_are_numbers_for_napari(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["main"] = LABELS > 0
    data, _, _ = lazy_layer(open_lazy(tmp_path / "a.h5"))
    assert data.dtype == np.uint8


def several_labels(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file["mito"], file["er"] = LABELS, LABELS > 2
    return folder / "a.h5"


def test_every_label_volume_of_a_container_is_a_layer(viewer: Any, tmp_path: Path) -> None:
    layers = viewer.open(several_labels(tmp_path), plugin="napari-3dmsl")
    assert [layer.name for layer in layers] == ["a er", "a mito"]


def grey_zarr(folder: Path) -> Path:
    return ome_zarr_05(folder, GREY, SIZE)


def grey_imaris(folder: Path) -> Path:
    return imaris(folder, GREY, SIZE)


def grey_mrc(folder: Path) -> Path:
    return mrc(folder, GREY, SIZE)


def grey_nrrd(folder: Path) -> Path:
    return nrrd(folder, GREY, SIZE)


def image_beside_labels(folder: Path) -> Path:
    return cremi(folder, LABELS, SIZE)


def image_with_labels_in_zarr(folder: Path) -> Path:
    path = grey_zarr(folder)
    group = zarr.open_group(path, mode="r+").create_group("labels")
    group.create_array("mito", data=LABELS)
    return path


def channels(folder: Path) -> Path:
    zarr.create_array(folder / "a.zarr", data=np.stack([LABELS, LABELS]))
    return folder / "a.zarr"


def flat(folder: Path) -> Path:
    zarr.create_array(folder / "a.zarr", data=LABELS[5])
    return folder / "a.zarr"


def probabilities(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file["exported_data"] = np.ones((5, 6, 7), np.float32)
    return folder / "a.h5"


def empty(folder: Path) -> Path:
    zarr.create_array(folder / "a.zarr", shape=(5, 6, 7), dtype="u2", chunks=(5, 6, 7))
    return folder / "a.zarr"


def damaged(folder: Path) -> Path:
    (folder / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\nnothing")
    return folder / "a.h5"


def other_folder(folder: Path) -> Path:
    (folder / "some").mkdir()
    (folder / "some" / "info").write_text("notes")
    return folder / "some"


@pytest.mark.parametrize(
    "write",
    [
        *(grey_zarr, grey_imaris, grey_mrc, grey_nrrd, image_beside_labels, channels, flat),
        *(image_with_labels_in_zarr, probabilities, empty, damaged, other_folder),
    ],
)
def test_images_of_others_are_left_to_others(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    path = str(write(tmp_path))
    assert readers.get_volume_reader(path) is None
    assert readers.get_label_reader(path) is None
    assert readers.get_zarr_reader(path) is None


def test_labels_in_somebodys_image_are_opened_by_their_own_path(tmp_path: Path) -> None:
    path = image_with_labels_in_zarr(tmp_path)
    assert readers.get_volume_reader(str(path / "labels" / "mito")) is not None


def test_scripts_open_the_labels_of_any_container(viewer: Any, tmp_path: Path) -> None:
    layers = open_files(viewer, cremi(tmp_path, LABELS, SIZE), n5(tmp_path, LABELS, SIZE))
    assert [layer.name for layer in layers] == ["a mito_ids", "a"]


def test_napari_asks_readers_of_these_names_only() -> None:
    from npe2 import PluginManager

    manager = PluginManager.instance()
    manager.discover()
    for name, ours in {"a.tif": False, "a.nii.gz": False, "a.npy": False, "a.h5": True}.items():
        found = {one.plugin_name for one in manager.iter_compatible_readers([name])}
        assert ("napari-3dmsl" in found) is ours


def test_a_folder_of_precomputed_is_known_by_its_content(viewer: Any, tmp_path: Path) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    assert readers.get_volume_reader(str(path)) is not None
    path.joinpath("info").unlink()
    assert readers.get_volume_reader(str(path)) is None


def test_scripts_open_a_url(viewer: Any, tmp_path: Path) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    with serving_files(tmp_path) as address:
        [layer] = open_files(viewer, f"{address}/{path.name}")
        np.testing.assert_array_equal(np.asarray(layer.data), LABELS)
