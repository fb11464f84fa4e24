"""NRRD files: the first axis runs fastest, so (x, y, z); headers read by pynrrd."""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.handles import MappedFile, PackedPlanes
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm, unread_size
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

NRRD_SUFFIXES = (".nrrd", ".nhdr")
_MOST_PACKED = 1032  # bytes that one byte of gzip stands for at most
_LONGEST_HEADER = 64 << 20  # bytes
_PART = 1 << 20  # bytes of a line that are read at once
_FROM_THE_END = -1  # byte skip: the voxels are the last bytes


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
            header = _Header(nrrd.read_header, _lines(file))
            data, begin = path, file.tell()
        beside = header.get("data file", "datafile")
        if beside is not None:
            data, begin = _beside(path, beside), 0
        begin = _after_lines(data, begin, header.get("line skip", "lineskip") or 0)
        shape = tuple(int(length) for length in reversed(header.required("sizes")))
        array = _array(path, data, shape, _dtype(nrrd, header), header, begin)
        axes, size = _axes(header, len(shape)), _size(header)
    dtype = array.dtype
    array = StoredArray(array.where, shape, dtype, array.chunks, axes, array.opener)
    series = Series(0, "", shape, str(dtype), axes, why_no_labels(shape, dtype.kind, axes))
    return (Dataset(series, (StoredLevel("", array, size),)),)


def _lines(file: IO[bytes]) -> list[str]:
    """Return the lines of a header, and leave the file behind the blank one that ends it."""
    lines: list[str] = []
    while line := file.readline(_LONGEST_HEADER + 1):
        if file.tell() > _LONGEST_HEADER:
            raise ValueError(f"its header has no end within {_LONGEST_HEADER >> 20} MiB")
        text = _text(line).rstrip()
        if not text:
            break
        lines.append(text)
    if not lines:
        raise ValueError("it has no header")
    return lines


