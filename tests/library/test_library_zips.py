"""Libraries in zips, and the files of an instance, against zipfile, NumPy and trimesh."""

import io
import struct
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import tifffile
import trimesh
from refusals import refusal

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.library import instance_files as library_files
from napari_3dmsl.library import zip_cache as archive_cache
from napari_3dmsl.library.instance_files import image_file
from napari_3dmsl.library.library import ShapeLibrary, is_library, write_library
from napari_3dmsl.library.table import as_dataframe
from napari_3dmsl.library.zip_archive import ZipArchive
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.sampling import SampleSettings

OFF = b"OFF\n4 4 0\n0 0 0\n2 0 0\n0 4 0\n0 0 8\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n"
FEW = SampleSettings(surface_points=500, occupancy_points=1003)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(folder))
    return folder


def attempt(call):
    """What a call gives and None, or None and what it refuses with."""
    try:
        return call(), None
    except ValueError as error:
        return None, str(error)


def make_zip(path, files, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def good_arrays():
    points = np.linspace(-0.5, 0.5, 30).reshape(10, 3).astype(np.float16)
    bits = np.packbits(np.arange(10) % 2 == 0)
    return {"points": points, "occupancies": bits, "loc": np.array([1.0, 2, 4]), "scale": 8.0}


def tiff(value):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.full((4, 4), value, np.uint16))
    return buffer.getvalue()


def test_zips_are_written_as_released_and_read_in_place(tmp_path, small_shapes):
    shapes = small_shapes[:5]
    write_library(shapes, tmp_path / "folders", samples=FEW, seed=3)
    write_library(shapes, tmp_path / "zips", samples=FEW, seed=3, shapes_per_zip=2)
    names = sorted(path.name for path in (tmp_path / "zips").iterdir())
    assert names == ["1_1_3.zip", "2_3_5.zip", "3_5_6.zip", "library.json", "meta_locations.csv"]
    for archive in (tmp_path / "zips").glob("*.zip"):
        with zipfile.ZipFile(archive) as file:
            assert file.testzip() is None
            for name in file.namelist():
                assert file.read(name) == (tmp_path / "folders" / name).read_bytes()
    unpacked, zipped = (ShapeLibrary.open(tmp_path / name) for name in ("folders", "zips"))
    assert zipped.table == unpacked.table
    assert zipped.settings == unpacked.settings
    for shape in shapes:
        np.testing.assert_array_equal(zipped.mesh(shape.id).faces, shape.mesh.faces)
        np.testing.assert_allclose(zipped.mesh(shape.id).vertices, shape.mesh.vertices, atol=1e-10)
    one = ShapeLibrary.open(tmp_path / "zips" / "2_3_5.zip")
    assert one.ids == [3, 4]
    assert one.table["reason"] == zipped.table["reason"][2:4]


def test_the_same_shapes_and_seed_give_the_same_bytes(tmp_path, small_shapes):
    for name in ("a", "b"):
        write_library(small_shapes[:2], tmp_path / name, samples=FEW, seed=1, shapes_per_zip=9)
    write_library(small_shapes[1:2], tmp_path / "c", samples=FEW, seed=1)
    first, second = ((tmp_path / name / "1_1_3.zip").read_bytes() for name in ("a", "b"))
    assert first == second
    cloud = (tmp_path / "c" / "2" / "pointcloud.ply").read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / "1_1_3.zip") as file:
        assert file.read("2/pointcloud.ply") == cloud


