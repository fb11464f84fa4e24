"""Runs of recipes: the same bytes however they go, and nothing half done whatever happens."""

import csv
import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from small_sets import tree

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.run.generate import DiskFullError, generate
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE, Journal
from napari_3dmsl.datasets.run.lock import only_run
from napari_3dmsl.datasets.write import sample_files
from napari_3dmsl.datasets.write.index import read_index
from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.library.library import ShapeLibrary


class CancelledError(Exception):
    """What a progress callback raises."""


def cancel_after(images):
    def progress(done, total, what):
        if what != "starting" and "checked" not in what and done >= images:
            raise CancelledError

    return progress


def times(folder):
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*")}


# What a run leaves behind


def test_a_finished_set_is_complete_and_lists_what_is_there(finished):
    recipe, folder = finished
    files = tree(folder)
    rows = read_index(folder)
    assert len(rows) == 48
    listed = {row[name] for row in rows for name in ("image", "mask")}
    assert set(files) == listed | {"index.csv", "recipe.lock"}
    assert len(listed) == 96
    assert {row["image"] for row in rows} == {f"images/{row['sample']}.tif" for row in rows}
    assert ImageSet(folder).verify() == []
    lock = json.loads(files["recipe.lock"])
    assert lock["recipe"] == recipe.model_dump(mode="json")
    assert set(lock) >= {"version", "libraries", "python", "shapes"}


def test_two_workers_and_one_give_the_same_bytes(finished, tmp_path):
    recipe, folder = finished
    outcome = generate(recipe, tmp_path / "two", workers=2)
    assert (outcome.images, outcome.made, outcome.failed) == (48, 48, {})
    assert tree(tmp_path / "two") == tree(folder)


def test_running_again_checks_and_changes_nothing(finished, tmp_path, in_process):
    recipe, folder = finished
    shutil.copytree(folder, tmp_path / "set")
    before, told = times(tmp_path / "set"), []
    outcome = generate(recipe, tmp_path / "set", 2, lambda *what: told.append(what))
    assert (outcome.images, outcome.made) == (48, 0)
    assert times(tmp_path / "set") == before
    assert told[-1][:2] == (48, 48)
    assert "checked" in told[-1][2]


@pytest.mark.parametrize("damage", ["delete", "cut", "flip", "folder"])
def test_a_damaged_file_is_made_again_and_only_its_group(finished, tmp_path, in_process, damage):
    recipe, folder = finished
    copy = tmp_path / "set"
    shutil.copytree(folder, copy)
    file = copy / "masks" / "000002_r0_x90_con1.tif"
    content = file.read_bytes()
    file.unlink()
    if damage == "cut":
        file.write_bytes(content[:-7])
    elif damage == "flip":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "folder":
        shutil.rmtree(copy / "masks")
    before = times(copy / "images")
    outcome = generate(recipe, copy)
    assert outcome.made == (48 if damage == "folder" else 12)
    assert tree(copy) == tree(folder)
    if damage != "folder":
        changed = [file.name for file, at in times(copy / "images").items() if before[file] != at]
        assert {name.split("_r0")[0] for name in changed if name != "images"} == {"000002"}


