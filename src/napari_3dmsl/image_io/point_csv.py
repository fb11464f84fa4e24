"""Lists of emitters as text: CSV files of (z, y, x) in µm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.image_io.csv_table import CsvTable
from napari_3dmsl.microscope.fluorophores import MOST_FLUOROPHORES
from napari_3dmsl.microscope.pose import HIGHEST_UM
from napari_3dmsl.reading import reading
from napari_3dmsl.settings import shown
from napari_3dmsl.shapes.mesh import FARTHEST_UM

POINT_COLUMNS = ("z_um", "y_um", "x_um")
BRIGHTNESS = "brightness"
# What no list of emitters has: a mistake in the units, or a damaged number.
_LIMITS = {
    "z_um": (0.0, HIGHEST_UM),
    "y_um": (-FARTHEST_UM, FARTHEST_UM),
    "x_um": (-FARTHEST_UM, FARTHEST_UM),
    BRIGHTNESS: (0.0, 1e9),  # a bead of 1 µm carries ten million fluorophores
}


def read_points(path: str | Path) -> tuple[FloatArray, FloatArray]:
    """Read emitters from a CSV file.

    Parameters
    ----------
    path
        Columns ``z_um``, ``y_um``, ``x_um`` and optionally ``brightness``, in any order; others
        are left alone. z is the height above the coverslip, (0, 0) the middle of the image.

    Returns
    -------
    positions_um : (N, 3) float64
        (z, y, x) in µm.
    brightness : (N,) float64
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
        rows = _point_rows(CsvTable(file, str(path), POINT_COLUMNS, [BRIGHTNESS]))
        table = np.fromiter(rows, dtype=(np.float64, 4))
    if not len(table):
        raise ValueError(f"{path}: no emitters, only a header")
    return table[:, :3], table[:, 3]


def _point_rows(table: CsvTable) -> Iterator[list[float]]:
    columns = [name for name in _LIMITS if name in table.columns]
    for count, (where, row) in enumerate(table, start=1):
        if count > MOST_FLUOROPHORES:
            raise ValueError(f"{where}: more than {MOST_FLUOROPHORES:,} emitters; give fewer")
        values = [_number(row, name, where) for name in columns]
        yield values if len(values) == len(_LIMITS) else [*values, 1.0]


def _number(row: Mapping[str, str], name: str, where: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ValueError(f"{where}: {name} = {shown(row[name])}: expected a number")
    low, high = _LIMITS[name]
    if not low <= value <= high:
        allowed = f"must be {low:g} or more" if value < low else f"at most {high:g}"
        raise ValueError(
            f"{where}: {name} = {value:g}: {allowed}; is the unit another one, or a number damaged?"
        )
    return value
