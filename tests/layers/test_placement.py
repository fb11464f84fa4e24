"""Where layers lie: napari's own transforms are the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_3dmsl import writers
from napari_3dmsl.layers.placement import placement_of, placement_of_layer, unmirrored
from napari_3dmsl.layers.surfaces import mesh_layer, mesh_of, mesh_of_layer
from napari_3dmsl.shapes.mesh import Mesh

pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")  # napari's, of its view

PLACES: list[dict[str, Any]] = [
    {"scale": (2, 3, 4), "translate": (5, 6, 7)},
    {"rotate": (10, 20, 30), "scale": (1, 2, 3)},
    {"shear": (0.1, 0.2, 0.3), "translate": (1, 2, 3), "scale": (1, 1, -2)},
    {"affine": np.array([[2, 0, 0, 1], [0, 3, 0.5, 2], [0, 0, -1, 3], [0, 0, 0, 1]])},
    {"rotate": (0, 0, 90), "affine": np.diag([2.0, 3, 4, 1]), "scale": (1, 2, 1)},
]
BOX = (
    np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 4]]),
    [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
)


@pytest.mark.parametrize("place", PLACES)
def test_points_lie_where_napari_shows_them(place: dict[str, Any]) -> None:
    from napari.layers import Image

    layer = Image(np.zeros((3, 4, 5)), **place)
    told = layer.as_layer_data_tuple()[1]
    for found in (placement_of_layer(layer), placement_of(told, 3)):
        for point in ((0, 0, 0), (1, 2, 3), (2, -1, 0.5)):
            np.testing.assert_allclose(found.points(np.array(point)), layer.data_to_world(point))


@pytest.mark.parametrize("place", PLACES)
def test_surfaces_are_honoured_however_they_lie_and_stay_closed_outwards(
    place: dict[str, Any],
) -> None:
    from napari.layers import Surface

    vertices, faces = (np.array(part) for part in BOX)
    layer = Surface((vertices.astype(float), faces), units="nm", **place)
    mesh = mesh_of_layer(layer)
    np.testing.assert_allclose(
        mesh.vertices, [np.array(layer.data_to_world(v)) / 1000 for v in vertices]
    )
    grown = abs(np.linalg.det(placement_of_layer(layer).linear))
    plain = mesh_of((vertices, faces), {"units": "nm"})
    assert mesh.volume_um3 == pytest.approx(plain.volume_um3 * grown)
    assert np.sign(mesh.volume_um3) == np.sign(plain.volume_um3)


@pytest.mark.parametrize("place", PLACES)
def test_voxels_are_turned_along_the_axes_or_refused(place: dict[str, Any]) -> None:
    from napari.layers import Image

    voxels = np.arange(60).reshape(3, 4, 5)
    lies = placement_of_layer(Image(voxels, name="mine", **place))
    if not lies.is_plain:
        with pytest.raises(ValueError, match="layer 'mine' is rotated or sheared"):
            unmirrored(voxels, lies)
        return
    turned, scale, translate = unmirrored(voxels, lies)
    assert (scale > 0).all()
    for index in np.ndindex(voxels.shape):
        [at] = np.argwhere(turned == voxels[index])
        np.testing.assert_allclose(translate + scale * at, lies.points(np.array(index)))


def test_images_are_saved_as_they_are_seen_or_refused(tmp_path: Path) -> None:
    from napari.layers import Image

    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    path = tmp_path / "seen.ome.tif"
    layer = Image(pixels, scale=(-100, 50), affine=np.diag([2.0, 2, 1]), units="nm", name="mine")
    data, attributes, _ = layer.as_layer_data_tuple()
    writers.write_image(str(path), data, attributes)
    np.testing.assert_array_equal(tifffile.imread(path), pixels[::-1])
    with tifffile.TiffFile(path) as file:
        assert 'PhysicalSizeY="0.2"' in file.ome_metadata
    layer.rotate = 30
    data, attributes, _ = layer.as_layer_data_tuple()
    with pytest.raises(ValueError, match="layer 'mine' is rotated or sheared"):
        writers.write_image(str(tmp_path / "no.ome.tif"), data, attributes)
    assert not (tmp_path / "no.ome.tif").exists()


def test_a_mesh_layer_lies_where_its_mesh_lies() -> None:
    vertices, faces = (np.array(part) for part in BOX)
    mesh = Mesh(vertices.astype(float), faces.astype(np.int32))
    data, attributes, _ = mesh_layer(mesh, "box")
    np.testing.assert_allclose(mesh_of(data, attributes).vertices, vertices)