def test_samples_are_files_that_others_read_and_map_back_to_the_mesh(tmp_path, small_shapes):
    shape = next(found for found in small_shapes if found.classification.shape_class == "dot")
    write_library([shape], tmp_path / "library", samples=FEW)
    folder = tmp_path / "library" / str(shape.id)
    raw = trimesh.load_mesh(folder / "raw_mesh.off", process=False)
    stored = np.load(folder / "occupancies.npz")
    assert {name: (stored[name].dtype.name, stored[name].shape) for name in stored} == {
        "points": ("float16", (1003, 3)),
        "occupancies": ("uint8", (126,)),
        "loc": ("float64", (3,)),
        "scale": ("float64", ()),
    }
    np.testing.assert_allclose(stored["loc"], raw.bounds.mean(axis=0))
    np.testing.assert_allclose(stored["scale"], raw.extents.max())
    inside = np.unpackbits(stored["occupancies"])[:1003].astype(bool)
    points = stored["points"].astype(float) * stored["scale"] + stored["loc"]
    columns = Mesh(np.array(raw.vertices), np.array(raw.faces, np.int32))
    np.testing.assert_array_equal(inside_mesh(columns, points), inside)
    cloud = trimesh.load(folder / "pointcloud.ply")
    world = cloud.vertices * stored["scale"] + stored["loc"]
    assert np.abs(trimesh.proximity.closest_point_naive(raw, world[:20])[1]).max() < 1e-3
    library = ShapeLibrary.open(tmp_path / "library")
    read = library.occupancies(shape.id)
    np.testing.assert_array_equal(read.inside, inside)
    np.testing.assert_allclose(read.cube.to_world(read.points)[:, ::-1] / 0.024, points)
    back = library.point_cloud(shape.id)
    np.testing.assert_allclose(back.cube.to_world(back.points)[:, ::-1] / 0.024, world, atol=1e-4)
    directions = shape.mesh.bounds_um.mean(axis=0) - back.cube.to_world(back.points)
    assert np.mean((directions * back.normals).sum(axis=1) < 0) > 0.9  # a dot: outward


def test_zips_of_one_instance_have_their_files_at_the_top(tmp_path):
    files = {"Conf1_imgs/": b"", "raw_mesh.off": OFF, "Occupancies.npz": npz(**good_arrays())}
    for name in ("Conf1_imgs/N_0_920_x90.tif", "Conf2_imgs/0_920_0.tif", "Epi1_imgs/N_0_920_0.tif"):
        files[name] = tiff(len(name))
    library = ShapeLibrary.open(make_zip(tmp_path / "920.zip", files))
    assert library.ids == [920]
    assert library.mesh(920).volume_um3 == pytest.approx(2 * 4 * 8 / 6 * 0.024**3)
    np.testing.assert_allclose(library.mesh(920).bounds_um[1], [8 * 0.024, 4 * 0.024, 2 * 0.024])
    assert library.occupancies(920).inside.tolist() == [True, False] * 5
    np.testing.assert_allclose(library.occupancies(920).cube.loc_um, [4 * 0.024, 0.048, 0.024])
    assert set(library.images(920)) == {("Conf1", "x90"), ("Conf2", "0"), ("Epi1", "0")}
    assert library.image(920, "Conf2", "0").tolist() == [[len("Conf2_imgs/0_920_0.tif")] * 4] * 4
    assert "no image Conf2 z90" in refusal(library.image, 920, "Conf2", "z90")
    assert "pointcloud.ply: no such file" in refusal(library.point_cloud, 920)
    assert image_file(920, "Conf1", "x90") == "Conf1_imgs/N_0_920_x90.tif"
    assert image_file(920, "Epi1", "0") == "Epi1_imgs/0_920_0.tif"


def test_folders_inside_zips_and_unpacked_zips_are_found(tmp_path):
    names = ("deep/1_1_3/1/raw_mesh.off", "deep/1_1_3/2/raw_mesh.off", "__MACOSX/1/._raw_mesh.off")
    make_zip(tmp_path / "1_1_3.zip", dict.fromkeys(names, OFF))
    (tmp_path / "notes.zip").write_bytes(b"not even a zip")
    assert ShapeLibrary.open(tmp_path).ids == [1, 2]
    (tmp_path / "2_3_5" / "4").mkdir(parents=True)
    (tmp_path / "2_3_5" / "4" / "raw_mesh.off").write_bytes(OFF)
    assert ShapeLibrary.open(tmp_path).ids == [4]
    assert len(ShapeLibrary.open(tmp_path).mesh(4).faces) == 4


