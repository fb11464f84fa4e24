"""``meta_locations.csv``, as we write it and as the release has it, and tables for pandas."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.image_io.csv_table import CsvTable
from napari_3dmsl.reading import reading
from napari_3dmsl.settings import shown
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.measures import FORM_COLUMNS
from napari_3dmsl.shapes.shape import COLUMNS, feature_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.shape import Shape

LOCATION_COLUMNS = ("cx", "cy", "cz", "voxel_counts", "bbx", "bby", "bbz")
# Libraries of earlier versions lack them.
NEWER_COLUMNS = frozenset({"parent", "measured_class", *FORM_COLUMNS, "neighbour_um"})
CLASS_COLUMNS = ("shape_class", "reason", "measured_class")
"""What changes with a class that is set by hand."""
Table = dict[str, list[Any]]

_Row = tuple[str, "Mapping[str, str]"]
"""Its place as messages tell it, and its cells by the names of the columns."""

_NEEDED = [name for name in ("index", *LOCATION_COLUMNS, *COLUMNS[1:]) if name not in NEWER_COLUMNS]
"""What a table of ours has had from the first version on."""

_ROW_NAMES = ("index", "", "Unnamed: 0")  # pandas leaves the column of row numbers without a name


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _maybe(text: str) -> float | None:
    return float(text) if text else None


def _flag(text: str) -> bool:
    return {"true": True, "false": False, "": False}[text.lower()]  # Excel writes TRUE


def _class(text: str) -> str:
    return ShapeClass(text) and text if text else text


def _count(text: str) -> int:
    if text.isdecimal() and len(text) <= 20:  # a label may have 64 bits, more than a float holds
        return int(text)
    return int(float(text))  # pandas writes 12.0 where a column has gaps


# How each column of a table is read; the others are text.
READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys((*FORM_COLUMNS, "neighbour_um"), _maybe),
    **dict.fromkeys(("voxel_counts", "branches", "loops", "parent", "end_points"), _count),
    **dict.fromkeys(
        ("cx", "cy", "cz", "length_um", "volume_um3", "area_um2", "mean_radius_um"), _number
    ),
    "touches_border": _flag,
    "shape_class": _class,
}
_EXPECTED = {
    "touches_border": "expected True or False",
    "shape_class": f"expected {', '.join(ShapeClass)}, or nothing where it is unknown",
}


def as_dataframe(source: ShapeSource) -> pd.DataFrame:
    """Return the measures of shapes as a pandas table; its index is the shapes' id.

    Parameters
    ----------
    source
        Extracted shapes (`ShapeCollection`) or a library on disk (`ShapeLibrary`).

    Raises
    ------
    ValueError
        When pandas is not installed; it comes with napari.
    """
    try:
        import pandas as pd
    except ImportError:
        raise ValueError('pandas is not installed: pip install "napari-3dmsl[pandas]"') from None
    columns = {name: list(column) for name, column in source.table.items()}
    table = pd.DataFrame(columns, index=pd.Index(list(source.ids), name="id"))
    return table.drop(columns="index", errors="ignore")


def write_table(shapes: Sequence[Shape], unit_nm: float) -> bytes:
    """Return the content of ``meta_locations.csv``: released columns, then the measures.

    Parameters
    ----------
    shapes
        One row each, in their order.
    unit_nm
        Length in which the released columns count.
    """
    return "".join([table_head(), *table_lines(shapes, unit_nm)]).encode()


def table_head() -> str:
    """Return the first line of a table, with the names of the columns."""
    return _csv(["index", *LOCATION_COLUMNS, *COLUMNS[1:]])


def table_lines(shapes: Sequence[Shape], unit_nm: float) -> Iterator[str]:
    """Give the lines of a table; the distance to the neighbour is the last in each.

    Parameters
    ----------
    shapes
        One row each, in their order.
    unit_nm
        Length in which the released columns count.
    """
    measures = feature_table(shapes)
    for row, shape in enumerate(shapes):
        centre = (shape.centroid_um * 1000 / unit_nm)[::-1].tolist()  # (x, y, z), like the mesh
        # Voxel i reaches from i - 0.5 to i + 0.5.
        box = np.round(shape.bounds_um * 1000 / unit_nm + 0.5).astype(int).T[::-1].tolist()
        slices = [str(slice(low, high)) for low, high in box]
        values = [measures[name][row] for name in COLUMNS[1:]]
        yield _csv([shape.id, *centre, shape.voxel_count, *slices, *values])


def with_neighbour(line: str, neighbour_um: float | None) -> str:
    """Return a line of a table with a distance to the neighbour, in which there was none.

    Parameters
    ----------
    line
        As `table_lines` gives it.
    neighbour_um
        In µm; None where nobody has looked.
    """
    return line if neighbour_um is None else line.rstrip("\r\n") + _csv([neighbour_um])


def _csv(values: Iterable[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue()


def read_table(content: bytes, ids: Sequence[int], where: str, own: bool) -> Table:
    """Read the rows of some shapes.

    Parameters
    ----------
    content
        The CSV file.
    ids
        The shapes of the library, ascending.
    where
        Name of the file, for errors.
    own
        Whether this package wrote it: then every column must be there. The release names no ids;
        its rows are counted from 0, which is the background.

    Returns
    -------
    dict
        Columns in the order of ``ids``; ``shape_class`` is ``None`` where it is unknown.

    Raises
    ------
    ValueError
        When the table is damaged or lacks a shape.
    """
    with reading(where, "cannot read the table"):
        table = _table(content, where, _NEEDED if own else ())
        rows = dict(_numbered(table))
        missing = [shape_id for shape_id in ids if shape_id not in rows]
        present = [rows[shape_id] for shape_id in ids if shape_id in rows]
        known = [n for n in (*LOCATION_COLUMNS, *COLUMNS[1:]) if n in table.columns]
        columns = {name: _read_column(name, present) for name in known}
    if missing:
        raise ValueError(
            f"{where}: lists other shapes than those beside it: no row for shape {missing[0]}"
        )
    if own and len(rows) != len(ids):
        raise ValueError(f"{where}: lists other shapes than those beside it: {len(rows)} rows")
    return {"index": list(ids), "shape_class": [None] * len(ids), **columns}


def classes_in(content: bytes, where: str) -> dict[int, dict[str, str]]:
    """Return what a table of ours says of the classes of its shapes.

    Parameters
    ----------
    content
        The CSV file.
    where
        Name of the file, for errors.

    Returns
    -------
    dict
        By id: `CLASS_COLUMNS` by name, empty where there are none.

    Raises
    ------
    ValueError
        When the table is damaged.
    """
    rows = _numbered(_table(content, where, _NEEDED))
    return {
        number: {name: row.get(name, "") for name in CLASS_COLUMNS} for number, (_, row) in rows
    }


def with_classes(content: bytes, where: str, classes: Mapping[int, Mapping[str, Any]]) -> bytes:
    """Return a table of ours with other classes of some shapes; everything else in it stays.

    Parameters
    ----------
    content
        The CSV file.
    where
        Name of the file, for errors.
    classes
        By id: `CLASS_COLUMNS` by name.

    Raises
    ------
    ValueError
        When the table is damaged.
    """
    table = _table(content, where, _NEEDED)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys([*table.columns, *CLASS_COLUMNS])))
    writer.writeheader()
    for number, (_, row) in _numbered(table):
        writer.writerow({**row, **classes.get(number, {})})
    return text.getvalue().encode()


def _table(content: bytes, where: str, needed: Sequence[str]) -> CsvTable:
    lines = io.StringIO(content.decode("utf-8-sig"), newline="")
    return CsvTable(lines, where, needed, (*LOCATION_COLUMNS, *COLUMNS))


def _numbered(table: CsvTable) -> Iterator[tuple[int, _Row]]:
    """Give the rows by the shapes that they are about, one for each."""
    column = next((name for name in _ROW_NAMES if name in table.columns), None)
    lines: dict[int, str] = {}
    for number, (line, row) in enumerate(table):
        shape_id = number if column is None else _shape_id(row[column], line)
        if shape_id in lines:
            raise ValueError(f"{line}: shape {shape_id} has a row before; leave one of them out")
        lines[shape_id] = line
        yield shape_id, (line, row)


def _shape_id(text: str, line: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{line}: index = {shown(text)}: expected the number of a shape")
    return int(text)


def _read_column(name: str, rows: Sequence[_Row]) -> list[Any]:
    read, values = READERS.get(name, str), []
    for line, row in rows:
        try:
            values.append(read(row[name]))
        except (ValueError, LookupError, OverflowError):
            expected = _EXPECTED.get(name, "expected a number")
            raise ValueError(f"{line}: {name} = {shown(row[name])}: {expected}") from None
    return values
