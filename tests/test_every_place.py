"""The same bytes wherever the work runs, and whatever dies on the way."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster_fixtures import kill_a_worker, scheduler_alone
from ending import FROM_HERE
from small_sets import tree
from waiting import PATIENCE_S, wait_for

from napari_3dmsl.compute import Cluster, Here, Place, Processes, SchedulerGoneError
from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.run import group
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.library import extract
from napari_3dmsl.library.instance_files import off_from_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.library.shape_forms import export_shapes
from napari_3dmsl.library.write import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

MEASURES = "measures.csv"


@pytest.fixture
def released(tmp_path: Path, small_shapes: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve meshes alone, as the release has them."""
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    for shape in small_shapes[:12]:
        folder = tmp_path / "released" / str(shape.id)
        folder.mkdir(parents=True)
        (folder / "raw_mesh.off").write_bytes(off_from_mesh(shape.mesh, 0.024))
    return tmp_path / "released"


@pytest.fixture
def measures(released: Path) -> bytes:
    """What measuring them comes to; the table is removed again."""
    measure_library(released, place=Here())
    table = (released / MEASURES).read_bytes()
    (released / MEASURES).unlink()
    return table


def nothing_hidden(folder: Path) -> bool:
    return not [path for path in folder.rglob("*") if path.name.startswith(".")]


class Once:
    """A progress that does something when so much is done, once."""

    def __init__(self, when: int, what: Callable[[], Any]) -> None:
        self._when, self._what, self.happened = when, what, False

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._when <= done < total and not self.happened and what != "starting":
            self.happened = True
            self._what()


# The same bytes


def places(cluster: Cluster) -> tuple[Place, ...]:
    return Here(), Processes(2), cluster


def test_labels_become_the_same_library(cluster: Cluster, tmp_path: Path) -> None:
    phantom = make_phantom(seed=0, voxel_nm=(64, 64, 64))
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    extraction = extract_instances(phantom.labels > 0, settings)
    trees = []
    for number, place in enumerate(places(cluster)):
        shapes = measure_shapes(extraction, place=place)
        assert len(shapes) > 10
        write_library(shapes, tmp_path / f"library{number}")
        trees.append(tree(tmp_path / f"library{number}"))
    assert trees[0] == trees[1] == trees[2]


def test_a_library_is_measured_to_the_same_bytes(
    cluster: Cluster, released: Path, measures: bytes
) -> None:
    for place in places(cluster):
        assert measure_library(released, place=place).measured == 12
        assert (released / MEASURES).read_bytes() == measures
        (released / MEASURES).unlink()


def test_shapes_are_exported_to_the_same_bytes(
    cluster: Cluster, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # workers of a cluster lie elsewhere
    library = ShapeLibrary.open("released")
    trees = []
    for number, place in enumerate(places(cluster)):
        files = export_shapes(library, library.ids[:6], f"files{number}", "stl", place=place)
        assert [file.name for file in files] == [f"{i}.stl" for i in library.ids[:6]]
        trees.append(tree(tmp_path / f"files{number}"))
    assert trees[0] == trees[1] == trees[2]


def test_image_sets_are_made_to_the_same_bytes(
    cluster: Cluster, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, folder = finished  # made here
    monkeypatch.chdir(tmp_path)
    for number, place in enumerate((Processes(2), cluster)):
        outcome = generate(recipe, f"set{number}", place=place)
        assert (outcome.images, outcome.made, outcome.failed) == (48, 48, {})
        assert tree(tmp_path / f"set{number}") == tree(folder)
        assert nothing_hidden(tmp_path / f"set{number}")


def test_images_as_folders_are_made_to_the_same_bytes(
    cluster: Cluster, small_recipe: Any, tmp_path: Path
) -> None:
    recipe = small_recipe(output={"format": "ome-zarr"}, ground_truth=["mask", "meshes"])
    for name, place in (("here", Here()), ("there", cluster)):
        assert generate(recipe, tmp_path / name, place=place).made == 48
    assert tree(tmp_path / "here") == tree(tmp_path / "there")
    assert nothing_hidden(tmp_path / "there")


# A worker is killed in the middle


def test_a_volume_in_blocks_becomes_the_same_library_though_workers_are_killed(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "COPIES", 1e9)  # no volume fits into memory
    monkeypatch.chdir(tmp_path)  # workers of a cluster lie elsewhere
    phantom = make_phantom(seed=0, voxel_nm=(64, 64, 64))
    np.save("labels.npy", (phantom.labels > 0).astype(np.uint8))
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm, downsample=1)
    stages = "Reading", "Eroding and labelling", "Measuring shapes"
    killed = {stage: Once(1, lambda: kill_a_worker(cluster)) for stage in stages}

    def in_each_stage(done: int, total: int, what: str) -> None:
        if what in killed:
            killed[what](done, total, what)

    for name, place, progress in (("here", Here(), None), ("there", cluster, in_each_stage)):
        extract.extract_library(
            "labels.npy", name, settings, progress, memory_limit=200_000_000, place=place
        )
    assert all(one.happened for one in killed.values())
    assert tree(tmp_path / "here") == tree(tmp_path / "there")


def test_a_library_is_measured_though_a_worker_is_killed(
    cluster: Cluster, released: Path, measures: bytes
) -> None:
    killed = Once(4, lambda: kill_a_worker(cluster))
    measure_library(released, progress=killed, place=cluster)
    assert killed.happened
    assert (released / MEASURES).read_bytes() == measures


def test_an_image_set_is_made_though_a_worker_is_killed(
    cluster: Cluster, finished: Any, tmp_path: Path
) -> None:
    recipe, folder = finished
    killed = Once(12, lambda: kill_a_worker(cluster))
    assert generate(recipe, tmp_path / "set", progress=killed, place=cluster).made == 48
    assert killed.happened
    assert tree(tmp_path / "set") == tree(folder)
    assert nothing_hidden(tmp_path / "set")


# The client is killed


def test_measuring_goes_on_after_its_client_was_killed(
    cluster: Cluster, released: Path, measures: bytes
) -> None:
    work = "measure_library(sys.argv[2], place=place, progress=EndsAt(2))"
    assert status_of_killed(work, cluster, released) == -signal.SIGKILL
    assert 2 <= ShapeLibrary.open(released).measured < 12
    measure_library(released, place=cluster)
    assert (released / MEASURES).read_bytes() == measures
    assert nothing_hidden(released)


def test_an_image_set_goes_on_after_its_client_was_killed(
    cluster: Cluster, small_recipe: Any, tmp_path: Path
) -> None:
    recipe = small_recipe(repeats=2)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.model_dump(mode="json")))
    folder = tmp_path / "set"
    work = "generate(Recipe.load(sys.argv[2]), sys.argv[3], place=place, progress=EndsAt(24))"
    status = status_of_killed(work, cluster, tmp_path / "recipe.json", folder)
    assert status == -signal.SIGKILL  # the workers go on with what they have in hand
    outcome = generate(recipe, folder, place=cluster)
    assert outcome.images == 96
    assert outcome.made <= 72
    generate(recipe, tmp_path / "alone", place=Here())
    wait_for(lambda: nothing_hidden(folder))  # of what workers had in hand
    assert tree(folder) == tree(tmp_path / "alone")


