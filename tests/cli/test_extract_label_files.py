"""``napari-3dmsl extract`` and ``info`` on the label files that people have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from containers import cremi, ome_zarr_05, precomputed
from file_server import serving_files

from napari_3dmsl.cli import main
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances

NM = ("--voxel-nm", "24", "16", "16")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run extract; return the status, what JSON it printed, and stderr."""

    def call(*arguments: Any, voxel: Any = NM) -> tuple[int, dict[str, Any], str]:
        library = tmp_path / "library"
        words = [str(word) for word in arguments]
        status = main(["extract", *words, str(library), *voxel, "--json"])
        printed = capsys.readouterr()
        return status, json.loads(printed.out) if status == 0 else {}, printed.err

    return call


@pytest.mark.parametrize(
    ("name", "options", "shapes", "warning"),
    [
        ("bg1_mito2.npy", [], 1, "label 1 encloses the other labels"),
        ("bg1_mito2.npy", ["--background", "1"], None, None),
        ("cremi_bg.tif", [], None, "--background max"),
        ("cremi_bg.tif", ["--background", "max", "--instances"], 2, None),
        ("ignore_minus1.tif", ["--background", "-1", "--instances"], 2, None),
        ("touching_ids_flat_wall.npy", [], None, "holds 2 labels"),
        ("labels.npz", ["--instances"], 2, None),
        ("float32_imagej_labels.tif", ["--instances"], 2, None),
        ("two_images.ome.tif", ["--instances"], 2, None),
        ("two_images.ome.tif", ["--series", "labels", "--instances"], 2, None),
    ],
)
def test_cases(run, cases: Path, name, options, shapes, warning) -> None:
    status, result, stderr = run(cases / "files" / name, *options)
    assert status == 0
    assert shapes in (None, result["shapes"])
    if warning is None:
        assert result["warnings"] == []
        assert "Warning" not in stderr
    else:
        [text] = result["warnings"]
        assert warning in text
        assert f"Warning: {text}\n" in stderr


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("ignore_minus1.tif", [], "--background -1"),
        ("rgb_planar.tif", [], "colour image"),
        ("zunit_nm.tif", ["--background", "9"], "no voxel has this number"),
        ("zunit_nm.tif", ["--background", "many"], "expected a whole number or max"),
        ("two_images.ome.tif", ["--series", "7"], "no series '7'; there is 0 'raw'"),
    ],
)
def test_what_is_refused_says_how_to_go_on(run, cases: Path, name, options, says) -> None:
    status, _, stderr = run(cases / "files" / name, *options)
    assert status == 1
    assert says in stderr
    assert len(stderr.splitlines()) == 1


def test_a_raw_image_that_was_asked_for_is_told(run, cases: Path) -> None:
    _, result, _ = run(cases / "files" / "two_images.ome.tif", "--series", "0")
    assert "grey image" in result["warnings"][0]


