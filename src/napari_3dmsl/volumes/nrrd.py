"""NRRD files: the first axis runs fastest, so (x, y, z); headers read by pynrrd."""

from __future__ import annotations

import gzip
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.handles import MappedFile, PackedPlanes
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

NRRD_SUFFIXES = (".nrrd", ".nhdr")
_MOST_PACKED = 1032  # bytes that one byte of gzip stands for at most


def nrrd_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the volume of an NRRD file by its header.

    Parameters
    ----------
    path
        ``.nrrd``, or ``.nhdr`` with its voxels in a file beside it.
    """
    nrrd = needed("nrrd", "NRRD files", path)
    with reading(path, "cannot read this NRRD file"):
        with path.open("rb") as file:
            header = nrrd.read_header(file)
            offset = file.tell()
        data = path
        if "data file" in header or "datafile" in header:
            data, offset = _beside(path, str(header.get("data file", header.get("datafile")))), 0
        shape = tuple(int(length) for length in reversed(header["sizes"]))
        dtype = _dtype(nrrd, header)
        offset += max(0, int(header.get("byte skip", header.get("byteskip", 0))))
        array = _array(path, data, shape, dtype, str(header["encoding"]).lower(), offset)
    axes = _axes(header, len(shape))
    array = StoredArray(array.where, shape, dtype, array.chunks, axes, array.opener)
    series = Series(0, "", shape, str(dtype), axes, why_no_labels(shape, dtype.kind, axes))
    return (Dataset(series, (StoredLevel("", array, _size(header)),)),)


def _beside(path: Path, name: str) -> Path:
    """Return the file of the voxels, which must lie in the folder of its header."""
    if name.startswith("LIST") or "%" in name or Path(name).name != name:
        raise ValueError(f"its voxels are in {name!r}; expected one file in the same folder")
    data = path.with_name(name)
    if not data.is_file():
        raise ValueError(f"{data.name}, which holds its voxels, is not there")
    return data


def _dtype(nrrd: Any, header: Any) -> np.dtype[Any]:
    kind = nrrd.reader._TYPEMAP_NRRD2NUMPY.get(str(header["type"]))
    if kind is None:
        raise ValueError(f"values of the type {header['type']!r} are no labels")
    dtype: np.dtype[Any] = np.dtype(kind)
    big = str(header.get("endian", "little")).lower() == "big"
    return dtype.newbyteorder(">" if big else "<") if dtype.itemsize > 1 else dtype


def _array(
    path: Path,
    data: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    encoding: str,
    offset: int,
) -> StoredArray:
    needed_bytes, held = math.prod(shape) * dtype.itemsize, data.stat().st_size - offset
    packed = encoding in ("gzip", "gz")
    if not packed and encoding != "raw":
        raise ValueError(f"encoding {encoding!r}; expected raw or gzip")
    if min(shape) < 0 or needed_bytes > held * (_MOST_PACKED if packed else 1):
        raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")
    if packed:
        opener: Any = partial(_unpacked, data, shape, dtype, offset)
        return StoredArray(str(path), shape, dtype, (1, *shape[1:]), "", opener)
    opener = partial(MappedFile, data, shape, dtype, offset)
    return StoredArray(str(path), shape, dtype, (1,) * len(shape), "", opener)


def _unpacked(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int
) -> PackedPlanes:
    def opened() -> Any:
        file = path.open("rb")
        file.seek(offset)
        return _Gzip(fileobj=file)

    return PackedPlanes(opened, shape, dtype)


class _Gzip(gzip.GzipFile):
    """A gzip stream behind a header, which closes its file with itself."""

    def __init__(self, fileobj: Any) -> None:
        super().__init__(fileobj=fileobj, mode="rb")
        self._below = fileobj

    def close(self) -> None:
        super().close()
        self._below.close()


def _axes(header: Any, ndim: int) -> str:
    """Return the axes from the slowest: z, y, x, and others where the header says so."""
    kinds = [str(kind).lower() for kind in header.get("kinds", ())]
    if len(kinds) != ndim:
        return "ZYX" if ndim == 3 else ""
    lengths = ("domain", "space", "???", "none")
    letters = iter("XYZ")
    named = [next(letters, "Q") if kind in lengths else "C" for kind in kinds]
    found = "".join(reversed(named))
    return found if all(axis in found for axis in "ZYX") else ""


def _size(header: Any) -> PixelSize:
    """Return the spacing in the units that the header names; without any it is not known."""
    vectors = header.get("space directions")
    units = header.get("space units")
    if vectors is not None:
        rows = [np.asarray(row, float) for row in vectors if row is not None]
        steps = [float(np.linalg.norm(row)) for row in rows if np.isfinite(row).all()]
    else:
        steps = [float(step) for step in header.get("spacings", ()) if np.isfinite(step)]
        units = header.get("units")
    if units is None or len(steps) != 3:
        return PixelSize()
    named = [str(unit).strip().strip('"') for unit in units][-3:]
    if len(named) != 3:
        return PixelSize()
    return in_nm(dict(zip("XYZ", zip(steps, named, strict=True), strict=True)))
