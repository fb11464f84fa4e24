"""Label volumes in TIFF: the images of a file, and the voxels and their size of one of them."""

from __future__ import annotations

import math
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.volumes.grey_images import is_grey_image
from napari_3dmsl.volumes.handles import MappedFile
from napari_3dmsl.volumes.labels import COPIES, turned
from napari_3dmsl.volumes.pixel_size import PixelSize, pixel_size
from napari_3dmsl.volumes.series import Series, choose, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel
from napari_3dmsl.volumes.tiff_file import check_pixels, open_tiff
from napari_3dmsl.volumes.tiff_stacks import pages_in_order, stacks_of

TIFF_SUFFIXES = (".tif", ".tiff")
_LARGE_PAGE = 1 << 24  # bytes of a page that is read tile by tile


def read_tiff(path: Path, wanted: int | str | None = None) -> tuple[NDArray[Any], PixelSize]:
    """Read the voxels (z, y, x) of the series that holds the labels, and their size.

    Parameters
    ----------
    path
        The file.
    wanted
        Number or name of the series; ``None`` takes the one that can be labels.
    """
    with open_tiff(path, "cannot read this TIFF (damaged or truncated?)") as tiff:
        stacks = stacks_of(tiff)
        chosen = choose(
            path, _series_of(stacks), wanted, lambda one: _voxels(path, stacks[one.index], one)
        )
        voxels = turned(_voxels(path, stacks[chosen.index], chosen), chosen.axes)
        return voxels, pixel_size(tiff, tiff.series[chosen.index])


def tiff_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the series of a TIFF by their headers.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.
    """
    with open_tiff(path, "cannot read this TIFF (damaged or truncated?)") as tiff:
        stacks = stacks_of(tiff)
        found = []
        for one in _series_of(stacks):
            pieces = stacks[one.index]
            where = str(path) if len(stacks) == 1 else f"{path}: series {one.index}"
            size = pixel_size(tiff, pieces[0])
            array = _stored(path, where, tiff.byteorder, one, pieces)
            found.append(Dataset(one, _levels(path, one, pieces, StoredLevel("", array, size))))
        return tuple(found)


def _levels(
    path: Path, one: Series, pieces: list[Any], finest: StoredLevel
) -> tuple[StoredLevel, ...]:
    """Return a series in its own resolution and in those of its pyramid."""
    levels = [finest]
    coarser = list(pieces[0].levels)[1:] if one.able and len(pieces) == 1 else []
    for number, level in enumerate(coarser, 1):
        shape = tuple(int(length) for length in level.shape)
        if len(shape) != len(one.shape):
            break
        check_pixels(path, level, 0)
        steps = {a: m / n for a, m, n in zip(one.axes, one.shape, shape, strict=False)}
        nm = {axis: length * steps.get(axis, 1.0) for axis, length in finest.size.nm.items()}
        levels.append(StoredLevel(str(number), _tiles(path, one, level, number), PixelSize(nm)))
    return tuple(levels)


def _tiles(path: Path, one: Series, level: Any, number: int) -> StoredArray:
    """Return an array of a TIFF that is read tile by tile, or strip by strip."""
    shape = tuple(int(length) for length in level.shape)
    inner = tuple(int(length) for length in level.keyframe.chunks)[-2:]
    opener = partial(Tiles, path, one.index, number)
    chunks = (*[1] * (len(shape) - 2), *inner)
    where = f"{path}: series {one.index}, level {number}"
    return StoredArray(where, shape, level.dtype, chunks, one.axes, opener)


def _stored(path: Path, where: str, order: str, one: Series, pieces: list[Any]) -> StoredArray:
    """Return a series as it lies in the file: as it is, or page by page."""
    if one.able:
        for piece in pieces:
            check_pixels(path, piece, 0)
    series, dtype = pieces[0], pieces[0].dtype
    plain = len(pieces) == 1 and series.dataoffset is not None and series.keyframe.is_memmappable
    if plain and series.keyframe.is_contiguous:
        stored = dtype.newbyteorder(order)
        opener: Any = partial(MappedFile, path, one.shape, stored, series.dataoffset)
        return StoredArray(where, one.shape, dtype, (1,) * len(one.shape), one.axes, opener)
    # Whole pages are unpacked faster, as long as they are small.
    large = math.prod(one.shape[-2:]) * dtype.itemsize > _LARGE_PAGE
    if large and len(pieces) == 1 and series.keyframe.is_tiled:
        return _tiles(path, one, series, 0)
    chunks = (*[1] * (len(one.shape) - 2), *one.shape[-2:])
    opener = partial(Pages, path, one.shape, one.index)
    return StoredArray(where, one.shape, dtype, chunks, one.axes, opener)


class Tiles:
    """A series of a TIFF as an array that unpacks those tiles or strips that are asked for.

    Parameters
    ----------
    path
        The file.
    index
        Number of the series.
    level
        Number of the resolution, 0 is the finest.
    """

    def __init__(self, path: Path, index: int, level: int) -> None:
        import tifffile
        import zarr

        self._tiff = tifffile.TiffFile(path)
        self._array: Any = zarr.open(self._tiff.series[index].aszarr(level=level), mode="r")

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        return np.asarray(self._array[box])

    def __del__(self) -> None:
        if hasattr(self, "_tiff"):
            self._tiff.close()


class Pages:
    """The pages of a TIFF as an array that unpacks those that are asked for.

    Parameters
    ----------
    path
        The file.
    shape
        Of the array; its last two axes are those of a page.
    index
        Number of the series, the first one where the volume lies in several.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], index: int) -> None:
        import tifffile

        self._tiff, self._shape, self._lock = tifffile.TiffFile(path), shape, threading.Lock()
        pieces = stacks_of(self._tiff)[index]
        self._pages = pages_in_order(pieces)
        self._whole: NDArray[Any] | None = None
        if len(self._pages) != math.prod(shape[:-2]):  # a page of more than one plane
            self._whole = _read(path, pieces[0]).reshape(shape)

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        if self._whole is not None:
            return self._whole[box]
        rows = np.arange(math.prod(self._shape[:-2])).reshape(self._shape[:-2])[box[:-2]]
        planes = [self._plane(number)[box[-2:]] for number in rows.ravel().tolist()]
        return np.stack(planes).reshape(*rows.shape, *planes[0].shape)

    def _plane(self, number: int) -> NDArray[Any]:
        series, page = self._pages[number]
        with self._lock:
            plane: NDArray[Any] = series.asarray(key=page)
        return plane.reshape(self._shape[-2:])

    def __del__(self) -> None:
        if hasattr(self, "_tiff"):
            self._tiff.close()


