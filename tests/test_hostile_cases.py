"""Files that went wrong once: each is refused in one line that names it, at once, or read right.

They lie beside the repository, in ``shared/cases``; the README there says what is right for each.
"""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path

import pytest
from limited import limit_memory, run_limited

from napari_3dmsl import readers
from napari_3dmsl.cli import main

REPOSITORY = Path(__file__).resolve().parents[1]
CASES = REPOSITORY.parent / "shared" / "cases"
HOSTILE = sorted(CASES.glob("hostile/*")) if CASES.is_dir() else []
VOXEL = ("--voxel-nm", "24", "16", "16")
# Lengths of 24 and 100 µm are more than a mitochondrion has, but a nano-tunnel or a cell has them.
READ_RIGHT = {"long-mesh-1000.off", "long-mesh-4166.off"}
REFUSED = [case for case in HOSTILE if case.name not in READ_RIGHT]

pytestmark = pytest.mark.skipif(not HOSTILE, reason="no cases beside the repository")


def file_of(case: Path) -> Path:
    """The one file or Zarr folder of a case."""
    if case.is_file():
        return case
    [inside] = case.iterdir()
    return inside


def commands(case: Path, target: Path) -> list[list[str]]:
    """What a person would do with such a file."""
    path = file_of(case)
    info, name = [["info", str(path)]], path.name
    if name.endswith((".tif", ".npy", ".nii", ".zarr")):
        return [*info, ["extract", str(path), str(target / "library"), *VOXEL]]
    if name.endswith((".off", ".obj", ".csv")):
        simulate = ["simulate", str(path), str(target / "a.tif"), "--microscope", "con1"]
        return [simulate, *info] if name.endswith((".off", ".obj")) else [simulate]
    if name == "recipe.json":
        return [["dataset", str(path), str(target / "set")]]
    return info


@pytest.fixture(autouse=True)
def of_two_gigabytes():
    """Let nothing here take more than 2 GB beyond what is loaded."""
    before = limit_memory()
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_at_once_in_one_line_that_names_it(
    case: Path, tmp_path: Path
) -> None:
    target, printed = tmp_path / "target", tmp_path / "printed"
    target.mkdir()
    printed.mkdir()
    for command in commands(case, target):
        done = run_limited(command, printed)
        assert done.status == 1
        assert done.out == ""
        assert done.err.startswith("Error: ")
        assert done.err.count("\n") == 1
        assert str(file_of(case)) in done.err
        assert len(done.err) < 600
        assert "unexpected error" not in done.err  # which asks for a report
        assert list(target.iterdir()) == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_napari_is_told_in_one_line_too(case: Path) -> None:
    path = str(file_of(case))
    asked = [name for name in dir(readers) if name.startswith("get_") and name.endswith("_reader")]
    for name in asked:
        read = getattr(readers, name)(path)
        if read is None or "microscope" in name:
            continue
        with pytest.raises(ValueError, match=r"^[^\n]+$") as told:
            read(path)
        assert path in str(told.value)


def test_a_long_thin_mesh_is_read_as_long_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for name in READ_RIGHT:
        path = CASES / "hostile" / name
        assert main(["info", str(path), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        height = int(name.partition(".")[0].rpartition("-")[2])
        assert told["size_um"] == pytest.approx([0.024 * height, 0.48, 0.48])
        assert told["volume_um3"] == pytest.approx(20 * 20 * height / 6 * 0.024**3)


def test_boxes_and_inverted_bodies_have_their_volume(capsys: pytest.CaptureFixture[str]) -> None:
    for name, volume in (("vn.obj", 0.96**3), ("inverted.stl", 0.4743)):
        assert main(["info", str(CASES / "files" / name), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["watertight"]
        assert told["volume_um3"] == pytest.approx(volume, abs=1e-4)


def test_nothing_is_changed_beside_a_hostile_file(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    for case in REFUSED:
        if file_of(case).is_file():
            copy = copies / case.name / file_of(case).name
            copy.parent.mkdir(parents=True)
            shutil.copyfile(file_of(case), copy)
    before = {file: file.read_bytes() for file in copies.rglob("*") if file.is_file()}
    for file in before:
        main(["info", str(file)])
    assert {file: file.read_bytes() for file in copies.rglob("*") if file.is_file()} == before
    assert len(before) > 10
