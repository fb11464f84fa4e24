"""Every layer that this package makes or reads tells its place in µm, its axes and its story."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_set import make_set
from moving import tube, tube_mesh

from napari_3dmsl import layers, readers, samples
from napari_3dmsl.compute import Here
from napari_3dmsl.image_io.instance_labels import write_instance_labels
from napari_3dmsl.image_io.ome_tiff import write_image, write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.layers.attributes import KEY, about
from napari_3dmsl.layers.field_frame import Rectangle
from napari_3dmsl.layers.large_extraction import LargeResult
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.microscope.resolution import PointImage
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.extraction import Extraction, ExtractionSettings, extract_instances
from napari_3dmsl.shapes.extraction_preview import preview_extraction
from napari_3dmsl.shapes.merged_mesh import MergedMesh
from napari_3dmsl.shapes.mesh import write_mesh
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.sampling import SampleSettings, sample_occupancies, sample_point_cloud
from napari_3dmsl.shapes.shape import measure_shapes
from napari_3dmsl.timelapse.lineage import lineage_of
from napari_3dmsl.timelapse.motion import Frame
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import LabelVolume

UNITS = {"t": "second", "sample": "pixel", "channel": "pixel"}  # of all other axes µm
SETTINGS = ExtractionSettings(voxel_nm=(30, 20, 24), downsample=1, erosion_nm=0)
FRAMES = [Frame(5.0 * number, (tube("line"),), 0.0, ()) for number in range(2)]
MESH = tube_mesh("ring")
SOME = SampleSettings(surface_points=50, occupancy_points=50)


@cache
def labels() -> np.ndarray:
    """Two balls."""
    z, y, x = np.ogrid[:24, :24, :60]
    away = [(z - 12) ** 2 + (y - 12) ** 2 + (x - at) ** 2 for at in (14, 44)]
    return (np.minimum(*away) <= 64).astype(np.uint8)


@cache
def extraction() -> Extraction:
    return extract_instances(labels(), SETTINGS)


@cache
def shapes() -> ShapeCollection:
    return ShapeCollection(measure_shapes(extraction()))


@cache
def image(planes: int) -> SimulatedImage:
    microscope = Microscope(pixel_nm=70, image_size=(24, 32))
    focus = Acquisition(planes=planes, step_nm=200)
    simulation = Simulation(microscope=microscope, acquisition=focus, noise="none")
    return simulate_surface(MESH.vertices, MESH.faces, simulation)


def source() -> Any:
    from napari.layers import Labels

    return Labels(labels(), scale=(0.03, 0.02, 0.024), translate=(1, 2, 3), units="µm")


def placed_labels() -> Any:
    from napari.layers import Labels

    axes = ("z", "y", "x")
    return Labels(labels(), scale=(0.03, 0.02, 0.024), units="µm", axis_labels=axes)


def library(folder: Path) -> Path:
    write_library(shapes().shapes, folder / "library", samples=SOME)
    return folder / "library"


def large(folder: Path) -> LargeResult:
    """What is shown of an extraction to disk."""
    found, out = extraction(), folder / "instances.ome.zarr"
    voxel_um = [size / 1000 for size in found.voxel_nm]
    kept = found.report.kept
    write_instance_labels(out, found.labels, kept, voxel_um, found.origin_um, {}, Here())
    drawn = {shape.id: shape.mesh for shape in shapes().shapes}
    return LargeResult(library(folder), out, "volume", found.report, [], drawn)


def zarr(folder: Path) -> Path:
    path = folder / "image.ome.zarr"
    pixels = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5)
    mask = (pixels[0] % 2).astype(np.uint16)
    write_ome_zarr(path, pixels, (0.2, 0.07, 0.07), {}, axes="CZYX", labels={"mask": mask})
    return path


def film(folder: Path) -> Path:
    path = folder / "film.ome.tif"
    write_ome_tiff(path, np.zeros((2, 4, 5), np.uint16), (0.07, 0.07), axes="TYX", frame_s=5.0)
    return path


def merged() -> MergedMesh:
    return MergedMesh.of({1: MESH})


GRID = ("SCTZYX", (1.0, 1.0, 5.0, 0.2, 0.07, 0.07))
PIXELS = np.arange(48.0).reshape(1, 2, 2, 2, 2, 3)
MAKERS: dict[str, Callable[[Any, Path], Any]] = {
    "extraction_layers": lambda make, _: make(labels(), SETTINGS, "volume"),
    "instances_layer": lambda make, _: make(extraction(), shapes(), "volume"),
    "large_layers": lambda make, folder: make(large(folder)),
    "class_layers": lambda make, _: make(shapes()),
    "drawn_layers": lambda make, _: make({1: MESH}, shapes()),
    "class_layer": lambda make, _: make("rod", merged(), shapes()),
    "surface_layer": lambda make, _: make(MESH, "ring", "mesh", "#FFFFFF", path="ring.off"),
    "mesh_layer": lambda make, _: make(MESH, "ring"),
    "selected_layer": lambda make, _: make(MESH),
    "library_layers": lambda make, folder: make(ShapeLibrary.open(library(folder))),
    "phantom_layer": lambda make, _: make(make_phantom(voxel_nm=(96, 96, 96)), "phantom"),
    "volume_layer": lambda make, _: make(LabelVolume(labels(), (30, 20, 24), "volume")),
    "lazy_layer": lambda make, folder: make(open_lazy(plain_zarr(folder))),
    "image_layer": lambda make, _: [make(image(planes), "image", (1, 2, 3)) for planes in (1, 3)],
    "image_layer_from_file": lambda make, _: make(image(1).counts, image(1).metadata(), "image"),
    "preview_layers": lambda make, _: make(
        preview_extraction(labels(), SETTINGS, 20, None), SETTINGS, source()
    ),
    "focal_plane_layer": lambda make, _: make(image(1)),
    "point_layer": lambda make, _: make(PointImage(np.ones((21, 21)), np.ones((21, 9)), 0.05)),
    "mask_layer": lambda make, _: make(np.ones((24, 32), np.uint8), 0.07),
    "occupancies_layer": lambda make, _: make(
        sample_occupancies(MESH, np.random.default_rng(1), SOME), "points"
    ),
    "cloud_layer": lambda make, _: make(
        sample_point_cloud(MESH, np.random.default_rng(1), SOME), "points"
    ),
    "tracks_layer": lambda make, _: make(FRAMES, lineage_of(FRAMES), 5.0),
    "surfaces_layer": lambda make, _: make(FRAMES, 5.0),
    "field_frame_layer": lambda make, _: make(
        Rectangle(np.array([1.0, 2.0, 3.0]), np.eye(3), (20, 30), 0.1)
    ),
    "film_layer": lambda make, _: [
        make(np.zeros((2, 8, 9)), 5.0, 0.07, [height]) for height in (0, 1)
    ],
    "image_set_layers": lambda make, folder: make(make_set(folder / "set")),
    "zarr_layers": lambda make, folder: make(zarr(folder)),
    "pixel_layer": lambda make, _: make(PIXELS, *GRID, "pixels", {"kind": "image"}),
    "truth_layer": lambda make, _: [
        make(PIXELS.astype(kind), *GRID, "truth", {"kind": "image"}) for kind in (np.uint8, float)
    ],
    "file_layer": lambda make, folder: make(film(folder), np.zeros((2, 4, 5)), {}, "film"),
    "truth_file_layer": lambda make, folder: make(
        film(folder), np.zeros((2, 4, 5), np.uint8), {"ground_truth": "mask"}, "mask"
    ),
    "errors_layer": lambda make, _: make(labels(), placed_labels(), "errors"),
}


def mesh_file(folder: Path) -> Path:
    write_mesh(MESH, folder / "ring.off", 0.01)
    return folder / "ring.off"


def array_file(folder: Path) -> Path:
    np.savez(folder / "labels.npz", labels())
    return folder / "labels.npz"


def plain_zarr(folder: Path) -> Path:
    from zarr import create_array

    create_array(folder / "plain.zarr", data=labels().astype(np.uint8))
    return folder / "plain.zarr"


def label_file(folder: Path) -> Path:
    return write_ome_tiff(folder / "labels.ome.tif", labels(), (0.03, 0.02, 0.024))


FILES: list[tuple[str, Callable[[Path], Path]]] = [
    ("get_mesh_reader", mesh_file),
    ("get_mesh_reader", lambda folder: library(folder) / "1" / "pointcloud.ply"),
    ("get_occupancy_reader", lambda folder: library(folder) / "1" / "occupancies.npz"),
    ("get_library_reader", library),
    ("get_image_set_reader", lambda folder: make_set(folder / "set")),
    ("get_zarr_reader", zarr),
    ("get_image_reader", lambda folder: write_image(folder / "image.ome.tif", image(3))),
    ("get_image_reader", label_file),
    ("get_label_reader", array_file),
    ("get_volume_reader", plain_zarr),
]


def makers() -> dict[str, Callable[..., Any]]:
    """All public functions that return layers, by name."""
    found = {}
    for module in pkgutil.iter_modules(layers.__path__, f"{layers.__name__}."):
        for name, function in vars(importlib.import_module(module.name)).items():
            ours = inspect.isfunction(function) and function.__module__ == module.name
            if ours and "LayerData" in str(function.__annotations__.get("return")):
                found[name] = function
    return {name: function for name, function in found.items() if not name.startswith("_")}


def check(found: Any) -> None:
    """Every attribute is told, none is left to napari, and the layer has it."""
    from napari.layers import Layer

    for data, attributes, kind in [found] if isinstance(found, tuple) else found:
        layer = Layer.create(data, attributes, kind)
        assert layer.name == attributes["name"] != ""
        for name in ("scale", "translate", "units"):
            assert len(attributes[name]) == layer.ndim, name
        np.testing.assert_allclose(layer.scale, attributes["scale"])
        np.testing.assert_allclose(layer.translate, attributes["translate"])
        assert layer.axis_labels == tuple(attributes["axis_labels"])
        assert layer.axis_labels[-2:] == ("y", "x")
        assert layer.metadata.keys() == {KEY}
        sized = about(layer).get("voxel_nm", True) is not None
        expected = [UNITS.get(axis, "micrometer") for axis in layer.axis_labels]
        assert [str(unit) for unit in layer.units] == (expected if sized else ["pixel"] * 3)
        assert about(layer)["kind"]


def test_every_maker_has_an_example() -> None:
    assert makers().keys() == MAKERS.keys()


@pytest.mark.parametrize("name", MAKERS)
def test_a_layer_that_is_made_tells_all(name: str, tmp_path: Path) -> None:
    check(MAKERS[name](makers()[name], tmp_path))


def test_every_reader_has_an_example() -> None:
    known = {name for name in vars(readers) if re.fullmatch(r"get_\w+_reader", name)}
    assert known == {name for name, _ in FILES}


@pytest.mark.parametrize(("name", "file"), FILES)
def test_a_layer_that_is_read_tells_all(name: str, file: Any, tmp_path: Path) -> None:
    path = str(file(tmp_path))
    check(getattr(readers, name)(path)(path))


def test_the_sample_tells_all() -> None:
    check(samples.mitochondria_phantom())


def test_a_volume_without_a_voxel_size_tells_all_but_that() -> None:
    volume = LabelVolume(labels(), None, "volume")
    check(makers()["volume_layer"](volume))


def test_layers_of_all_kinds_keep_the_units_of_the_viewer(tmp_path: Path) -> None:
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    for name in ("extraction_layers", "image_layer", "film_layer", "cloud_layer", "mask_layer"):
        found = MAKERS[name](makers()[name], tmp_path)
        for layer in [found] if isinstance(found, tuple) else found:
            viewer.add_layer(Layer.create(*layer))
    assert [str(unit) for unit in viewer.layers.units] == ["second", *["micrometer"] * 3]
