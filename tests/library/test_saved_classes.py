"""Classes set by hand in two windows on one library: nothing is lost without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_3dmsl.library import saved_classes
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import Shape, measure_shapes
from napari_3dmsl.writing import whole_file


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    labels = np.zeros((12, 12, 40), np.uint16)
    for number in range(1, 5):
        labels[3:9, 3:9, 10 * number - 8 : 10 * number - 1] = number
    settings = ExtractionSettings(voxel_nm=(24.0,) * 3, downsample=1, instances=True)
    return measure_shapes(extract_instances(labels, settings))


@pytest.fixture
def folder(shapes: list[Shape], tmp_path: Path) -> Path:
    write_library(shapes, tmp_path / "library")
    return tmp_path / "library"


def classes(folder: Path) -> list[str]:
    return list(ShapeLibrary.open(folder).table["shape_class"])


def test_classes_of_two_windows_come_together(folder: Path) -> None:
    first, second = ShapeLibrary.open(folder), ShapeLibrary.open(folder)
    first.set_classes({1: "mega", 2: "donut"})
    first.save_classes()
    second.set_classes({4: "network"})
    saved = second.save_classes()
    assert saved.taken_over == {1: "mega", 2: "donut"}
    assert saved.overruled == {}
    assert classes(folder) == ["mega", "donut", "dot", "network"]
    assert second.table == ShapeLibrary.open(folder).table
    assert first.save_classes().taken_over == {4: "network"}


def test_the_later_of_two_classes_counts_and_the_earlier_one_is_told(folder: Path) -> None:
    first, second = ShapeLibrary.open(folder), ShapeLibrary.open(folder)
    first.set_classes({1: "mega"})
    first.save_classes()
    second.set_classes({1: "network"})
    assert second.save_classes().overruled == {1: "mega"}
    table = ShapeLibrary.open(folder).table
    assert table["shape_class"][0] == "network"
    assert table["measured_class"][0] == "dot"
    assert first.save_classes().taken_over == {1: "network"}


def test_a_class_that_another_window_set_back_is_set_back_here(folder: Path) -> None:
    first = ShapeLibrary.open(folder)
    first.set_classes({3: "rod"})
    first.save_classes()
    second = ShapeLibrary.open(folder)
    first.set_classes({3: "dot"})
    first.save_classes()
    assert second.save_classes().taken_over == {3: "dot"}
    assert second.table["measured_class"] == [""] * 4


def test_a_library_that_was_written_again_keeps_its_classes(
    folder: Path, shapes: list[Shape]
) -> None:
    opened = ShapeLibrary.open(folder)
    write_library(shapes[:3], folder, replace=True)
    before = (folder / "meta_locations.csv").read_bytes()
    opened.set_classes({1: "mega"})
    with pytest.raises(ValueError, match=r"lists other shapes by now; open the library again"):
        opened.save_classes()
    assert (folder / "meta_locations.csv").read_bytes() == before


def test_while_another_window_saves_nothing_is_read_or_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_classes, "_PATIENCE_S", 0.0)
    table = folder / "meta_locations.csv"
    library = ShapeLibrary.open(folder)
    library.set_classes({1: "mega"})
    with whole_file(table) as others:
        with pytest.raises(ValueError, match=r"\.csv: another window is saving it; try again"):
            library.save_classes()
        others.write_bytes(table.read_bytes())
    library.save_classes()
    assert classes(folder)[0] == "mega"


def test_nothing_is_left_beside_the_table(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    library = ShapeLibrary.open(folder)
    library.set_classes({1: "mega"})
    library.save_classes()
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_library_that_took_the_place_of_an_open_one_is_not_taken_for_it(
    folder: Path, shapes: list[Shape]
) -> None:
    opened = ShapeLibrary.open(folder)
    opened.set_classes({1: "mega"})
    opened.save_classes()
    assert opened.mesh(1).is_watertight  # its own table may change
    write_library(shapes, folder, unit_nm=48.0, replace=True)
    with pytest.raises(ValueError, match=r"library: has gone, or was written again, since it was"):
        opened.mesh(1)
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="has gone"):
        opened.mesh(1)
    with pytest.raises(OSError, match=r"meta_locations\.csv"):
        opened.save_classes()