@pytest.mark.parametrize("damage", ["delete", "cut", "garbage"])
def test_a_damaged_table_is_made_again(finished, tmp_path, in_process, damage):
    recipe, folder = finished
    copy = tmp_path / "set"
    shutil.copytree(folder, copy)
    content = (copy / "index.csv").read_bytes()
    if damage == "delete":
        (copy / "index.csv").unlink()
    else:
        damaged = content[: len(content) // 2] if damage == "cut" else b"\xff\x00\n" + content
        (copy / "index.csv").write_bytes(damaged)
    assert generate(recipe, copy).images == 48
    assert tree(copy) == tree(folder)


def test_what_is_odd_about_the_images_is_counted(small_recipe, tmp_path, in_process):
    views = {"six": False, "rotations_deg": [[0, 0, 0]]}
    recipe = small_recipe(views=views, microscopes=["epi1"], image_size=[8, 8])
    outcome = generate(recipe, tmp_path / "cut", 1)
    rows = read_index(tmp_path / "cut")
    cut = sum(row["emitters_in_field"] < row["emitter_count"] for row in rows)
    assert 0 < cut < 4  # rods are longer than 0.87 µm, the dot is not
    assert outcome.cut == cut
    assert outcome.warnings == [
        f"{cut} of 4 images show only a part of their shape (emitters_in_field): take more or "
        "larger pixels"
    ]
    assert generate(recipe, tmp_path / "cut", 1).warnings == outcome.warnings  # all were there
    bright = small_recipe(views=views, labelling={"photons_per_fluorophore": 1e6})
    outcome = generate(bright, tmp_path / "bright", 1)
    assert (outcome.saturated, outcome.cut) == (8, 0)
    assert outcome.warnings[0].startswith("8 of 8 images have pixels that saturate")
    assert all(0 < row["saturated_share"] < 1 for row in read_index(tmp_path / "bright"))


# Cancelling and going on


def test_cancel_keeps_what_is_finished_and_the_next_run_goes_on(finished, tmp_path, in_process):
    recipe, folder = finished
    with pytest.raises(CancelledError):
        generate(recipe, tmp_path, 1, cancel_after(24))
    assert not (tmp_path / "index.csv").exists()
    before = times(tmp_path / "images")
    assert len(before) >= 24
    outcome = generate(recipe, tmp_path, 1)
    assert outcome.made <= 24
    assert outcome.images == 48
    after = times(tmp_path / "images")
    assert [f for f, at in before.items() if f.suffix and after[f] != at] == []
    assert tree(tmp_path) == tree(folder)


def test_what_was_left_half_done_is_swept_up(finished, tmp_path, in_process):
    recipe, folder = finished
    (tmp_path / "images" / ".x.zarr.part").mkdir(parents=True)
    (tmp_path / "images" / ".x.zarr.part" / ".0.part").touch()
    (tmp_path / "images" / ".000001_r0_0_epi1.tif.part").write_bytes(b"half")
    (tmp_path / ".zips-x4_k").mkdir()
    (tmp_path / "recipe.lock").write_bytes((folder / "recipe.lock").read_bytes())
    generate(recipe, tmp_path)
    assert tree(tmp_path) == tree(folder)
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_that_was_killed_before_it_wrote_its_recipe_goes_on(finished, tmp_path, in_process):
    recipe, folder = finished
    (tmp_path / ".recipe.lock.part").write_text("{")
    (tmp_path / ".running").touch()
    generate(recipe, tmp_path)
    assert tree(tmp_path) == tree(folder)


@pytest.mark.parametrize("end", [b'{"group": "000004_r0", "ro', b"\x00" * 64 + b"\n", b"[]\n"])
def test_a_journal_that_ends_in_anything_counts_up_to_there(tmp_path, end):
    with Journal(tmp_path) as journal:
        journal.add("a", [{"x": 1}])
        journal.add("b", [{"x": 2}])
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + end)
    with Journal(tmp_path) as journal:
        assert list(journal.groups()) == ["a", "b"]
        assert journal.rows("b") == [{"x": 2}]
        journal.add("c", [{"x": 3}])
        assert journal.rows("a") == [{"x": 1}]
        assert journal.rows("c") == [{"x": 3}]
    assert journal.path.read_bytes().startswith(whole)
    with Journal(tmp_path) as journal:
        assert list(journal.groups()) == ["a", "b", "c"]


# What is refused


def test_a_second_run_into_the_same_folder_is_refused(finished, tmp_path, in_process):
    recipe, _ = finished
    with only_run(tmp_path), pytest.raises(ValueError, match=f"{tmp_path}: another run is writing"):
        generate(recipe, tmp_path)
    assert generate(recipe, tmp_path).images == 48


