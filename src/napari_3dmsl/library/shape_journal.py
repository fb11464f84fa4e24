"""Which shapes of a library are finished: a file that only grows, one line a shape.

A line is written when all files of its shape are there; it keeps their checksums, so that nothing
half-written is taken for finished.
"""

from __future__ import annotations

import json
import zlib
from io import FileIO
from pathlib import Path
from typing import NamedTuple, Self

from napari_3dmsl.writing import telling_where

JOURNAL_FILE = "shapes.jsonl"


class ShapeRow(NamedTuple):
    """What is kept of a finished shape.

    Attributes
    ----------
    shape_id
        Its number.
    shape_class
        Its class.
    line
        Its row of the table, without the last column.
    box_um
        Lowest and highest corner (z, y, x) of its surface in µm.
    blocks
        Edges of the blocks of voxels that it was measured on, see `CropPlan`.
    files
        Size and checksum of each of its files, by the path in the folder of the run.
    """

    shape_id: int
    shape_class: str
    line: str
    box_um: list[list[float]]
    blocks: list[int]
    files: dict[str, list[int]]


def checksum(content: bytes) -> list[int]:
    """Return the size and checksum of a file.

    Parameters
    ----------
    content
        All of it.
    """
    return [len(content), zlib.crc32(content)]


class ShapeJournal:
    """The finished shapes of a run.

    Parameters
    ----------
    folder
        Of the run.

    Attributes
    ----------
    rows : dict
        Of the finished shapes, by their number.
    """

    def __init__(self, folder: Path) -> None:
        self.rows: dict[int, ShapeRow] = {}
        self._folder = folder
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        """Read what is finished, as far as its files are whole."""
        path, end = self._folder / JOURNAL_FILE, 0
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    row = _parsed(line)
                    if row is None:  # cut off when the run was killed
                        break
                    end += len(line)
                    self.rows[row.shape_id] = row
        self.rows = {i: row for i, row in self.rows.items() if self._is_whole(row)}
        self._file = FileIO(path, "a+")  # nothing is buffered
        self._file.truncate(end)
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: ShapeRow) -> None:
        """Keep a shape whose files are written.

        Parameters
        ----------
        row
            Of the shape.
        """
        assert self._file is not None
        text = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        with telling_where(self._folder):
            before = self._file.seek(0, 2)
            if self._file.write(text) != len(text):
                self._file.truncate(before)
                raise OSError(28, "No space left on device", str(self._folder))
        self.rows[row.shape_id] = row

    def _is_whole(self, row: ShapeRow) -> bool:
        try:
            return all(
                checksum((self._folder / path).read_bytes()) == known
                for path, known in row.files.items()
            )
        except OSError:
            return False


def _parsed(line: bytes) -> ShapeRow | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return ShapeRow(*json.loads(line))
    except (ValueError, TypeError):
        return None