KILLED = """
import sys
from ending import EndsAt
from napari_3dmsl.compute import Cluster
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.library.measure import measure_library
place = Cluster(sys.argv[1])
"""


def status_of_killed(work: str, cluster: Cluster, *arguments: Path) -> int:
    """Exit status of a client that ends itself in the middle of its work."""
    command = [sys.executable, "-c", KILLED + work, cluster.address, *map(str, arguments)]
    return subprocess.run(command, env=FROM_HERE, timeout=PATIENCE_S, check=False).returncode


# The scheduler is lost


def test_an_image_set_goes_on_elsewhere_after_its_scheduler_was_lost(
    finished: Any, tmp_path: Path
) -> None:
    recipe, folder = finished
    with scheduler_alone(tmp_path) as (scheduler, file), Cluster(file) as place:
        lost = Once(12, scheduler.kill)
        with pytest.raises(SchedulerGoneError, match="is gone; run the same command again"):
            generate(recipe, tmp_path / "set", progress=lost, place=place)
    outcome = generate(recipe, tmp_path / "set", 2)
    assert (outcome.images, outcome.failed) == (48, {})
    assert outcome.made <= 36
    assert tree(tmp_path / "set") == tree(folder)


# A worker that nobody waits for any more


def test_a_worker_that_goes_on_when_its_run_has_ended_touches_nothing(
    finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, folder = finished
    shutil.copytree(folder, tmp_path / "set")
    plan = make_plan(recipe, ShapeLibrary.open(recipe.source.library))
    work = tmp_path / "set" / ".of an earlier run.part"
    make = group.MakeGroup.of(plan, tmp_path / "set", work)
    with pytest.raises(FileNotFoundError):
        make(plan.groups[0])
    work.mkdir()
    write, written = group.write_sample, []

    def end_the_run(image: Any, recipe: Any, folder: Path) -> Any:
        written.append(image)
        if len(written) == 3:
            group.remove_work(work)
        return write(image, recipe, folder)

    monkeypatch.setattr(group, "write_sample", end_the_run)
    with pytest.raises(FileNotFoundError, match="the run has ended"):
        make(plan.groups[0])
    assert len(written) == 3
    assert tree(tmp_path / "set") == tree(folder)


def test_what_a_worker_makes_while_its_folder_is_removed_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, remove = tmp_path / ".work.part", shutil.rmtree
    (work / "group").mkdir(parents=True)
    late = ["image", "mask"]

    def remove_beside_a_worker(folder: Path, *, ignore_errors: bool) -> None:
        if late:  # a path that was looked up just before the folder got another name
            (folder / "group" / late.pop()).mkdir()
        else:
            remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(group.shutil, "rmtree", remove_beside_a_worker)
    group.remove_work(work)
    assert list(tmp_path.iterdir()) == []