def tiff_series(path: str | Path) -> tuple[Series, ...]:
    """List the series of a TIFF by their headers.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.
    """
    with open_tiff(path) as tiff:
        return _series_of(stacks_of(tiff))


def may_hold_labels(path: str | Path) -> bool:
    """Whether a TIFF looks like a label volume, by its header and a few of its planes.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.

    Raises
    ------
    ValueError
        When the file is no TIFF or damaged.
    """
    with open_tiff(path) as tiff:
        found = _series_of(stacks_of(tiff))
        return any(_looks_like_labels(path, tiff.series[one.index]) for one in found if one.able)


def _looks_like_labels(path: str | Path, series: Any) -> bool:
    """Whether the first, the middle and the last plane hold whole numbers and no grey image."""
    check_pixels(path, series)
    pages = sorted({0, len(series) // 2, len(series) - 1})
    planes = np.stack([series.asarray(key=page) for page in pages])
    whole = planes.dtype.kind != "f" or bool((planes == np.floor(planes)).all())
    return whole and not is_grey_image(planes)


def _series_of(stacks: dict[int, list[Any]]) -> tuple[Series, ...]:
    """Levels of a pyramid are no series of their own; planes that belong together are one."""
    return tuple(_described(index, pieces) for index, pieces in stacks.items())


def _described(index: int, pieces: list[Any]) -> Series:
    first = pieces[0]
    name, dtype, axes = first.name or "", str(first.dtype), first.axes
    shape = tuple(int(length) for length in first.shape)
    if len(pieces) == 1:
        refused = why_no_labels(shape, first.dtype.kind, axes)
        return Series(index, name, shape, dtype, axes, refused)
    shape = (sum(map(len, pieces)), *shape[-2:])
    refused = why_no_labels(shape, first.dtype.kind, "ZYX")
    kinds = list(dict.fromkeys(str(one.dtype) for one in pieces))
    if len(kinds) > 1:
        refused = (
            f"its planes are {' and '.join(kinds)} by turns: an image and its labels? Save the "
            "labels by themselves, all planes of one kind"
        )
    return Series(index, name, shape, dtype, "ZYX", refused)


def _voxels(path: Path, pieces: list[Any], one: Series) -> NDArray[Any]:
    if len(pieces) == 1:
        return _read(path, pieces[0])
    check_memory(str(path), COPIES * math.prod(one.shape) * np.dtype(one.dtype).itemsize)
    for piece in pieces:
        check_pixels(path, piece)
    planes = [series.asarray(key=page) for series, page in pages_in_order(pieces)]
    return np.stack(planes).reshape(one.shape)


def _read(path: Path, series: Any) -> NDArray[Any]:
    check_pixels(path, series, COPIES)
    voxels: NDArray[Any] = series.asarray()
    return voxels
