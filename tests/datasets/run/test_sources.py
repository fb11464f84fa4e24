"""An image set is of one library: what has changed since it was begun is told, not mixed in."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_sets import settings_of, tree

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.run.lock import locked_library
from napari_3dmsl.datasets.run.sources import sources_of
from napari_3dmsl.library import checksums
from napari_3dmsl.library.checksums import checksums_of_files
from napari_3dmsl.library.library import ShapeLibrary


class StoppedError(Exception):
    """What ends a run in its middle."""


def stop_after(images: int) -> Any:
    def progress(done: int, total: int, what: str) -> None:
        if "checked" not in what and what != "starting" and done >= images:
            raise StoppedError

    return progress


@pytest.fixture
def own(library: Path, tmp_path: Path) -> Path:
    """A copy of the library that a test may change."""
    shutil.copytree(library, tmp_path / "library")
    return tmp_path / "library"


def recipe_of(library: Path, **changes: Any) -> Recipe:
    return Recipe(**{**settings_of(library), **changes})


def grown(library: Path, shape_id: int) -> bytes:
    """Move one vertex of a mesh a little, and return the file as it was."""
    path = library / str(shape_id) / "raw_mesh.off"
    before = path.read_bytes()
    lines = before.split(b"\n")
    lines[2] = b" ".join([b"%.9f" % (float(lines[2].split()[0]) + 0.01), *lines[2].split()[1:]])
    path.write_bytes(b"\n".join(lines))
    assert len(path.read_bytes()) == len(before)
    return before


def half_done(recipe: Recipe, folder: Path) -> None:
    """Make two of the four groups."""
    with pytest.raises(StoppedError):
        generate(recipe, folder, 1, stop_after(24))


def test_a_mesh_that_changed_between_two_runs_is_named_and_nothing_is_touched(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    recipe = recipe_of(own)
    half_done(recipe, tmp_path / "set")
    before = tree(tmp_path / "set")
    was = grown(own, 1)
    told = r"set: the library has changed since this set was begun: the mesh of shape 1\. Choose"
    with pytest.raises(ValueError, match=told) as caught:
        generate(recipe, tmp_path / "set", 1)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path / "set") == before
    (own / "1" / "raw_mesh.off").write_bytes(was)
    assert generate(recipe, tmp_path / "set", 1).images == 48


def test_a_finished_set_is_of_its_library_too(own: Path, tmp_path: Path, in_process: None) -> None:
    recipe = recipe_of(own)
    generate(recipe, tmp_path / "set", 1)
    for shape_id in (1, 2, 4):
        grown(own, shape_id)
    with pytest.raises(ValueError, match="the meshes of shapes 1, 2, 4. Choose"):
        generate(recipe, tmp_path / "set", 1)


def test_a_shape_of_which_nothing_is_finished_may_change(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    recipe = recipe_of(own)
    half_done(recipe, tmp_path / "set")
    grown(own, 4)
    assert generate(recipe, tmp_path / "set", 1).images == 48
    generate(recipe, tmp_path / "alone", 1)
    assert tree(tmp_path / "set") == tree(tmp_path / "alone")


def test_scenes_may_show_any_shape_so_none_may_change(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    scene = {"kind": "packed", "objects": [1, 1], "height_um": 6.0}
    recipe = recipe_of(
        own,
        scene=scene,
        views={},
        repeats=3,
        image_size=[96, 96],
        split={"train": 1, "val": 0, "test": 0},
    )
    with pytest.raises(StoppedError):
        generate(recipe, tmp_path / "set", 1, stop_after(2))
    grown(own, 3)
    with pytest.raises(ValueError, match="the mesh of shape 3"):
        generate(recipe, tmp_path / "set", 1)


def test_shapes_that_the_plan_does_not_use_may_change(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    recipe = recipe_of(own, source={"library": str(own), "ids": [1, 2]})
    generate(recipe, tmp_path / "set", 1)
    grown(own, 3)
    assert generate(recipe, tmp_path / "set", 1).made == 0


def test_a_class_that_was_corrected_is_told(own: Path, tmp_path: Path, in_process: None) -> None:
    recipe = recipe_of(own)
    generate(recipe, tmp_path / "set", 1)
    shapes = ShapeLibrary.open(own)
    shapes.set_classes({2: "mega"})
    shapes.save_classes()
    with pytest.raises(ValueError, match="changed since .*: the classes or places in its table"):
        generate(recipe, tmp_path / "set", 1)


def test_a_mesh_that_changes_while_the_run_goes_on_fails_its_group(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    recipe = recipe_of(own)

    def change(done: int, total: int, what: str) -> None:
        if what == "starting":
            grown(own, 3)

    outcome = generate(recipe, tmp_path / "set", 1, change)
    assert list(outcome.failed) == ["000003_r0"]
    assert (
        "raw_mesh.off: has changed since the work on this library began"
        in (outcome.failed["000003_r0"])
    )
    assert outcome.images == 36
    assert generate(recipe, tmp_path / "set", 1).images == 48  # with the shape as it is now


def test_a_lock_without_checksums_is_told(own: Path, tmp_path: Path, in_process: None) -> None:
    recipe = recipe_of(own)
    generate(recipe, tmp_path / "set", 1)
    path = tmp_path / "set" / "recipe.lock"
    lock = json.loads(path.read_text())
    del lock["sources"]
    path.write_text(json.dumps(lock))
    with pytest.raises(ValueError, match="an older version wrote its recipe.lock, without"):
        generate(recipe, tmp_path / "set", 1)


@pytest.mark.parametrize(
    "sources", [[], 5, None, {"meshes": []}, {"meshes": {"one": "x"}, "table": ""}, {"table": ""}]
)
def test_a_damaged_lock_is_one_line(
    own: Path, tmp_path: Path, in_process: None, sources: Any
) -> None:
    recipe = recipe_of(own, views={"six": False, "random": 1})
    generate(recipe, tmp_path / "set", 1)
    path = tmp_path / "set" / "recipe.lock"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sources": sources}))
    with pytest.raises(ValueError, match=rf"^{path}: damaged: ") as caught:
        generate(recipe, tmp_path / "set", 1)
    assert "\n" not in str(caught.value)


def test_a_library_has_the_same_checksums_in_folders_and_zips(
    own: Path, tmp_path: Path, in_process: None
) -> None:
    recipe = recipe_of(own)
    half_done(recipe, tmp_path / "set")
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(own.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(own))
    moved = recipe_of(packed)
    opened = ShapeLibrary.open(packed)
    plain = sources_of(make_plan(recipe, ShapeLibrary.open(own)), ShapeLibrary.open(own))
    assert sources_of(make_plan(moved, opened), opened)["meshes"] == plain["meshes"]
    assert locked_library(moved, tmp_path / "set").mesh(1).vertices.shape[1] == 3


def test_checksums_are_kept_while_size_and_time_of_a_file_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checksums, "_WORTH_KEEPING", 2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths[:2]:
        path.write_bytes(path.name.encode() * 100)
        os.utime(path, ns=(1, 1))
    files = list(enumerate(paths))
    first = checksums_of_files(tmp_path, files)
    assert first[2] is None  # it is not there
    assert first[0] != first[1]
    reads: list[Path] = []
    crc = checksums._crc
    monkeypatch.setattr(checksums, "_crc", lambda path: reads.append(path) or crc(path))
    assert checksums_of_files(tmp_path, files) == first
    assert reads == []
    paths[0].write_bytes(b"b" * 100)
    assert checksums_of_files(tmp_path, files)[0] == first[1]
    assert reads == paths[:1]


@pytest.mark.parametrize("content", [b"", b"PK\3\4", np.random.default_rng(0).bytes(500)])
def test_a_broken_cache_is_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    place = checksums._place(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    path = tmp_path / "a"
    path.write_bytes(b"123456789")
    assert checksums_of_files(tmp_path, [(1, path)]) == {1: "cbf43926-9"}  # CRC-32's check value
