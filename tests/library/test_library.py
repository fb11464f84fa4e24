import csv
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from refusals import refusal

from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.shapes.shape import feature_table


@pytest.fixture
def folder(tmp_path, small_shapes):
    write_library(small_shapes[:4], tmp_path / "library", settings={"voxel_nm": (48, 48, 48)})
    return tmp_path / "library"


def test_a_library_reads_back_as_it_was_written(folder, small_shapes):
    library = ShapeLibrary.open(folder)
    assert len(library) == 4
    assert library.ids == [shape.id for shape in small_shapes[:4]]
    for name, column in feature_table(small_shapes[:4]).items():
        assert library.table[name] == column
    assert library.settings == {"voxel_nm": [48, 48, 48]}
    for shape in small_shapes[:4]:
        mesh = library.mesh(shape.id)
        np.testing.assert_allclose(mesh.vertices, shape.mesh.vertices, atol=1e-8)
        np.testing.assert_array_equal(mesh.faces, shape.mesh.faces)


def test_classes_are_counted_in_their_order(tmp_path, small_shapes):
    write_library(small_shapes, tmp_path / "all")
    counts = ShapeLibrary.open(tmp_path / "all").class_counts
    expected = {"dot": 12, "rod": 12, "network": 5, "donut": 6, "mega": 2, "nano-tunnel": 1}
    assert list(counts.items()) == list(expected.items())


def test_meshes_are_xyz_in_units_of_24_nm_with_outward_faces(folder, small_shapes):
    shape = small_shapes[0]
    mesh = trimesh.load_mesh(folder / str(shape.id) / "raw_mesh.off", process=False)
    assert mesh.volume * 0.024**3 == pytest.approx(shape.mesh.volume_um3)
    np.testing.assert_allclose(mesh.bounds[:, ::-1] * 0.024, shape.mesh.bounds_um)


def test_the_table_has_the_released_columns(folder, small_shapes):
    with (folder / "meta_locations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:8] == ["index", "cx", "cy", "cz", "voxel_counts", "bbx", "bby", "bbz"]
    shape = small_shapes[0]
    np.testing.assert_allclose(float(rows[0]["cx"]) * 0.024, shape.centroid_um[2])
    size = (shape.bounds_um[1] - shape.bounds_um[0])[2] / 0.024
    low, high = rows[0]["bbx"].removeprefix("slice(").split(",")[:2]
    assert int(high) - int(low) == pytest.approx(size, abs=1)


def test_a_library_is_replaced_but_nothing_else(folder, tmp_path, small_shapes):
    assert "a shape library is there" in refusal(write_library, small_shapes[4:6], folder)
    assert len(ShapeLibrary.open(folder)) == 4
    write_library(small_shapes[4:6], folder, unit_nm=48, replace=True)
    assert ShapeLibrary.open(folder).ids == [shape.id for shape in small_shapes[4:6]]
    assert ShapeLibrary.open(folder).unit_nm == 48
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.txt").write_text("years of work")
    assert "not a shape library" in refusal(write_library, small_shapes[:1], precious)
    precious_zip = tmp_path / "photos.zip"
    precious_zip.write_bytes(b"not ours")
    assert "no library of ours" in refusal(write_library, small_shapes[:1], precious_zip)
    assert precious_zip.read_bytes() == b"not ours"
    assert "a file" in refusal(write_library, small_shapes[:1], precious / "chapter.txt")
    assert (precious / "chapter.txt").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    write_library(small_shapes[:1], tmp_path / "empty")
    assert len(ShapeLibrary.open(tmp_path / "empty")) == 1


@pytest.mark.parametrize("options", [{}, {"shapes_per_zip": 1}])
def test_replacing_a_library_leaves_what_others_put_there(tmp_path, small_shapes, options):
    folder, first = tmp_path / "library", small_shapes[0].id
    write_library(small_shapes[:4], folder, samples=SampleSettings(), **options)
    theirs = ["notes.txt", f"{first}/photo.tif", "plots/a.png", "920.zip", ".hidden"]
    for name in theirs:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"of somebody")
    with zipfile.ZipFile(folder / "1_1_3.zip", "w") as archive:  # named as ours, but no such thing
        archive.writestr("1/raw_mesh.off", "theirs")
    theirs.append("1_1_3.zip")
    write_library(small_shapes[4:6], folder, replace=True)
    library = ShapeLibrary.open(folder)
    assert library.ids == [shape.id for shape in small_shapes[4:6]]
    ours = ["library.json", "meta_locations.csv", *(f"{i}/raw_mesh.off" for i in library.ids)]
    assert sorted(files_in(folder)) == sorted([*theirs, *ours])
    assert all((folder / name).read_bytes() == b"of somebody" for name in theirs[:-1])


