"""The table of an image set as Parquet, beside the CSV file. Needs the extra ``parquet``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from napari_3dmsl.datasets.write.index import Row, iter_index
from napari_3dmsl.reading import reading
from napari_3dmsl.writing import whole_file

PARQUET_FILE = "index.parquet"

_BATCH = 10_000  # rows in memory


def check_parquet() -> None:
    """Raise ValueError, which says what to install, where Parquet cannot be written."""
    _pyarrow()


def write_parquet(folder: str | Path) -> Path:
    """Write ``index.parquet`` with the rows of ``index.csv``, whole or not at all.

    Parameters
    ----------
    folder
        Of the set.

    Raises
    ------
    ValueError
        When the table is missing or damaged, or pyarrow is missing.
    OSError
        When the file cannot be written.
    """
    pyarrow, parquet = _pyarrow()
    path = Path(folder) / PARQUET_FILE
    schema = _schema(pyarrow, folder)
    rows = iter_index(folder)
    with (
        whole_file(path) as temporary,
        parquet.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        while batch := list(islice(rows, _BATCH)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))
    return path


def read_parquet(folder: str | Path) -> list[Row]:
    """Read ``index.parquet``: the same rows as `read_index` gives.

    Parameters
    ----------
    folder
        Of the set.

    Raises
    ------
    ValueError
        When it is missing or damaged, or pyarrow is missing.
    """
    _, parquet = _pyarrow()
    path = Path(folder) / PARQUET_FILE
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    with reading(path, "damaged"):
        rows: list[Row] = parquet.read_table(path).to_pylist()
    return rows


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            "Parquet needs the package pyarrow: pip install 'napari-3dmsl[parquet]'"
        ) from None
    return pyarrow, parquet


def _schema(pyarrow: Any, folder: str | Path) -> Any:
    """Return the type of each column, from all its cells."""
    found: dict[str, set[type]] = {}
    highest: dict[str, int] = {}
    for row in iter_index(folder):
        for name, value in row.items():
            found.setdefault(name, set()).add(type(value))
            if type(value) is int:
                highest[name] = max(highest.get(name, 0), value)
    fields = []
    for name, kinds in found.items():
        kind = _type(pyarrow, kinds - {type(None)}, highest.get(name, 0))
        if kind is None:
            raise ValueError(f"{folder}: column {name} mixes text, numbers and lists")
        fields.append((name, kind))
    return pyarrow.schema(fields)


def _type(pyarrow: Any, kinds: set[type], highest: int) -> Any:
    if kinds == {int}:
        return pyarrow.uint64() if highest >= 2**63 else pyarrow.int64()
    types = {
        frozenset(): pyarrow.string(),
        frozenset({str}): pyarrow.string(),
        frozenset({bool}): pyarrow.bool_(),
        frozenset({float}): pyarrow.float64(),
        frozenset({int, float}): pyarrow.float64(),
        frozenset({list}): pyarrow.list_(pyarrow.float64()),
    }
    return types.get(frozenset(kinds))
