"""Run a recipe: in parallel, to be interrupted and gone on with at any moment, nothing half done.

Each group of images is made by one worker, wherever that is, in a folder of its own; it can be lost
at any moment, or go on after the run has ended. The run alone gives the files of whole groups their
names, and writes the group down in the journal; at the end the journal becomes the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from napari_3dmsl.compute import WorkerDiedError, chosen_place
from napari_3dmsl.datasets.recipe.plan import Group, Plan, check_image_memory, make_plan
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.run.group import MadeGroup, MakeGroup, NotMade, remove_work
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE, Journal
from napari_3dmsl.datasets.run.lock import keep_provenance, only_run, provenance
from napari_3dmsl.datasets.write.index import (
    CHECKSUM,
    INDEX_FILE,
    index_columns,
    iter_index,
    sha256_of,
    write_index,
)
from napari_3dmsl.datasets.write.release import ZIPS, add_shapes, pack_into_zips
from napari_3dmsl.datasets.write.sample_files import PARAMETERS
from napari_3dmsl.library.instance_files import LOCK_FILE
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import DiskFullError, is_disk_full, telling_where

if TYPE_CHECKING:
    from napari_3dmsl.compute import Place
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.write.index import Row


@dataclass
class Outcome:
    """What a run did.

    Attributes
    ----------
    folder : Path
    images : int
        In the set now.
    made : int
        Images that this run made; the others were there and were checked.
    failed : dict
        Reason by name of each group that could not be made.
    saturated, cut : int
        Images of the set in which pixels saturate, and in which a single shape leaves the field.
    """

    folder: Path
    images: int = 0
    made: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    saturated: int = 0
    cut: int = 0

    @property
    def warnings(self) -> list[str]:
        """What is odd about the images, in words; each has its numbers in the table."""
        counts = (
            (self.saturated, "have pixels that saturate (saturated_share): lower the photons"),
            (
                self.cut,
                "show only a part of their shape (emitters_in_field): take more or larger pixels",
            ),
        )
        return [f"{n:,} of {self.images:,} images {what}" for n, what in counts if n]


def generate(
    recipe: Recipe,
    folder: str | Path,
    workers: int | None = None,
    progress: Progress | None = None,
    place: Place | None = None,
) -> Outcome:
    """Make an image set, or go on with one; what is finished is checked, not made again.

    Parameters
    ----------
    recipe : Recipe
        As from `Recipe.load`.
    folder
        New, empty, or with an earlier run of the same recipe.
    workers
        Processes; by default one for each processor.
    progress
        Called with (images done, images, what); raise in it to cancel. What is finished is kept.
    place
        Where the images are made instead, such as a `Cluster`. They are the same to the last byte.

    Returns
    -------
    Outcome
        The folder holds ``index.csv`` then, with one row for each image, and ``recipe.lock``.

    Raises
    ------
    ValueError
        When the library or recipe cannot be used, the folder holds something else or a set of
        another recipe, or another run is writing into it.
    DiskFullError
        When the disk is full: says how much room the rest needs.
    OSError
        When the folder cannot be written, or a worker has died.
    """
    place = chosen_place(place, workers)
    library = shapes_of(recipe)
    plan = make_plan(recipe, library)
    check_image_memory(plan, place.sharing_memory)
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: a file; choose a folder")
    try:
        with telling_where(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with only_run(folder):
            made_with = provenance(plan, library, progress)
            keep_provenance(folder, made_with, lambda: _used_shapes(plan, folder))
            outcome = _Run(plan, folder, place, progress).go()
            if recipe.output.layout == "3dmsl" and isinstance(library, ShapeLibrary):
                _complete_release(plan, library, outcome, progress)
            return outcome
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise DiskFullError(
            f"{folder}: the disk is full. Make room and run again to go on"
        ) from None


def _used_shapes(plan: Plan, folder: Path) -> set[int]:
    """Ids of the shapes that images of earlier runs show, or may show where they are scenes."""
    finished: set[str] = set()
    if (folder / JOURNAL_FILE).is_file():
        with Journal(folder) as journal:
            finished.update(journal.groups())
    if (folder / INDEX_FILE).is_file():
        with suppress(ValueError):  # damaged: what it does not tell is made again
            finished.update(row["group"] for row in iter_index(folder))
    if plan.recipe.scene is not None and finished:
        return {shape_id for pool in plan.pools.values() for shape_id in pool}
    return {i for group in plan.groups if group.name in finished for i in group.shape_ids}


def _complete_release(
    plan: Plan, library: ShapeLibrary, outcome: Outcome, progress: Progress | None
) -> None:
    """Put the shapes beside their images, and pack both if asked for."""
    with_images = {group.shape_ids[0] for group in plan.groups if group.name not in outcome.failed}
    add_shapes(library, sorted(with_images), outcome.folder, progress)
    if plan.recipe.output.zips and (outcome.made or not (outcome.folder / ZIPS).is_dir()):
        pack_into_zips(outcome.folder, progress)


class _Run:
    """One run of a plan into its folder."""

    def __init__(self, plan: Plan, folder: Path, place: Place, progress: Progress | None) -> None:
        self._plan, self._folder, self._place = plan, folder, place
        self._progress = progress
        self._outcome = Outcome(folder)
        self._bytes = 0

    def go(self) -> Outcome:
        columns = index_columns(self._plan.recipe.truths, PARAMETERS)
        self._sweep()
        if not (self._folder / JOURNAL_FILE).exists() and self._is_finished():
            self._outcome.images = self._plan.images
            for row in iter_index(self._folder):
                self._counted(row)
            return self._outcome
        with Journal(self._folder) as journal:
            self._take_up(journal)
            left = [group for group in self._plan.groups if group.name not in journal]
            if left:
                self._make(left, journal)
            names = [group.name for group in self._plan.groups if group.name in journal]
            self._outcome.images = len(names) * self._plan.images_per_group
            rows = (self._counted(row) for name in names for row in journal.rows(name))
            write_index(self._folder, rows, columns)
        journal.path.unlink()
        return self._outcome

    def _sweep(self) -> None:
        """Remove what an earlier run left half done."""
        unfinished = [*self._folder.rglob(".*.part"), *self._folder.rglob(".*.lock")]
        for part in [*unfinished, *self._folder.glob(f".{ZIPS}[-.]*")]:
            remove_work(part) if part.is_dir() else part.unlink(missing_ok=True)

    def _is_finished(self) -> bool:
        """Whether the table lists all images and all their files are whole."""
        listed = 0
        for name, rows in self._listed():
            if not self._is_whole(rows):
                return False
            listed += 1
            self._tell(listed * self._plan.images_per_group, f"{name} checked")
        return listed == len(self._plan.groups)

    def _counted(self, row: Row) -> Row:
        """Count what is odd about an image, for the outcome."""
        self._outcome.saturated += bool(row.get("saturated_share"))
        if self._plan.recipe.scene is None:  # scenes are wider than their images, or cut on purpose
            self._outcome.cut += row["emitters_in_field"] < row["emitter_count"]
        return row

    def _take_up(self, journal: Journal) -> None:
        """Check what earlier runs have finished."""
        known = {group.name for group in self._plan.groups}
        checked = 0
        for name in journal.groups():
            if name not in known or not self._is_whole(journal.rows(name)):
                journal.forget(name)
            else:
                checked += 1
                self._tell(checked * self._plan.images_per_group, f"{name} checked")
        for name, rows in self._listed():
            if name in known and name not in journal and self._is_whole(rows):
                journal.add(name, rows)
                checked += 1
                self._tell(checked * self._plan.images_per_group, f"{name} checked")

    def _listed(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the groups of the table of an earlier run, as far as it can be read."""
        if (self._folder / INDEX_FILE).is_file():
            with suppress(ValueError):  # damaged: what it does not tell is made again
                yield from _by_group(iter_index(self._folder))

    def _is_whole(self, rows: Sequence[Row]) -> bool:
        """Whether all files of a group are there as they were written."""
        if len(rows) != self._plan.images_per_group:
            return False
        try:
            return all(
                sha256_of(self._folder / row[name.removesuffix(CHECKSUM)]) == checksum
                for row in rows
                for name, checksum in row.items()
                if name.endswith(CHECKSUM) and checksum
            )
        except OSError:
            return False

    def _make(self, groups: Sequence[Group], journal: Journal) -> None:
        self._tell(len(journal) * self._plan.images_per_group, "starting")
        with _folder_of_work(self._folder) as work:
            make = MakeGroup.of(self._plan, self._folder, work)
            paths = [make.library, str(self._folder / LOCK_FILE), make.work]
            made = self._place.run(make, groups, ordered=False, paths=paths)
            try:
                with closing(made):
                    for group, found in made:
                        self._finish(group, found, journal)
            except WorkerDiedError:
                raise OSError(
                    f"{self._folder}: a worker process has died, perhaps for want of memory; "
                    f"{self._so_far(journal)}. Run again to go on, with fewer workers"
                ) from None
            except OSError as error:
                if is_disk_full(error):
                    raise DiskFullError(self._full(journal)) from None
                raise

    def _finish(self, group: Group, found: MadeGroup | NotMade, journal: Journal) -> None:
        if isinstance(found, NotMade):
            self._outcome.failed[group.name] = found.reason
        else:
            found.take_names(self._folder)
            journal.add(group.name, found.rows)
            self._bytes += found.size
            self._outcome.made += len(found.rows)
        self._tell(len(journal) * self._plan.images_per_group, group.name)

    def _so_far(self, journal: Journal) -> str:
        done = len(journal) * self._plan.images_per_group
        return f"{done:,} of {self._plan.images:,} images are finished and kept"

    def _full(self, journal: Journal) -> str:
        made = self._outcome.made
        line = f"{self._folder}: the disk is full; {self._so_far(journal)}"
        if not made:
            return f"{line}. Make room and run again to go on"
        left = self._plan.images - len(journal) * self._plan.images_per_group
        needed = self._bytes / made * left
        return f"{line}. The rest needs about {_size(needed)}; make room and run again to go on"

    def _tell(self, done: int, what: str) -> None:
        if self._progress is not None:
            self._progress(done, self._plan.images, what)


def _by_group(rows: Iterator[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Gather rows that follow each other and are of one group."""
    name, gathered = "", list[dict[str, Any]]()
    for row in rows:
        if gathered and row["group"] != name:
            yield name, gathered
            gathered = []
        name = row["group"]
        gathered.append(row)
    if gathered:
        yield name, gathered


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 1):.0f} MB"


@contextmanager
def _folder_of_work(folder: Path) -> Iterator[Path]:
    """Make a folder for what is not finished; workers of no other run know it."""
    work = folder / f".{uuid4().hex}.part"
    with telling_where(folder):
        work.mkdir()
    try:
        yield work
    finally:
        remove_work(work)
