"""The table of an image set: what is written is what is read, here and by pandas."""

from __future__ import annotations

import builtins
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from napari_3dmsl.datasets.write.index import (
    LEADING_COLUMNS,
    index_columns,
    path_inside,
    read_index,
    sha256_of,
    transform_cell,
    transform_matrix,
    truth_names,
    write_index,
)
from napari_3dmsl.datasets.write.parquet import read_parquet, write_parquet

COLUMNS = index_columns(
    ["mask", "emitters"], ["focus_um", "snr", "blinks", "noise", "planes", "world_to_field"]
)
TURN = np.array([[0, -1, 0, 0.1], [1, 0, 0, 1 / 3], [0, 0, 1, -2e-7], [0, 0, 0, 1]])


def row(**changes: Any) -> dict[str, Any]:
    """A row with every kind of cell."""
    return {
        "sample": "0042",
        "split": "train",
        "group": "12",
        "shape_id": 7,
        "shape_class": "rod",
        "view": "0",
        "microscope": "con1",
        "repeat": 0,
        "frame": 0,
        "seed": 2**64 - 1,
        "image": "images/0042.tif",
        "image_sha256": "1" * 64,
        "mask": "masks/0042.tif",
        "mask_sha256": "9e1" + "0" * 61,
        "emitters": "emitters/a, b.csv",
        "emitters_sha256": "0" * 64,
        "focus_um": 0.1 + 0.2,
        "snr": None,
        "blinks": True,
        "noise": "physeg",
        "planes": 3,
        "world_to_field": transform_cell(TURN),
    } | changes


def test_rows_come_back_with_their_types(tmp_path: Path) -> None:
    rows = [
        row(),
        row(shape_class=None, focus_um=1e-300, snr=float("inf"), blinks=False, seed=0),
        row(sample="1e5", mask=None, mask_sha256=None, focus_um=-0.0, noise=None),
    ]
    write_index(tmp_path, iter(rows), COLUMNS)
    back = read_index(tmp_path)
    assert back == rows
    assert [[type(v) for v in r.values()] for r in back] == [
        [type(v) for v in r.values()] for r in rows
    ]
    np.testing.assert_array_equal(transform_matrix(back[0]["world_to_field"]), TURN)


def test_random_floats_come_back_to_the_last_bit(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 2**63, 500, dtype=np.uint64)
    values = bits.view(np.float64)
    rows = [row(focus_um=float(value)) for value in values[np.isfinite(values)]]
    write_index(tmp_path, rows, COLUMNS)
    assert [r["focus_um"] for r in read_index(tmp_path)] == [r["focus_um"] for r in rows]


def test_numpy_numbers_and_columns_left_out_are_fine(tmp_path: Path) -> None:
    write_index(tmp_path, [{"sample": "a", "planes": np.int64(3), "snr": np.float32(0.5)}], COLUMNS)
    [back] = read_index(tmp_path)
    assert (back["planes"], back["snr"]) == (3, 0.5)
    assert type(back["planes"]) is int
    assert {name for name, value in back.items() if value is not None} == {
        "sample",
        "planes",
        "snr",
    }


def test_pandas_reads_the_table_as_it_is(tmp_path: Path) -> None:
    path = write_index(tmp_path, [row(), row(focus_um=2.5, snr=30.0)], COLUMNS)
    table = pandas.read_csv(path, float_precision="round_trip")
    assert tuple(table.columns) == tuple(COLUMNS)
    assert table["focus_um"].tolist() == [0.1 + 0.2, 2.5]
    assert table["snr"].isna().tolist() == [True, False]
    assert table["emitters"].tolist() == ["emitters/a, b.csv"] * 2


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_index(tmp_path, [row(), row(snr=1.5)], COLUMNS).read_bytes()
    assert write_index(tmp_path, [row(), row(snr=1.5)], COLUMNS).read_bytes() == first
    assert b"\r" not in first
    assert [file.name for file in tmp_path.iterdir()] == ["index.csv"]