def test_a_library_is_not_replaced_where_it_is_unclear_what_is_ours(tmp_path, small_shapes):
    folder = tmp_path / "library"
    write_library(small_shapes[:1], folder)
    first = small_shapes[0].id
    (folder / str(first) / "Conf1_imgs").mkdir()  # images of shapes that would be others
    assert "holds images" in refusal(write_library, small_shapes[1:2], folder, replace=True)
    (folder / str(first) / "Conf1_imgs").rmdir()
    (folder / "meta_locations.csv").unlink()
    assert "missing" in refusal(write_library, small_shapes[1:2], folder, replace=True)
    assert (folder / str(first) / "raw_mesh.off").is_file()
    one = tmp_path / "one.zip"
    write_library(small_shapes[:1], one)
    with zipfile.ZipFile(one, "a") as archive:
        archive.writestr("notes.txt", "years of work")
    assert "files of others" in refusal(write_library, small_shapes[1:2], one, replace=True)


def files_in(folder):
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def test_stopping_leaves_the_old_library_and_no_litter(folder, tmp_path, small_shapes):
    def stop(done, total, what):
        if done == 2:
            raise KeyboardInterrupt

    for target in (folder, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            write_library(small_shapes, target, progress=stop, replace=True)
    assert len(ShapeLibrary.open(folder)) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["library"]


def test_damaged_or_foreign_folders_are_refused_in_one_line(folder, tmp_path, small_shapes):
    assert "no such folder" in refusal(ShapeLibrary.open, tmp_path / "missing")
    (tmp_path / "void").mkdir()
    assert "no shape library" in refusal(ShapeLibrary.open, tmp_path / "void")
    assert "no shape 99" in refusal(ShapeLibrary.open(folder).mesh, 99)
    assert "at least one shape" in refusal(write_library, [], tmp_path / "none")
    assert "unit_nm" in refusal(write_library, small_shapes[:1], tmp_path / "none", unit_nm=0)
    table, index = folder / "meta_locations.csv", folder / "library.json"
    whole = table.read_text(encoding="utf-8")
    table.write_text("\n".join(whole.splitlines()[:-1]) + "\n", encoding="utf-8")
    assert "other shapes" in refusal(ShapeLibrary.open, folder)
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    assert "line 1: no column index, cx" in refusal(ShapeLibrary.open, folder)
    index.write_text("{", encoding="utf-8")
    assert "damaged" in refusal(ShapeLibrary.open, folder)
    index.write_text(json.dumps({"format": "other"}), encoding="utf-8")
    assert "not the index" in refusal(ShapeLibrary.open, folder)


def change(table, name, text, row=1):
    """Write other text into a cell of a table; row 0 is the header."""
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    rows[row][rows[0].index(name)] = text
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize(
    ("name", "text", "row", "told"),
    [
        ("index", "1.0", 1, "line 2: index = '1.0': expected the number of a shape"),
        ("index", "2", 1, "line 3: shape 2 has a row before"),
        ("cx", "0,018", 2, "line 3: cx = '0,018': expected a number"),
        ("branches", "", 1, "line 2: branches = '': expected a number"),
        ("voxel_counts", "inf", 1, "line 2: voxel_counts = 'inf': expected a number"),
        ("shape_class", "banana", 1, "line 2: shape_class = 'banana': expected dot, rod, netw"),
        ("touches_border", "perhaps", 1, "line 2: touches_border = 'perhaps': expected True or F"),
        ("shape_class", "kind", 0, "line 1: no column shape_class; expected the header index,cx"),
        ("parent", "cx", 0, "line 1: column cx is there twice"),
    ],
)
def test_a_wrong_cell_of_the_table_is_told_by_its_line(folder, name, text, row, told):
    table = folder / "meta_locations.csv"
    change(table, name, text, row)
    message = refusal(ShapeLibrary.open, folder)
    assert message.startswith(f"{table}: line ")
    assert told in message


@pytest.mark.parametrize(
    ("rewrite", "told"),
    [
        (lambda text: "", "line 1: no column index"),
        (lambda text: text.replace(",", ";"), "divided by commas, not by ';'"),
        (lambda text: text.rstrip() + ",9,9\n", "cells, 28 columns"),
        (lambda text: text + "5,1.0\n", "2 cells, 28 columns; no cy"),
    ],
)
def test_rows_that_do_not_fit_the_header_are_told_by_their_line(folder, rewrite, told):
    table = folder / "meta_locations.csv"
    table.write_text(rewrite(table.read_text(encoding="utf-8")), encoding="utf-8")
    message = refusal(ShapeLibrary.open, folder)
    assert message.startswith(f"{table}: line ")
    assert told in message


def test_a_table_that_a_spreadsheet_saved_again_reads_the_same(folder):
    table = folder / "meta_locations.csv"
    change(table, "touches_border", "True")
    before = ShapeLibrary.open(folder).table
    assert before["touches_border"] == [True, False, False, False]
    for row, touches in enumerate(before["touches_border"], 1):
        change(table, "touches_border", str(touches).upper(), row)
    for path in (table, folder / "library.json"):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    library = ShapeLibrary.open(folder)
    assert library.table == before
    library.set_classes({library.ids[0]: "mega"})
    library.save_classes()
    assert ShapeLibrary.open(folder).table["touches_border"] == before["touches_border"]


@pytest.mark.real_data
def test_a_released_folder_opens_without_a_table(real_data):
    library = ShapeLibrary.open(real_data / "3dmsl")
    assert library.ids == [920]
    assert library.unit_nm == 24
    assert library.class_counts == {"unknown": 1}
    assert library.mesh(920).area_um2 == pytest.approx(18.57, abs=0.005)


def test_the_parent_of_a_divided_shape_is_kept_and_older_tables_still_read(small_shapes, tmp_path):
    twins = [replace(shape, parent=7) for shape in small_shapes[:2]]
    write_library([*twins, small_shapes[2]], tmp_path / "library")
    expected = [7, 7, small_shapes[2].parent]
    assert ShapeLibrary.open(tmp_path / "library").table["parent"] == expected
    table = tmp_path / "library" / "meta_locations.csv"
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    gone = rows[0].index("parent")
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row[:gone] + row[gone + 1 :] for row in rows)
    older = ShapeLibrary.open(tmp_path / "library").table
    assert "parent" not in older
    assert older["reason"] == [shape.classification.reason for shape in small_shapes[:3]]


def test_one_zip_holds_the_same_as_a_folder(small_shapes, tmp_path):
    for name in ("folder", "one.zip"):
        write_library(small_shapes, tmp_path / name, settings={"made": "by hand"})
    folder, one = ShapeLibrary.open(tmp_path / "folder"), ShapeLibrary.open(tmp_path / "one.zip")
    assert one.ids == folder.ids
    assert one.table == folder.table
    assert one.settings == {"made": "by hand"}
    for shape_id in folder.ids:
        np.testing.assert_array_equal(one.mesh(shape_id).vertices, folder.mesh(shape_id).vertices)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "one.zip"]
