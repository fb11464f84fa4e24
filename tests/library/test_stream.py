"""Libraries written shape by shape: the bytes of those written at once, whatever stops the work."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ending import FROM_HERE
from refusals import refusal
from same_files import assert_same
from stored_labels import on_disk
from waiting import PATIENCE_S

from napari_3dmsl.library import stream
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.shape_journal import JOURNAL_FILE
from napari_3dmsl.library.stream import stream_library
from napari_3dmsl.library.surfaces_on_disk import HeldSurfaces, surface_bytes, surface_file
from napari_3dmsl.library.unfinished import unfinished_work, work_folder
from napari_3dmsl.library.write import write_library
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.writing import whole_output

SAMPLES = SampleSettings(surface_points=200, occupancy_points=200)
LAYOUTS: dict[str, dict[str, Any]] = {
    "folder": {},
    "folder with samples": {"samples": SAMPLES, "seed": 3},
    "one.zip": {"samples": SAMPLES},
    "zips": {"shapes_per_zip": 10},
}


class StopError(Exception):
    """Somebody has pressed Cancel."""


def stop_at(count: int) -> Any:
    def progress(done: int, total: int, what: str) -> None:
        if what.startswith("Measuring") and done >= count:
            raise StopError

    return progress


def entries(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shape_by_shape_gives_the_bytes_of_all_at_once(
    layout, workers, small_extraction, small_shapes, tmp_path
):
    (tmp_path / "streamed").mkdir()
    known = {"settings": {"voxel_nm": (48, 48, 48)}}
    write_library(small_shapes, tmp_path / layout, **known, **LAYOUTS[layout])
    extraction = small_extraction if workers == 1 else on_disk(small_extraction, tmp_path)
    streamed = tmp_path / "streamed" / layout
    written = stream_library(extraction, streamed, workers=workers, **known, **LAYOUTS[layout])
    assert_same(tmp_path / layout, streamed)
    assert written.shapes == len(small_shapes)
    assert written.classes["dot"] == 12
    assert entries(tmp_path / "streamed") == [layout]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_stopped_goes_on_to_the_same_bytes(
    layout, small_extraction, small_shapes, tmp_path
):
    write_library(small_shapes, tmp_path / "whole" / layout, **LAYOUTS[layout])
    folder, told = tmp_path / layout, []
    for count in (5, 20):
        with pytest.raises(StopError):
            stream_library(small_extraction, folder, progress=stop_at(count), **LAYOUTS[layout])
        assert not folder.exists()
    stream_library(
        small_extraction,
        folder,
        progress=lambda done, _, what: told.append((what, done)),
        **LAYOUTS[layout],
    )
    assert told[0] == ("Measuring shapes", 20)
    assert_same(tmp_path / "whole" / layout, folder)
    assert entries(tmp_path) == sorted([layout, "whole"])


@pytest.mark.parametrize("damage", ["a surface", "a mesh", "the last line", "a line"])
def test_nothing_half_written_is_taken_for_finished(
    damage, small_extraction, small_shapes, tmp_path
):
    folder, work = tmp_path / "library", work_folder(tmp_path / "library")
    write_library(small_shapes, tmp_path / "whole")
    with pytest.raises(StopError):
        stream_library(small_extraction, folder, progress=stop_at(10))
    journal = work / JOURNAL_FILE
    if damage == "a surface":
        file = work / "surfaces" / surface_file(4)
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "a mesh":
        (work / "library" / "3" / "raw_mesh.off").write_bytes(b"OFF\n")
    elif damage == "the last line":
        journal.write_bytes(journal.read_bytes()[:-20])
    else:
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join([*lines[:3], b"{half\n", *lines[3:]]))
    told = []
    stream_library(small_extraction, folder, progress=lambda done, *_: told.append(done))
    assert told[0] == {"a line": 3}.get(damage, 9)
    assert_same(tmp_path / "whole", folder)


def test_a_library_that_was_in_its_place_when_the_run_was_killed_is_finished(
    small_extraction, tmp_path
):
    begun_with = {"seed": 1}
    written = []

    def write_and_stop() -> None:
        with unfinished_work(tmp_path / "library", begun_with) as work:
            written.append(stream_library(small_extraction, tmp_path / "library", work=work))
            raise StopError

    with pytest.raises(StopError):
        write_and_stop()
    with unfinished_work(tmp_path / "library", begun_with) as work:
        assert work.goes_on
        assert stream_library(small_extraction, tmp_path / "library", work=work) == written[0]
    assert entries(tmp_path) == ["library"]
    again = refusal(stream_library, small_extraction, tmp_path / "library")
    assert "a shape library is there" in again


def test_a_run_of_other_settings_does_not_go_on_and_says_so(
    small_extraction, small_shapes, tmp_path
):
    folder = tmp_path / "library"
    with pytest.raises(StopError):
        stream_library(small_extraction, folder, progress=stop_at(5))
    said = refusal(stream_library, small_extraction, folder, shapes_per_zip=7)
    assert "not finished" in said
    assert "shapes_per_zip: null before, 7 now" in said
    assert "--replace" in said
    told = []
    stream_library(
        small_extraction,
        folder,
        samples=SAMPLES,
        replace=True,
        progress=lambda done, *_: told.append(done),
    )
    assert told[0] == 0
    write_library(small_shapes, tmp_path / "whole", samples=SAMPLES)
    assert_same(tmp_path / "whole", folder)


def test_two_runs_into_one_library_are_refused_and_others_leave_the_work_alone(tmp_path):
    target = tmp_path / "library"
    with unfinished_work(target, {}) as work:
        (work.folder / "stage").write_text("half a day of work")
        assert "another run is writing this" in refusal(begin, target)
        with whole_output(tmp_path / "other", lambda _: True) as new:
            new.mkdir()
        with pytest.raises(StopError), whole_output(target, lambda _: True) as new:
            raise StopError
        assert (work.folder / "stage").exists()
    assert entries(tmp_path) == ["other"]


def begin(target: Path) -> None:
    with unfinished_work(target, {}):
        pass


def test_a_run_that_has_done_nothing_leaves_nothing(small_extraction, tmp_path):
    with pytest.raises(StopError):
        stream_library(small_extraction, tmp_path / "library", progress=stop_at(0))
    assert entries(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="nothing kills like SIGKILL elsewhere")
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    small_extraction, small_shapes, tmp_path
):
    write_library(small_shapes, tmp_path / "whole", samples=SAMPLES)
    script = tmp_path / "run.py"
    stored = on_disk(small_extraction, tmp_path)
    (tmp_path / "extraction.pickle").write_bytes(pickle.dumps(stored))
    script.write_text(
        "import pickle, sys\n"
        "from ending import EndsAt\n"
        "from napari_3dmsl.library.stream import stream_library\n"
        "from napari_3dmsl.shapes.sampling import SampleSettings\n"
        "extraction = pickle.load(open('extraction.pickle', 'rb'))\n"
        "samples = SampleSettings(surface_points=200, occupancy_points=200)\n"
        "ending = EndsAt(int(sys.argv[1]), float(sys.argv[2]), stage='Measuring')\n"
        "stream_library(extraction, 'library', progress=ending, samples=samples, workers=2)\n"
    )
    for finished, delay_s in ((4, 0.0), (15, 0.013), (30, 0.05)):
        command = [sys.executable, str(script), str(finished), str(delay_s)]
        ended = subprocess.run(
            command, cwd=tmp_path, env=FROM_HERE, timeout=PATIENCE_S, check=False
        )
        assert ended.returncode == -signal.SIGKILL
        journal = work_folder(tmp_path / "library") / JOURNAL_FILE
        assert finished <= journal.read_bytes().count(b"\n") <= len(small_shapes)
    stream_library(stored, tmp_path / "library", samples=SAMPLES)
    assert_same(tmp_path / "whole", tmp_path / "library")


def test_what_memory_has_no_room_for_is_coarser_told_and_made_again_with_more(
    small_extraction, small_shapes, tmp_path, monkeypatch
):
    folder = tmp_path / "library"
    monkeypatch.setattr(stream, "worker_bytes", lambda limit, workers: limit)

    def last(done: int, total: int, what: str) -> None:
        if what.startswith("Measuring") and done == total:
            raise StopError

    little, enough = 3_000_000, 10**9
    written = stream_library(small_extraction, tmp_path / "coarse", memory_limit=little)
    assert "sprawl" in written.warnings[0]
    library = ShapeLibrary.open(tmp_path / "coarse")
    assert set(library.table["neighbour_um"]) == {None}
    assert library.table["volume_um3"] == [shape.volume_um3 for shape in small_shapes]
    with pytest.raises(StopError):
        stream_library(small_extraction, folder, progress=last, memory_limit=little)
    told = []
    written = stream_library(
        small_extraction,
        folder,
        progress=lambda done, *_: told.append(done),
        memory_limit=enough,
    )
    assert told[0] == 0  # they lack what neighbours are measured on
    assert written.warnings == []
    write_library(small_shapes, tmp_path / "whole")
    assert_same(tmp_path / "whole", folder)


def test_surfaces_are_held_up_to_a_limit_and_read_to_the_last_bit(small_shapes, tmp_path):
    meshes = {shape.id: shape.mesh for shape in small_shapes[:8]}
    for number, mesh in meshes.items():
        (tmp_path / surface_file(number)).write_bytes(surface_bytes(mesh))
    ids = list(meshes)
    for most in (0, 100_000, 2**30):
        held = HeldSurfaces(tmp_path, ids, most)
        for place in [0, 1, 2, 0, 7, 3, 4, 0, 5, 6]:
            np.testing.assert_array_equal(held(place).vertices, meshes[ids[place]].vertices)
            np.testing.assert_array_equal(held(place).faces, meshes[ids[place]].faces)
            assert held.bytes <= most or held.count <= 2


def test_the_journal_is_json_that_others_can_read(small_extraction, tmp_path):
    with pytest.raises(StopError):
        stream_library(small_extraction, tmp_path / "library", progress=stop_at(2))
    journal = work_folder(tmp_path / "library") / JOURNAL_FILE
    rows = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [row[0] for row in rows] == [1, 2]
