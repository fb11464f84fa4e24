"""Image sets, OME-Zarr and time-lapses dropped on napari: what opens, and at which scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import npe2
import numpy as np
import pytest
import tifffile
from made_set import SHAPE, make_set, pixels_of

from napari_3dmsl import readers
from napari_3dmsl.adopt import open_files
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.layers.attributes import KEY
from napari_3dmsl.layers.image_sets import image_set_layers
from napari_3dmsl.microscope.simulation import Simulation

PLUGIN = "napari-3dmsl"
ABOUT = {"software": "napari-3dmsl 0.1.0", **Simulation().model_dump(mode="json")}
PIXEL_UM = {"con1": 0.07, "epi1": 0.109}


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel
    from npe2 import PluginManager

    PluginManager.instance().discover()
    return ViewerModel()


def units_of(layer: Any) -> list[str]:
    return [str(unit) for unit in layer.units]


def middle_of(layer: Any) -> np.ndarray:
    return layer.extent.world.mean(axis=0)[-2:]


def test_a_set_opens_as_a_stack_for_each_microscope_and_pixel_truth(
    viewer: Any, tmp_path: Path
) -> None:
    layers = {layer.name: layer for layer in viewer.open(make_set(tmp_path / "s"), plugin=PLUGIN)}
    assert list(layers) == [name + truth for name in PIXEL_UM for truth in ("", " mask", " depth")]
    for name, layer in layers.items():
        pixel_um = PIXEL_UM[name[:4]]
        assert layer.data.shape == (8, *SHAPE)
        np.testing.assert_allclose(layer.scale, [1, pixel_um, pixel_um])
        assert units_of(layer) == ["pixel", "micrometer", "micrometer"]
        assert layer.axis_labels == ("sample", "y", "x")
        np.testing.assert_allclose(middle_of(layer), 0, atol=1e-9)
        assert layer.metadata[KEY]["samples"][3] == f"000002_x90_{name[:4]}"
        assert type(layer).__name__ == ("Labels" if "mask" in name else "Image")
    np.testing.assert_array_equal(layers["epi1"].data[3], pixels_of(2, "x90", "epi1"))
    np.testing.assert_array_equal(layers["con1 mask"].data, layers["con1"].data % 3)
    assert np.isfinite(layers["con1 depth"].contrast_limits).all()
    assert viewer.layers.extent.units is not None


def test_of_a_large_set_only_the_first_samples_are_read(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set")
    for file in folder.rglob("*000003*"):  # the fifth and sixth of each microscope
        if file.is_file():
            file.unlink()
    for data, attributes, _ in image_set_layers(folder, first=4):
        assert len(data) == len(attributes["metadata"][KEY]["samples"]) == 4
    with pytest.raises(ValueError, match=r"000003_0_con1\.\w+: no such file"):
        image_set_layers(folder)


def test_masks_are_repeated_along_the_planes_of_their_stack(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set")
    for file in (folder / "image").iterdir():
        planes = np.stack([tifffile.imread(file)] * 3)
        about = ABOUT | {"acquisition": {"step_nm": 500}}
        write_ome_tiff(file, planes, (0.5, 0.1, 0.1), about)
    layers = {
        attributes["name"]: (data, attributes) for data, attributes, _ in image_set_layers(folder)
    }
    data, attributes = layers["con1 mask"]
    assert data.shape == layers["con1"][0].shape == (8, 3, *SHAPE)
    np.testing.assert_array_equal(data, layers["con1"][0] % 3)
    np.testing.assert_allclose(attributes["scale"], [1, 0.5, 0.1, 0.1])
    assert attributes["units"] == ("pixel", "µm", "µm", "µm")


def test_folders_that_are_no_image_sets_are_left_to_others(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set")
    assert readers.get_image_set_reader(str(folder)) is not None
    assert readers.get_library_reader(str(folder)) is None
    assert readers.get_zarr_reader(str(folder)) is None
    (folder / "recipe.lock").unlink()
    for path in (folder, folder / "image", tmp_path / "missing"):
        assert readers.get_image_set_reader(str(path)) is None


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (8, 9)),
        ("ZYX", (4, 8, 9)),
        ("TYX", (5, 8, 9)),
        ("CYX", (3, 8, 9)),
        ("CZYX", (2, 4, 8, 9)),
        ("TCYX", (5, 2, 8, 9)),
        ("TCZYX", (5, 2, 4, 8, 9)),
    ],
)
def test_an_ome_zarr_image_opens_with_its_scale_and_masks(
    viewer: Any, tmp_path: Path, axes: str, shape: tuple[int, ...]
) -> None:
    """A layer for each channel: the mask has the same axes, so the same sliders move it."""
    zarr = pytest.importorskip("zarr", minversion="3")
    sizes = {"T": 0.5, "C": 1.0, "Z": 0.25, "Y": 0.1, "X": 0.11}
    size_um = [sizes[axis] for axis in axes if axis in "ZYX"]
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    channels = np.moveaxis(pixels, axes.index("C"), 0) if "C" in axes else pixels[None]
    mask = channels[0] % 3
    names = [f"dye {number}" for number in range(len(channels))] if "C" in axes else []
    told: dict[str, Any] = {"axes": axes, "frame_s": 0.5, "labels": {"mask": mask}}
    path = write_ome_zarr(tmp_path / "a.zarr", pixels, size_um, ABOUT, channels=names, **told)
    *_, reader = npe2.io_utils.read_get_reader([str(path)], plugin_name=PLUGIN, stack=False)
    assert reader.command == "napari-3dmsl.read_zarr"
    *images, labels = viewer.open(path, plugin=PLUGIN)
    assert [image.name for image in images] == ([f"a {name}" for name in names] or ["a"])
    np.testing.assert_array_equal(labels.data, mask)
    told_by_zarr = zarr.open_group(path, mode="r").attrs["ome"]["multiscales"][0]
    scale = told_by_zarr["datasets"][0]["coordinateTransformations"][0]["scale"]
    kept = [at for at, axis in enumerate(axes) if axis != "C"]
    expected = {"T": "second"}
    for image, channel in zip(images, channels, strict=True):
        np.testing.assert_array_equal(image.data, channel)
        np.testing.assert_allclose(image.scale, [scale[at] for at in kept])
        assert units_of(image) == [expected.get(axes[at], "micrometer") for at in kept]
        assert image.metadata[KEY]["settings"] == ABOUT
        np.testing.assert_allclose(middle_of(image), middle_of(labels), atol=1e-9)
        assert image.axis_labels == labels.axis_labels
        np.testing.assert_allclose(labels.scale, image.scale)
    if "T" in axes:
        viewer.dims.set_current_step(0, 3)
        for layer in (*images, labels):
            assert (
                layer.get_value(layer.data_to_world((3,) + (1,) * (layer.ndim - 1)), world=True)
                == (layer.data[(3,) + (1,) * (layer.ndim - 1)])
            )


def test_zarr_folders_of_others_are_left_to_others(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr", minversion="3")
    zarr.open_group(tmp_path / "other.zarr", mode="w")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("other.zarr", "empty.zarr", "missing.zarr"):
        assert readers.get_zarr_reader(str(tmp_path / name)) is None


def test_a_time_lapse_opens_with_its_time(viewer: Any, tmp_path: Path) -> None:
    path = tmp_path / "film.ome.tif"
    pixels = np.arange(5 * 3 * 8 * 9, dtype=np.uint16).reshape(5, 3, 8, 9)
    write_ome_tiff(path, pixels, (0.25, 0.1, 0.1), ABOUT, axes="TZYX", frame_s=0.5)
    [layer] = open_files(viewer, path)
    np.testing.assert_array_equal(layer.data, pixels)
    np.testing.assert_allclose(layer.scale, [0.5, 0.25, 0.1, 0.1])
    assert units_of(layer) == ["second", *["micrometer"] * 3]
    assert layer.axis_labels == ("t", "z", "y", "x")
