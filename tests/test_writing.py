"""Files and folders appear whole or not at all, and what others put there stays."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import pytest
import trimesh
from refusals import refusal

from napari_3dmsl import cli
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.shapes.mesh import Mesh, write_mesh
from napari_3dmsl.writing import (
    DiskFullError,
    UnwritableError,
    check_apart,
    is_same,
    only_one,
    whole_file,
    whole_folder,
    whole_output,
)

KILLED = """
import os, signal, sys
from pathlib import Path
from napari_3dmsl.writing import whole_output
target, moment = Path(sys.argv[1]), sys.argv[2]
replace, times = Path.replace, []
def dies(self, to):
    times.append(to)
    if len(times) == int(moment):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, to)
Path.replace = dies
with whole_output(target, lambda file: file.name == "ours") as new:
    new.mkdir()
    (new / "ours").write_text("new")
    if moment == "0":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(target: Path, place: str = "ours") -> None:
    with whole_output(target, lambda file: file.name == "ours") as new:
        (new / place).parent.mkdir(parents=True)
        (new / place).write_text("again")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of ours, and a note, a tree and a link of somebody."""
    folder = tmp_path / "library"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "ours").write_text("old")
    (folder / "deep" / "er" / "note.txt").write_text("years of work")
    (folder / "link").symlink_to("deep")
    return folder


def test_what_others_put_into_a_folder_stays(folder: Path) -> None:
    before = (folder / "deep" / "er" / "note.txt").stat()
    write(folder)
    assert (folder / "ours").read_text() == "again"
    assert (folder / "deep" / "er" / "note.txt").read_text() == "years of work"
    assert (folder / "deep" / "er" / "note.txt").stat().st_mtime_ns == before.st_mtime_ns
    assert (folder / "empty").is_dir()
    assert (folder / "link").readlink() == Path("deep")
    assert names(folder.parent) == ["library"]


def test_files_of_others_stay_on_disks_without_links(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError("not on this disk")

    monkeypatch.setattr(os, "link", no_links)
    write(folder)
    assert (folder / "deep" / "er" / "note.txt").read_text() == "years of work"
    assert (folder / "link").readlink() == Path("deep")


def test_a_file_of_others_in_the_way_is_named_and_nothing_changes(folder: Path) -> None:
    (folder / "7").mkdir()
    (folder / "7" / "mesh").write_text("mine")
    with pytest.raises(ValueError, match=r"7.mesh: in the way"):
        write(folder, place="7/mesh")
    assert (folder / "7" / "mesh").read_text() == "mine"
    assert (folder / "ours").read_text() == "old"
    assert names(folder.parent) == ["library"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("moment", ["0", "1", "2"])
def test_a_killed_run_leaves_one_whole_folder_and_the_next_run_beside_it_clears_up(
    folder: Path, moment: str
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(folder.parent)) > (moment != "2")  # it did leave something
    write(folder.parent / "other")
    assert names(folder.parent) == ["library", "other"]
    assert (folder / "ours").read_text() == "old"
    assert (folder / "deep" / "er" / "note.txt").read_text() == "years of work"


def test_a_run_that_is_writing_is_not_disturbed(folder: Path) -> None:
    with whole_output(folder, lambda file: file.name == "ours") as new:
        new.mkdir()
        write(folder.parent / "other")
        with pytest.raises(ValueError, match="another run is writing"):
            write(folder)
        (new / "ours").write_text("first")
    assert (folder / "ours").read_text() == "first"
    assert names(folder.parent) == ["library", "other"]


def test_hidden_folders_of_others_are_left_alone(folder: Path) -> None:
    for name in (".library-x4k2_a", ".library.part", ".cache"):
        (folder.parent / name).mkdir()
    write(folder)
    assert len(names(folder.parent)) == 4


def test_a_link_to_a_folder_stays_a_link(folder: Path) -> None:
    link = folder.parent / "latest"
    link.symlink_to("library")
    write(link)
    assert link.readlink() == Path("library")
    assert (folder / "ours").read_text() == "again"


def test_other_names_of_a_file_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tmp_path / "labels.tif"
    labels.write_bytes(b"labels")
    (tmp_path / "soft.tif").symlink_to(labels)
    (tmp_path / "hard.tif").hardlink_to(labels)
    (tmp_path / "here").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    again = f"here/../{tmp_path.name}/soft.tif"
    for name in ("labels.tif", "soft.tif", "hard.tif", "here/labels.tif", again):
        assert is_same(Path(name), labels)
        with pytest.raises(ValueError, match="would replace the label volume"):
            check_apart(Path(name), "the file", **{"label volume": labels})
    for name in ("new.tif", "here/new.tif", "here"):
        check_apart(Path(name), "the file", **{"label volume": labels})
    for name in ("lib/new.tif", "lib/7/new.tif", "here/lib/new.tif"):
        with pytest.raises(ValueError, match="would lie in the library"):
            check_apart(Path(name), "the file", library=tmp_path / "lib")


# A disk that is full. Files that may not grow stand for it: that needs no rights and no mount.


def ball_labels(folder: Path) -> Path:
    z, y, x = np.ogrid[:40, :40, :40]
    path = folder / "ball.npy"
    np.save(path, (z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 144)
    return path


def ball_mesh(folder: Path) -> Path:
    path = folder / "ball.off"
    trimesh.creation.icosphere(subdivisions=2, radius=20).export(path)
    return path


VOXEL = ("--voxel-nm", "24", "24", "24")
COMMANDS = {
    "pixels of an image": (ball_mesh, ["simulate", "{in}", "{out}.tif", "--microscope", "con1"]),
    "planes of a stack": (
        ball_mesh,
        [
            "simulate",
            "{in}",
            "{out}.tif",
            "--microscope",
            "con1",
            "--planes",
            "3",
            "--noise",
            "none",
        ],
    ),
    "a library": (ball_labels, ["extract", "{in}", "{out}", *VOXEL]),
    "a library in a zip": (ball_labels, ["extract", "{in}", "{out}.zip", *VOXEL]),
    "labels": (ball_labels, ["extract", "{in}", "{out}", *VOXEL, "--labels-out", "{out}.tif"]),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("room", [0, 5000])
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(
    small_files: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    room: int,
) -> None:
    make, words = COMMANDS[name]
    given, out = make(tmp_path), tmp_path / "out"
    before = names(tmp_path)
    small_files(room)
    status = cli.main(
        [word.replace("{in}", str(given)).replace("{out}", str(out)) for word in words]
    )
    printed = capsys.readouterr()
    assert status == 1
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"Error: {out}")
    assert "the disk is full; make room" in printed.err
    assert names(tmp_path) == before


def test_a_full_disk_is_told_by_every_writer(
    small_files: Callable[[int], None], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 60000, (64, 64)).astype(np.uint16)
    body = trimesh.creation.icosphere(subdivisions=3)
    mesh = Mesh(np.array(body.vertices), np.array(body.faces, dtype=np.int32))
    small_files(3000)
    for write_one in (
        lambda: write_ome_tiff(tmp_path / "a.tif", pixels, (0.1, 0.1)),
        lambda: write_ome_tiff(tmp_path / "a.tif", pixels, (0.1, 0.1), compress=True),
        lambda: write_ome_zarr(tmp_path / "a.zarr", pixels, (0.1, 0.1), {}),
        lambda: write_mesh(mesh, tmp_path / "a.off"),
        lambda: write_mesh(mesh, tmp_path / "a.stl"),
    ):
        with pytest.raises(DiskFullError, match=rf"^{tmp_path}/a\.\w+: the disk is full") as told:
            write_one()
        assert told.value.errno == errno.ENOSPC
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError("8192 requested and 512 written"), True),  # as NumPy says it
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (OSError("a worker has died"), False),
    ],
)
def test_a_full_disk_is_told_from_other_errors(tmp_path: Path, error: OSError, full: bool) -> None:
    with pytest.raises(OSError, match=r".") as told, whole_file(tmp_path / "a"):
        raise error
    assert isinstance(told.value, DiskFullError) == full
    told_again = pickle.loads(pickle.dumps(told.value))
    assert str(told_again) == str(told.value)


# Places that may not be written, and programs that write at the same time.


def test_a_place_that_cannot_be_written_is_named_and_not_the_hidden_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path, reason in (
        (tmp_path / "none" / "a.csv", "cannot be written: No such file or directory; make the"),
        (tmp_path / "file" / "a.csv", "cannot be written: Not a directory; choose another place"),
        (tmp_path / "folder", "cannot be written: Is a directory; choose another name"),
        (tmp_path / ("a" * 250), "cannot be written: File name too long; choose a shorter name"),
    ):
        with pytest.raises(UnwritableError, match=r"cannot be") as told, whole_file(path) as part:
            part.write_text("new")
        assert str(told.value).startswith(f"{path}: {reason}")
    assert names(tmp_path) == ["file", "folder"]


def test_a_disk_that_is_read_only_is_told(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=100k")
    (disk / "a.csv").write_text("old")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for write_one in (
        lambda: write_ome_tiff(disk / "a.tif", np.ones((9, 9), np.uint16), (0.1, 0.1)),
        lambda: write_ome_zarr(disk / "a.zarr", np.ones((9, 9), np.uint16), (0.1, 0.1), {}),
        lambda: write(disk / "folder"),
    ):
        with pytest.raises(UnwritableError, match=rf"^{disk}/[\w.]+: cannot be written: Read-only"):
            write_one()


def test_a_file_that_is_read_only_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda file, mode: False)  # root may write everything
    with pytest.raises(UnwritableError, match=r"a\.csv: cannot be written"), whole_file(path):
        raise AssertionError("nothing is written before that is known")
    assert path.read_text() == "old"


def test_errors_about_files_that_are_read_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told, whole_file(tmp_path / "a.csv"):
        (tmp_path / "a.csv.bak").read_text()
    assert told.value.filename == str(tmp_path / "a.csv.bak")


WRITES = """
import sys, time
from pathlib import Path
from napari_3dmsl.writing import whole_file, whole_folder
path, letter = Path(sys.argv[1]), sys.argv[2]
for _ in range(20):
    with whole_file(path / "file") as part, part.open("w") as file:
        for _ in range(20):
            file.write(letter * 50)
            file.flush()
    with whole_folder(path / "folder") as new:
        new.mkdir()
        for number in range(5):
            (new / str(number)).write_text(letter)
