"""Ground truth files: what is written is what is read, here and by other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ome_types
import pandas
import pytest
import tifffile
import trimesh

from napari_3dmsl.datasets.points import read_points
from napari_3dmsl.datasets.truths import read_table, read_truth, suffix_of, write_table, write_truth
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.sampling import Occupancies, SampleSettings, sample_occupancies


@pytest.fixture
def ball() -> Mesh:
    """A ball of 0.5 µm around (1, 2, 3) µm."""
    made = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    vertices = np.asarray(made.vertices)[:, ::-1] + [1.0, 2.0, 3.0]
    return Mesh(vertices, np.asarray(made.faces, dtype=np.int32)[:, ::-1])


@pytest.mark.parametrize("suffix", [".off", ".ply"])
def test_meshes_keep_their_place_and_winding(tmp_path: Path, ball: Mesh, suffix: str) -> None:
    path = write_truth(tmp_path / f"mesh{suffix}", "mesh", ball)
    back = read_truth(path)
    np.testing.assert_allclose(back.vertices, ball.vertices, atol=1e-6)
    np.testing.assert_array_equal(back.faces, ball.faces)
    other = trimesh.load_mesh(path)
    assert other.volume > 0
    np.testing.assert_allclose(other.centroid * 0.024, [3, 2, 1], atol=1e-6)


def test_occupancies_keep_their_points(tmp_path: Path, ball: Mesh) -> None:
    settings = SampleSettings(surface_points=10, occupancy_points=500)
    made = sample_occupancies(ball, np.random.default_rng(0), settings)
    assert suffix_of(made) == ".npz"
    back = read_truth(write_truth(tmp_path / "occupancies.npz", "occupancies", made))
    assert isinstance(back, Occupancies)
    np.testing.assert_array_equal(back.points, made.points)
    np.testing.assert_array_equal(back.inside, made.inside)
    np.testing.assert_allclose(back.cube.loc_um, [1, 2, 3], atol=1e-9)


@pytest.mark.parametrize(
    ("dtype", "highest", "stored"),
    [
        (bool, 1, np.uint8),
        (np.uint8, 3, np.uint8),
        (np.int64, 3, np.uint16),
        (np.int64, 70_000, np.uint32),
        (np.float32, 3, np.float32),
        (np.float16, 3, np.float32),
    ],
)
def test_arrays_are_stored_in_a_kind_that_tiff_has(
    tmp_path: Path, dtype: Any, highest: int, stored: Any
) -> None:
    pixels = np.zeros((3, 8, 9), dtype)
    pixels[1, 2:5, 3:6] = highest
    path = write_truth(tmp_path / "truth.tif", "truth", pixels, (0.2, 0.1, 0.1))
    back = read_truth(path)
    assert back.dtype == stored
    np.testing.assert_array_equal(back, pixels)
    with tifffile.TiffFile(path) as tiff:
        whole = np.dtype(stored).kind in "iu"
        assert (tiff.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE) == whole
        ome_types.validate_xml(tiff.ome_metadata)
        assert ome_types.from_xml(tiff.ome_metadata).images[0].pixels.physical_size_z == 0.2


def test_classes_are_channels(tmp_path: Path) -> None:
    pixels = np.zeros((2, 3, 8, 8), np.uint8)
    told: dict[str, Any] = {"axes": "CZYX", "channels": ("dot", "rod")}
    path = write_truth(tmp_path / "semantic.tif", "semantic", pixels, (0.2, 0.1, 0.1), **told)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.series[0].axes == "CZYX"
        ome = ome_types.from_xml(tiff.ome_metadata)
    assert [channel.name for channel in ome.images[0].pixels.channels] == ["dot", "rod"]


def test_tables_come_back_and_open_in_pandas_and_as_emitters(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        **{name: rng.uniform(0, 9, 50) for name in ("z_um", "y_um", "x_um")},
        "brightness": np.ones(50),
        "track": np.arange(50),
        "event": np.array(["fission", "fusion, late"] * 25),
    }
    path = write_truth(tmp_path / "emitters.csv", "emitters", columns)
    back = read_truth(path)
    for name, column in columns.items():
        assert back[name].dtype.kind == column.dtype.kind
        np.testing.assert_array_equal(back[name], column)
    table = pandas.read_csv(path, float_precision="round_trip")
    assert table["x_um"].tolist() == columns["x_um"].tolist()
    positions, _ = read_points(path)
    np.testing.assert_array_equal(positions[:, 0], columns["z_um"])
    again = write_table(tmp_path / "again.csv", back)
    assert again.read_bytes() == path.read_bytes()


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    path = write_table(tmp_path / "tracks.csv", {"track": [], "parent": []})
    assert read_table(path).dtype.names == ("track", "parent")
    assert len(read_table(path)) == 0


def test_masks_of_zarr_images_are_read_as_arrays(tmp_path: Path) -> None:
    pytest.importorskip("zarr", minversion="3")
    from napari_3dmsl.datasets.ome_zarr import write_ome_zarr

    mask = np.arange(64, dtype=np.uint8).reshape(8, 8)
    told: dict[str, Any] = {"labels": {"mask": mask}}
    path = write_ome_zarr(tmp_path / "a.zarr", mask + 1.5, (0.1, 0.1), {}, **told)
    np.testing.assert_array_equal(read_truth(path), mask + 1.5)
    np.testing.assert_array_equal(read_truth(path / "labels" / "mask"), mask)
    with pytest.raises(ValueError, match="no OME-Zarr image here"):
        read_truth(path / "labels" / "depth")


@pytest.mark.parametrize(
    ("name", "truth", "message"),
    [
        ("mask.csv", np.zeros((8, 8)), "mask is written as .tif or .tiff"),
        ("mask.tif", {"a": [1]}, "mask is written as .csv"),
        ("mask.csv", {"a": [1], "b": [1, 2]}, "columns of one length: a, b"),
        ("mask.tif", np.zeros((8, 8), complex), "no pixels of type complex128"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, name: str, truth: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_truth(tmp_path / name, "mask", truth)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.tif", "a.csv", "a.off", "a.ply", "a.npz", "a.zarr", "a.txt"])
def test_missing_files_are_told_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name) as error:
        read_truth(tmp_path / name)
    assert "\n" not in str(error.value)