def _text(line: bytes) -> str:
    """Return a line as text: the format is ASCII, but people write µm in what they have."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


class _Header:
    """The fields of a header, each understood by pynrrd only when it is asked for.

    So damage in one that only tells the voxel size, or nothing that is used, takes nothing else.
    """

    def __init__(self, understood: Callable[[list[str]], Any], lines: Sequence[str]) -> None:
        self._understood, self._magic = understood, lines[0]
        understood([self._magic])  # refuses other files
        self._lines: dict[str, list[str]] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon and not line.startswith("#"):
                raise ValueError(f"its header has the line {line!r}, which is no field")
            if not line.startswith("#") and not value.startswith("="):
                self._lines.setdefault(name.strip(), []).append(line)

    def get(self, *names: str) -> Any:
        """Return a field by any of its names; None when the header does not have it."""
        for name in names:
            if name in self._lines:
                with reading(f"field '{name}'", "not understood"):
                    return self._understood([self._magic, *self._lines[name]])[name]
        return None

    def required(self, name: str) -> Any:
        """Return a field that there must be."""
        found = self.get(name)
        if found is None:
            raise ValueError(f"its header has no field '{name}'")
        return found


def _after_lines(path: Path, begin: int, lines: int) -> int:
    """Return where so many lines of a file end that are no voxels."""
    if lines < 0:
        raise ValueError(f"line skip {lines}; expected 0 or more")
    with path.open("rb") as file:
        file.seek(begin)
        while lines:
            part = file.readline(_PART)
            if not part:
                raise ValueError(f"damaged or truncated: {lines:,} more lines should be skipped")
            lines -= part.endswith(b"\n")
        return file.tell()


def _beside(path: Path, name: str) -> Path:
    """Return the file of the voxels, which must lie in the folder of its header."""
    if name.startswith("LIST") or "%" in name or Path(name).name != name:
        raise ValueError(f"its voxels are in {name!r}; expected one file in the same folder")
    data = path.with_name(name)
    if not data.is_file():
        raise ValueError(f"{data.name}, which holds its voxels, is not there")
    return data


def _dtype(nrrd: Any, header: _Header) -> np.dtype[Any]:
    named = header.required("type")
    kind = nrrd.reader._TYPEMAP_NRRD2NUMPY.get(named)
    if kind is None:
        raise ValueError(f"values of the type {named!r} are no labels")
    dtype: np.dtype[Any] = np.dtype(kind)
    big = str(header.get("endian")).lower() == "big"
    return dtype.newbyteorder(">" if big else "<") if dtype.itemsize > 1 else dtype


def _array(
    path: Path,
    data: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    header: _Header,
    begin: int,
) -> StoredArray:
    encoding = str(header.required("encoding")).lower()
    packed = encoding in ("gzip", "gz")
    if not packed and encoding != "raw":
        raise ValueError(f"encoding {encoding!r}; expected raw or gzip")
    skip = header.get("byte skip", "byteskip") or 0
    if skip < _FROM_THE_END:
        raise ValueError(f"byte skip {skip}; expected -1 or more")
    needed_bytes, held = math.prod(shape) * dtype.itemsize, data.stat().st_size - begin
    if min(shape) < 0 or needed_bytes + max(0, skip) > held * (_MOST_PACKED if packed else 1):
        raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")
    if packed:
        opener: Any = partial(_unpacked, data, shape, dtype, begin, skip)
        return StoredArray(str(path), shape, dtype, (1, *shape[1:]), "", opener)
    offset = begin + (held - needed_bytes if skip == _FROM_THE_END else skip)
    opener = partial(MappedFile, data, shape, dtype, offset)
    return StoredArray(str(path), shape, dtype, (1,) * len(shape), "", opener)


def _unpacked(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], begin: int, skip: int
) -> PackedPlanes:
    """Open voxels in a gzip stream, of which bytes are skipped after it is unpacked."""

    def opened() -> Any:
        file = path.open("rb")
        file.seek(begin)
        return _Gzip(fileobj=file)

    if skip == _FROM_THE_END:
        with opened() as stream:
            skip = stream.seek(0, io.SEEK_END) - math.prod(shape) * dtype.itemsize
        if skip < 0:
            raise ValueError(f"damaged or truncated: it unpacks to less than {shape} of {dtype}")
    return PackedPlanes(opened, shape, dtype, skip)


class _Gzip(gzip.GzipFile):
    """A gzip stream behind a header, which closes its file with itself."""

    def __init__(self, fileobj: Any) -> None:
        super().__init__(fileobj=fileobj, mode="rb")
        self._below = fileobj

    def close(self) -> None:
        super().close()
        self._below.close()


def _axes(header: _Header, ndim: int) -> str:
    """Return the axes from the slowest: z, y, x, and others where the header says so."""
    kinds = [str(kind).lower() for kind in header.get("kinds") or ()]
    if len(kinds) != ndim:
        return "ZYX" if ndim == 3 else ""
    lengths = ("domain", "space", "???", "none")
    letters = iter("XYZ")
    named = [next(letters, "Q") if kind in lengths else "C" for kind in kinds]
    found = "".join(reversed(named))
    return found if all(axis in found for axis in "ZYX") else ""


def _size(header: _Header) -> PixelSize:
    """Return the spacing in the units that the header names; without any it is not known."""
    try:
        steps, units = _spacing(header)
    except ValueError as error:
        return unread_size(str(error))
    if units is None or len(steps) != 3:
        return PixelSize()
    named = [str(unit).strip().strip('"') for unit in units][-3:]
    if len(named) != 3:
        return PixelSize()
    return in_nm(dict(zip("XYZ", zip(steps, named, strict=True), strict=True)))


def _spacing(header: _Header) -> tuple[list[float], list[str] | None]:
    """Return the distances of voxels along the axes that have any, and their units."""
    vectors = header.get("space directions")
    if vectors is None:
        spacings = header.get("spacings")
        steps = [float(step) for step in (() if spacings is None else spacings)]
        return [step for step in steps if np.isfinite(step)], header.get("units")
    rows = [np.asarray(row, float) for row in vectors if row is not None]
    steps = [float(np.linalg.norm(row)) for row in rows if row.size and np.isfinite(row).all()]
    return steps, header.get("space units")
