"""Measure instances and write them as a library, shape by shape: never all of them in memory.

Each worker cuts instances out, measures them and writes their files; then the shape is written down
in a journal. Stopped at any moment, the work goes on from there. The library is, byte for byte,
what `write_library` writes of `measure_shapes`, at any number of workers.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_3dmsl.compute import Here, Place, chosen_place
from napari_3dmsl.library.instance_files import LIBRARY_FILE, TABLE_FILE
from napari_3dmsl.library.ownership import OwnFiles, check_target
from napari_3dmsl.library.shape_journal import ShapeJournal, ShapeRow, checksum
from napari_3dmsl.library.sinks import OneZipSink, ZipSink, released_zip_names
from napari_3dmsl.library.stores import open_store
from napari_3dmsl.library.surfaces_on_disk import distances_on_disk, surface_bytes, surface_file
from napari_3dmsl.library.table import table_head, table_lines, with_neighbour
from napari_3dmsl.library.unfinished import (
    PLACED_FILE,
    remove_unbegun,
    unfinished_work,
    work_folder,
)
from napari_3dmsl.library.write import (
    RELEASED_UNIT_NM,
    check_library,
    file_names,
    is_zip,
    library_index,
    shape_files,
)
from napari_3dmsl.shapes.blockwise.extract import worker_bytes
from napari_3dmsl.shapes.classification import ClassRules, ShapeClass
from napari_3dmsl.shapes.crops import Crop, CropPlan, plan_crops, sprawl
from napari_3dmsl.shapes.shape import WORTH_WORKERS, measure_crop
from napari_3dmsl.writing import sweep_beside, telling_where, whole_file, whole_output

if TYPE_CHECKING:
    from napari_3dmsl.library.unfinished import Work
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.extraction import Extraction
    from napari_3dmsl.shapes.sampling import SampleSettings

_SHAPES, _SURFACES, _PARTS, _PACKED = "library", "surfaces", "parts", "packed"


class Written(NamedTuple):
    """A library that was written.

    Attributes
    ----------
    shapes
        How many.
    classes
        How many of each class, in the order of the classes.
    warnings
        What the limit of memory has changed.
    """

    shapes: int
    classes: dict[str, int]
    warnings: list[str]


def stream_library(
    extraction: Extraction,
    folder: str | Path,
    unit_nm: float = RELEASED_UNIT_NM,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    *,
    rules: ClassRules | None = None,
    samples: SampleSettings | None = None,
    seed: int = 0,
    shapes_per_zip: int | None = None,
    replace: bool = False,
    workers: int | None = None,
    place: Place | None = None,
    memory_limit: int | None = None,
    work: Work | None = None,
    before_named: Callable[[], None] | None = None,
) -> Written:
    """Measure the instances of an extraction and write them as a library, whole or not at all.

    Memory holds a few shapes for each worker and the table. Stopped in any way, the same call goes
    on where it was.

    Parameters
    ----------
    extraction
        The instances; of labels on disk each worker reads those that it measures.
    folder, unit_nm, settings, samples, seed, shapes_per_zip, replace
        See `write_library`.
    progress
        Called with (done, total, what) after each shape, once for every stage.
    rules
        Thresholds of the classes; ``None`` takes the paper's.
    workers
        Processes; by default one for each processor, or this one for a few shapes. The result is
        the same.
    place
        Where they are measured instead, see `Place`.
    memory_limit
        Bytes that all processes may take together. A shape that is too large for it is measured on
        coarser voxels. ``None`` sets no limit.
    work
        Of a run that has begun before and keeps its folder; ``None`` takes one of its own.
    before_named
        Called when the library is finished and has not got its name: for what shall be there when
        it has. Also where an earlier run was stopped after that.

    Raises
    ------
    ValueError
        When there are no shapes, a setting is wrong, something is there that must stay, or another
        run writes the same library.
    OSError
        When it cannot be written.
    """
    folder = Path(folder)
    rules = rules or ClassRules()
    check_library(extraction.report.kept, unit_nm, seed, shapes_per_zip)
    check_unwritten(folder, replace)
    about = library_index(extraction.report.kept, unit_nm, settings, samples, seed)
    begun_with = {
        "library": json.loads(about),
        "rules": rules.model_dump(mode="json"),
        "shapes_per_zip": shapes_per_zip,
        "extraction": _fingerprint(extraction),
    }
    own = unfinished_work(folder, begun_with, replace) if work is None else nullcontext(work)
    with own as run:
        written = _placed(run.folder, folder)
        if written is not None:
            sweep_beside(folder)
            if before_named is not None:  # it may want another place now
                before_named()
            return written
        if place is None and workers is None and extraction.report.kept < WORTH_WORKERS:
            workers = 1
        where = chosen_place(place, workers)
        each = None if memory_limit is None else worker_bytes(memory_limit, where.sharing_memory)
        plans = plan_crops(extraction, each and each * max(where.sharing_memory, 1))
        in_full = all(max(plan.blocks) == 1 for plan in plans)
        streaming = _Streaming(run.folder, folder, where, progress)
        measure = _Measure(str(run.folder), None, rules, unit_nm, samples, seed, in_full)
        with ShapeJournal(run.folder) as journal:
            streaming.measure(extraction.labels, plans, measure, journal, each)
            rows = [journal.rows[plan.label] for plan in plans]
        table = streaming.table(rows, in_full)
        warnings = [] if each is None else _coarsened(extraction, plans)
        written = Written(len(rows), _counts(row.shape_class for row in rows), warnings)
        whole = streaming.pack(rows, table, about, file_names(samples), shapes_per_zip)
        if before_named is not None:
            before_named()
        streaming.place(whole, _digest(table, about), written)
        return written


def check_unwritten(target: Path, replace: bool = False) -> None:
    """Refuse a place where no library may be written, but not where a run has just finished one.

    Parameters
    ----------
    target, replace
        See `check_target`.

    Raises
    ------
    ValueError
        One line, when something is there that must stay.
    """
    if _placed(work_folder(target), target) is None:
        remove_unbegun(target)
        check_target(target, replace)


@dataclass(frozen=True)
class _Streaming:
    """The stages of one run."""

    folder: Path
    target: Path
    where: Place
    progress: Progress | None

    def measure(
        self,
        labels: Any,
        plans: Sequence[CropPlan],
        measure: _Measure,
        journal: ShapeJournal,
        each: int | None,
    ) -> None:
        """Measure and write what is not in the journal: what is too large for a worker alone."""
        left = [plan for plan in plans if not measure.has_made(journal.rows.get(plan.label), plan)]
        done = len(plans) - len(left)
        self._tell(done, len(plans), "Measuring shapes")
        for name in (_SHAPES, _SURFACES, _PARTS):
            (self.folder / name).mkdir(exist_ok=True)
        most = math.inf if each is None else each
        large = [plan for plan in left if plan.measuring_bytes > most]
        small = [plan for plan in left if plan.measuring_bytes <= most]
        some_where: tuple[tuple[list[CropPlan], Place], ...] = (large, Here()), (small, self.where)
        for some, where in some_where:
            items: Iterable[CropPlan] = some
            if isinstance(labels, np.ndarray):
                items = (plan.cut(labels) for plan in some)
            else:
                measure = measure.of(labels)
            found = where.run(measure, items, ordered=False, paths=[self.folder])
            with telling_where(self.target), closing(found):
                for _, row in found:
                    journal.add(row)
                    done += 1
                    self._tell(done, len(plans), "Measuring shapes")

    def table(self, rows: Sequence[ShapeRow], in_full: bool) -> bytes:
        """Return the table, with the distances to neighbours unless surfaces are coarse."""
        distances: list[float | None] = [None] * len(rows)
        if in_full:
            boxes = np.array([row.box_um for row in rows]).reshape(-1, 2, 3)
            ids = [row.shape_id for row in rows]
            surfaces = self.folder / _SURFACES
            distances = distances_on_disk(surfaces, ids, boxes, self.where, self.progress)
        lines = (
            with_neighbour(row.line, distance)
            for row, distance in zip(rows, distances, strict=True)
        )
        return "".join([table_head(), *lines]).encode()

    def pack(
        self,
        rows: Sequence[ShapeRow],
        table: bytes,
        about: bytes,
        names: Sequence[str],
        shapes_per_zip: int | None,
    ) -> Path:
        """Return the finished library, folder or zip, where nobody sees it."""
        ids = [row.shape_id for row in rows]
        with telling_where(self.target):
            if is_zip(self.target):
                whole = self._one_zip(ids, names, {TABLE_FILE: table, LIBRARY_FILE: about})
            else:
                whole = self.folder / _SHAPES
                if shapes_per_zip is not None:
                    whole = self._zips(ids, names, shapes_per_zip)
                (whole / TABLE_FILE).write_bytes(table)
                (whole / LIBRARY_FILE).write_bytes(about)
        return whole

    def place(self, whole: Path, about: str, written: Written) -> None:
        """Put the finished library into its place."""
        known = {"about": about, "written": written}
        with whole_file(self.folder / PLACED_FILE) as temporary:
            temporary.write_text(json.dumps(known), encoding="utf-8")
        with whole_output(self.target, OwnFiles(self.target)) as new:
            whole.replace(new)

    def _one_zip(
        self, ids: Sequence[int], names: Sequence[str], about: Mapping[str, bytes]
    ) -> Path:
        whole = self.folder / f"{_PACKED}.zip"
        with OneZipSink(self.folder, dict.fromkeys(ids, whole.name)) as sink:
            for done, (shape_id, name, content) in enumerate(
                _read_files(self.folder, ids, names), start=1
            ):
                sink.write(shape_id, name, content)
                if done % len(names) == 0:
                    self._tell(done // len(names), len(ids), "Packing")
            for name, content in about.items():
                sink.write_about(name, content)
        return whole

    def _zips(self, ids: Sequence[int], names: Sequence[str], each: int) -> Path:
        whole = self.folder / _PACKED
        whole.mkdir(exist_ok=True)
        zips: dict[str, list[int]] = {}
        for shape_id, name in released_zip_names(ids, each).items():
            zips.setdefault(name, []).append(shape_id)
        left = [pair for pair in zips.items() if not (whole / pair[0]).exists()]
        pack = _Pack(str(self.folder), tuple(names))
        where = Here() if len(left) == 1 else self.where
        with closing(where.run(pack, left, ordered=False, paths=[self.folder])) as found:
            for done, _ in enumerate(found, start=len(zips) - len(left) + 1):
                self._tell(done, len(zips), "Packing")
        return whole

    def _tell(self, done: int, total: int, what: str) -> None:
        if self.progress is not None:
            self.progress(done, total, what)


@dataclass(frozen=True)
class _Measure:
    """Measures an instance and writes its files; for a process of its own."""

    folder: str
    labels: Any
    rules: ClassRules
    unit_nm: float
    samples: SampleSettings | None
    seed: int
    neighbours: bool

    def of(self, labels: Any) -> _Measure:
        """Return one that cuts instances out of labels on disk."""
        return _Measure(**{**vars(self), "labels": labels})

    def has_made(self, row: ShapeRow | None, plan: CropPlan) -> bool:
        """Whether a finished shape is what would be made now: memory may be another."""
        if row is None or row.blocks != list(plan.blocks):
            return False
        return not self.neighbours or f"{_SURFACES}/{surface_file(plan.label)}" in row.files

    def __call__(self, plan: CropPlan) -> ShapeRow:
        crop = plan if isinstance(plan, Crop) else plan.cut(self.labels)
        shape = measure_crop(crop, self.rules)
        files = {
            f"{_SHAPES}/{shape.id}/{name}": content
            for name, content in shape_files(shape, self.unit_nm / 1000, self.samples, self.seed)
        }
        if self.neighbours:
            files[f"{_SURFACES}/{surface_file(shape.id)}"] = surface_bytes(shape.mesh)
        (Path(self.folder) / _SHAPES / str(shape.id)).mkdir(exist_ok=True)
        for name, content in files.items():
            _write(Path(self.folder), name, content)
        return ShapeRow(
            shape.id,
            str(shape.classification.shape_class),
            next(table_lines([shape], self.unit_nm)),
            shape.mesh.bounds_um.tolist(),
            list(plan.blocks),
            {name: checksum(content) for name, content in files.items()},
        )


@dataclass(frozen=True)
class _Pack:
    """Packs the files of some shapes into a zip; for a process of its own."""

    folder: str
    names: tuple[str, ...]

    def __call__(self, packed: tuple[str, Sequence[int]]) -> None:
        folder, (name, ids) = Path(self.folder), packed
        temporary = f"{uuid.uuid4().hex}.zip"
        with ZipSink(folder / _PARTS, dict.fromkeys(ids, temporary)) as sink:
            for shape_id, file, content in _read_files(folder, ids, self.names):
                sink.write(shape_id, file, content)
        (folder / _PARTS / temporary).replace(folder / _PACKED / name)


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file whole; two workers may write the same where one was taken for lost."""
    temporary = folder / _PARTS / uuid.uuid4().hex
    try:
        temporary.write_bytes(content)
        os.replace(temporary, folder / name)  # noqa: PTH105
    finally:
        temporary.unlink(missing_ok=True)


