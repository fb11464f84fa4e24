"""CSV tables, checked while they are read: every cell belongs to a column."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_OTHER_DIVIDERS = ";\t"


class CsvTable:
    """The rows of a table with a header, as text by the names of the columns.

    Parameters
    ----------
    lines
        Of the file, without a byte order mark.
    where
        What messages call the file.
    needed
        Columns that must be there, in every row.
    optional
        More columns that are read; none of both may be there twice.

    Attributes
    ----------
    columns : list of str
        Their names in the order of the file.

    Raises
    ------
    ValueError
        When a column is missing or there twice; while rows are taken, when one has more cells
        than there are columns, or lacks a needed one. One line that names the line of the file.
    """

    def __init__(
        self,
        lines: Iterable[str],
        where: str,
        needed: Collection[str],
        optional: Collection[str] = (),
    ) -> None:
        self._reader = csv.reader(lines, skipinitialspace=True)
        self._where = where
        self._needed = needed
        self.columns = [name.strip() for name in next(self._reader, [])]
        if missing := [name for name in needed if name not in self.columns]:
            raise ValueError(self._told(f"no column {', '.join(missing)}; {self._expected()}"))
        times = Counter(name for name in self.columns if name in needed or name in optional)
        if twice := [name for name, count in times.items() if count > 1]:
            raise ValueError(self._told(f"column {min(twice)} is there twice; leave one out"))

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Give the rows that hold something, each with the file and its line as messages say it."""
        width = len(self.columns)
        for cells in self._reader:
            if not cells:
                continue
            if any(cells[width:]):  # empty ones are from programs that end each line with a comma
                raise ValueError(
                    self._told(
                        f"{len(cells)} cells, {width} columns; decimals have a point, no comma, "
                        "and text with a comma stands in quotes"
                    )
                )
            if len(cells) < width:
                self._check_short(cells)
                cells += [""] * (width - len(cells))
            row = dict(zip(self.columns, cells, strict=False))
            yield f"{self._where}: line {self._reader.line_num}", row

    def _check_short(self, cells: list[str]) -> None:
        """Refuse a row that ends too early; Excel leaves out cells at the end that are empty."""
        if gone := [name for name in self.columns[len(cells) :] if name in self._needed]:
            raise ValueError(
                self._told(f"{len(cells)} cells, {len(self.columns)} columns; no {gone[0]}")
            )

    def _told(self, problem: str) -> str:
        return f"{self._where}: line {max(self._reader.line_num, 1)}: {problem}"

    def _expected(self) -> str:
        header = f"expected the header {','.join(self._needed)}"
        divider = next((sign for sign in _OTHER_DIVIDERS if sign in "".join(self.columns)), "")
        return header + (f", divided by commas, not by {divider!r}" if divider else "")