def test_another_recipe_is_refused_and_the_difference_is_shown(finished, tmp_path, in_process):
    recipe, folder = finished
    shutil.copytree(folder, tmp_path / "set")
    changed = recipe.replace(seed=6, views={"six": True, "random": 1})
    with pytest.raises(ValueError, match="made with other settings") as caught:
        generate(changed, tmp_path / "set")
    message = str(caught.value)
    assert "recipe.seed: 5 before, 6 now" in message
    assert "recipe.views.random: 0 before, 1 now" in message
    assert "\n" not in message
    assert tree(tmp_path / "set") == tree(folder)


def test_a_foreign_folder_is_refused_and_not_touched(finished, tmp_path, in_process):
    recipe, _ = finished
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"not empty \(thesis.tex\) and no image set"):
        generate(recipe, tmp_path)
    assert tree(tmp_path) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("name", ["a file", "in a file"])
def test_a_file_in_place_of_the_folder_is_told(finished, tmp_path, in_process, name):
    (tmp_path / "file").touch()
    target = tmp_path / "file" if name == "a file" else tmp_path / "file" / "set"
    with pytest.raises((ValueError, OSError), match="file") as caught:
        generate(finished[0], target)
    assert "\n" not in str(caught.value)


def test_no_worker_is_refused(finished, tmp_path):
    with pytest.raises(ValueError, match="workers = 0: expected at least 1"):
        generate(finished[0], tmp_path, workers=0)


def test_a_missing_library_is_told_by_its_field(small_recipe, tmp_path):
    recipe = small_recipe(source={"library": str(tmp_path / "lost")})
    with pytest.raises(ValueError, match=r"^source\.library: .*lost"):
        generate(recipe, tmp_path / "set")
    assert not (tmp_path / "set").exists()


# What goes wrong on the way


