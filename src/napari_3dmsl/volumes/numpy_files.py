"""Label volumes in NumPy's own files: one array in ``.npy``, several by name in ``.npz``."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.labels import COPIES
from napari_3dmsl.volumes.series import Series, choose, why_no_labels

_MOST_PACKED = 1032  # bytes that one byte of a zip stands for at most


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of a ``.npy`` file; nothing in it is executed.

    Parameters
    ----------
    path
        ``.npy``.
    """
    with reading(path, "cannot read this .npy file"), path.open("rb") as file:
        _check_size(str(path), *_header(file), path.stat().st_size - file.tell())
        file.seek(0)
        array: NDArray[Any] = np.load(file, allow_pickle=False)
    return array


def read_npz(path: Path, wanted: int | str | None = None) -> NDArray[Any]:
    """Read the array of a ``.npz`` file that holds the labels.

    Parameters
    ----------
    path
        The file.
    wanted
        Number or name of the array; ``None`` takes the one that can be labels.
    """
    with reading(path, "cannot read this .npz file"), zipfile.ZipFile(path) as archive:
        found = _arrays(path, archive)
        chosen = choose(path, found, wanted, lambda one: _member(path, archive, one.name))
        return _member(path, archive, chosen.name)


def npz_series(path: str | Path) -> tuple[Series, ...]:
    """List the arrays of a ``.npz`` file by their headers.

    Parameters
    ----------
    path
        ``.npz``.
    """
    with reading(path, "cannot read this .npz file"), zipfile.ZipFile(path) as archive:
        return _arrays(path, archive)


def _arrays(path: str | Path, archive: zipfile.ZipFile) -> tuple[Series, ...]:
    found = []
    names = [name for name in archive.namelist() if name.endswith(".npy")]
    for index, name in enumerate(names):
        with archive.open(name) as file:
            shape, dtype = _header(file)
        refused = why_no_labels(shape, dtype.kind)
        found.append(Series(index, name.removesuffix(".npy"), shape, str(dtype), "", refused))
    if not found:
        raise ValueError(f"{path}: a zip without arrays")
    return tuple(found)


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    held = min(info.file_size, _MOST_PACKED * info.compress_size)
    with archive.open(info) as file:
        _check_size(f"{path}: {name}", *_header(file), held)
    with archive.open(info) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and kind of an array, and leave the file where its values begin."""
    version = np.lib.format.read_magic(file)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"an array in format {version}")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _check_size(where: str, shape: tuple[int, ...], dtype: np.dtype[Any], held: int) -> None:
    """Refuse an array that is longer than its file, or than memory."""
    needed = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and (min(shape, default=0) < 0 or needed > held):
        raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")
    check_memory(where, COPIES * needed)
