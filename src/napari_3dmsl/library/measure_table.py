"""What was measured on the surfaces of a library: a table beside it, or in the user's cache.

Each row keeps a checksum of the surface that it is about, and how its file looked then. Rows of a
file that looks otherwise now are not shown before somebody has compared the checksums.
"""

from __future__ import annotations

import csv
import hashlib
import io
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from napari_3dmsl.library.table import READERS
from napari_3dmsl.library.zip_cache import cache_folder
from napari_3dmsl.shapes.measures import FORM_COLUMNS
from napari_3dmsl.writing import only_one, telling_where, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from napari_3dmsl.library.stores import Store

MEASURES_FILE = "measures.csv"
MEASURED = (
    "shape_class",
    "length_um",
    "volume_um3",
    "area_um2",
    "branches",
    "loops",
    "mean_radius_um",
    "reason",
    *FORM_COLUMNS,
)
"""Columns of `feature_table` that a surface alone tells."""

_VERSION = 1  # of the way in which shapes are measured
_HEADER = ("index", *MEASURED, "problem", "mesh", "seen")


class Measured(NamedTuple):
    """What is known about one shape.

    Attributes
    ----------
    shape_id
        Its number.
    values
        Measures by the names of `MEASURED`; none where the surface is broken.
    problem
        Why there are none, else empty.
    mesh
        Checksum of the surface.
    seen
        How its file looked.
    """

    shape_id: int
    values: dict[str, Any]
    problem: str
    mesh: str
    seen: str


def checksum(content: bytes, unit_nm: float) -> str:
    """Return what tells a surface from others, in all that decides over its measures.

    Parameters
    ----------
    content
        The file of the surface.
    unit_nm
        Length of its unit.
    """
    about = f"{_VERSION} {unit_nm!r}\n".encode()
    return hashlib.sha256(about + content).hexdigest()


def seen(store: Store, shape_id: int, unit_nm: float) -> str:
    """Return how the file of a surface looks, without reading it.

    Parameters
    ----------
    store
        Where it lies.
    shape_id
        Of the surface.
    unit_nm
        Length of its unit.
    """
    return f"{_VERSION} {unit_nm!r} {store.stamp(shape_id)}"


def known_measures(store: Store) -> dict[int, Measured]:
    """Return all rows about a library, those beside it before those in the cache.

    Parameters
    ----------
    store
        The library's files.
    """
    found: dict[int, Measured] = {}
    for path in reversed(_places(store)):
        found.update(_read(path))
    return found


def columns_of(rows: Sequence[Measured | None]) -> dict[str, list[Any]]:
    """Return measures as columns; None where nothing is known.

    Parameters
    ----------
    rows
        One for each shape, in their order.
    """
    known = [{} if row is None else row.values or _problem(row) for row in rows]
    return {name: [row.get(name) for row in known] for name in MEASURED}


def _problem(row: Measured) -> dict[str, Any]:
    return {"reason": f"not measured: {row.problem}"}


class MeasureLog:
    """The rows of a library while more are measured; whatever happens, none that is here is lost.

    Rows are appended to a hidden file as they come, in any order. At the end, or when the work
    stops, they are sorted into the table, so that it does not matter who measured what.

    Parameters
    ----------
    path
        The table.

    Raises
    ------
    ValueError
        When another run is measuring the same library.
    OSError
        When nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[int, Measured] = {}
        self._held = ExitStack()

    @classmethod
    def of(cls, store: Store) -> Self:
        """Begin to write about a library: beside it, or in the cache where that cannot be.

        Parameters
        ----------
        store
            The library's files.
        """
        *beside, cache = _places(store)
        for path in beside:
            if not path.exists() or is_measures(path):
                with suppress(OSError):
                    return cls(path)._begin()
        with telling_where(cache):
            cache.parent.mkdir(parents=True, exist_ok=True)
        return cls(cache)._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Sort all rows into the table."""
        with self._held:
            if self.rows:
                with whole_file(self.path) as temporary:
                    temporary.write_bytes(_text(self.rows[i] for i in sorted(self.rows)))
            _journal(self.path).unlink(missing_ok=True)

    def add(self, rows: Iterable[Measured]) -> None:
        """Keep rows.

        Parameters
        ----------
        rows
            Of shapes that have just been measured.
        """
        some = list(rows)
        with telling_where(self.path), _journal(self.path).open("ab") as file:
            file.write(_text(some)[len(_text([])) :])
        self.rows.update((row.shape_id, row) for row in some)

    def _begin(self) -> Self:
        alone = self.path.with_name(f".{self.path.name}.running")
        with ExitStack() as held:
            busy = "another run is measuring this library"
            held.enter_context(only_one(alone, self.path, busy=busy))
            self.rows = _read(self.path)
            journal = _journal(self.path)  # without the half of a line that a killed run has left
            kept = _parsed(journal.read_bytes()) if journal.exists() else []
            with telling_where(self.path), whole_file(journal) as temporary:
                temporary.write_bytes(_text(kept))
            self._held = held.pop_all()
        return self


def is_measures(path: Path) -> bool:
    """Whether a file is such a table.

    Parameters
    ----------
    path
        Of any file.
    """
    with suppress(OSError), path.open("rb") as file:
        return file.readline() == _text([])
    return False


def _places(store: Store) -> list[Path]:
    """Return where the rows of a library may be: in its folder, then in the cache."""
    name = hashlib.sha256(str(store.path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    cache = cache_folder() / "measures" / f"{name[:32]}.csv"
    return [store.path / MEASURES_FILE, cache] if store.path.is_dir() else [cache]


def _journal(path: Path) -> Path:
    return path.with_name(f".{path.name}.journal")


def _read(path: Path) -> dict[int, Measured]:
    """Return the rows of a table and of what a run has appended; none where there is no table."""
    found: dict[int, Measured] = {}
    for file in (path, _journal(path)):
        with suppress(OSError):
            found.update((row.shape_id, row) for row in _parsed(file.read_bytes()))
    return found


def _parsed(content: bytes) -> list[Measured]:
    """Return the rows of a table as far as it is whole: what is lost is measured again."""
    whole = content[: content.rfind(b"\n") + 1].decode("utf-8", "replace")
    rows = csv.reader(io.StringIO(whole, newline=""))
    found: list[Measured] = []
    with suppress(StopIteration, ValueError, OverflowError, csv.Error):
        if tuple(next(rows)) != _HEADER:
            return []
        for row in rows:
            if len(row) == len(_HEADER):
                found.append(_parse(row))
    return found


def _parse(row: Sequence[str]) -> Measured:
    index, *texts, problem, mesh, look = row
    values = {
        name: READERS.get(name, str)(text)
        for name, text in zip(MEASURED, texts, strict=True)
        if not problem
    }
    return Measured(int(index), values, problem, mesh, look)


def _text(rows: Iterable[Measured]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for row in rows:
        values = [row.values.get(name) for name in MEASURED]
        writer.writerow([row.shape_id, *values, row.problem, row.mesh, row.seen])
    return text.getvalue().encode("utf-8", "replace")
