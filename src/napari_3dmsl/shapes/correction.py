"""Classes that a person corrects: what was measured stays beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_3dmsl.shapes.classification import ShapeClass

UNKNOWN = "unknown"
_BY_HAND = ": set by hand (was "


def correct_classes(table: dict[str, list[Any]], classes: Mapping[int, str | None]) -> None:
    """Set classes by hand, in place.

    ``measured_class`` keeps the class by the rules, ``unknown`` where there was none; it is empty
    for shapes that nobody has corrected. The measured class puts everything back as it was.

    Parameters
    ----------
    table
        Columns of the measures, see `feature_table`.
    classes
        New class by row; ``None`` where none was known.

    Raises
    ------
    ValueError
        When there is no such class; nothing is changed then.
    """
    if wrong := [kind for kind in classes.values() if kind not in {None, *ShapeClass}]:
        raise ValueError(f"class {wrong[0]!r}: expected one of {', '.join(ShapeClass)}")
    count = len(table["shape_class"])
    table.setdefault("reason", [None] * count)
    table.setdefault("measured_class", [""] * count)
    for row, kind in classes.items():
        _correct(table, row, None if kind is None else str(kind))


def _correct(table: dict[str, list[Any]], row: int, kind: str | None) -> None:
    known, reason = table["shape_class"][row], table["reason"][row]
    measured = table["measured_class"][row] or known or UNKNOWN
    if table["measured_class"][row]:
        reason = str(reason).partition(_BY_HAND)[2][:-1] or measured
    else:
        reason = reason or measured
    if (kind or UNKNOWN) == measured:
        table["reason"][row] = None if kind is None else reason
        table["measured_class"][row] = ""
    else:
        table["reason"][row] = f"{kind or UNKNOWN}{_BY_HAND}{reason})"
        table["measured_class"][row] = measured
    table["shape_class"][row] = kind