def test_the_columns_begin_as_fixed_and_truths_come_with_checksums() -> None:
    assert COLUMNS[: len(LEADING_COLUMNS)] == list(LEADING_COLUMNS)
    assert COLUMNS[12:17] == ["mask", "mask_sha256", "emitters", "emitters_sha256", "focus_um"]
    assert truth_names(COLUMNS) == ["mask", "emitters"]
    with pytest.raises(ValueError, match="twice in the index: seed"):
        index_columns([], ["seed"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": 1}, "line 2: unknown columns depth"),
        ({"noise": "12"}, "noise = '12': text that would be read as a number"),
        ({"noise": "True"}, "would be read as a number"),
        ({"noise": "[1"}, "would be read as a number"),
        ({"noise": ""}, "not empty; leave a missing value out"),
        ({"view": "a\nb"}, "text is one line"),
        ({"view": 3}, "view = 3: expected text"),
        ({"snr": {1}}, "expected text, a number, a list"),
    ],
)
def test_cells_that_would_not_come_back_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_index(tmp_path, [row(**changes)], COLUMNS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[text.index("\n") + 1 :], "line 1: not the index of an image set"),
        (lambda text: "", "line 1: not the index"),
        (lambda text: text[: -len(text) // 3], "line 3: .* cells for 22 columns"),
        (lambda text: text + "a,b\n", "line 4: 2 cells for 22 columns"),
        (lambda text: text.replace('"[0.0', '"[0.0x'), "line 2: damaged"),
    ],
)
def test_a_damaged_table_is_refused_by_line(tmp_path: Path, damage: Any, message: str) -> None:
    path = write_index(tmp_path, [row(), row()], COLUMNS)
    text = path.read_text()
    path.write_text(damage(text))
    with pytest.raises(ValueError, match=message) as error:
        read_index(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_table_is_no_image_set(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no image set here: index.csv is missing"):
        read_index(tmp_path)


def test_paths_stay_inside_the_folder(tmp_path: Path) -> None:
    assert path_inside(tmp_path, "a/b.tif") == tmp_path / "a" / "b.tif"
    for name in ("/etc/passwd", "../b", "a/../../b", "C:/b", "a\\..\\b"):
        with pytest.raises(ValueError, match="leads out of the folder"):
            path_inside(tmp_path, name)


def test_checksums_are_those_of_hashlib_and_see_every_file_of_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * 3_000_000)
    assert sha256_of(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    folder = tmp_path / "a.zarr"
    (folder / "c").mkdir(parents=True)
    (folder / "c" / "0").write_bytes(b"1")
    first = sha256_of(folder)
    lines = f"{hashlib.sha256(b'1').hexdigest()}  c/0\n"  # as sha256sum prints
    assert first == hashlib.sha256(lines.encode()).hexdigest()
    (folder / "c" / "0").rename(folder / "c" / "1")
    moved = sha256_of(folder)
    (folder / "c" / "1").write_bytes(b"2")
    assert len({first, moved, sha256_of(folder)}) == 3


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [row(), row(seed=3, snr=1.5, focus_um=0, shape_class=None), row(mask=None)]
    write_index(tmp_path, rows, COLUMNS)
    path = write_parquet(tmp_path)
    assert read_parquet(tmp_path) == rows
    schema = parquet.read_schema(path)
    assert schema.names == COLUMNS
    assert schema.field("seed").type == pyarrow.uint64()
    assert schema.field("shape_id").type == pyarrow.int64()
    assert schema.field("view").type == pyarrow.string()
    first = path.read_bytes()
    assert write_parquet(tmp_path).read_bytes() == first
    path.write_bytes(first[:100])
    with pytest.raises(ValueError, match="index.parquet: damaged") as error:
        read_parquet(tmp_path)
    assert "\n" not in str(error.value)


def test_parquet_refuses_a_column_that_mixes_kinds(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write_index(tmp_path, [row(snr=1.0), row(snr="high")], COLUMNS)
    with pytest.raises(ValueError, match="column snr mixes"):
        write_parquet(tmp_path)


def test_without_pyarrow_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_index(tmp_path, [row()], COLUMNS)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install 'napari-3dmsl\[parquet\]'"):
        write_parquet(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["index.csv"]
