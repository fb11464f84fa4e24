"""What a run has finished so far: one line for each group, so that it can go on after any end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from napari_3dmsl.reading import reading

if TYPE_CHECKING:
    from napari_3dmsl.datasets.write.index import Row

JOURNAL_FILE = ".finished.jsonl"


class Journal:
    """A file that only grows; a line that was cut off when the run was killed does not count.

    Rows stay on disk: memory holds where the line of each group begins. Nothing is buffered, so
    that a disk that is full leaves no half of a line, neither here nor to be written later.

    Parameters
    ----------
    folder
        Of the set.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_FILE
        self._lines: dict[str, tuple[int, int]] = {}
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        start = 0
        if self.path.is_file():
            with self.path.open("rb") as file:
                for line in file:
                    group = _group_of(line)
                    if group is None:
                        break
                    self._lines[group] = start, len(line)
                    start += len(line)
        self._file = FileIO(self.path, "a+")
        self._file.truncate(start)
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def __contains__(self, group: str) -> bool:
        return group in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, group: str, rows: list[Row]) -> None:
        """Write down that a group is finished.

        Parameters
        ----------
        group
            Its name.
        rows
            Of its images.
        """
        assert self._file is not None
        line = json.dumps({"group": group, "rows": rows}, separators=(",", ":")).encode() + b"\n"
        start = self._file.seek(0, 2)
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
        except OSError:  # such as a full disk
            self._file.truncate(start)
            raise
        self._lines[group] = start, len(line)

    def forget(self, group: str) -> None:
        """Let a group count as not finished; its next line will be the one that counts.

        Parameters
        ----------
        group
            Its name.
        """
        del self._lines[group]

    def rows(self, group: str) -> list[Row]:
        """Return the rows of a finished group.

        Parameters
        ----------
        group
            Its name.
        """
        assert self._file is not None
        start, length = self._lines[group]
        self._file.seek(start)
        content = b""
        while len(content) < length:
            content += self._file.read(length - len(content))
        found: dict[str, Any] = json.loads(content)
        rows: list[Row] = found["rows"]
        return rows

    def groups(self) -> Iterator[str]:
        """Names of the finished groups."""
        return iter(list(self._lines))


def _group_of(line: bytes) -> str | None:
    """Return the group of a line, None for one that is not whole."""
    try:
        with reading(JOURNAL_FILE, "damaged"):
            entry = json.loads(line)
            whole = line.endswith(b"\n") and isinstance(entry["rows"], list)
            return str(entry["group"]) if whole else None
    except ValueError:  # a crash of the whole machine leaves anything
        return None
