"""Results as napari layers: right place, right scale, right names, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.layers import library as library_module
from napari_3dmsl.layers.attributes import KEY, LayerData, about
from napari_3dmsl.layers.class_colours import UNKNOWN_COLOUR, class_colour
from napari_3dmsl.layers.classes import class_layers, shapes_of
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.layers.images import contrast_of, image_layer
from napari_3dmsl.layers.labels import volume_layer, voxel_nm_of
from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.layers.surfaces import SELECTED, mesh_layer, mesh_of_layer, selected_layer
from napari_3dmsl.library import level_of_detail as drawing
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.volumes.open import LabelVolume

VOXEL_NM = (30.0, 20.0, 24.0)  # three sizes, so that axes that are swapped show


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """Two balls and a rod along x."""
    z, y, x = np.ogrid[:36, :60, :90]
    volume = np.zeros((36, 60, 90), np.uint8)
    for middle in (14, 44):
        volume[(z - 18) ** 2 + (y - 14) ** 2 + (x - middle) ** 2 <= 8**2] = 1
    along = np.clip(x, 14, 76)
    volume[(z - 18) ** 2 + (y - 42) ** 2 + (x - along) ** 2 <= 6**2] = 1
    return volume


@pytest.fixture(scope="module")
def extracted(labels: np.ndarray) -> list[LayerData]:
    return extract(labels, downsample=1)


def extract(labels: np.ndarray, **settings: Any) -> list[LayerData]:
    return extraction_layers(labels, ExtractionSettings(voxel_nm=VOXEL_NM, **settings), "volume")


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel

    return ViewerModel()


def shown(viewer: Any, *found: LayerData) -> list[Any]:
    """Add layer data to a viewer."""
    from napari.layers import Layer

    return [viewer.add_layer(Layer.create(*layer)) for layer in found]


@pytest.fixture(scope="module")
def ball() -> Mesh:
    import trimesh

    sphere = trimesh.creation.icosphere(subdivisions=2, radius=0.4)
    return Mesh(
        np.asarray(sphere.vertices) + np.array([1.0, 2.0, 3.0]), np.asarray(sphere.faces, np.int32)
    )


def image_of(mesh: Mesh, planes: int) -> SimulatedImage:
    simulation = Simulation(
        microscope=Microscope(pixel_nm=70, image_size=(24, 32)),
        acquisition=Acquisition(planes=planes, step_nm=200),
        noise="none",
    )
    return simulate_surface(mesh.vertices, mesh.faces, simulation)


def test_instances_are_in_their_place_in_the_volume(
    viewer: Any, labels: np.ndarray, extracted: list[LayerData]
) -> None:
    [instances, *_] = shown(viewer, *extracted)
    np.testing.assert_allclose(instances.scale, [0.030, 0.020, 0.024])
    np.testing.assert_allclose(instances.translate, 0)
    np.testing.assert_array_equal(instances.data > 0, labels > 0)
    assert about(instances)["source"] == "volume"
    assert "3 shapes" in about(instances)["summary"]


@pytest.mark.parametrize("downsample", [1, 2])
def test_surfaces_lie_on_their_labels(viewer: Any, labels: np.ndarray, downsample: int) -> None:
    found = extract(labels, downsample=downsample, erosion_nm=20 * downsample)
    [instances, *_] = shown(viewer, *found)
    shapes = shapes_of(instances)
    assert shapes is not None
    assert list(shapes.ids) == [1, 2, 3]
    for shape_id in shapes.ids:
        voxels = np.argwhere(instances.data == shape_id)
        world = np.array([instances.data_to_world(voxel) for voxel in voxels])
        lowest, highest = shapes.mesh(shape_id).bounds_um
        np.testing.assert_allclose((lowest + highest) / 2, world.mean(axis=0), atol=0.012)
        half = 0.5 * np.array(instances.scale)
        np.testing.assert_allclose(lowest, world.min(axis=0) - half, atol=0.03)
        np.testing.assert_allclose(highest, world.max(axis=0) + half, atol=0.03)


def test_downsampled_labels_stay_where_they_were(labels: np.ndarray) -> None:
    _, attributes, _ = extract(labels, downsample=2, erosion_nm=40)[0]
    np.testing.assert_allclose(attributes["scale"], [0.060, 0.040, 0.048])
    # The middle of a block of two voxels is half a voxel from the middle of its first.
    np.testing.assert_allclose(attributes["translate"], [0.015, 0.010, 0.012])


def test_label_i_is_row_i_of_the_features(viewer: Any, extracted: list[LayerData]) -> None:
    [instances, *_] = shown(viewer, *extracted)
    features = instances.features
    assert features["index"].tolist() == list(range(instances.data.max() + 1))
    assert features["shape_class"].tolist() == ["", "dot", "dot", "rod"]
    assert features["reason"][0] == "background"
    assert np.isnan(features["volume_um3"][0])
    voxel_um3 = np.prod(instances.scale)
    for label in (1, 2, 3):
        count = np.count_nonzero(instances.data == label)
        assert features["volume_um3"][label] == pytest.approx(count * voxel_um3)
    instances.visible = True
    status = instances.get_status((18 * 0.030, 42 * 0.020, 40 * 0.024), world=True)
    assert "shape_class: rod" in " ".join(map(str, status.values()))


def test_classes_have_one_surface_each_in_their_colour(
    viewer: Any, extracted: list[LayerData]
) -> None:
    [instances, *surfaces] = shown(viewer, *extracted)
    assert [layer.name for layer in surfaces] == ["dot (2)", "rod (1)"]
    for layer in surfaces:
        kind = about(layer)["shape_class"]
        assert layer.name.startswith(kind)
        colour = class_colour(kind)
        drawn = layer.colormap.map(np.array([0.0, 1.0]))
        np.testing.assert_allclose(drawn, [rgba(colour)] * 2, atol=0.01)
        assert shapes_of(layer) is shapes_of(instances)
    for label, kind in enumerate(instances.features["shape_class"].tolist()[1:], start=1):
        colour = rgba(class_colour(kind))
        np.testing.assert_allclose(instances.get_color(label), colour, atol=0.01)


def rgba(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0]


def test_the_six_classes_have_six_colours_and_others_are_grey() -> None:
    colours = {class_colour(kind) for kind in ShapeClass}
    assert len(colours) == len(ShapeClass) == 6
    assert class_colour(None) == class_colour("unknown") == UNKNOWN_COLOUR
    assert UNKNOWN_COLOUR not in colours


def test_class_surfaces_hold_the_meshes_of_all_their_shapes(
    extracted: list[LayerData],
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    (vertices, faces, _), _, _ = extracted[1]
    assert len(faces) == sum(len(shapes.mesh(shape_id).faces) for shape_id in (1, 2))
    lows = np.array([shapes.mesh(shape_id).bounds_um[0] for shape_id in (1, 2)])
    np.testing.assert_allclose(vertices.min(axis=0), lows.min(axis=0), atol=1e-5)


def test_many_faces_are_thinned_for_display_only(
    extracted: list[LayerData], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    before = len(shapes.mesh(1).faces)
    monkeypatch.setattr(drawing, "DRAWN_FACES", 2000)
    drawn = sum(len(data[1]) for data, *_ in class_layers(shapes))
    assert 1800 <= drawn <= 2000
    assert len(shapes.mesh(1).faces) == before


def test_the_highlight_lies_a_hair_outside_its_shape(
    extracted: list[LayerData], ball: Mesh
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    for mesh in (ball, shapes.mesh(3)):
        (vertices, faces, _), attributes, kind = selected_layer(mesh)
        assert (kind, attributes["name"]) == ("surface", SELECTED)
        np.testing.assert_array_equal(faces, mesh.faces)
        assert Mesh(vertices.astype(float), faces).volume_um3 > 1.05 * mesh.volume_um3
        away = np.linalg.norm(vertices - mesh.vertices, axis=1)
        assert away.max() < 0.05


def test_one_plane_is_a_2d_image_at_the_size_of_its_pixels(viewer: Any, ball: Mesh) -> None:
    image = image_of(ball, 1)
    [layer] = shown(viewer, image_layer(image, "image", (0.0, 5.0, 7.0)))
    assert layer.data.shape == (24, 32)
    np.testing.assert_allclose(layer.scale, 0.070)
    np.testing.assert_allclose(layer.extent.world.mean(axis=0), [5.0, 7.0], atol=1e-6)
    np.testing.assert_array_equal(layer.data, image.counts[0])
    assert about(layer)["settings"] == image.metadata()


def test_a_stack_is_a_3d_image_at_the_size_of_its_steps(viewer: Any, ball: Mesh) -> None:
    [layer] = shown(viewer, image_layer(image_of(ball, 3), "stack", (1.0, 5.0, 7.0)))
    assert layer.data.shape == (3, 24, 32)
    np.testing.assert_allclose(layer.scale, [0.2, 0.070, 0.070])
    np.testing.assert_allclose(layer.extent.world.mean(axis=0), [1.0, 5.0, 7.0], atol=1e-6)


def test_the_contrast_of_an_image_shows_its_range(ball: Mesh) -> None:
    pixels = image_of(ball, 1).counts
    low, high = contrast_of(pixels)
    assert pixels.min() <= low < high <= pixels.max()
    assert contrast_of(np.full((4, 4), 7)) == (7.0, 8.0)


def test_a_mesh_layer_gives_its_mesh_back(viewer: Any, ball: Mesh) -> None:
    [layer] = shown(viewer, mesh_layer(ball, "ball"))
    back = mesh_of_layer(layer)
    np.testing.assert_allclose(back.vertices, ball.vertices, atol=1e-6)
    np.testing.assert_array_equal(back.faces, ball.faces)


def test_a_surface_in_nanometres_is_read_as_micrometres(viewer: Any, ball: Mesh) -> None:
    layer = viewer.add_surface(
        (ball.vertices * 500, ball.faces), scale=[2, 2, 2], translate=[0, 0, 1000], units="nm"
    )
    moved = ball.vertices + np.array([0, 0, 1])
    np.testing.assert_allclose(mesh_of_layer(layer).vertices, moved, rtol=1e-5)


def test_a_surface_without_units_counts_as_micrometres(viewer: Any, ball: Mesh) -> None:
    layer = viewer.add_surface((ball.vertices, ball.faces))
    np.testing.assert_allclose(mesh_of_layer(layer).vertices, ball.vertices, rtol=1e-6)


def test_a_flat_surface_is_refused(viewer: Any) -> None:
    flat = viewer.add_surface((np.eye(3)[:, :2], np.array([[0, 1, 2]])), name="flat")
    with pytest.raises(ValueError, match="'flat': expected a surface in 3D"):
        mesh_of_layer(flat)


@pytest.mark.parametrize(
    ("units", "scale", "expected"),
    [
        ("µm", (0.03, 0.02, 0.024), VOXEL_NM),
        ("nm", (30, 20, 24), VOXEL_NM),
        ("mm", (3e-5, 2e-5, 2.4e-5), VOXEL_NM),
        ("pixel", (30, 20, 24), None),
        (("pixel", "nm", "nm"), (30, 20, 24), None),
    ],
)
def test_voxel_sizes_are_those_of_the_layer_if_its_units_are_lengths(
    viewer: Any, units: Any, scale: Any, expected: Any
) -> None:
    layer = viewer.add_labels(np.ones((2, 3, 4), np.uint8), scale=scale, units=units)
    found = voxel_nm_of(layer)
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_flat_layer_has_no_voxel_size(viewer: Any) -> None:
    layer = viewer.add_labels(np.ones((3, 4), np.uint8), scale=(20, 20), units="nm")
    assert voxel_nm_of(layer) is None


def test_a_volume_without_a_voxel_size_stays_in_pixels(viewer: Any) -> None:
    volume = LabelVolume(np.ones((2, 3, 4), bool), None, "volume")
    [layer] = shown(viewer, volume_layer(volume))
    assert layer.data.dtype == np.uint8
    assert voxel_nm_of(layer) is None


def test_layers_of_others_have_no_story(viewer: Any) -> None:
    layer = viewer.add_labels(np.ones((2, 3, 4), np.uint8), metadata={KEY: "something else"})
    assert about(layer) == {}
    assert shapes_of(layer) is None


def test_of_a_large_library_only_the_first_shapes_are_drawn(
    extracted: list[LayerData], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: ShapeCollection = extracted[0][1]["metadata"][KEY]["shapes"]
    write_library(shapes.shapes, tmp_path / "library")
    library = ShapeLibrary.open(tmp_path / "library")
    assert [a["name"] for _, a, _ in library_layers(library)] == ["dot (2)", "rod (1)"]
    monkeypatch.setattr(library_module, "DRAWN_SHAPES", 1)
    [(_, attributes, _)] = library_layers(library)
    assert attributes["name"] == "dot (1)"
    assert attributes["metadata"][KEY]["shapes"] is library


def test_extraction_tells_its_progress_and_can_be_stopped(labels: np.ndarray) -> None:
    told: list[tuple[int, int, str]] = []
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    extraction_layers(labels, settings, "volume", lambda *step: told.append(step))
    assert any(total == 3 and done == 3 for done, total, _ in told)
    assert told[-1] == (0, 0, "drawing")

    def stop(done: int, total: int, what: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        extraction_layers(labels, settings, "volume", stop)
