"""Libraries without measures are measured from their surfaces, kept, and never mixed up."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from refusals import refusal

from napari_3dmsl.library import measure as library_measure
from napari_3dmsl.library.instance_files import off_from_mesh
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.library.measure_table import MEASURED
from napari_3dmsl.writing import DiskFullError

CLASSES = ("dot", "rod", "donut", "network")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of our own."""
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def some(small_shapes):
    """Two shapes of each of four classes."""
    found = []
    for kind in CLASSES:
        found += [s for s in small_shapes if s.classification.shape_class == kind][:2]
    return sorted(found, key=lambda shape: shape.id)


@pytest.fixture
def released(tmp_path, some):
    """These shapes as the release has them: meshes alone."""
    for shape in some:
        folder = tmp_path / "released" / str(shape.id)
        folder.mkdir(parents=True)
        (folder / "raw_mesh.off").write_bytes(off_from_mesh(shape.mesh, 0.024))
    return tmp_path / "released"


def packed(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("raw_mesh.off")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_what_is_measured_is_what_the_labels_had(released, some):
    assert ShapeLibrary.open(released).class_counts == {"unknown": len(some)}
    outcome = measure_library(released, workers=1)
    assert (outcome.measured, outcome.known, outcome.problems) == (len(some), 0, {})
    assert outcome.path == released / "measures.csv"
    library = ShapeLibrary.open(released)
    assert library.measured == len(some)
    table = library.table
    assert table["shape_class"] == [str(shape.classification.shape_class) for shape in some]
    for name, tolerance in (("volume_um3", 0.01), ("area_um2", 1e-6), ("sphericity", 0.02)):
        of_labels = [getattr(s, name, None) or getattr(s.form, name) for s in some]
        np.testing.assert_allclose(table[name], of_labels, rtol=tolerance)
    of_labels = [shape.skeleton.length_um for shape in some]
    np.testing.assert_allclose(table["length_um"], of_labels, rtol=0.03, atol=2 * 0.048)
    told = zip(table["reason"], table["shape_class"], strict=True)
    assert all(reason.startswith(f"{kind}: ") for reason, kind in told)


def test_the_bytes_do_not_depend_on_workers_or_interruptions(released, tmp_path):
    class Stop(Exception):  # noqa: N818
        pass

    def stop(done, total, what):
        if done >= 4:
            raise Stop

    measure_library(released, workers=1)
    whole = (released / "measures.csv").read_bytes()
    (released / "measures.csv").unlink()
    with pytest.raises(Stop):
        measure_library(released, workers=1, progress=stop)
    assert ShapeLibrary.open(released).measured == 4
    outcome = measure_library(released, workers=2)
    assert (outcome.known, outcome.measured) == (4, 4)
    assert (released / "measures.csv").read_bytes() == whole
    assert not [path for path in released.iterdir() if path.name[0] == "."]


KILLED = """
import os, signal, sys
from napari_3dmsl.library.measure import measure_library
def tell(done, total, what):
    if done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)
measure_library(sys.argv[1], int(sys.argv[2]), tell)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_to_the_same_bytes(released, workers):
    measure_library(released, workers=1)
    whole = (released / "measures.csv").read_bytes()
    (released / "measures.csv").unlink()
    command = [sys.executable, "-c", KILLED, str(released), str(workers)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    journal = released / ".measures.csv.journal"
    with journal.open("ab") as file:  # what a machine may leave that loses power
        file.write(b"7,rod,3.2")
    assert ShapeLibrary.open(released).measured == 4
    outcome = measure_library(released, workers=workers)
    assert (outcome.known, outcome.measured) == (4, 4)
    assert (released / "measures.csv").read_bytes() == whole
    assert not [path for path in released.iterdir() if path.name[0] == "."]


def test_a_full_disk_loses_nothing_that_a_killed_run_has_measured(released, small_files):
    table = measure_library(released).path
    whole = table.read_bytes()
    journal = table.rename(released / ".measures.csv.journal")  # as if killed before the end
    small_files(10)
    with pytest.raises(DiskFullError, match=r"\.csv: the disk is full; make room"):
        measure_library(released)
    assert journal.read_bytes() == whole
    small_files(10**9)
    outcome = measure_library(released)
    assert (outcome.measured, outcome.known) == (0, 8)
    assert table.read_bytes() == whole


def test_broken_surfaces_are_told_and_do_not_stop_the_rest(released, some):
    first, second, third = (shape.id for shape in some[:3])
    (released / str(first) / "raw_mesh.off").write_text("OFF\n3 1 0\n0 0 0\nx")
    mesh = some[1].mesh
    text = off_from_mesh(type(mesh)(mesh.vertices, mesh.faces[:-3]), 0.024)
    (released / str(second) / "raw_mesh.off").write_bytes(text)
    outcome = measure_library(released, workers=1)
    assert outcome.measured == len(some)
    assert set(outcome.problems) == {first, second}
    assert "raw_mesh.off" in outcome.problems[first]
    assert "not closed" in outcome.problems[second]
    table = ShapeLibrary.open(released).table
    assert table["shape_class"][:2] == [None, None]
    assert table["reason"][1] == "not measured: its surface is not closed"
    assert table["shape_class"][table["index"].index(third)] is not None
    again = measure_library(released, workers=1)
    assert (again.known, again.measured) == (len(some), 0)
    assert again.problems == outcome.problems


def test_measures_are_not_shown_for_another_surface(released, some):
    measure_library(released, workers=1)
    first, last = (released / str(some[at].id) / "raw_mesh.off" for at in (0, -1))
    shutil.copy2(first, last)  # another shape under this number
    library = ShapeLibrary.open(released)
    assert library.table["shape_class"][-1] is None
    assert library.table["shape_class"][0] is not None
    outcome = measure_library(released, workers=1)
    assert (outcome.known, outcome.measured) == (len(some) - 1, 1)
    table = ShapeLibrary.open(released).table
    for name in MEASURED:
        assert table[name][0] == table[name][-1]
    # The same surface again, only its time is another: nothing is measured twice.
    first.touch()
    assert ShapeLibrary.open(released).measured == len(some) - 1
    outcome = measure_library(released, workers=1)
    assert (outcome.known, outcome.measured) == (len(some), 0)
    assert ShapeLibrary.open(released).measured == len(some)


def test_another_unit_makes_other_measures(released, some):
    measure_library(released, workers=1)
    before = ShapeLibrary.open(released).table["volume_um3"]
    (released / "library.json").write_text(
        '{"format": "napari-3dmsl shape library", "unit_nm": 12, "shapes": 8}'
    )
    one = released.parent / "one.zip"
    with zipfile.ZipFile(packed(released, one), "a") as archive:
        archive.write(released / "library.json", "library.json")
    assert measure_library(one, workers=1).measured == len(some)
    np.testing.assert_allclose(ShapeLibrary.open(one).table["volume_um3"], np.array(before) / 8)


@pytest.mark.parametrize("several", [False, True])
def test_zips_are_measured_into_the_cache_or_beside_them(released, some, cache, several):
    ids = [shape.id for shape in some]
    if several:
        folder = released.parent / "zips"
        folder.mkdir()
        packed(released, folder / f"1_{ids[0]}_{ids[-1] + 1}.zip")
        target, beside = folder, [folder / "measures.csv"]
    else:
        target, beside = packed(released, released.parent / "some.zip"), []
    before = target.read_bytes() if target.is_file() else None
    outcome = measure_library(target, workers=2)
    assert outcome.measured == len(some)
    assert outcome.path == (beside[0] if several else next((cache / "measures").glob("*.csv")))
    assert ShapeLibrary.open(target).measured == len(some)
    assert before is None or target.read_bytes() == before
    if not several:  # another zip of this name has no measures
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr("notes.txt", "another one")
        assert ShapeLibrary.open(target).measured == 0
        outcome = measure_library(target, workers=1)
        assert (outcome.known, outcome.measured) == (len(some), 0)


def test_a_folder_that_cannot_be_written_is_measured_into_the_cache(released, cache, monkeypatch):
    write = Path.write_bytes

    def read_only(self, content):
        if released in self.parents:
            raise PermissionError(13, "read-only", str(self))
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", read_only)
    outcome = measure_library(released, workers=1)
    assert cache in outcome.path.parents
    assert not (released / "measures.csv").exists()
    assert not [path for path in released.iterdir() if path.name[0] == "."]
    assert ShapeLibrary.open(released).measured == outcome.measured


def test_a_table_of_somebody_else_is_left_alone(released, cache):
    (released / "measures.csv").write_text("my,own,numbers\n1,2,3\n")
    outcome = measure_library(released, workers=1)
    assert cache in outcome.path.parents
    assert (released / "measures.csv").read_text() == "my,own,numbers\n1,2,3\n"
    assert ShapeLibrary.open(released).measured == outcome.measured


def test_two_runs_do_not_measure_the_same_library_at_once(released, monkeypatch):
    other = []

    def tell(done, total, what):
        if not other:
            other.append(refusal(measure_library, released, 1))

    measure_library(released, workers=1, progress=tell)
    assert "another run is measuring" in other[0]


def test_a_library_of_ours_has_its_measures_already(tmp_path, some):
    write_library(some, tmp_path / "ours")
    outcome = measure_library(tmp_path / "ours")
    assert (outcome.path, outcome.known, outcome.measured) == (None, len(some), 0)
    assert not (tmp_path / "ours" / "measures.csv").exists()


def test_replacing_a_library_removes_its_measures(tmp_path, some):
    folder = tmp_path / "ours"
    write_library(some, folder)
    table = folder / "meta_locations.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("sphericity", "older"), encoding="utf-8")
    assert measure_library(folder, workers=1).measured == len(some)
    found = ShapeLibrary.open(folder)
    assert found.table["sphericity"] == pytest.approx(
        [shape.form.sphericity for shape in some], rel=0.02
    )
    assert found.table["volume_um3"] == [shape.volume_um3 for shape in some]  # of the labels
    write_library(some[:1], folder, replace=True)
    assert not (folder / "measures.csv").exists()


def test_a_class_set_by_hand_survives_measuring(released, some):
    library = ShapeLibrary.open(released)
    library.set_classes({some[0].id: "mega"})
    measure_library(released, workers=1)
    library.take_measures()
    measured = str(some[0].classification.shape_class)
    assert library.table["shape_class"][0] == "mega"
    assert library.table["measured_class"][0] == measured
    assert library.table["reason"][0].startswith(f"mega: set by hand (was {measured}")
    assert library.table["measured_class"][1:] == [""] * (len(some) - 1)


def test_a_surface_that_is_gone_or_breaks_the_measuring_is_told(released, some, monkeypatch):
    def breaks(mesh, **options):
        if len(mesh.vertices) == len(some[0].mesh.vertices):
            raise MemoryError
        return measure(mesh, **options)

    measure = library_measure.measure_mesh
    monkeypatch.setattr(library_measure, "measure_mesh", breaks)
    outcome = measure_library(released, workers=1)
    assert outcome.problems == {some[0].id: "MemoryError"}


@pytest.mark.real_data
def test_the_released_donut_is_measured_in_its_folder_and_its_zip(real_data, tmp_path, cache):
    shutil.copytree(real_data / "3dmsl" / "920", tmp_path / "release" / "920")
    before = sorted((real_data / "3dmsl").iterdir())
    for path in (tmp_path / "release", real_data / "3dmsl" / "920.zip"):
        assert measure_library(path, workers=1).measured == 1
        table = {name: column[0] for name, column in ShapeLibrary.open(path).table.items()}
        assert table["shape_class"] == "donut"
        assert table["length_um"] == pytest.approx(14.9, rel=0.02)
        assert table["loops"] == 1
        assert table["volume_um3"] == pytest.approx(1.829, abs=0.001)
        assert table["area_um2"] == pytest.approx(18.57, abs=0.01)
    assert sorted((real_data / "3dmsl").iterdir()) == before
