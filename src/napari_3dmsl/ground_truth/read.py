"""Ground truth files of an image, read by the ending of their name.

``.tif`` and ``.zarr`` are arrays of pixels, ``.csv`` tables such as emitters, ``.off`` and ``.ply``
meshes, ``.npz`` arrays by name, ``.txt`` whole numbers in columns. What has a file for each object
is a folder. Lengths in an image set are µm, in image coordinates (see
`napari_3dmsl.ground_truth.image_coordinates`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, read_pixels
from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, read_zarr_array
from napari_3dmsl.library.instance_files import mesh_from_off
from napari_3dmsl.reading import reading
from napari_3dmsl.shapes.mesh import read_mesh

_WHOLE = re.compile(r"-?\d+")


def read_file(path: Path) -> Any:
    """Read one file by the ending of its name.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    ValueError
        One line, when it is damaged or of another kind.
    """
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return read_pixels(path)
    if suffix == ".csv":
        return read_table(path)
    if suffix == ".off":
        return mesh_from_off(path.read_bytes(), 1.0, str(path))
    if suffix == ".ply":
        return read_mesh(path, 1.0)
    if suffix == ".npz":
        return _read_arrays(path)
    if suffix == ".txt":
        return _read_numbers(path)
    raise ValueError(
        f"{path}: no ground truth; known are .tif, .zarr, .csv, .off, .ply, .npz and .txt"
    )


def read_truth(path: str | Path, read: Callable[[Path], Any] = read_file) -> Any:
    """Read a ground truth.

    Parameters
    ----------
    path : str or Path
        A file, a folder of files, an image ``NAME.zarr`` or a mask in one.
    read : callable
        Reads one file.

    Returns
    -------
    array
        Of pixels; or a table, whose columns have names, see `read_table`.
    Mesh
        Of a mesh file, in µm (z, y, x).
    dict
        Of a folder: what is in its files, by their name without ending. Of ``.npz``: its arrays.

    Raises
    ------
    ValueError
        One line, when it is missing, damaged, or of another kind.
    """
    path = Path(path)
    if any(part.lower().endswith(ZARR_SUFFIX) for part in path.parts[-3:]):
        return read_zarr_array(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.name[0] != ".")
        return {file.stem: read_truth(file, read) for file in files}
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    return read(path)


def read_table(path: str | Path) -> NDArray[Any]:
    """Read a CSV table as structured array: ``table["z_um"]`` is a column.

    Columns of whole numbers are int64, of other numbers float64, anything else is text.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Raises
    ------
    ValueError
        When it is missing or damaged; one line that names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    with reading(path, "not a CSV table"), path.open(newline="", encoding="utf-8") as file:
        return _table([*csv.reader(file, strict=True)] or [[]], path)


def _table(lines: list[list[str]], path: Path) -> NDArray[Any]:
    names, *rows = lines
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{path}: line 1: expected the names of the columns, each once")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise ValueError(f"{path}: line {line}: {len(row)} cells for {len(names)} columns")
    columns = [_column(list(cells)) for cells in zip(*rows, strict=True)]
    columns = columns or [np.zeros(0)] * len(names)
    dtype = [(name, column.dtype) for name, column in zip(names, columns, strict=True)]
    table = np.empty(len(rows), dtype=dtype)
    for name, column in zip(names, columns, strict=True):
        table[name] = column
    return table


def _column(cells: list[str]) -> NDArray[Any]:
    if all(map(_WHOLE.fullmatch, cells)):
        return np.array(cells, dtype=np.int64)
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array(cells)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with reading(path, "damaged"), np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _read_numbers(path: Path) -> NDArray[np.int64]:
    """Read whole numbers in columns, such as tracks of the Cell Tracking Challenge."""
    with reading(path, "not whole numbers in columns"):
        lines = path.read_text("utf-8").splitlines()
        return np.array([[int(cell) for cell in line.split()] for line in lines], dtype=np.int64)
