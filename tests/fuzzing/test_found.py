"""What the fuzzer found, each made small: one line that names the file, or read as it should be."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import trimesh
import zarr

from napari_3dmsl.cli import main
from napari_3dmsl.compute import Here
from napari_3dmsl.datasets.read.image_set import ImageSet, is_image_set
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE, Journal
from napari_3dmsl.datasets.write.index import LEADING_COLUMNS
from napari_3dmsl.ground_truth.read import read_truth
from napari_3dmsl.image_io.grey_images import read_grey
from napari_3dmsl.image_io.ome_tiff import read_pixels
from napari_3dmsl.image_io.ome_zarr import read_ome_zarr, read_zarr_array, write_ome_zarr
from napari_3dmsl.library.instance_files import cloud_from_ply, occupancies_from_npz
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.library.ownership import FORMAT
from napari_3dmsl.matching.answers import write_answers
from napari_3dmsl.matching.calibration import calibrate_files
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.readers import get_zarr_reader
from napari_3dmsl.reading import reading
from napari_3dmsl.scoring.label_files import read_labels
from napari_3dmsl.shapes.sampling import UnitCube
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

CUBE = UnitCube(np.zeros(3), 1.0)


def refusal(read: Callable[[], Any], path: Path) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]{1,2000}$") as told:
        read()
    assert str(told.value).startswith(str(path))
    return str(told.value)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """An OME-Zarr image of this package with a mask."""
    pixels = np.random.default_rng(0).integers(1, 99, (4, 8, 8)).astype(np.uint16)
    labels = {"mask": (pixels > 50).astype(np.uint8)}
    about = {"software": "napari-3dmsl 0.1.0"}
    return write_ome_zarr(tmp_path / "a.zarr", pixels, (0.1, 0.1, 0.1), about, labels=labels)


@pytest.mark.parametrize("inside", ["0", "labels/mask/0"])
def test_a_damaged_chunk(ours: Path, inside: str) -> None:
    [chunk] = [file for file in (ours / inside / "c").rglob("*") if file.is_file()]
    chunk.write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 20)
    array = ours / inside
    refusal(lambda: read_zarr_array(array.parent), array.parent)
    image = read_ome_zarr(ours)
    pixels = image.pixels if inside == "0" else image.labels["mask"]
    refusal(lambda: pixels[0], array)
    refusal(lambda: np.asarray(pixels), array)
    refusal(lambda: get_zarr_reader(str(ours))(str(ours)), ours)


def test_pixels_of_which_no_chunk_is_there(ours: Path) -> None:
    about = ours / "0" / "zarr.json"
    told = json.loads(about.read_text())
    about.write_text(json.dumps(told | {"shape": [100_000, 100_000, 100_000]}))
    assert "do not fit into" in refusal(lambda: np.asarray(read_ome_zarr(ours).pixels), ours)


@pytest.mark.parametrize("shape", [[0, 8, 8], [8, 8], [2, 4, 8, 8]], ids=str)
def test_pixels_that_do_not_fit_their_axes(ours: Path, shape: list[int]) -> None:
    about = ours / "0" / "zarr.json"
    told = json.loads(about.read_text())
    told["chunk_grid"]["configuration"]["chunk_shape"] = [max(1, length) for length in shape]
    about.write_text(json.dumps(told | {"shape": shape, "dimension_names": None}))
    refusal(lambda: read_ome_zarr(ours), ours)


def test_words_of_a_library_that_quote_a_whole_book(ours: Path) -> None:
    about = ours / "zarr.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"zarr_format": "x" * 100_000}))
    refusal(lambda: read_ome_zarr(ours), ours)


def test_a_mask_whose_bytes_are_neither_0_nor_1(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    mask = np.zeros((4, 5, 6), dtype=np.uint8)
    mask[1:3, 1:3, 1:4] = 128
    np.save(path, mask.view(bool))
    labels = open_labels(path).labels
    assert labels.dtype == bool
    assert labels.view(np.uint8).max() == 1
    np.testing.assert_array_equal(labels, mask > 0)


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,99999999999999999999999\n", ",b\n1,2\n", "a,b\n1,2\n\n", '"a\n', "a,b\n\0,1\n"],
    ids=["a number beyond 64 bits", "no name", "an empty line", "an open quote", "NUL"],
)
def test_tables_of_ground_truth(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    try:
        assert read_truth(path).dtype.names is not None
    except ValueError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - either is right, nothing else is


def test_points_far_out_of_their_cube() -> None:
    names = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    head = f"ply\nformat ascii 1.0\nelement vertex 1\n{names}end_header\n"
    refusal(lambda: cloud_from_ply(f"{head}1e300 0 0 0 0 1\n".encode(), CUBE, "a.ply"), Path("a"))


def test_columns_of_a_cloud_that_are_a_book() -> None:
    names = "property float x\n" * 2000
    content = f"ply\nformat ascii 1.0\nelement vertex 1\n{names}end_header\n0 0 0\n".encode()
    refusal(lambda: cloud_from_ply(content, CUBE, "a.ply"), Path("a"))


def test_an_image_of_a_shape_that_declares_more_than_it_holds(tmp_path: Path) -> None:
    image = tmp_path / "1" / "Conf1_imgs" / "N_0_1_0.tif"
    image.parent.mkdir(parents=True)
    (tmp_path / "1" / "raw_mesh.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    tifffile.imwrite(image, np.ones((8, 8), np.uint16))
    library = ShapeLibrary.open(tmp_path)
    np.testing.assert_array_equal(library.image(1, "Conf1", "0"), np.ones((8, 8)))
    content = bytearray(image.read_bytes())
    with tifffile.TiffFile(image) as tiff:
        tag = tiff.pages[0].tags["ImageLength"]
    struct.pack_into("<HII", content, tag.offset + 2, 4, 1, 2**31)
    image.write_bytes(content)
    assert "do not fit into" in refusal(lambda: library.image(1, "Conf1", "0"), image)


@pytest.mark.parametrize("unit", [0, -1, 24_000, 1e36, True, "24", None, "x" * 9999], ids=range(8))
def test_a_unit_of_meshes_that_no_library_has(tmp_path: Path, unit: Any) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "raw_mesh.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    index = tmp_path / "library.json"
    index.write_text(json.dumps({"format": FORMAT, "unit_nm": unit}))
    assert "unit_nm = " in refusal(lambda: ShapeLibrary.open(tmp_path), index)


@pytest.mark.parametrize(
    "line",
    [b'{"group":"b","rows":' + b"[" * 30_000, b'{"group":"b"}', b'{"group":"b","rows":1}', b"[]"],
    ids=range(4),
)
def test_a_line_of_a_journal_that_is_none_counts_as_cut_off(tmp_path: Path, line: bytes) -> None:
    lines = [b'{"group":"a","rows":[]}', line, b""]
    (tmp_path / JOURNAL_FILE).write_bytes(b"\n".join(lines))
    with Journal(tmp_path) as journal:
        assert list(journal.groups()) == ["a"]


@pytest.mark.parametrize("name", ["a" * 3000, "a\0b", "a\nb"], ids=range(3))
def test_names_in_an_index_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "recipe.lock").write_text("{}\n")
    cells = dict.fromkeys(LEADING_COLUMNS, "1") | {"image": name}
    with (tmp_path / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([LEADING_COLUMNS, cells.values()])
    assert not is_image_set(tmp_path)
    refusal(lambda: ImageSet(tmp_path)[0], tmp_path)


def test_occupancies_far_away(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    told = {"points": np.zeros((8, 3)), "occupancies": np.zeros(1, np.uint8), "scale": 1.0}
    np.savez(path, **told, loc=np.array([1e300, 0, 0]))
    refusal(lambda: occupancies_from_npz(path.read_bytes(), 0.024, str(path)), path)


def test_a_table_that_quotes_a_whole_book(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "raw_mesh.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    table = tmp_path / "meta_locations.csv"
    table.write_text(f"index,cx\n1,{'x' * 100_000}\n")
    refusal(lambda: ShapeLibrary.open(tmp_path), table)


def test_a_recipe_with_a_thousand_wrong_settings(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"ground_truth": [0] * 1000}))
    assert "more" in refusal(lambda: Recipe.load(path), path)


@pytest.mark.parametrize("name", ["../x", "\0", "\ud800", "a" * 30_000], ids=range(4))
@pytest.mark.parametrize("field", ["library", "preset"])
def test_a_recipe_that_names_files_that_cannot_be(
    tmp_path: Path, capsys: Any, name: str, field: str
) -> None:
    told: dict[str, Any] = {"source": {"library": "x"}, "microscopes": ["epi1"]}
    if field == "library":
        told["source"]["library"] = name
    else:
        told["microscopes"] = [{"preset": f"{name}.json"}]
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(told))
    assert main(["dataset", str(path), str(tmp_path / "set")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert str(tmp_path.parent) in error
    assert error.count("\n") == 1
    assert len(error) < 2000
    assert [file.name for file in tmp_path.iterdir()] == ["recipe.json"]


@pytest.mark.parametrize("faces", ["3 0 1 2", "3 0 2 1\n3 0 1 3\n3 0 3 2"], ids=["flat", "open"])
def test_a_surface_that_has_no_skeleton(tmp_path: Path, capsys: Any, faces: str) -> None:
    folder = tmp_path / "library" / "7"
    folder.mkdir(parents=True)
    corners = "0 0 0\n9 0 0\n0 9 0\n0 0 9\n"
    count = faces.count("3 0")
    (folder / "raw_mesh.off").write_text(f"OFF\n4 {count} 0\n{corners}{faces}\n")
    command = ["export", str(folder.parent), str(tmp_path / "out"), "--form", "swc"]
    assert main(command) == 1
    assert capsys.readouterr().err.startswith(f"Error: {folder.parent}: shape 7: ")


def test_a_tiff_whose_pixels_are_of_no_type(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((4, 5, 6), np.uint16), metadata=None)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        struct.pack_into("<H", content, tiff.pages[0].tags["BitsPerSample"].valueoffset, 32767)
    path.write_bytes(content)
    assert main(["info", str(path)]) == 1
    assert "of a type that does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ImageWidth", "ImageLength", "TileWidth", "TileLength"])
@pytest.mark.parametrize(("kind", "value"), [(8, 2**16 - 1), (6, 255), (3, 0), (5, 8)])
def test_a_tiff_whose_size_is_no_number_above_0(
    tmp_path: Path, name: str, kind: int, value: int
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((3, 40, 60), np.uint16), tile=(16, 16))
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages[0].tags[name].offset
    struct.pack_into("<HII", content, place + 2, kind, 1, value)
    path.write_bytes(content)
    for read in (open_labels, read_pixels):
        assert "no number above 0" in refusal(lambda read=read: read(path), path)


def test_an_objective_that_does_not_fit(tmp_path: Path, capsys: Any) -> None:
    mesh, path = tmp_path / "a.off", tmp_path / "tiny.json"
    mesh.write_text("OFF\n3 1 0\n0 0 0\n9 0 0\n0 9 0\n3 0 1 2\n")
    path.write_text(json.dumps({"numerical_aperture": 1.0, "magnification": 1e-9}))
    command = ["simulate", str(mesh), str(tmp_path / "a.tif"), "--microscope", "epi1"]
    assert main([*command, "--objective", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"Error: {path}: cannot be turned in: pixel_nm")


@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
def test_a_tile_that_is_wider_than_anything(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((40, 60), np.uint16), tile=(16, 16), compression=compression)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        tag = tiff.pages[0].tags["TileWidth"]
    struct.pack_into("<H", content, tag.offset + 2, 4)  # a 32-bit number
    struct.pack_into("<I", content, tag.valueoffset, 2**31 - 16)
    path.write_bytes(content)
    assert "do not fit into" in refusal(lambda: read_pixels(path), path)


def test_an_image_of_ours_that_tells_half_of_its_microscope(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.ones((4, 8, 8), np.uint16)
    for optics in ({"name": "a"}, {"name": "a", "modality": "widefield"}, {}):
        about = {"software": "napari-3dmsl 0.1.0", "microscope": optics}
        path = write_ome_zarr(tmp_path / "a.zarr", pixels, (0.1, 0.1, 0.1), about)
        assert main(["info", str(path)]) == 0
        assert "written by napari-3dmsl 0.1.0" in capsys.readouterr().out
    path = write_ome_zarr(tmp_path / "b.zarr", pixels, (0.1, 0.1, 0.1), {"microscope": {}})
    assert main(["info", str(path)]) == 0
    assert "written by napari-3dmsl" in capsys.readouterr().out


@pytest.mark.parametrize("attributes", [[], ["a"], "a", 1.5])
def test_attributes_of_a_zarr_that_are_none(ours: Path, attributes: object) -> None:
    about = ours / "0" / "zarr.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"attributes": attributes}))
    try:
        zarr.open_array(ours / "0", mode="r")
    except (TypeError, ValueError):  # newer versions refuse them, and so do we
        with pytest.raises(ValueError, match=r"/0: damaged Zarr: "):
            open_lazy(ours / "0")
    else:
        assert open_lazy(ours / "0").labels.shape == (4, 8, 8)  # as if there were none


def test_a_table_of_measures_with_endless_counts(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    trimesh.creation.icosphere(2, 20.0).export(tmp_path / "1" / "raw_mesh.off")
    measure_library(tmp_path, place=Here())
    assert ShapeLibrary.open(tmp_path).measured == 1
    with (tmp_path / "measures.csv").open(newline="") as file:
        header, row = csv.reader(file)
    row[header.index("branches")] = "inf"
    with (tmp_path / "measures.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, row])
    assert ShapeLibrary.open(tmp_path).measured == 0


def test_a_name_of_a_whole_book_inside_of_a_container(tmp_path: Path) -> None:
    name = "-" * 30_000
    for error in (KeyError("a"), ValueError(f"{tmp_path / name}: no")):
        told = refusal(lambda error=error: raised(error, tmp_path / name), tmp_path)
        assert told.startswith(f"{tmp_path}/---")


def raised(error: Exception, path: Path) -> None:
    with reading(path, "damaged"):
        raise error


def test_numpy_images_that_tell_of_more_than_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        told = {"descr": "<u2", "fortran_order": False, "shape": (8, 10**12)}
        np.lib.format.write_array_header_1_0(file, told)
        file.write(bytes(128))
    for read in (read_grey, read_labels):
        assert "more memory than there is" not in refusal(lambda read=read: read(path), path)
    np.save(path, np.ones((0, 8, 8), np.uint16))
    assert "without pixels" in refusal(lambda: read_grey(path), path)


def test_noise_of_an_image_that_has_none(tmp_path: Path) -> None:
    for value in (0.0, 1e-200, 200.0):
        pixels = np.zeros((64, 64), np.float64)
        pixels[::2] = value
        np.save(tmp_path / "a.npy", pixels)
        assert calibrate_files([tmp_path / "a.npy"], microscope=load_microscope("epi1")).refusal


def test_answers_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_answers(tmp_path / "a.csv", [])
    assert main(["two-minute-test", "--merge", str(path)]) == 1
    assert capsys.readouterr().err == f"Error: {path}: no answers\n"


def test_masks_of_two_sizes_are_named_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rows in (("truth", 8), ("found", 6)):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.ones((rows, 8), np.uint8))
    paths = [str(tmp_path / f"{name}.tif") for name in ("truth", "found")]
    assert main(["score", *paths]) == 1
    assert f"Error: {paths[0]} and {paths[1]}: the truth has" in capsys.readouterr().err
