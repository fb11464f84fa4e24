"""Lists of emitters as text: CSV files of (z, y, x) in µm."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.reading import reading

POINT_COLUMNS = ("z_um", "y_um", "x_um")
BRIGHTNESS = "brightness"
HIGHEST_POINT_UM = 200.0  # above the coverslip; more is a file in other units


def read_points(path: str | Path) -> tuple[FloatArray, FloatArray]:
    """Read emitters from a CSV file.

    Parameters
    ----------
    path
        Columns ``z_um``, ``y_um``, ``x_um`` and optionally ``brightness``, in any order; others
        are left alone. z is the height above the coverslip, (0, 0) the middle of the image.

    Returns
    -------
    positions_um : (n, 3) float64
        (z, y, x) in µm.
    brightness : (n,) float64
        1 where the file has no such column.

    Raises
    ------
    ValueError
        One line that names the line of the file where something is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    with reading(path, "not a CSV text file"), path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(_point_rows(csv.DictReader(file, skipinitialspace=True), path))
    if not rows:
        raise ValueError(f"{path}: no emitters, only a header")
    table = np.array(rows)
    return table[:, :3], table[:, 3]


def _point_rows(reader: csv.DictReader[str], path: Path) -> Iterator[list[float]]:
    found = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in POINT_COLUMNS if name not in found]
    if missing:
        raise ValueError(
            f"{path}: line 1: no column {', '.join(missing)}; "
            f"expected the header {','.join(POINT_COLUMNS)} and optionally {BRIGHTNESS}"
        )
    reader.fieldnames = found
    for row in reader:
        where = f"{path}: line {reader.line_num}"
        values = [_number(row, name, where) for name in POINT_COLUMNS]
        values.append(_number(row, BRIGHTNESS, where) if BRIGHTNESS in found else 1.0)
        for name, value in (("z_um", values[0]), (BRIGHTNESS, values[3])):
            if value < 0:
                raise ValueError(f"{where}: {name} = {value:g}: must be 0 or more")
        if values[0] > HIGHEST_POINT_UM:
            raise ValueError(
                f"{where}: z_um = {values[0]:g}: at most {HIGHEST_POINT_UM:g}; "
                "is the file in another unit than µm?"
            )
        yield values


def _number(row: Mapping[str, str | None], name: str, where: str) -> float:
    try:
        value = float(row[name] or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{where}: {name} = {row[name]!r}: expected a number")
    return value