def test_an_unknown_unit_is_named_with_the_way_out(run, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    labels = np.zeros((5, 20, 20), np.uint8)
    labels[1:4, 4:16, 4:16] = 1
    tifffile.imwrite(path, labels, imagej=True, metadata={"unit": "furlong", "spacing": 3})
    status, _, stderr = run(path, voxel=())
    assert status == 1
    assert "gives its voxel size in 'furlong', which is not known; give --voxel-nm" in stderr


@pytest.mark.parametrize("given", ["folder", "list"])
def test_sections_become_shapes(run, tmp_path: Path, given: str) -> None:
    labels = np.zeros((12, 30, 30), np.uint8)
    labels[2:10, 5:25, 5:25] = 1
    folder = tmp_path / "sections"
    folder.mkdir()
    for number, plane in enumerate(labels):
        if number != 5:
            tifffile.imwrite(folder / f"s{number}.tif", plane)
    files = [folder / f"s{number}.tif" for number in range(12) if number != 5]
    status, result, _ = run(*([folder] if given == "folder" else files))
    assert status == 0
    assert result["shapes"] == 1
    assert "leave out 1, the first after s4.tif" in result["warnings"][0]


def test_info_reads_what_extract_reads(cases: Path, tmp_path: Path, capsys) -> None:
    names = ("labels.npz", "bg1_mito2.npy", "one_id_two_pieces.npy")
    for name in names:
        assert main(["info", str(cases / "files" / name), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["kind"] == "labels"
        assert told["labels"] == (1 if name.startswith("one") else 2)
    sections = tmp_path / "sections"
    sections.mkdir()
    for number in range(4):
        tifffile.imwrite(sections / f"{number}.tif", np.eye(9, dtype=np.uint8))
    assert main(["info", str(sections)]) == 0
    assert "1 labels, 4 × 9 × 9 (z, y, x), uint8" in capsys.readouterr().out
    assert main(["info", str(cases / "files" / "two_images.ome.tif")]) == 0
    assert "series 1 'labels' (20 × 40 × 56, uint16)" in capsys.readouterr().out


@pytest.mark.parametrize("ids", [(7, 2**40 + 7), (2**40 + 7, 2**63 + 5), (2**31, 2**32 - 4)])
def test_ids_of_64_bits_are_the_parents_in_the_table_and_in_python(run, tmp_path, ids) -> None:
    labels = np.zeros((30, 50, 60), np.uint64)
    labels[5:15, 5:25, 5:25], labels[18:28, 25:45, 30:55] = ids
    np.save(tmp_path / "a.npy", labels)
    assert run(tmp_path / "a.npy", "--instances")[0] == 0
    table = ShapeLibrary.open(tmp_path / "library").table
    assert list(table["parent"]) == list(ids)
    settings = ExtractionSettings(voxel_nm=(24, 16, 16), instances=True)
    assert extract_instances(labels, settings).parents.tolist() == list(ids)


def test_the_parents_of_the_case_are_its_ids(run, cases: Path, tmp_path: Path) -> None:
    path = cases / "files" / "uint32_top_bit.tif"
    assert run(path, "--instances")[0] == 0
    ids = np.unique(tifffile.imread(path))[1:].tolist()
    assert ids[-1] > 2**31
    assert list(ShapeLibrary.open(tmp_path / "library").table["parent"]) == ids


def test_pieces_are_told_and_split(run, cases: Path, tmp_path: Path) -> None:
    path = cases / "files" / "one_id_two_pieces.npy"
    status, result, _ = run(path, "--instances")
    assert (status, result["shapes"]) == (0, 1)
    assert any("1 label has 2 pieces" in text for text in result["warnings"])
    status, result, _ = run(path, "--instances", "--split-pieces", "--replace")
    assert (status, result["shapes"]) == (0, 2)
    assert result["warnings"] == []
    assert list(ShapeLibrary.open(tmp_path / "library").table["parent"]) == [1, 1]


def test_containers_are_extracted_by_series_and_level(run, tmp_path: Path) -> None:
    labels = np.zeros((40, 48, 52), np.uint16)
    labels[4:36, 6:20, 6:44], labels[4:36, 28:42, 6:44] = 3, 9
    size = (24.0, 24.0, 24.0)
    status, fine, _ = run(cremi(tmp_path, labels, size), "--replace", voxel=())
    assert (status, fine["shapes"]) == (0, 2)
    assert fine["settings"]["voxel_nm"] == [24, 24, 24]
    status, coarse, _ = run(
        ome_zarr_05(tmp_path, labels, size), "--level", 1, "--replace", voxel=()
    )
    assert (status, coarse["shapes"]) == (0, 2)
    assert coarse["settings"]["voxel_nm"] == [48, 48, 48]
    status, _, stderr = run(tmp_path / "a.hdf", "--series", "er", "--replace", voxel=())
    assert status == 1
    assert "no series 'er'; there is 0 'volumes/labels/mito_ids'" in stderr


def test_a_url_is_extracted(run, tmp_path: Path) -> None:
    labels = np.zeros((40, 48, 52), np.uint16)
    labels[4:36, 6:20, 6:44] = 3
    precomputed(tmp_path, labels, (24.0, 24.0, 24.0))
    with serving_files(tmp_path) as address:
        status, result, _ = run(f"precomputed://{address}/seg", voxel=())
    assert (status, result["shapes"]) == (0, 1)
