"""Label volumes to libraries: the same whether they fit into memory or not, and after any stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from containers import plain_zarr
from ending import FROM_HERE
from refusals import refusal
from same_files import assert_same

import napari_3dmsl as msl
from napari_3dmsl.library import extract
from napari_3dmsl.library.estimate import Estimate, check_disk, duration, estimate_extraction
from napari_3dmsl.library.extract import extract_library, prepare_extraction
from napari_3dmsl.library.unfinished import work_folder
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.volumes.lazy import open_lazy

SIZE = (48.0, 48.0, 48.0)
LITTLE = 1_000_000_000
"""Bytes: enough for two workers to divide every object of the phantom."""


class StopError(Exception):
    """Somebody has pressed Cancel."""


@pytest.fixture(scope="module")
def volume(tmp_path_factory: Any) -> Path:
    """The coarse phantom as a file."""
    path: Path = tmp_path_factory.mktemp("labels") / "phantom.npy"
    np.save(path, make_phantom(seed=0, voxel_nm=SIZE).labels > 0)
    return path


@pytest.fixture
def nothing_fits(monkeypatch: Any) -> None:
    """Every volume is larger than the memory."""
    monkeypatch.setattr(extract, "COPIES", 1e9)


@pytest.fixture(scope="module")
def whole(volume: Path, tmp_path_factory: Any) -> Path:
    """The library of the phantom, made as a whole."""
    folder: Path = tmp_path_factory.mktemp("whole")
    settings = msl.ExtractionSettings(voxel_nm=SIZE)
    settings = settings.replace(downsample=settings.blocks)
    rules = msl.ClassRules()
    described = {**settings.model_dump(mode="json"), "class_rules": rules.model_dump(mode="json")}
    shapes = msl.measure_shapes(msl.extract_instances(np.load(volume), settings), rules)
    msl.write_library(shapes, folder / "library", settings=described)
    return folder / "library"


@pytest.fixture(scope="module")
def by_blocks(volume: Path, tmp_path_factory: Any) -> Path:
    """The library of the phantom, made block by block in one process."""
    library: Path = tmp_path_factory.mktemp("blocks") / "library"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract, "COPIES", 1e9)
        extract_library(volume, library, {"voxel_nm": SIZE}, memory_limit=LITTLE, workers=1)
    return library


def test_in_memory_it_is_the_library_of_the_single_steps(volume, whole, tmp_path):
    extract_library(volume, tmp_path / "library", {"voxel_nm": SIZE})
    assert_same(whole, tmp_path / "library")


def test_block_by_block_it_is_the_same_library(whole, by_blocks):
    assert_same(whole, by_blocks)


@pytest.mark.usefixtures("nothing_fits")
def test_block_by_block_it_is_the_same_at_any_number_of_workers(volume, by_blocks, tmp_path):
    job = prepare_extraction(
        volume, tmp_path / "library", {"voxel_nm": SIZE}, memory_limit=LITTLE, workers=2
    )
    assert job.blockwise
    job.run()
    assert_same(by_blocks, tmp_path / "library")
    assert [item.name for item in tmp_path.iterdir()] == ["library"]


@pytest.mark.usefixtures("nothing_fits")
def test_stopped_in_any_stage_it_goes_on(volume, by_blocks, tmp_path):
    stages: list[str] = []

    def run(at_most: int) -> None:
        """Stop when so many stages have begun, in this call, that had not before."""
        told: list[str] = []

        def progress(done: int, total: int, what: str) -> None:
            if what not in told and done < total:
                told.append(what)
                if what not in stages:
                    stages.append(what)
                    if len(stages) >= at_most:
                        raise StopError

        extract_library(
            volume,
            tmp_path / "library",
            {"voxel_nm": SIZE},
            progress,
            memory_limit=LITTLE,
            workers=1,
        )

    for stage in range(1, 12):
        try:
            run(stage)
        except StopError:
            assert not (tmp_path / "library").exists()
        else:
            break
    assert {"Reading", "Measuring shapes"} <= set(stages)
    assert_same(by_blocks, tmp_path / "library")
    assert [item.name for item in tmp_path.iterdir()] == ["library"]


def stop_at(what: str) -> Any:
    def progress(done: int, total: int, stage: str) -> None:
        if stage == what and done:
            raise StopError

    return progress


def test_another_input_does_not_go_on(volume, tmp_path):
    labels = tmp_path / "labels.npy"
    labels.write_bytes(volume.read_bytes())
    library = tmp_path / "library"
    with pytest.raises(StopError):
        extract_library(labels, library, {"voxel_nm": SIZE}, stop_at("Measuring shapes"))
    other = np.load(volume)
    other[:, :40] = False
    np.save(labels, other)
    said = refusal(extract_library, labels, library, {"voxel_nm": SIZE})
    assert "is not finished: input.files" in said
    job = prepare_extraction(labels, library, {"voxel_nm": SIZE}, replace=True)
    found = job.run()
    assert found.report.kept == found.shapes
    assert not work_folder(library).exists()


def test_the_settings_that_differ_are_named(volume, tmp_path):
    library = tmp_path / "library"
    with pytest.raises(StopError):
        extract_library(volume, library, {"voxel_nm": SIZE}, stop_at("Measuring shapes"))
    said = refusal(extract_library, volume, library, {"voxel_nm": SIZE, "erosion_nm": 42})
    assert "settings.erosion_nm: 84.0 before, 42.0 now" in said


@pytest.mark.parametrize("blockwise", [False, True])
def test_what_vanishes_leaves_no_work_behind(volume, tmp_path, blockwise, monkeypatch):
    if blockwise:
        monkeypatch.setattr(extract, "COPIES", 1e9)
    said = refusal(
        extract_library,
        volume,
        tmp_path / "library",
        {"voxel_nm": SIZE, "min_volume_um3": 1000},
        memory_limit=LITTLE,
        workers=1,
    )
    assert "all 38 shapes are smaller than min_volume_um3 = 1000" in said
    assert list(tmp_path.iterdir()) == []


def test_arrays_and_lazy_volumes_are_taken_too(volume, whole, tmp_path):
    found = extract_library(np.load(volume), tmp_path / "array", {"voxel_nm": SIZE})
    assert_same(whole, tmp_path / "array")
    assert found.shapes == 38
    assert found.voxel_nm == SIZE
    extract_library(open_lazy(volume, SIZE), tmp_path / "lazy")
    assert_same(whole, tmp_path / "lazy")
    assert "voxel size" in refusal(extract_library, np.load(volume), tmp_path / "no")


def test_neither_the_library_nor_the_labels_replace_the_input(volume, tmp_path):
    said = refusal(extract_library, volume, volume.with_name("x.zip"), labels_out=volume)
    assert "labels are written as" in said
    folder = tmp_path / "sections"
    folder.mkdir()
    tifffile.imwrite(folder / "0.tif", np.ones((4, 4), np.uint8))
    said = refusal(extract_library, folder, folder / "library", {"voxel_nm": SIZE})
    assert "would lie in the label volume" in said


@pytest.mark.usefixtures("nothing_fits")
def test_the_estimate_is_of_the_right_size(volume, tmp_path):
    job = prepare_extraction(
        volume, tmp_path / "library", {"voxel_nm": SIZE}, memory_limit=LITTLE, workers=1
    )
    found = job.run()
    size = sum(f.stat().st_size for f in (tmp_path / "library").rglob("*") if f.is_file())
    assert job.estimate.library_bytes == pytest.approx(size, rel=0.7)
    assert 0.3 * found.shapes < job.estimate.shapes < 3 * found.shapes
    assert job.estimate.memory_bytes == LITTLE
    assert "about" in str(job.estimate)


def test_a_full_disk_is_told_before(tmp_path):
    much = Estimate(10, 1e9, 1e18, 1e9, 0, 5, 10)
    said = refusal(check_disk, tmp_path / "library", None, much)
    assert "needs about" in said
    assert "free are" in said
    check_disk(tmp_path / "new" / "library", tmp_path / "x.tif", Estimate(1, 1, 1, 1, 1, 1, 1))


def test_an_estimate_grows_with_the_volume_and_falls_with_the_workers():
    settings = msl.ExtractionSettings(voxel_nm=(24, 24, 24), downsample=1)
    small, large = (np.zeros((n, n, n), np.uint8) for n in (32, 64))
    small[:16], large[:32] = 1, 1

    def of(labels: Any, workers: int) -> Estimate:
        from napari_3dmsl.compute import Processes

        return estimate_extraction(labels, settings, Processes(workers), 10**9)

    assert of(large, 1).seconds == pytest.approx(8 * of(small, 1).seconds)
    assert of(large, 2).seconds == pytest.approx(of(large, 1).seconds / 2)
    assert of(large, 1).library_bytes == pytest.approx(8 * of(small, 1).library_bytes)
    assert [duration(seconds) for seconds in (0, 59, 600, 8000, 3e5)] == [
        "1 s",
        "59 s",
        "10 min",
        "2 h",
        "3 days",
    ]


@pytest.mark.usefixtures("nothing_fits")
def test_the_library_knows_its_settings(volume, tmp_path):
    extract_library(volume, tmp_path / "a.zip", {"voxel_nm": SIZE}, memory_limit=LITTLE, workers=1)
    library = msl.ShapeLibrary.open(tmp_path / "a.zip")
    assert library.settings["erosion_nm"] == 84
    assert library.settings["downsample"] == [1, 1, 1]
    assert json.loads(json.dumps(library.settings["class_rules"]))["length_to"] == "axis"


def ball(folder: Path) -> Path:
    z, y, x = np.indices((20, 20, 20))
    np.save(folder / "ball.npy", (z - 10) ** 2 + (y - 10) ** 2 + (x - 10) ** 2 < 50)
    return folder / "ball.npy"


def with_labels(labels: Path, folder: Path, **options: Any) -> Any:
    out = folder / "labels.ome.zarr"
    options = {"labels_out": out, "blockwise": True, "workers": 1, **options}
    return prepare_extraction(labels, folder / "library", {"voxel_nm": SIZE}, **options)


KILLED = """
import os, signal, sys
from pathlib import Path
from test_extract_library import with_labels
labels, folder, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
library, out = str(folder / "library"), str(folder / "labels.ome.zarr")
def named(event, told, name):
    return event == "os.rename" and os.fspath(told[1]) == name
