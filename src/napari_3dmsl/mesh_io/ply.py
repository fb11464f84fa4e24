"""The elements of a PLY file, text or binary.

Source: G. Turk, The PLY polygon file format (1994), with the names of types that came later.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.mesh_io.text_numbers import numbers

Column = NDArray[Any] | list[Any]
"""Of a property: numbers (N,); of a list of one length (n, k); of other lists a list."""

# What follows the end of the last line may be a number that looks like one: as the first line ends.
_HEADER = re.compile(
    rb"\s*ply[ \t]*(?:\r?\n(.*?)\nend_header[ \t]*\r?\n|\r(?!\n)(.*?)\rend_header[ \t]*\r)",
    re.DOTALL,
)
_LONGEST_HEADER = 1 << 20
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}


@dataclass(frozen=True)
class _Property:
    name: str
    kind: str
    count: str | None = None  # the type of the length of a list


@dataclass
class _Element:
    name: str
    rows: int
    properties: list[_Property] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        return any(column.count for column in self.properties)


def ply_elements(data: bytes, wanted: Collection[str]) -> dict[str, dict[str, Column]]:
    """Return the columns of some elements, such as ``vertex`` and ``face``, by their names.

    Parameters
    ----------
    data
        The whole file.
    wanted
        Names of elements; one that is not there is left out.

    Raises
    ------
    ValueError
        When the file is truncated, or its header is wrong.
    """
    found = _HEADER.match(data[:_LONGEST_HEADER])
    if found is None:
        raise ValueError("not a PLY file: it should begin with ply and a header with an end")
    order, elements = _header((found[1] or found[2]).decode("latin-1"))
    body = data[found.end() :]
    rows = _from_lines(body, elements) if not order else _from_bytes(body, elements, order)
    return {element.name: columns for element, columns in rows if element.name in wanted}


def _header(text: str) -> tuple[str, list[_Element]]:
    order, elements = None, []
    for line in text.splitlines():
        match line.split():
            case ["format", name, "1.0"] if name in _ORDERS:
                order = _ORDERS[name]
            case ["element", name, count] if count.isdecimal() and len(count) <= 12:
                elements.append(_Element(name, int(count)))
            case ["property", "list", count, kind, name] if elements:
                elements[-1].properties.append(_Property(name, _TYPES[kind], _TYPES[count]))
            case ["property", kind, name] if elements:
                elements[-1].properties.append(_Property(name, _TYPES[kind]))
            case [] | ["comment" | "obj_info", *_]:
                pass
            case _:
                raise ValueError(f"its header has a line that is none of PLY: {line[:40]!r}")
    if order is None:
        raise ValueError("its header names no format that is known")
    return order, elements


def _from_lines(
    body: bytes, elements: list[_Element]
) -> Iterator[tuple[_Element, dict[str, Column]]]:
    lines = [line for line in body.splitlines() if line and not line.isspace()]
    for element in elements:
        if len(lines) < element.rows:
            raise ValueError(f"truncated: {len(lines)} of {element.rows} rows of {element.name}")
        mine, lines = lines[: element.rows], lines[element.rows :]
        yield element, (_lists_of if element.has_lists else _numbers_of)(mine, element)
    if lines:
        raise ValueError("more rows than its header tells of: export it again")


def _numbers_of(lines: list[bytes], element: _Element) -> dict[str, Column]:
    width = len(element.properties)
    values = numbers(b"\n".join(lines), np.float64, f"rows of {element.name}")
    if len(values) != width * len(lines):
        raise ValueError(f"expected {width} numbers in each row of {element.name}")
    table = values.reshape(len(lines), width)
    return {column.name: table[:, place] for place, column in enumerate(element.properties)}


def _lists_of(lines: list[bytes], element: _Element) -> dict[str, Column]:
    columns: dict[str, list[Any]] = {column.name: [] for column in element.properties}
    for line in lines:
        cells, at = line.split(), 0
        for column in element.properties:
            if at == len(cells):
                raise ValueError(f"a row of {element.name} that breaks off")
            count = int(cells[at][:12]) if column.count else 1
            start = at + bool(column.count)
            at = start + count
            if count < 0 or at > len(cells):
                raise ValueError(f"a row of {element.name} that breaks off")
            read = float if column.kind[0] == "f" else int
            values = [read(cell[:40]) for cell in cells[start:at]]
            columns[column.name].append(values if column.count else values[0])
        if at < len(cells):
            raise ValueError(f"a row of {element.name} that has more than its header tells")
    return dict(columns)


def _from_bytes(
    body: bytes, elements: list[_Element], order: str
) -> Iterator[tuple[_Element, dict[str, Column]]]:
    at = 0
    for element in elements:
        record = _record(body, at, element, order)
        if len(body) - at < record.itemsize * element.rows and not element.has_lists:
            raise ValueError(f"truncated: it tells of {element.rows} rows of {element.name}")
        rows = min(element.rows, (len(body) - at) // max(record.itemsize, 1))
        table = np.frombuffer(body, record, rows, at)
        counts = [n for n in record.names or () if n.startswith("count of ")]
        if rows == element.rows and all((table[n] == table[n][:1]).all() for n in counts):
            at += record.itemsize * rows
            yield element, {column.name: table[column.name] for column in element.properties}
        else:
            columns, at = _of_many_lengths(body, at, element, order)
            yield element, columns


def _record(body: bytes, at: int, element: _Element, order: str) -> np.dtype[Any]:
    """Return the type of a row, taking its lists to be as long as those of the first one."""
    fields: list[Any] = []
    for column in element.properties:
        if column.count and element.rows:
            fields.append((f"count of {column.name}", order + column.count))
            place = at + np.dtype(fields[:-1]).itemsize
            count = int(_taken(body, np.dtype(order + column.count), 1, place)[0])
            _taken(body, np.dtype(column.kind), count, place)  # no type longer than the file
            fields.append((column.name, order + column.kind, (count,)))
        else:
            fields.append((column.name, order + column.kind))
    return np.dtype(fields)


def _of_many_lengths(
    body: bytes, at: int, element: _Element, order: str
) -> tuple[dict[str, Column], int]:
    columns: dict[str, list[Any]] = {column.name: [] for column in element.properties}
    kinds = [
        (
            column.name,
            np.dtype(order + column.kind),
            column.count and np.dtype(order + column.count),
        )
        for column in element.properties
    ]
    for _ in range(element.rows):
        for name, kind, lengths in kinds:
            count = 1
            if lengths:
                count = int(_taken(body, lengths, 1, at)[0])
                at += lengths.itemsize
            values = _taken(body, kind, count, at).tolist()
            at += count * kind.itemsize
            columns[name].append(values if lengths else values[0])
    return dict(columns), at


def _taken(body: bytes, kind: np.dtype[Any], count: int, at: int) -> NDArray[Any]:
    if not 0 <= count * kind.itemsize <= len(body) - at:
        raise ValueError("truncated: a list that is longer than the file")
    return np.frombuffer(body, kind, count, at)
