"""Files in and out of napari: the right layers at the right scale, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import trimesh

from napari_3dmsl import readers, samples, writers
from napari_3dmsl.adopt import open_files
from napari_3dmsl.image_io.ome_tiff import describe_image, read_image, write_image, write_ome_tiff
from napari_3dmsl.layers.attributes import KEY
from napari_3dmsl.layers.surfaces import mesh_layer, mesh_of
from napari_3dmsl.library.library import write_library
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask
from napari_3dmsl.shapes.shape import measure_shapes

PLUGIN = "napari-3dmsl"


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel
    from npe2 import PluginManager

    PluginManager.instance().discover()
    return ViewerModel()


@pytest.fixture
def box() -> Mesh:
    """A box of 2 × 4 × 6 voxels of 100 nm whose sides tell its axes apart."""
    mask = np.zeros((10, 20, 30), bool)
    mask[4:6, 8:12, 12:18] = True
    return mesh_from_mask(mask, (100, 100, 100))


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A simulated stack of 3 planes, 250 nm apart."""
    simulation = Simulation(
        microscope=load_microscope("conf2").replace(image_size=(48, 32)),
        acquisition=Acquisition(planes=3, step_nm=250),
    )
    image = image_scene(scene_from_points([[1.0, 0.0, 0.0]], [5000.0]), simulation)
    return write_image(tmp_path / "stack.tif", image)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of two dots, in units of 10 nm."""
    z, y, x = np.ogrid[:24, :24, :48]
    labels = sum((z - 12) ** 2 + (y - 12) ** 2 + (x - at) ** 2 <= 49 for at in (12, 36))
    settings = ExtractionSettings(voxel_nm=(24, 24, 24), erosion_nm=0)
    folder = tmp_path / "library"
    write_library(measure_shapes(extract_instances(labels, settings)), folder, unit_nm=10)
    return folder


def read(get_reader: Any, path: Path) -> list[Any]:
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


@pytest.mark.parametrize("suffix", [".off", ".ply"])
def test_a_written_surface_is_read_at_the_same_micrometres(
    tmp_path: Path, box: Mesh, suffix: str
) -> None:
    path = tmp_path / f"box{suffix}"
    data, attributes, kind = mesh_layer(box, "box")
    assert kind == "surface"
    assert writers.write_surface(str(path), data, attributes) == [str(path)]
    [(data, attributes, kind)] = read(readers.get_mesh_reader, path)
    assert kind == "surface"
    back = mesh_of(data, attributes)
    np.testing.assert_allclose(back.vertices, box.vertices, atol=1e-5)
    np.testing.assert_array_equal(back.faces, box.faces)
    assert attributes["name"] == "box (24 nm units)"
    assert attributes["metadata"][KEY]["unit_nm"] == 24


def test_other_programs_read_a_written_surface_as_x_y_z_in_24_nm(tmp_path: Path, box: Mesh) -> None:
    path = tmp_path / "box.off"
    data, attributes, _ = mesh_layer(box, "box")
    moved = {**attributes, "scale": (2.0, 2.0, 2.0), "translate": (1.0, 0.0, 0.0)}
    writers.write_surface(str(path), data, moved)
    mesh = trimesh.load_mesh(path)
    assert mesh.is_watertight
    assert mesh.volume > 0
    assert np.argsort(mesh.extents).tolist() == [2, 1, 0]
    lowest = (2 * box.vertices.min(axis=0) + [1, 0, 0])[::-1] / 0.024
    np.testing.assert_allclose(mesh.bounds[0], lowest, rtol=1e-4)


def test_a_simulated_stack_opens_in_napari_with_its_scale(viewer: Any, stack: Path) -> None:
    [layer] = open_files(viewer, stack)
    np.testing.assert_array_equal(layer.data, tifffile.imread(stack))
    np.testing.assert_allclose(layer.scale, [0.25, 0.048, 0.048])
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert layer.name == "stack"


def test_a_file_that_is_not_there_is_told_from_one_of_another_kind(
    viewer: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="absent.tif: no such file or folder"):
        open_files(viewer, tmp_path / "absent.tif")
    (tmp_path / "notes.txt").write_text("of another kind")
    with pytest.raises(ValueError, match=r"notes.txt: none of the files that"):
        open_files(viewer, tmp_path / "notes.txt")


def test_a_simulated_layer_is_saved_with_its_settings(
    viewer: Any, stack: Path, tmp_path: Path
) -> None:
    [layer] = open_files(viewer, stack)
    [saved] = layer.save(str(tmp_path / "again.ome.tif"), plugin=PLUGIN)
    again, metadata = read_image(saved)
    before, settings = read_image(stack)
    np.testing.assert_array_equal(again, before)
    assert metadata == settings


def test_napari_saves_any_image_as_ome_tiff_with_its_scale(viewer: Any, tmp_path: Path) -> None:
    pixels = np.zeros((4, 8, 9), np.uint8)
    layer = viewer.add_image(pixels, scale=(200, 50, 40), units="nm")
    [saved] = layer.save(str(tmp_path / "plain.ome.tif"))
    assert describe_image(saved).size_um == pytest.approx({"Z": 0.2, "Y": 0.05, "X": 0.04})
    assert describe_image(saved).metadata is None
    layer = viewer.add_image(pixels)  # units of pixels are no lengths
    [saved] = layer.save(str(tmp_path / "pixels.ome.tif"))
    assert describe_image(saved).size_um == {}


def test_colour_images_are_refused(viewer: Any, tmp_path: Path) -> None:
    layer = viewer.add_image(np.zeros((8, 9, 3), np.uint8), rgb=True)
    data, attributes, _ = layer.as_layer_data_tuple()
    with pytest.raises(ValueError, match="a colour image"):
        writers.write_image(str(tmp_path / "rgb.tif"), data, attributes)


def test_a_library_opens_as_a_surface_for_each_class(viewer: Any, library: Path) -> None:
    [layer] = viewer.open(library, plugin=PLUGIN)
    assert layer.name.startswith("dot")
    low, high = layer.data[0].min(axis=0), layer.data[0].max(axis=0)
    np.testing.assert_allclose(high - low, [0.36, 0.36, 0.936], atol=0.03)
    assert {str(unit) for unit in layer.units} == {"micrometer"}


def test_a_mesh_of_a_library_is_read_in_the_unit_of_the_library(library: Path) -> None:
    [(data, attributes, _)] = read(readers.get_mesh_reader, library / "2" / "raw_mesh.off")
    middle = mesh_of(data, attributes).bounds_um.mean(axis=0)
    np.testing.assert_allclose(middle, [0.288, 0.288, 0.864], atol=0.01)
    assert attributes["metadata"][KEY]["unit_nm"] == 10


def test_written_instances_open_as_labels_at_their_place(tmp_path: Path) -> None:
    path = tmp_path / "labels.tif"
    metadata = {"software": "napari-3dmsl 0.1.0", "extraction": {}, "origin_um": [0.1, 0.2, 0.3]}
    write_ome_tiff(path, np.ones((2, 3, 4), np.uint16), (0.03, 0.02, 0.02), metadata)
    [(data, attributes, kind)] = read(readers.get_image_reader, path)
    assert (data.shape, kind) == ((2, 3, 4), "labels")
    np.testing.assert_allclose(attributes["scale"], [0.03, 0.02, 0.02])
    np.testing.assert_allclose(attributes["translate"], [0.1, 0.2, 0.3])


def test_nifti_labels_stay_in_voxels_and_say_so(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    path = tmp_path / "labels.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((2, 3, 4), np.uint8), np.eye(4)), path)
    [(data, attributes, kind)] = read(readers.get_label_reader, path)
    assert (data.shape, kind) == ((4, 3, 2), "labels")
    assert set(attributes["units"]) == {"pixel"}
    assert set(attributes["scale"]) == {1.0}
    assert attributes["metadata"][KEY]["voxel_nm"] is None


def test_files_of_others_are_left_to_others(tmp_path: Path) -> None:
    other, damaged = tmp_path / "other.tif", tmp_path / "damaged.tif"
    tifffile.imwrite(other, np.zeros((4, 5), np.uint8))
    damaged.write_bytes(b"II*\0")
    for path in (other, damaged, tmp_path / "missing.tif", tmp_path / "a.png"):
        assert readers.get_image_reader(str(path)) is None
    for path in (tmp_path, other, tmp_path / "missing"):
        assert readers.get_library_reader(str(path)) is None
    assert readers.get_mesh_reader("a.stl") is None
    assert readers.get_label_reader("a.npy") is None


def test_several_meshes_are_read_one_after_the_other(tmp_path: Path, box: Mesh) -> None:
    paths = [str(tmp_path / name) for name in ("a.off", "b.off")]
    for path in paths:
        writers.write_surface(path, *mesh_layer(box, "box")[:2])
    reader = readers.get_mesh_reader(paths)
    assert reader is not None
    assert len(reader(paths)) == 2


def test_a_mesh_without_faces_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cloud.ply"
    path.write_bytes(trimesh.PointCloud(np.eye(3)).export(None, "ply"))
    with pytest.raises(ValueError, match="no faces"):
        read(readers.get_mesh_reader, path)


def test_the_sample_is_a_label_volume_in_micrometres(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_3dmsl.shapes import phantom

    coarse = phantom.make_phantom(voxel_nm=(48, 48, 48))
    monkeypatch.setattr(phantom, "make_phantom", lambda: coarse)
    [(data, attributes, kind)] = samples.mitochondria_phantom()
    assert kind == "labels"
    assert data.max() == len(coarse.truth)
    assert attributes["name"] == "mitochondria phantom"
    assert set(attributes["units"]) == {"µm"}
    np.testing.assert_allclose(attributes["scale"], 0.048)


def test_a_label_tiff_opens_as_labels_with_its_voxel_size(tmp_path: Path) -> None:
    path = tmp_path / "em_labels.tif"
    labels = np.zeros((5, 6, 7), np.uint16)
    labels[1:4, 2:5, 2:5] = 3
    tifffile.imwrite(
        path,
        labels,
        imagej=True,
        resolution=(1 / 0.016, 1 / 0.016),
        metadata={"spacing": 0.03, "unit": "um"},
    )
    reader = readers.get_image_reader(str(path))
    assert reader is not None
    [(data, attributes, kind)] = reader(str(path))
    assert kind == "labels"
    np.testing.assert_array_equal(data, labels)
    assert attributes["scale"] == pytest.approx([0.03, 0.016, 0.016])
    assert set(attributes["units"]) == {"µm"}


def test_a_zip_of_shapes_opens_as_the_folder_does(viewer: Any, library: Path) -> None:
    import shutil

    path = library.parent / "1_1_3.zip"
    shutil.make_archive(str(path.with_suffix("")), "zip", library)
    [unpacked] = viewer.open(library, plugin=PLUGIN)
    [zipped] = viewer.open(path, plugin=PLUGIN)
    np.testing.assert_array_equal(zipped.data[0], unpacked.data[0])
    assert zipped.name.startswith("dot (2)")
    (library.parent / "other.zip").write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="truncated"):
        read(readers.get_library_reader, library.parent / "other.zip")


@pytest.mark.parametrize(("unit", "um"), [("nm", 1e-3), ("angstrom", 1e-4), ("mm", 1e3)])
def test_a_surface_is_saved_at_its_size_in_whatever_unit_its_layer_is(
    tmp_path: Path, box: Mesh, unit: str, um: float
) -> None:
    from napari.layers import Surface

    layer = Surface((box.vertices / um, box.faces), units=unit)
    data, attributes, _ = layer.as_layer_data_tuple()
    writers.write_surface(str(tmp_path / "box.off"), data, attributes)
    [(data, attributes, _)] = read(readers.get_mesh_reader, tmp_path / "box.off")
    np.testing.assert_allclose(mesh_of(data, attributes).vertices, box.vertices, atol=1e-5)


def test_a_surface_without_a_length_is_not_saved(tmp_path: Path, box: Mesh) -> None:
    data, attributes, _ = mesh_layer(box, "box")
    for unit in ("pixel", "second"):
        with pytest.raises(ValueError, match=r"layer 'box': .*units? "):
            writers.write_surface(str(tmp_path / "box.off"), data, {**attributes, "units": unit})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("unit", "um"),
    [("angstrom", 1e-4), ("nm", 1e-3), ("mm", 1e3), ("cm", 1e4), ("m", 1e6), ("inch", 25400)],
)
def test_an_image_keeps_its_size_in_whatever_unit_its_layer_is(
    tmp_path: Path, unit: str, um: float
) -> None:
    from napari.layers import Image

    layer = Image(
        np.zeros((3, 4, 5), np.uint8), scale=np.array((0.03, 0.016, 0.008)) / um, units=unit
    )
    data, attributes, _ = layer.as_layer_data_tuple()
    writers.write_image(str(tmp_path / "image.tif"), data, attributes)
    size_um = describe_image(tmp_path / "image.tif").size_um
    assert size_um == pytest.approx({"Z": 0.03, "Y": 0.016, "X": 0.008})


def test_an_image_in_pixels_has_no_size_and_one_in_seconds_is_not_saved(tmp_path: Path) -> None:
    image = np.zeros((4, 5), np.uint8)
    attributes = {"name": "image", "scale": (1.0, 1.0), "units": ("pixel", "pixel")}
    writers.write_image(str(tmp_path / "image.tif"), image, attributes)
    assert describe_image(tmp_path / "image.tif").size_um == {}
    with pytest.raises(ValueError, match="unit 'second' is no length"):
        writers.write_image(str(tmp_path / "film.tif"), image, {**attributes, "units": "second"})


def test_the_labels_of_an_npz_open_as_labels_and_occupancies_do_not(cases: Path) -> None:
    path = cases / "files" / "labels.npz"
    assert readers.get_occupancy_reader(str(path)) is None
    [(data, attributes, kind)] = read(readers.get_label_reader, path)
    assert (kind, data.shape, attributes["name"]) == ("labels", (20, 40, 56), "labels")
    damaged = cases / "hostile" / "npz-trace-a0384a44" / "occupancies.npz"
    assert readers.get_label_reader(str(damaged)) is None
    assert readers.get_occupancy_reader(str(damaged)) is not None


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_sections_open_as_one_volume_from_a_folder_and_from_a_list(
    tmp_path: Path, suffix: str
) -> None:
    from PIL import Image

    labels = np.zeros((11, 6, 7), np.uint8)
    labels[2:9, 2:5, 2:5] = 3
    for number, plane in enumerate(labels):
        Image.fromarray(plane).save(tmp_path / f"s{number}{suffix}")
    files = [str(tmp_path / f"s{number}{suffix}") for number in range(11)]
    for given in (str(tmp_path), files):
        reader = readers.get_label_reader(given)
        assert reader is not None
        [(data, _, kind)] = reader(given)
        assert kind == "labels"
        np.testing.assert_array_equal(data, labels)


def test_float_labels_with_whole_numbers_open_as_labels(cases: Path) -> None:
    path = cases / "files" / "float32_imagej_labels.tif"
    reader = readers.get_image_reader(str(path))
    assert reader is not None
    [(data, attributes, kind)] = reader(str(path))
    assert (kind, data.dtype.kind) == ("labels", "u")
    assert attributes["scale"] == pytest.approx([0.024, 0.016, 0.016])


def test_grey_volumes_do_not_open_as_labels(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).normal(100, 20, (9, 30, 40)).clip(0, 255)
    for dtype in (np.uint8, np.uint16, np.float32):
        tifffile.imwrite(tmp_path / "grey.tif", grey.astype(dtype), photometric="minisblack")
        assert readers.get_image_reader(str(tmp_path / "grey.tif")) is None