def removed(event, told, name):
    return event == "os.remove" and os.fspath(told[0]).endswith(name)
moments = {
    "before the labels have their name": lambda *of: named(*of, out),
    "before the library has its name": lambda *of: named(*of, library),
    "when all has just got there": lambda *of: removed(*of, ".library.napari-3dmsl/lock"),
    "when all is there": lambda *of: removed(*of, "shapes.jsonl"),
    "when all is there and cleared up": lambda *of: removed(*of, "placed.json"),
}
def watch(event, told):
    if event.startswith("os.re") and moments[moment](event, told):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
with_labels(labels, folder).run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("before the labels have their name", []),
        ("before the library has its name", ["labels.ome.zarr"]),
        ("when all has just got there", ["labels.ome.zarr", "library"]),
        ("when all is there", ["labels.ome.zarr", "library"]),
        ("when all is there and cleared up", ["labels.ome.zarr", "library"]),
    ],
)
def test_killed_between_its_library_and_its_labels_it_goes_on(moment, there, tmp_path):
    (tmp_path / "whole").mkdir()
    labels = ball(tmp_path)
    with_labels(labels, tmp_path / "whole").run()
    folder = tmp_path / "killed"
    folder.mkdir()
    here = os.pathsep.join([str(Path(__file__).parent), FROM_HERE["PYTHONPATH"]])
    command = [sys.executable, "-c", KILLED, labels, folder, moment]
    ended = subprocess.run(command, check=False, env={**FROM_HERE, "PYTHONPATH": here})
    assert ended.returncode == -signal.SIGKILL
    assert sorted(item.name for item in folder.iterdir() if item.name[0] != ".") == there
    stages: list[str] = []
    found = with_labels(labels, folder).run(lambda done, total, what: stages.append(what))
    assert found.shapes == 1
    if there == ["labels.ome.zarr"]:
        assert "Writing labels" not in stages
    assert_same(tmp_path / "whole", folder)
    assert len(list(folder.iterdir())) == 2
    assert "a shape library is there" in refusal(with_labels, labels, folder)


