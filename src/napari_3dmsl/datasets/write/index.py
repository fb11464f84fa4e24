"""The table of an image set: one row for each image, with its files, checksums and parameters.

It is a CSV file that any program opens. Numbers come back exactly; an empty cell is a missing
value.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.reading import reading
from napari_3dmsl.settings import shown
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

INDEX_FILE = "index.csv"
CHECKSUM = "_sha256"
TRANSFORM = "world_to_field"
LEADING_COLUMNS = (
    "sample",
    "split",
    "group",
    "shape_id",
    "shape_class",
    "view",
    "microscope",
    "repeat",
    "frame",
    "seed",
    "image",
    "image" + CHECKSUM,
)

_TEXTS = {"sample", "split", "group", "shape_class", "view", "microscope", "image"}
_WHOLE = re.compile(r"-?\d+")
_FLOAT = re.compile(r"-?(\d+\.\d*(e[+-]?\d+)?|\d+e[+-]?\d+|inf)|nan")
_CHUNK = 1 << 20
_LONGEST_NAME = 1000

Row = dict[str, Any]


def index_columns(truths: Sequence[str] = (), parameters: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table: the fixed ones, two for each ground truth, the parameters.

    Parameters
    ----------
    truths
        Names of the ground truths.
    parameters
        Names of the numbers that were drawn or set.

    Raises
    ------
    ValueError
        When a name is there twice.
    """
    files = [column for name in truths for column in (name, name + CHECKSUM)]
    columns = [*LEADING_COLUMNS, *files, *parameters]
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise ValueError(f"columns that are there twice in the index: {', '.join(twice)}")
    return columns


def truth_names(columns: Iterable[str]) -> list[str]:
    """Return the names of the ground truths among the columns of a table.

    Parameters
    ----------
    columns
        Of ``index.csv``.
    """
    found = list(columns)
    names = (name.removesuffix(CHECKSUM) for name in found if name.endswith(CHECKSUM))
    return [name for name in names if name in found and name != "image"]


class Header:
    """The columns of a table, which tell how its cells are written and read.

    Parameters
    ----------
    columns
        From `index_columns`, or the first line of a table.
    where
        The file, for errors.
    """

    def __init__(self, columns: Sequence[str], where: str) -> None:
        if tuple(columns[: len(LEADING_COLUMNS)]) != LEADING_COLUMNS:
            raise ValueError(
                f"{where}: line 1: not the index of an image set, whose header begins with "
                f"{','.join(LEADING_COLUMNS[:3])}"
            )
        self.columns = tuple(columns)
        self.truths = truth_names(columns)
        sums = {name for name in columns if name.endswith(CHECKSUM)}
        # Text whatever it looks like: a view may be called 0.
        self.texts = _TEXTS | sums | set(self.truths)

    def cells(self, row: Mapping[str, Any], where: str) -> list[str]:
        """Return the cells of a row, from which the same row is read.

        Parameters
        ----------
        row
            Its values by column; what is missing is left empty.
        where
            What the message calls the row.

        Raises
        ------
        ValueError
            When a column is not known, or a value would not come back as it is.
        """
        if unknown := set(row).difference(self.columns):
            raise ValueError(f"{where}: unknown columns {', '.join(sorted(unknown))}")
        return [self._cell(name, row.get(name), where) for name in self.columns]

    def row(self, cells: Sequence[str], where: str) -> Row:
        """Return the row of a line of the table, with types.

        Parameters
        ----------
        cells
            As they stand in the line.
        where
            What the message calls the row.

        Raises
        ------
        ValueError
            When a cell is not of the kind of its column.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"{where}: {len(cells)} cells for {len(self.columns)} columns")
        with reading(where, "damaged"):
            return {
                name: (cell or None) if name in self.texts else _parsed(cell)
                for name, cell in zip(self.columns, cells, strict=True)
            }

    def _cell(self, name: str, value: Any, where: str) -> str:
        value = value.item() if isinstance(value, np.generic) else value
        if value is None:
            return ""
        if isinstance(value, str):
            return self._text(name, value, where)
        if name in self.texts:
            raise ValueError(f"{where}: {name} = {value!r}: expected text")
        if isinstance(value, (bool, int)):
            return str(value)
        if isinstance(value, float):
            return repr(value)
        if isinstance(value, (list, tuple)):
            return json.dumps(value, separators=(",", ":"))
        raise ValueError(
            f"{where}: {name} = {value!r}: expected text, a number, a list of numbers or nothing"
        )

    def _text(self, name: str, value: str, where: str) -> str:
        if not value or "\n" in value or "\r" in value:
            raise ValueError(
                f"{where}: {name} = {value!r}: text is one line and not empty; leave a missing "
                "value out"
            )
        if name not in self.texts and (value[0] == "[" or _parsed(value) != value):
            raise ValueError(f"{where}: {name} = {value!r}: text that would be read as a number")
        return value


def write_index(
    folder: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> Path:
    """Write ``index.csv``, whole or not at all; the same rows, the same bytes.

    Parameters
    ----------
    folder
        Of the image set.
    rows
        In their final order; read once, so a generator does. Cells are text, numbers, booleans,
        None, or lists of numbers, which are written as JSON. A column left out is empty.
    columns
        From `index_columns`.

    Raises
    ------
    ValueError
        When a row has other columns, or a cell would not come back as it is.
    OSError
        When the file cannot be written.
    """
    path = Path(folder) / INDEX_FILE
    header = Header(columns, str(path))
    with (
        whole_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.columns)
        for number, row in enumerate(rows, start=2):
            writer.writerow(header.cells(row, f"{path}: line {number}"))
    return path


def read_index(folder: str | Path) -> list[Row]:
    """Read ``index.csv`` with the types that were written.

    Parameters
    ----------
    folder
        Of the set.

    Raises
    ------
    ValueError
        When it is missing or damaged; one line that names the line.
    """
    return list(iter_index(folder))


def iter_index(folder: str | Path) -> Iterator[Row]:
    """Read ``index.csv`` row by row, see `read_index`.

    Parameters
    ----------
    folder
        Of the set.

    Raises
    ------
    ValueError
        When it is missing or damaged; one line that names the line.
    """
    path = Path(folder) / INDEX_FILE
    if not path.is_file():
        raise _no_set(Path(folder))
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        with reading(path, "damaged"):
            header = Header(next(reader, []), str(path))
        while True:
            with reading(path, "damaged"):  # not around the yield: what is done there is no reading
                cells = next(reader, None)
                row = {} if cells is None else header.row(cells, f"{path}: line {reader.line_num}")
            if cells is None:
                return
            yield row


def _no_set(folder: Path) -> ValueError:
    why = f"no image set here: {INDEX_FILE} is missing" if folder.is_dir() else "no such folder"
    return ValueError(f"{folder}: {why}")


class Index:
    """The table on disk, read where it is asked: of a row only its place is kept.

    So a table of half a million rows takes 4 MB, and the columns that were asked for.

    Parameters
    ----------
    folder
        Of the image set.

    Raises
    ------
    ValueError
        When the table is missing, truncated, or another program's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / INDEX_FILE
        if not self.path.is_file():
            raise _no_set(Path(folder))
        with self.path.open("rb") as file:
            self.header = Header(self._cells(file.readline(), 1), str(self.path))
        self._line_ends = _line_ends(self.path)
        self._columns: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._line_ends) - 1

    def row(self, index: int) -> Row:
        """Return a row, from 0.

        Parameters
        ----------
        index
            0 or more.
        """
        start, end = self._line_ends[index : index + 2].tolist()
        with self.path.open("rb") as file:
            file.seek(start)
            cells = self._cells(file.read(end - start), index + 2)
        return self.header.row(cells, f"{self.path}: line {index + 2}")

    def columns(self, names: Sequence[str]) -> list[list[Any]]:
        """Return whole columns, read together and kept.

        Parameters
        ----------
        names
            Of columns.

        Raises
        ------
        ValueError
            When there is no such column.
        """
        if unknown := [name for name in names if name not in self.header.columns]:
            raise ValueError(
                f"{self.path}: no column {', '.join(unknown)}; "
                f"there are {', '.join(self.header.columns)}"
            )
        if new := [name for name in names if name not in self._columns]:
            found: dict[str, list[Any]] = {name: [] for name in new}
            for row in iter_index(self.path.parent):
                for name, values in found.items():
                    value = row[name]
                    values.append(sys.intern(value) if isinstance(value, str) else value)
            self._columns |= found
        return [self._columns[name] for name in names]

    def _cells(self, line: bytes, number: int) -> list[str]:
        with reading(f"{self.path}: line {number}", "damaged"):
            return next(csv.reader([line.decode("utf-8")], strict=True), [])