def test_the_released_table_is_joined_by_row(tmp_path):
    make_zip(tmp_path / "1_1_3.zip", {"1/raw_mesh.off": OFF, "2/raw_mesh.off": OFF})
    header = ",cx,cy,cz,voxel_counts,bbx,bby,bbz\n"
    row = '{0},{0}.5,2.0,3.0,{0}00,"slice(0, 1, None)","slice(0, 2, None)","slice(0, 3, None)"\n'
    text = header + "".join(row.format(number) for number in range(4))
    (tmp_path / "meta_locations.csv").write_text(text)
    for path in (tmp_path, tmp_path / "1_1_3.zip"):
        table = ShapeLibrary.open(path).table
        assert table["index"] == [1, 2]
        assert table["voxel_counts"] == [100, 200]
        assert table["cx"] == [1.5, 2.5]
        assert table["bby"] == ["slice(0, 2, None)"] * 2
        assert table["shape_class"] == [None, None]
    (tmp_path / "meta_locations.csv").write_text(
        text.replace("\n0,", "\n")
        .replace("\n1,", "\n")
        .replace("\n2,", "\n")
        .replace("\n3,", "\n")[1:]
    )
    assert ShapeLibrary.open(tmp_path).table["voxel_counts"] == [100, 200]
    (tmp_path / "meta_locations.csv").write_text(header + row.format(1))
    assert "no row for shape 2" in refusal(ShapeLibrary.open, tmp_path)


def test_pandas_gets_the_same_table_from_memory_and_disk(tmp_path, small_shapes, monkeypatch):
    write_library(small_shapes[:3], tmp_path / "library")
    memory = as_dataframe(ShapeCollection(small_shapes[:3]))
    disk = as_dataframe(ShapeLibrary.open(tmp_path / "library"))
    pd.testing.assert_frame_equal(disk[memory.columns], memory)
    assert list(memory.index) == [1, 2, 3]
    assert disk.loc[2, "voxel_counts"] == small_shapes[1].voxel_count
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "napari-3dmsl[pandas]" in refusal(as_dataframe, ShapeCollection(small_shapes[:1]))


def test_every_truncation_and_flipped_byte_is_refused_or_harmless(tmp_path):
    path = make_zip(tmp_path / "7.zip", {"7/raw_mesh.off": OFF, "7/occupancies.npz": b"x" * 50})
    whole = path.read_bytes()
    truth = ShapeLibrary.open(path).mesh(7)

    def is_read(content):
        path.write_bytes(content)
        mesh, refused = attempt(lambda: ShapeLibrary.open(path).mesh(7))
        if refused is None:
            np.testing.assert_array_equal(mesh.vertices, truth.vertices)
        else:
            assert "\n" not in refused
        return refused is None

    assert not any(is_read(whole[:length]) for length in range(len(whole)))
    for at in range(len(whole)):
        is_read(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    assert is_read(whole)


@pytest.mark.parametrize("name", ["../1/raw_mesh.off", "/1/raw_mesh.off", "a/../1/x", "C:/1/x"])
def test_names_that_lead_out_of_the_zip_are_refused(tmp_path, name):
    path = make_zip(tmp_path / "1.zip", {"1/raw_mesh.off": OFF, name: b""})
    assert "leads out" in refusal(ShapeLibrary.open, path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "1.zip", {"1/raw_mesh.off": b"0" * 50_000})
    monkeypatch.setattr("napari_3dmsl.library.zip_archive.LARGEST_FILE", 40_000)
    assert "claims 50000 bytes" in refusal(ShapeLibrary.open, path)
    # One that lies: it claims 100 bytes and unpacks to more.
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, 100)
    path.write_bytes(content)
    assert "not what its size" in refusal(ShapeLibrary.open(path).mesh, 1)
    struct.pack_into("<I", content, directory + 24, 0xFFFFFFFF)
    path.write_bytes(content)
    assert "claims" in refusal(ShapeLibrary.open, path)