def _read_files(
    folder: Path, ids: Sequence[int], names: Sequence[str]
) -> Iterator[tuple[int, str, bytes]]:
    for shape_id in ids:
        for name in names:
            yield shape_id, name, (folder / _SHAPES / str(shape_id) / name).read_bytes()


def _coarsened(extraction: Extraction, plans: Sequence[CropPlan]) -> list[str]:
    """Say which shapes are measured on coarser voxels than they would be with more memory."""
    before = sprawl([plan.blocks for plan in plan_crops(extraction)])
    now = sprawl([plan.blocks for plan in plans])
    return [now] if now != before else []


def _counts(classes: Iterable[str]) -> dict[str, int]:
    found = Counter(classes)
    return {str(kind): found[kind] for kind in ShapeClass if found[kind]}


def _placed(folder: Path, target: Path) -> Written | None:
    """Return what a run has written that was killed when the library was in its place."""
    try:
        known = json.loads((folder / PLACED_FILE).read_text(encoding="utf-8"))
        store = open_store(target)
        about = [store.read_about(name) or b"" for name in (TABLE_FILE, LIBRARY_FILE)]
    except (OSError, ValueError):
        return None
    if _digest(*about) != known["about"]:
        return None
    return Written(*known["written"])


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()


def _fingerprint(extraction: Extraction) -> dict[str, Any]:
    """Return what tells one extraction from another."""
    known = extraction.known
    digest = hashlib.sha256()
    for numbers in (known.counts, known.centroids, extraction.parents):
        digest.update(np.ascontiguousarray(numbers).tobytes())
    return {
        "voxel_nm": list(extraction.voxel_nm),
        "origin_um": list(extraction.origin_um),
        "shape": list(extraction.labels.shape),
        "instances": digest.hexdigest(),
    }
