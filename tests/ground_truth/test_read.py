"""Ground truth files as other programs write them, and damaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import tifffile
import trimesh

from napari_3dmsl.ground_truth.read import read_table, read_truth
from napari_3dmsl.library.mesh_units import mesh_unit_nm


@pytest.mark.parametrize("suffix", [".off", ".ply"])
def test_meshes_are_in_micrometres_and_face_outwards(tmp_path: Path, suffix: str) -> None:
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    ball.apply_translation([3, 2, 1])
    path = tmp_path / f"mesh{suffix}"
    ball.export(path)
    mesh = read_truth(path)
    assert mesh.volume_um3 == pytest.approx(ball.volume)
    np.testing.assert_allclose(mesh.vertices.mean(axis=0), [1, 2, 3], atol=1e-6)


def test_napari_is_told_the_unit_of_the_meshes_of_a_set(tmp_path: Path) -> None:
    for name in ("meshes/a.off", "meshes/a/frame0000_label00001.off", "7/Conf1_meshes/a.off"):
        assert mesh_unit_nm(tmp_path / "set" / name) == 24.0
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "recipe.lock").touch()
    for name in ("meshes/a.off", "meshes/a/frame0000_label00001.off", "7/Conf1_meshes/a.off"):
        assert mesh_unit_nm(tmp_path / "set" / name) == 1000.0


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_pixels_are_read_whoever_wrote_them(tmp_path: Path, compression: str | None) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (3, 8, 9)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression)
    np.testing.assert_array_equal(read_truth(tmp_path / "a.tif"), pixels)


def test_arrays_by_name_and_never_a_pickle(tmp_path: Path) -> None:
    points, inside = np.eye(3), np.array([True, False, True])
    np.savez_compressed(tmp_path / "a.npz", points_um=points, inside=inside)
    found = read_truth(tmp_path / "a.npz")
    np.testing.assert_array_equal(found["points_um"], points)
    np.testing.assert_array_equal(found["inside"], inside)
    np.savez(tmp_path / "b.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"b.npz: damaged: .*allow_pickle") as error:
        read_truth(tmp_path / "b.npz")
    assert "\n" not in str(error.value)


def test_tables_are_read_as_pandas_writes_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "z_um": rng.uniform(0, 9, 50),
        "track": np.arange(50),
        "parents": np.array(["", "1 2"] * 25),
        "event": np.array(["fission", "fusion, late"] * 25),
    }
    pandas.DataFrame(columns).to_csv(tmp_path / "a.csv", index=False)
    table = read_truth(tmp_path / "a.csv")
    assert table.dtype.names == tuple(columns)
    for name, column in columns.items():
        assert table[name].dtype.kind == column.dtype.kind
        np.testing.assert_array_equal(table[name], column)


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_text("track,parent\n")
    table = read_table(tmp_path / "tracks.csv")
    assert table.dtype.names == ("track", "parent")
    assert len(table) == 0


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "lineage.csv").write_text("track,parents\n1,\n2,1\n")
    (tmp_path / "man_track.txt").write_text("1 0 4 0\n2 5 9 1\n")
    (tmp_path / ".man_track.txt.part").touch()
    found = read_truth(tmp_path)
    assert list(found) == ["lineage", "man_track"]
    assert found["man_track"].tolist() == [[1, 0, 4, 0], [2, 5, 9, 1]]


def test_masks_of_zarr_images_are_read_as_arrays(tmp_path: Path) -> None:
    pytest.importorskip("zarr", minversion="3")
    from napari_3dmsl.image_io.ome_zarr import write_ome_zarr

    mask = np.arange(64, dtype=np.uint8).reshape(8, 8)
    told: dict[str, Any] = {"labels": {"mask": mask}}
    path = write_ome_zarr(tmp_path / "a.zarr", mask + 1.5, (0.1, 0.1), {}, **told)
    np.testing.assert_array_equal(read_truth(path), mask + 1.5)
    np.testing.assert_array_equal(read_truth(path / "labels" / "mask"), mask)
    with pytest.raises(ValueError, match="no OME-Zarr image here"):
        read_truth(path / "labels" / "depth")


@pytest.mark.parametrize("name", ["a.tif", "a.csv", "a.off", "a.ply", "a.npz", "a.zarr", "a.txt"])
def test_missing_files_are_told_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name) as error:
        read_truth(tmp_path / name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "line 1: expected the names"),
        ("a.csv", "a,a\n1,2\n", "line 1: expected the names of the columns, each once"),
        ("a.csv", "a,b\n1,2\n3\n", "line 3: 1 cells for 2 columns"),
        ("a.npz", "PK", "a.npz: damaged"),
        ("a.tif", "II*", "cannot read this TIFF"),
        ("a.off", "OFF\n4 4 0\n", "truncated or empty"),
        ("a.txt", "1 2\n3\n", "not whole numbers in columns"),
        ("a.bin", "", "no ground truth; known are"),
    ],
)
def test_damaged_files_are_told_in_one_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        read_truth(tmp_path / name)
    assert "\n" not in str(error.value)