def test_other_damage_is_named(tmp_path):
    twice = tmp_path / "1.zip"
    with zipfile.ZipFile(twice, "w") as file:
        file.writestr("1/raw_mesh.off", OFF)
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("1/raw_mesh.off", OFF)
    assert "there twice" in refusal(ShapeLibrary.open(twice).mesh, 1)
    make_zip(tmp_path / "1_1_2.zip", {"1/raw_mesh.off": OFF})
    assert "in two zips" in refusal(ShapeLibrary.open, tmp_path)
    packed = tmp_path / "5.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("5/raw_mesh.off", OFF)
    assert "other than deflate" in refusal(ShapeLibrary.open(packed).mesh, 5)
    empty = make_zip(tmp_path / "6.zip", {"readme.txt": b""})
    assert "no shape library" in refusal(ShapeLibrary.open, empty)
    assert [is_library(path) for path in (empty, packed, tmp_path)] == [False, True, True]


def test_zip64_archives_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20)
    files = {f"{number}/raw_mesh.off": OFF for number in (1, 2, 3)}
    path = make_zip(tmp_path / "1_1_4.zip", files)
    assert b"PK\x06\x06" in path.read_bytes()
    library = ShapeLibrary.open(path)
    assert library.ids == [1, 2, 3]
    assert len(library.mesh(3).faces) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an OFF"),
        (b"ply\n", "not an OFF"),
        (OFF[:-9], "faces"),
        (OFF.replace(b"3 1 2 3", b"4 1 2 3"), "triangles"),
        (OFF.replace(b"3 1 2 3", b"3 1 2 9"), "does not have"),
        (OFF.replace(b"2 0 0", b"2 nan 0"), "no number"),
        (OFF.replace(b"2 0 0", b"2 1e999 0"), "finite"),
        (OFF.replace(b"2 0 0", b"2 0-0"), "number"),
        (OFF.replace(b"4 4 0", b"999999999999 4 0"), "truncated"),
        (OFF.replace(b"4 4 0", b"0 0 0"), "empty"),
    ],
)
def test_damaged_meshes_are_refused(tmp_path, content, reason):
    path = make_zip(tmp_path / "1.zip", {"1/raw_mesh.off": content})
    assert reason in refusal(ShapeLibrary.open(path).mesh, 1)


def test_meshes_of_other_writers_are_read():
    truth = library_files.mesh_from_off(OFF, 1.0, "plain")
    for other in (
        OFF.replace(b"\n", b"\r\n"),
        OFF.replace(b"\n0 0 0\n", b"\n\n# corners\n0 0 0 # the first\n\n"),
        OFF.replace(b"OFF\n4", b"OFF 4"),
        OFF[:-1],
    ):
        mesh = library_files.mesh_from_off(other, 1.0, "other")
        np.testing.assert_array_equal(mesh.vertices, truth.vertices)
        np.testing.assert_array_equal(mesh.faces, truth.faces)


def test_damaged_occupancies_are_refused(tmp_path):
    def reading(content):
        return lambda: library_files.occupancies_from_npz(content, 0.024, "occupancies.npz")

    good = good_arrays()
    whole = npz(**good)
    assert reading(whole)().inside.sum() == 5
    plain = reading(npz(**good | {"occupancies": np.ones(10, bool)}))()
    assert plain.inside.all()
    pickled = npz(**good | {"loc": np.array([{}, 1, 2], dtype=object)})
    assert "not of numbers" in refusal(reading(pickled))
    assert "wrong shape" in refusal(reading(npz(**good | {"points": np.zeros((10, 2))})))
    assert "one bit a point" in refusal(reading(npz(**good | {"points": np.zeros((90, 3))})))
    assert "no array scale" in refusal(reading(npz(**{n: good[n] for n in list(good)[:3]})))
    assert "above 0" in refusal(reading(npz(**good | {"scale": 0.0})))
    lying = bytearray(whole)
    for at in range(len(whole)):
        lying[at] ^= 0xFF
        assert "\n" not in (attempt(reading(bytes(lying)))[1] or "")
        lying[at] ^= 0xFF
        if at % 16 == 0:
            refusal(reading(whole[:at]))