def test_a_damaged_mesh_fails_its_group_alone_and_nothing_of_it_stays(
    finished, small_recipe, library, tmp_path, in_process
):
    _, folder = finished
    shutil.copytree(library, tmp_path / "library")
    mesh = tmp_path / "library" / "2" / "raw_mesh.off"
    good = mesh.read_bytes()
    mesh.write_bytes(good[: len(good) // 2])
    recipe = small_recipe(source={"library": str(tmp_path / "library")})
    outcome = generate(recipe, tmp_path / "set")
    assert list(outcome.failed) == ["000002_r0"]
    assert str(mesh) in outcome.failed["000002_r0"]
    assert (outcome.images, outcome.made) == (36, 36)
    whole = tree(folder)
    made = tree(tmp_path / "set")
    others = {name for name in whole if "000002" not in name}
    assert set(made) == others
    mesh.write_bytes(good)  # once it is repaired
    outcome = generate(recipe, tmp_path / "set")
    assert (outcome.images, outcome.made, outcome.failed) == (48, 12, {})
    made, told = tree(tmp_path / "set"), ("recipe.lock",)
    assert {n: c for n, c in made.items() if n not in told} == {
        n: c for n, c in whole.items() if n not in told
    }


@pytest.mark.parametrize("layout", ["flat", "3dmsl"])
def test_a_mesh_that_cannot_be_read_fails_its_group_alone(
    small_recipe, library, tmp_path, in_process, monkeypatch, layout
):
    """Root reads all, so a file without permission is acted."""
    mesh = library / "2" / "raw_mesh.off"
    read_bytes = Path.read_bytes

    def forbidden(path):
        if path == mesh:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    recipe = small_recipe(microscopes=["con1"], output={"layout": layout})
    outcome = generate(recipe, tmp_path / "set")
    assert len(outcome.failed) == 1
    [(name, why)] = outcome.failed.items()
    assert name.startswith("000002") or name == "2"
    assert why == f"{mesh}: Permission denied"
    assert outcome.images == 18
    assert ImageSet(tmp_path / "set").verify() == []


def test_a_truth_that_cannot_be_made_leaves_no_image_behind(
    small_recipe, library, tmp_path, in_process
):
    shutil.copytree(library, tmp_path / "library")
    mesh = tmp_path / "library" / "3" / "raw_mesh.off"
    lines = mesh.read_text().splitlines()
    counts = lines[1].split()
    lines[1] = f"{counts[0]} {int(counts[1]) - 40} 0"
    mesh.write_text("\n".join(lines[:-40]) + "\n")  # a hole: fluorophores, but no inside
    recipe = small_recipe(
        source={"library": str(tmp_path / "library"), "ids": [3]},
        ground_truth=["emitters", "occupancies"],
    )
    outcome = generate(recipe, tmp_path / "set")
    assert "hole" in outcome.failed["000003_r0"]
    assert set(tree(tmp_path / "set")) == {"index.csv", "recipe.lock"}


def test_a_worker_that_dies_is_told_and_finished_work_is_kept(small_recipe, tmp_path):
    recipe = small_recipe(repeats=6, microscopes=["epi1"])

    def kill_a_worker(done, total, what):
        if done >= 12 and what != "starting":
            # Each thread of this process lists the children that it has started.
            for children in Path("/proc/self/task").glob("*/children"):
                for child in children.read_text().split():
                    if "compute.serving" in Path(f"/proc/{child}/cmdline").read_text():
                        os.kill(int(child), 9)

    with pytest.raises(OSError, match="a worker process has died.*finished and kept") as caught:
        generate(recipe, tmp_path, 2, kill_a_worker)
    assert "Run again to go on" in str(caught.value)
    kept = len((tmp_path / JOURNAL_FILE).read_text().splitlines())
    assert kept >= 2
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("full_at", [3, 40, 95])
def test_a_disk_that_fills_up_stops_cleanly_and_goes_on(
    finished, tmp_path, in_process, monkeypatch, full_at
):
    recipe, folder = finished
    written = []
    write = sample_files.write_ome_tiff

    def scarce(*given, **told):
        written.append(given[0])
        if len(written) > full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(*given, **told)

    with monkeypatch.context() as patch:
        patch.setattr(sample_files, "write_ome_tiff", scarce)
        with pytest.raises(DiskFullError, match="the disk is full") as caught:
            generate(recipe, tmp_path, 1)
    assert "run again to go on" in str(caught.value)
    if full_at >= 40:
        assert f"{full_at // 24 * 12} of 48 images are finished and kept" in str(caught.value)
        assert "The rest needs about 1 MB" in str(caught.value)
    assert not list(tmp_path.rglob("*.part"))
    outcome = generate(recipe, tmp_path)
    assert outcome.made == 48 - full_at // 24 * 12
    assert tree(tmp_path) == tree(folder)


@pytest.mark.parametrize("room", [0, 2000])
def test_pixels_that_find_no_room_are_told_as_a_full_disk(
    finished, tmp_path, in_process, small_files, room
):
    """NumPy, which writes them, tells no number of the error."""
    recipe, folder = finished
    small_files(room)
    with pytest.raises(DiskFullError, match=f"{tmp_path}.*the disk is full"):
        generate(recipe, tmp_path, 1)
    assert not list(tmp_path.rglob("*.part"))
    small_files(10**9)
    assert generate(recipe, tmp_path).images == 48
    assert tree(tmp_path) == tree(folder)


@pytest.mark.parametrize("kilobytes", [4, 100, 380, 580])
def test_a_real_disk_that_is_full_stops_cleanly_and_goes_on(
    finished, in_process, small_disk, kilobytes
):
    recipe, folder = finished
    disk = small_disk(f"size={kilobytes}k")
    with pytest.raises(DiskFullError, match="the disk is full"):
        generate(recipe, disk / "set")
    assert not list(disk.rglob("*.part"))
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    assert generate(recipe, disk / "set").images == 48
    assert tree(disk / "set") == tree(folder)


def test_a_folder_that_cannot_be_written_is_told(finished, in_process, small_disk):
    disk = small_disk("ro,size=1m")
    with pytest.raises(OSError, match="Read-only file system") as caught:
        generate(finished[0], disk)
    assert str(disk) in str(caught.value)
    assert "\n" not in str(caught.value)


# Layouts, formats and ground truths

STILL = [name for name in TRUTHS if name != "tracks"]


@pytest.mark.parametrize(
    ("layout", "kind"), [("flat", "ome-tiff"), ("flat", "ome-zarr"), ("3dmsl", "ome-tiff")]
)
def test_every_ground_truth_is_written_and_can_be_read(
    small_recipe, library, tmp_path, in_process, layout, kind
):
    recipe = small_recipe(
        source={"library": str(library), "ids": [4]},
        microscopes=["con1"],
        views={"six": False, "rotations_deg": [[0, 30, 0]]},
        focus={"planes": 3},
        ground_truth=STILL,
        output={"layout": layout, "format": kind},
    )
    outcome = generate(recipe, tmp_path)
    assert outcome.failed == {}
    (row,) = read_index(tmp_path)
    assert all((tmp_path / row[name]).exists() for name in STILL)
    images = ImageSet(tmp_path)
    assert images.verify() == []
    sample = images[0]
    assert sample.image.shape == (3, 32, 32)
    assert set(sample.truths) == set(STILL)
    mesh = trimesh.load_mesh(tmp_path / row["meshes"], process=False)
    assert mesh.is_watertight
    with (tmp_path / row["emitters"]).open() as file:
        emitters = list(csv.DictReader(file))
    assert len(emitters) == row["emitter_count"]
    with np.load(tmp_path / row["clouds"]) as cloud:
        low, high = mesh.bounds
        points = cloud["points_um"][:, ::-1]
        assert (points >= low - 1e-3).all()
        assert (points <= high + 1e-3).all()
    with np.load(tmp_path / row["occupancies"]) as found:
        assert 0.02 < found["inside"].mean() < 0.5
    if kind == "ome-tiff":
        for name, shape in (("mask", (32, 32)), ("photons", (3, 32, 32)), ("depth", (32, 32))):
            assert tifffile.imread(tmp_path / row[name]).shape == shape
        assert tifffile.imread(tmp_path / row["mask"]).max() == 1
        assert tifffile.imread(tmp_path / row["classes"]).max() == 4  # donut


def test_tracks_are_written_for_what_moves(small_recipe, library, tmp_path, in_process):
    recipe = small_recipe(
        source={"library": str(library), "ids": [1]},
        microscopes=["epi1"],
        views={"six": False, "rotations_deg": [[0, 0, 0]]},
        motion={"frames": 4, "interval_s": 0.5},
        ground_truth=["mask", "tracks", "meshes", "emitters"],
    )
    outcome = generate(recipe, tmp_path)
    assert outcome.failed == {}
    sample = ImageSet(tmp_path)[0]
    assert sample.image.shape == (4, 32, 32)
    assert sample.truths["mask"].shape == (4, 32, 32)
    (row,) = read_index(tmp_path)
    assert len(list((tmp_path / row["meshes"]).iterdir())) == 4
    text = (tmp_path / row["tracks"] / "man_track.txt").read_text()
    assert text.split() == ["1", "0", "3", "0"]


def test_the_released_layout_is_a_library_with_its_images(finished, tmp_path, in_process):
    recipe, folder = finished
    released = recipe.replace(output={"layout": "3dmsl", "zips": True})
    assert generate(released, tmp_path).images == 48
    flat = {(r["shape_id"], r["microscope"], r["view"]): r["image"] for r in read_index(folder)}
    for opened in (ShapeLibrary.open(tmp_path), ShapeLibrary.open(tmp_path / "zips")):
        assert opened.ids == [1, 2, 3, 4]
        for (shape, scope, view), file in flat.items():
            name = {"con1": "Conf1", "epi1": "Epi1"}[scope]
            pixels = opened.image(shape, name, view)
            np.testing.assert_array_equal(pixels, tifffile.imread(folder / file))
    inside = {file.name for file in (tmp_path / "zips").iterdir()}
    assert not [name for name in inside if name.startswith(".")]
    before = times(tmp_path)
    assert generate(released, tmp_path).made == 0
    assert {f: t for f, t in times(tmp_path).items() if f.is_file()} == {
        f: t for f, t in before.items() if f.is_file()
    }
