"""What a run has finished so far: one line for each group, so that it can go on after any end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

if TYPE_CHECKING:
    from napari_3dmsl.datasets.index import Row

JOURNAL_FILE = ".finished.jsonl"


class Journal:
    """A file that only grows; a line that was cut off when the run was killed does not count.

    Rows stay on disk: memory holds where the line of each group begins.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_FILE
        self._lines: dict[str, tuple[int, int]] = {}
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._file = self.path.open("a+b")
        self._file.seek(0)
        start = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            self._lines[json.loads(line)["group"]] = start, len(line)
            start += len(line)
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
        """Write down that a group is finished."""
        assert self._file is not None
        line = json.dumps({"group": group, "rows": rows}, separators=(",", ":")).encode() + b"\n"
        start = self._file.seek(0, 2)
        try:
            self._file.write(line)
            self._file.flush()
        except OSError:  # such as a full disk: leave no half of a line behind
            self._file.truncate(start)
            raise
        self._lines[group] = start, len(line)

    def forget(self, group: str) -> None:
        """Let a group count as not finished; its next line will be the one that counts."""
        del self._lines[group]

    def rows(self, group: str) -> list[Row]:
        """Return the rows of a finished group."""
        assert self._file is not None
        start, length = self._lines[group]
        self._file.seek(start)
        found: dict[str, Any] = json.loads(self._file.read(length))
        rows: list[Row] = found["rows"]
        return rows

    def groups(self) -> Iterator[str]:
        """Names of the finished groups."""
        return iter(list(self._lines))