def test_the_folder_of_a_run_that_has_nothing_to_do_any_more_goes(tmp_path):
    labels = ball(tmp_path)
    with_labels(labels, tmp_path).run()
    work = work_folder(tmp_path / "library")
    work.mkdir()
    (work / "lock").touch()
    assert "a shape library is there" in refusal(with_labels, labels, tmp_path)
    assert not work.exists()


@pytest.mark.parametrize("blockwise", [False, True])
def test_labels_that_go_while_they_are_read_are_no_background(tmp_path, blockwise):
    z, y, x = np.indices((20, 20, 20))
    path = plain_zarr(tmp_path, ((z - 10) ** 2 + (y - 10) ** 2 + (x - 10) ** 2 < 50) * 1, SIZE)
    job = prepare_extraction(path, tmp_path / "library", blockwise=blockwise, workers=1)
    (path / "volumes" / ".zgroup").rename(tmp_path / "gone")  # by which others see it, first
    said = refusal(job.run)
    assert said == f"{path}: has changed, or gone, while it was read; run again"
    assert [item.name for item in tmp_path.iterdir() if item != path] == ["gone"]
    (tmp_path / "gone").rename(path / "volumes" / ".zgroup")
    assert prepare_extraction(path, tmp_path / "library", workers=1).run().shapes == 1