def test_damaged_point_clouds_are_refused(small_shapes, tmp_path):
    write_library(small_shapes[:1], tmp_path / "library", samples=FEW)
    path = tmp_path / "library" / "1" / "pointcloud.ply"
    whole = path.read_bytes()
    read = ShapeLibrary.open(tmp_path / "library").point_cloud
    for content, reason in (
        (whole[:-20], "six finite"),
        (whole.replace(b"ascii", b"binary_little_endian"), "not an ASCII PLY"),
        (whole.replace(b"float nx", b"float red"), "columns"),
        (whole.replace(b"end_header\n", b"end_header\nx"), "no number"),
    ):
        path.write_bytes(content)
        assert reason in refusal(read, 1)
    indented = whole.replace(b"\nformat", b"\n    format").replace(b"\nprop", b"\n    prop")
    path.write_bytes(indented)  # as released
    assert len(read(1).points) == 500


def test_the_index_of_large_zips_is_kept_and_never_trusted_blindly(
    tmp_path, own_cache, monkeypatch
):
    monkeypatch.setattr("napari_3dmsl.library.zip_archive._WORTH_KEEPING", 2)
    path = make_zip(tmp_path / "1_1_3.zip", {"1/raw_mesh.off": OFF, "2/raw_mesh.off": OFF})
    assert ZipArchive(path).ids == [1, 2]
    [kept] = own_cache.glob("zips/*")
    with monkeypatch.context() as patch:
        patch.setattr(ZipArchive, "_index", lambda self: pytest.fail("the index was not used"))
        assert len(ShapeLibrary.open(path).mesh(2).faces) == 4
    for nonsense in (b"", b"PK", kept.read_bytes()[:100], npz(stamp=np.zeros(3))):
        kept.write_bytes(nonsense)
        assert ShapeLibrary.open(path).ids == [1, 2]
    make_zip(path, {"4/raw_mesh.off": OFF, "5/raw_mesh.off": OFF, "6/raw_mesh.off": OFF})
    assert ShapeLibrary.open(path).ids == [4, 5, 6]
    open_before = ShapeLibrary.open(path)
    make_zip(path, {"8/raw_mesh.off": OFF * 3, "9/raw_mesh.off": OFF})
    assert str(path) in refusal(open_before.mesh, 5)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(blocked))
    assert ShapeLibrary.open(path).ids == [8, 9]


def test_the_cache_lies_where_the_system_keeps_such_files(monkeypatch, tmp_path):
    monkeypatch.delenv("NAPARI_3DMSL_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert archive_cache.cache_folder() == tmp_path / "napari-3dmsl"


@pytest.mark.real_data
def test_the_released_zip_reads_as_the_released_folder(real_data):
    folder, zipped = (ShapeLibrary.open(real_data / "3dmsl" / name) for name in ("", "920.zip"))
    assert folder.ids == zipped.ids == [920]
    np.testing.assert_array_equal(folder.mesh(920).vertices, zipped.mesh(920).vertices)
    other = trimesh.load_mesh(real_data / "3dmsl" / "920" / "raw_mesh.off", process=False)
    np.testing.assert_allclose(zipped.mesh(920).vertices[:, ::-1], other.vertices * 0.024)
    np.testing.assert_array_equal(zipped.mesh(920).faces[:, ::-1], other.faces)
    assert zipped.images(920) == folder.images(920)
    assert len(zipped.images(920)) == 18
    assert zipped.image(920, "Conf1", "x90").shape == (128, 128)
    cloud = zipped.point_cloud(920)
    assert cloud.points.shape == (100_000, 3)
    assert np.abs(cloud.points).max() < 0.52
    assert zipped.occupancies(920).points.shape == (100_000, 3)
    np.testing.assert_allclose(zipped.occupancies(920).cube.loc_um, cloud.cube.loc_um)