"""


def test_two_programs_that_write_the_same_mix_nothing(tmp_path: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path), letter]) for letter in "ab"
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert (tmp_path / "file").read_text() in ("a" * 1000, "b" * 1000)
    written = "".join(file.read_text() for file in (tmp_path / "folder").iterdir())
    assert written in ("aaaaa", "bbbbb")
    assert names(tmp_path) == ["file", "folder"]


def test_only_one_is_let_in_and_no_lock_is_left(tmp_path: Path) -> None:
    lock, inside = tmp_path / ".a.lock", tmp_path / "work" / "lock"
    with only_one(lock, tmp_path / "a"), only_one(inside, tmp_path / "a", own_folder=True):
        for file in (lock, inside):
            said = refusal(only_one(file, tmp_path / "a", busy="wait").__enter__)
            assert said == f"{tmp_path / 'a'}: wait"
    assert names(tmp_path) == []
    lock.touch()  # of a run that was killed
    with only_one(lock, tmp_path / "a"), only_one(inside, tmp_path / "a", own_folder=True):
        (inside.parent / "done").touch()
    assert names(tmp_path) == ["work"]  # which holds something
    with pytest.raises(UnwritableError, match=r"a: cannot be written: No such file"):
        only_one(tmp_path / "none" / "lock", tmp_path / "none" / "a").__enter__()
    assert names(tmp_path) == ["work"]


def test_on_a_disk_without_locks_nobody_is_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filelock.FileLock, "acquire", no_locks)
    with whole_file(tmp_path / "a") as first, whole_file(tmp_path / "b") as second:
        first.touch()
        second.touch()
    assert names(tmp_path) == ["a", "b"]


def test_what_a_killed_run_left_of_a_folder_is_cleared_up(tmp_path: Path) -> None:
    left = tmp_path / ".a.part"
    (left / "new" / "half").mkdir(parents=True)
    (left / "old").mkdir()
    (left / "old" / "whole").write_text("")  # killed between the two renames
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "a"):
        raise RuntimeError
    assert names(tmp_path / "a") == ["whole"]
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("inside", [False, True])
def test_links_that_go_round_in_a_circle_are_named(tmp_path: Path, inside: bool) -> None:
    first, second, mesh = tmp_path / "a", tmp_path / "b", tmp_path / "mesh.off"
    first.symlink_to(second)
    second.symlink_to(first)
    mesh.write_text("mesh")
    looped = first / "deep" if inside else first
    for call in (
        lambda: check_apart(looped, "the image", input=mesh),
        lambda: check_apart(mesh, "the image", input=looped),
        lambda: write(looped),
        lambda: is_same(mesh, looped),
    ):
        assert refusal(call).startswith(f"{looped}: a link that leads back to itself; ")
    assert names(tmp_path) == ["a", "b", "mesh.off"]
    assert first.is_symlink()
