"""Occupancies and point clouds dropped on napari: where they lie, their colours, and bad files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_3dmsl import readers
from napari_3dmsl.layers.samples import INSIDE, OUTSIDE
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.shapes.shape import measure_shapes

PLUGIN = "napari-3dmsl"
RADIUS_UM, MIDDLE_UM = 7 * 0.024, np.array([12, 12, 16]) * 0.024


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    """The folder of one shape, a ball, with its samples; units of 10 nm."""
    z, y, x = np.ogrid[:24, :24, :32]
    labels = (z - 12) ** 2 + (y - 12) ** 2 + (x - 16) ** 2 <= 49
    settings = ExtractionSettings(voxel_nm=(24, 24, 24), erosion_nm=0)
    samples = SampleSettings(surface_points=500, occupancy_points=2000)
    shapes = measure_shapes(extract_instances(labels, settings))
    write_library(shapes, tmp_path / "library", unit_nm=10, samples=samples)
    return tmp_path / "library" / "1"


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window."""
    from napari.components import ViewerModel
    from npe2 import PluginManager

    PluginManager.instance().discover()
    return ViewerModel()


def test_occupancies_open_as_points_inside_and_outside(viewer: Any, ball: Path) -> None:
    [layer] = viewer.open(ball / "occupancies.npz", plugin=PLUGIN)
    assert type(layer).__name__ == "Points"
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert len(layer.data) == 2000
    distance = np.linalg.norm(layer.data - MIDDLE_UM, axis=1)
    inside = layer.features["inside"].to_numpy()
    assert inside[distance < RADIUS_UM - 0.024].all()
    assert not inside[distance > RADIUS_UM + 0.024].any()
    assert 0 < inside.sum() < 2000
    np.testing.assert_allclose(layer.face_color[inside], [INSIDE] * inside.sum(), atol=1e-6)
    np.testing.assert_allclose(layer.face_color[~inside], [OUTSIDE] * (~inside).sum(), atol=1e-6)


def test_a_cloud_lies_on_the_mesh_beside_it(viewer: Any, ball: Path, tmp_path: Path) -> None:
    [layer] = viewer.open(ball / "pointcloud.ply", plugin=PLUGIN)
    assert type(layer).__name__ == "Points"
    distance = np.linalg.norm(layer.data - MIDDLE_UM, axis=1)
    np.testing.assert_allclose(distance, RADIUS_UM, atol=0.04)
    normals = layer.features[["nz", "ny", "nx"]].to_numpy()
    outward = (layer.data - MIDDLE_UM) / distance[:, None]
    assert ((normals * outward).sum(axis=1) > 0.7).all()
    alone = tmp_path / "alone.ply"
    alone.write_bytes((ball / "pointcloud.ply").read_bytes())
    [layer] = viewer.open(alone, plugin=PLUGIN)
    assert np.ptp(layer.data, axis=0).max() == pytest.approx(1, abs=0.05)
    assert layer.name == "alone (1 is its longest side)"


@pytest.mark.parametrize(
    "damage", ["truncated", "other arrays", "no archive", "pickled", "missing"]
)
def test_a_wrong_npz_is_told_in_one_line(ball: Path, damage: str) -> None:
    path = ball / "occupancies.npz"
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "other arrays":
        np.savez(path, image=np.ones(3))
    elif damage == "no archive":
        path.write_bytes(b"hello")
    elif damage == "pickled":
        objects = np.array([{}], dtype=object)
        np.savez(path, points=objects, occupancies=objects, loc=objects, scale=objects)
    reader = readers.get_occupancy_reader(str(path))
    assert reader is not None
    with pytest.raises(ValueError, match="occupancies.npz: ") as raised:
        reader(str(path))
    assert "\n" not in str(raised.value)


def test_a_damaged_cloud_is_told_in_one_line(ball: Path) -> None:
    path = ball / "pointcloud.ply"
    path.write_bytes(path.read_bytes()[:-200])
    reader = readers.get_mesh_reader(str(path))
    assert reader is not None
    with pytest.raises(ValueError, match="expected 500 points"):
        reader(str(path))


def test_the_released_samples_lie_on_the_released_mesh(real_data: Path) -> None:
    released = real_data / "3dmsl" / "920"
    mesh = readers.get_mesh_reader("raw_mesh.off")
    assert mesh is not None
    [(surface, _, _)] = mesh(str(released / "raw_mesh.off"))
    low, high = surface[0].min(axis=0), surface[0].max(axis=0)
    [(cloud, _, _)] = mesh(str(released / "pointcloud.ply"))
    # The samples of the release are of a surface that is a little thicker than its mesh.
    np.testing.assert_allclose(cloud.min(axis=0), low, atol=0.04)
    np.testing.assert_allclose(cloud.max(axis=0), high, atol=0.04)
    occupancies = readers.get_occupancy_reader("occupancies.npz")
    assert occupancies is not None
    [(points, attributes, _)] = occupancies(str(released / "occupancies.npz"))
    inside = points[attributes["features"]["inside"]]
    assert (inside.min(axis=0) > low - 0.05).all()
    assert (inside.max(axis=0) < high + 0.05).all()
