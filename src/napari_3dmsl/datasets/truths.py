"""Ground truth files of an image: the ending of the name tells what is in one.

``.tif`` arrays of pixels, ``.zarr`` the same, ``.csv`` tables such as emitters and tracks, ``.off``
and ``.ply`` meshes, ``.npz`` occupancies. Meshes and occupancies are in (x, y, z) and units of
24 nm, as those of 3DMSL, so that every program shows them as large as those of the library.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import napari_3dmsl
from napari_3dmsl.datasets.formats import IMAGE_SUFFIXES, read_image, whole_file, write_ome_tiff
from napari_3dmsl.datasets.ome_zarr import ZARR_SUFFIX, read_zarr_array
from napari_3dmsl.shapes.library_files import (
    LARGEST_FILE,
    mesh_from_off,
    npz_from_occupancies,
    occupancies_from_npz,
    off_from_mesh,
)
from napari_3dmsl.shapes.library_write import RELEASED_UNIT_NM
from napari_3dmsl.shapes.mesh import Mesh, read_mesh, write_mesh
from napari_3dmsl.shapes.sampling import Occupancies

TRUTH = "truth"

_UNIT_UM = RELEASED_UNIT_NM / 1000
_WHOLE = re.compile(r"-?\d+")


def write_truth(
    path: str | Path,
    name: str,
    truth: Any,
    size_um: Sequence[float] | None = None,
    *,
    axes: str | None = None,
    frame_s: float | None = None,
    channels: Sequence[str] = (),
) -> Path:
    """Write a ground truth, whole or not at all; the same truth, the same bytes.

    Parameters
    ----------
    path
        Its ending fits the truth: see `suffix_of`.
    name
        Of the truth, such as ``mask``; kept in a TIFF.
    truth
        Array of pixels, `Mesh`, `Occupancies`, or a table: columns by name, or a structured array.
        Arrays of whole numbers are compressed; 64-bit ones become as wide as TIFF knows.
    size_um, axes, frame_s, channels
        Of an array, see `formats.write_ome_tiff`.

    Raises
    ------
    ValueError
        When the ending or the array does not fit.
    OSError
        When the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _endings(truth):
        raise ValueError(
            f"{path}: the ground truth {name} is written as {' or '.join(_endings(truth))}"
        )
    if isinstance(truth, Mesh):
        if suffix == ".off":
            return _write_bytes(path, off_from_mesh(truth, _UNIT_UM))
        write_mesh(truth, path, _UNIT_UM)
        return path
    if isinstance(truth, Occupancies):
        return _write_bytes(path, npz_from_occupancies(truth, _UNIT_UM))
    if suffix == ".csv":
        return write_table(path, truth)
    pixels = _storable(np.asarray(truth))
    about = {"software": f"napari-3dmsl {napari_3dmsl.__version__}", TRUTH: name}
    told: dict[str, Any] = {"axes": axes, "frame_s": frame_s, "channels": channels}
    compress = pixels.dtype.kind in "bui"
    return write_ome_tiff(path, pixels, size_um, about, compress=compress, **told)


def suffix_of(truth: Any) -> str:
    """Return the ending of the file that a ground truth is written to."""
    return _endings(truth)[0]


def read_truth(path: str | Path) -> Any:
    """Read a ground truth: an array, a table as structured array, a `Mesh`, or `Occupancies`.

    Meshes and occupancies come in µm, (z, y, x), in the frame that they were written in.

    Raises
    ------
    ValueError
        One line, when it is missing, damaged, or of another kind.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if any(part.lower().endswith(ZARR_SUFFIX) for part in path.parts[-3:]):
        return read_zarr_array(path)
    if suffix in IMAGE_SUFFIXES:
        return read_image(path)[0]
    if suffix == ".csv":
        return read_table(path)
    if suffix == ".ply":
        return read_mesh(path, _UNIT_UM)
    if suffix == ".off":
        return mesh_from_off(_content(path), _UNIT_UM, str(path))
    if suffix == ".npz":
        return occupancies_from_npz(_content(path), _UNIT_UM, str(path))
    raise ValueError(f"{path}: no ground truth; known are .tif, .zarr, .csv, .off, .ply and .npz")


def write_table(path: str | Path, table: Mapping[str, ArrayLike] | NDArray[Any]) -> Path:
    """Write columns of numbers or text as CSV; floats come back exactly.

    Parameters
    ----------
    path
        An existing file is replaced.
    table
        Columns by name, all of one length, or a structured array.
    """
    path = Path(path)
    names = list(table.dtype.names or ()) if isinstance(table, np.ndarray) else list(table)
    columns = [np.asarray(table[name]) for name in names]
    if not names or len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"{path}: a table needs columns of one length: {', '.join(names)}")
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return path


def read_table(path: str | Path) -> NDArray[Any]:
    """Read a table of `write_table` as structured array: ``table["z_um"]`` is a column.

    Columns of whole numbers are int64, of other numbers float64, anything else is text.

    Raises
    ------
    ValueError
        When it is missing or damaged; one line that names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file, strict=True)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV table: {error}") from None
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


def _endings(truth: Any) -> tuple[str, ...]:
    if isinstance(truth, Mesh):
        return (".off", ".ply")
    if isinstance(truth, Occupancies):
        return (".npz",)
    if isinstance(truth, Mapping) or np.asarray(truth).dtype.names:
        return (".csv",)
    return IMAGE_SUFFIXES


def _storable(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels of a kind that TIFF has; labels of 64 bits always become as narrow."""
    if pixels.dtype in (np.int64, np.uint64):
        low, high = int(pixels.min(initial=0)), int(pixels.max(initial=0))
        for kind in (np.uint16, np.uint32, np.int32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return pixels.astype(kind)
    return pixels.astype(np.float32) if pixels.dtype == np.float16 else pixels


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: larger than {LARGEST_FILE >> 20} MiB")
    return path.read_bytes()


def _write_bytes(path: Path, content: bytes) -> Path:
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
    return path
