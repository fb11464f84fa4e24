"""Label volumes in NumPy's own files: one array in ``.npy``, several by name in ``.npz``."""

from __future__ import annotations

import math
import struct
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.handles import MappedFile, PackedPlanes
from napari_3dmsl.volumes.labels import COPIES
from napari_3dmsl.volumes.series import Series, choose, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

_MOST_PACKED = 1032  # bytes that one byte of a zip stands for at most
_AT_ONCE = 1 << 20


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of a ``.npy`` file; nothing in it is executed.

    Parameters
    ----------
    path
        ``.npy``.
    """
    with reading(path, "cannot read this .npy file"), path.open("rb") as file:
        shape, _, dtype = _header(file)
        _check_size(str(path), shape, dtype, path.stat().st_size - file.tell())
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
            shape, _, dtype = _header(file)
        refused = why_no_labels(shape, dtype.kind)
        found.append(Series(index, name.removesuffix(".npy"), shape, str(dtype), "", refused))
    if not found:
        raise ValueError(f"{path}: a zip without arrays")
    return tuple(found)


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    info = archive.getinfo(f"{name}.npy")
    held = min(info.file_size, _MOST_PACKED * info.compress_size)
    with archive.open(info) as file:
        shape, _, dtype = _header(file)
        _check_size(f"{path}: {name}", shape, dtype, held)
    with archive.open(info) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, order and kind of an array, and leave the file where its values begin.

    The order is True where the first axis runs fastest.
    """
    version = np.lib.format.read_magic(file)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"an array in format {version}")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, turned, dtype = read(file)
    return shape, turned, dtype


def _check_size(where: str, shape: tuple[int, ...], dtype: np.dtype[Any], held: int) -> None:
    """Refuse an array that is longer than its file, or than memory."""
    _check_length(shape, dtype, held)
    check_memory(where, COPIES * math.prod(shape) * dtype.itemsize)


def _check_length(shape: tuple[int, ...], dtype: np.dtype[Any], held: int) -> None:
    needed = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and (min(shape, default=0) < 0 or needed > held):
        raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")


def npy_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the array of a ``.npy`` file by its header.

    Parameters
    ----------
    path
        ``.npy``.
    """
    with reading(path, "cannot read this .npy file"), path.open("rb") as file:
        shape, turned, dtype = _header(file)
        offset = file.tell()
        _check_length(shape, dtype, path.stat().st_size - offset)
    # Any box of an array that lies in a file as it is costs what it holds.
    opener = partial(MappedFile, path, shape, dtype, offset, "F" if turned else "C")
    array = StoredArray(str(path), shape, dtype, (1,) * len(shape), "", opener)
    return (_dataset(Series(0, "", shape, str(dtype), "", _refused(shape, dtype)), array),)


def npz_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the arrays of a ``.npz`` file by their headers.

    Parameters
    ----------
    path
        ``.npz``.
    """
    with reading(path, "cannot read this .npz file"), zipfile.ZipFile(path) as archive:
        return tuple(
            _dataset(one, _stored_member(path, archive, f"{one.name}.npy"))
            for one in _arrays(path, archive)
        )


def _dataset(series: Series, array: StoredArray) -> Dataset:
    return Dataset(series, (StoredLevel("", array),))


def _refused(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return why_no_labels(shape, dtype.kind)


def _stored_member(path: Path, archive: zipfile.ZipFile, name: str) -> StoredArray:
    info = archive.getinfo(name)
    where = f"{path}: {name.removesuffix('.npy')}"
    with archive.open(info) as file:
        shape, turned, dtype = _header(file)
        offset = file.tell()
    packed = info.compress_type != zipfile.ZIP_STORED
    _check_length(
        shape, dtype, min(info.file_size, (_MOST_PACKED if packed else 1) * info.compress_size)
    )
    if not packed and not info.flag_bits & 1:
        begin = _begin_of_member(path, info) + offset
        order: Literal["C", "F"] = "F" if turned else "C"
        opener: Any = partial(_mapped_member, path, name, shape, dtype, begin, order)
        return StoredArray(where, shape, dtype, (1,) * len(shape), "", opener)
    axes = _letters(shape)
    if turned:
        shape, axes = shape[::-1], axes[::-1]
    opener = partial(_packed_member, path, name, shape, dtype, offset)
    return StoredArray(where, shape, dtype, (1, *shape[1:]), axes, opener)


def _mapped_member(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    offset: int,
    order: Literal["C", "F"],
) -> MappedFile:
    """Return an array of a zip whose checksum is right, which no part of it would tell."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        while file.read(_AT_ONCE):
            pass
    return MappedFile(path, shape, dtype, offset, order)


def _begin_of_member(path: Path, info: zipfile.ZipInfo) -> int:
    """Return where the content of a member begins: behind its own header, of its own length."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26xHH", file.read(30))
    return int(info.header_offset) + 30 + int(name) + int(extra)


def _packed_member(
    path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int
) -> PackedPlanes:
    return PackedPlanes(lambda: zipfile.ZipFile(path).open(name), shape, dtype, offset)


def _letters(shape: tuple[int, ...]) -> str:
    """Name the axes that are z, y and x when singletons are dropped from the front."""
    kept = list(range(len(shape)))
    while len(kept) > 3 and any(shape[axis] == 1 for axis in kept):
        kept.remove(next(axis for axis in kept if shape[axis] == 1))
    names = dict(zip(kept, "ZYX", strict=False))
    return "".join(names.get(axis, "A") for axis in range(len(shape)))