def transform_cell(matrix: ArrayLike) -> list[float]:
    """Return the upper three rows of a 4 × 4 transform as 12 numbers, row by row.

    Parameters
    ----------
    matrix
        (4, 4).
    """
    cell: list[float] = np.asarray(matrix, dtype=np.float64)[:3].ravel().tolist()
    return cell


def transform_matrix(cell: Sequence[float]) -> FloatArray:
    """Return the 4 × 4 transform of a cell of `transform_cell`.

    Parameters
    ----------
    cell
        12 numbers.

    Returns
    -------
    (4, 4) float64
    """
    return np.vstack([np.reshape(np.asarray(cell, np.float64), (3, 4)), [0.0, 0.0, 0.0, 1.0]])


def path_inside(folder: Path, relative: str) -> Path:
    """Return where a file of the index lies.

    Parameters
    ----------
    folder
        Of the set.
    relative
        As in the index, with forward slashes.

    Raises
    ------
    ValueError
        When it is a name that leads out of the folder, or none.
    """
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\\" in relative or ":" in relative:
        raise ValueError(f"{folder}: {shown(relative)} in the index leads out of the folder")
    if len(relative) > _LONGEST_NAME or not relative.isprintable():
        raise ValueError(f"{folder}: {shown(relative)} in the index is no name of a file")
    return folder / pure


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 checksum of a file, or of a folder such as an OME-Zarr image.

    That of a folder is taken over names and checksums of all files in it, sorted by name.

    Parameters
    ----------
    path
        Of the file or folder.

    Raises
    ------
    OSError
        When it is missing or cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted((f.relative_to(path).as_posix(), f) for f in path.rglob("*") if f.is_file())
        lines = "".join(f"{sha256_of(file)}  {name}\n" for name, file in files)
        return hashlib.sha256(lines.encode()).hexdigest()
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _parsed(cell: str) -> Any:
    """Return the value of a cell: whole numbers have no point, others have one or an exponent."""
    if not cell:
        return None
    if _WHOLE.fullmatch(cell):
        return int(cell)
    if _FLOAT.fullmatch(cell):
        return float(cell)
    if cell in ("True", "False"):
        return cell == "True"
    return json.loads(cell) if cell[0] == "[" else cell


def _line_ends(path: Path) -> NDArray[np.int64]:
    """Return where each line of a text file ends, in bytes; the last one must be whole."""
    ends, at = [np.zeros(0, dtype=np.int64)], 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            ends.append(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")) + at + 1)
            at += len(chunk)
    found: NDArray[np.int64] = np.concatenate(ends)
    if not len(found) or found[-1] != at:
        raise ValueError(f"{path}: truncated: its last line is not whole")
    return found
