"""Classes set by hand, saved in a table that others may have open as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_3dmsl.library.table import CLASS_COLUMNS, classes_in, with_classes
from napari_3dmsl.reading import reading
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE_S = 10.0


@dataclass(frozen=True)
class SavedClasses:
    """What others had saved in the meantime.

    Attributes
    ----------
    taken_over
        Classes by id, of shapes that have not been changed here: they are in our table now.
    overruled
        Classes by id, of shapes that were given yet another class here, which counts.
    """

    taken_over: dict[int, str | None] = field(default_factory=dict)
    overruled: dict[int, str | None] = field(default_factory=dict)


def classes_of(table: Mapping[str, list[Any]]) -> list[str]:
    """Return the classes of a table as its file says them.

    Parameters
    ----------
    table
        Columns of a library.
    """
    return [kind or "" for kind in table["shape_class"]]


def save_classes(path: Path, table: dict[str, list[Any]], before: list[str]) -> SavedClasses:
    """Write those classes into a file that were changed; take over what others have changed.

    Parameters
    ----------
    path
        Of the table.
    table
        Its columns here; classes of others come into it, in place.
    before
        Classes when it was read or saved last, see `classes_of`; is brought up to date.

    Returns
    -------
    SavedClasses
        What others had changed.

    Raises
    ------
    ValueError
        When the file lists other shapes by now, is damaged, or others do not let go of it.
    OSError
        When it cannot be read or written.
    """
    saved = SavedClasses()
    busy = "another window is saving it; try again"
    with whole_file(path, patience_s=_PATIENCE_S, busy=busy) as temporary:
        with reading(path, "cannot read the table"):
            content = path.read_bytes()
            theirs = classes_in(content, str(path))
        if theirs.keys() != set(table["index"]):
            raise ValueError(f"{path}: lists other shapes by now; open the library again")
        ours: dict[int, dict[str, Any]] = {}
        for row, shape_id in enumerate(table["index"]):
            there, here = theirs[shape_id]["shape_class"], table["shape_class"][row] or ""
            if here == before[row]:
                if there != here:
                    _take_over(table, row, theirs[shape_id])
                    saved.taken_over[shape_id] = there or None
            else:
                ours[shape_id] = {name: table[name][row] for name in CLASS_COLUMNS}
                if there not in (before[row], here):
                    saved.overruled[shape_id] = there or None
        temporary.write_bytes(with_classes(content, str(path), ours))
    before[:] = classes_of(table)
    return saved


def _take_over(table: dict[str, list[Any]], row: int, theirs: Mapping[str, str]) -> None:
    count = len(table["shape_class"])
    table.setdefault("reason", [None] * count)
    table.setdefault("measured_class", [""] * count)
    table["shape_class"][row] = theirs["shape_class"] or None
    table["reason"][row] = theirs["reason"] or None
    table["measured_class"][row] = theirs["measured_class"]
