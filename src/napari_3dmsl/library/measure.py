"""Measure the shapes of a library from their surfaces, on all processors."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.compute import chosen_place
from napari_3dmsl.geometry.inside import is_closed
from napari_3dmsl.library.instance_files import MESH_FILE, mesh_from_off
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure_table import MEASURED, Measured, MeasureLog, checksum, seen
from napari_3dmsl.library.stores import open_store
from napari_3dmsl.reading import first_line
from napari_3dmsl.shapes.mesh_measures import measure_mesh
from napari_3dmsl.shapes.shape import feature_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_3dmsl.compute import Place
    from napari_3dmsl.library.stores import Store
    from napari_3dmsl.progress import Progress

_AT_ONCE = 4  # shapes that a process measures before it tells


@dataclass
class MeasureOutcome:
    """What measuring a library came to.

    Attributes
    ----------
    path
        The table in which the measures are kept; None when the library's own has them all.
    known, measured
        Shapes whose measures were there, and those measured now.
    problems
        Why a shape cannot be measured, by id.
    """

    path: Path | None
    known: int = 0
    measured: int = 0
    problems: dict[int, str] = field(default_factory=dict)


def measure_library(
    folder: str | Path,
    workers: int | None = None,
    progress: Progress | None = None,
    place: Place | None = None,
) -> MeasureOutcome:
    """Measure what is not known yet about the shapes of a library: volume, skeleton, class, form.

    The measures are kept in ``measures.csv`` in the library's folder, or in the user's cache when
    it is a zip or cannot be written. Stopped at any moment, by Cancel or by force, the next call
    goes on. The table does not depend on the number of processes.

    Parameters
    ----------
    folder
        A library, folder or zip; its own files are not changed.
    workers
        Processes, at least 1; ``None`` takes one a processor.
    progress
        Called with (done, total, what); an exception that it raises stops the work.
    place
        Where they are measured instead, such as a `Cluster`.

    Raises
    ------
    ValueError
        When it is no library, or another run is measuring it.
    OSError
        When the measures cannot be written.
    """
    library = ShapeLibrary.open(folder)
    if library.measures_itself:
        return MeasureOutcome(None, known=len(library))
    store = open_store(Path(folder))
    looks = {shape_id: seen(store, shape_id, library.unit_nm) for shape_id in store.ids}
    with MeasureLog.of(store) as log:
        log.rows = {i: row for i, row in log.rows.items() if i in looks}
        left = [i for i in store.ids if i not in log.rows or log.rows[i].seen != looks[i]]
        outcome = MeasureOutcome(log.path, known=len(looks) - len(left))
        work = _Work(str(Path(folder).absolute()), library.unit_nm)
        items = [(i, log.rows[i].mesh if i in log.rows else "") for i in left]
        parts = [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]
        done = 0
        _tell(progress, done, len(left))
        place = chosen_place(place, workers)
        with closing(place.run(work, parts, ordered=False, paths=[folder])) as found:
            for _, rows in found:
                log.add(_taken_over(rows, log.rows, outcome))
                done += len(rows)
                _tell(progress, done, len(left))
        outcome.problems = {i: row.problem for i, row in sorted(log.rows.items()) if row.problem}
    return outcome


def _taken_over(
    rows: Sequence[Measured], before: Mapping[int, Measured], outcome: MeasureOutcome
) -> list[Measured]:
    """Return what is to be kept: earlier measures where a surface turns out to be the same."""
    kept = []
    for row in rows:
        earlier = before.get(row.shape_id)
        same = earlier is not None and earlier.mesh == row.mesh
        outcome.known += same
        outcome.measured += not same
        kept.append(earlier._replace(seen=row.seen) if earlier is not None and same else row)
    return kept


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total, "shapes measured")


@dataclass(frozen=True)
class _Work:
    """Measures shapes of a library; for a process of its own."""

    folder: str
    unit_nm: float

    def __call__(self, items: Sequence[tuple[int, str]]) -> list[Measured]:
        return [self._measure(shape_id, known) for shape_id, known in items]

    @cached_property
    def _store(self) -> Store:
        return open_store(Path(self.folder))

    def _measure(self, shape_id: int, known: str) -> Measured:
        """Measure a shape; whatever is wrong with it does not stop the others."""
        look = seen(self._store, shape_id, self.unit_nm)
        mesh_checksum = ""
        try:
            content = self._store.read(shape_id, MESH_FILE)
            if content is None:
                raise ValueError("no such file")
            mesh_checksum = checksum(content, self.unit_nm)
            if mesh_checksum == known:
                return Measured(shape_id, {}, "", mesh_checksum, look)
            mesh = mesh_from_off(content, self.unit_nm / 1000, MESH_FILE)
            if not is_closed(mesh.vertices, mesh.faces):
                raise ValueError("its surface is not closed")
            table = feature_table([measure_mesh(mesh, shape_id=shape_id)])
        except Exception as error:  # noqa: BLE001  geometry of others fails in many ways
            return Measured(shape_id, {}, first_line(error), mesh_checksum, look)
        return Measured(shape_id, {n: table[n][0] for n in MEASURED}, "", mesh_checksum, look)
