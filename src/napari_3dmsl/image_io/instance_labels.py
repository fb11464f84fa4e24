"""The instances of a volume of any size as a file: a pyramid in OME-Zarr 0.5, or a TIFF.

Neither holds more than a few blocks or planes in memory. A level of the pyramid takes the first of
every two voxels along each axis, so that the first voxels of all levels lie in the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, check_image_path
from napari_3dmsl.image_io.ome_xml import ome_xml
from napari_3dmsl.image_io.ome_zarr import VERSION, ZARR_SUFFIX
from napari_3dmsl.writing import whole_file, whole_folder

if TYPE_CHECKING:
    from napari_3dmsl.compute import Place
    from napari_3dmsl.progress import Progress

KEY = "napari_3dmsl_instances"
"""Attribute of the OME-Zarr folder that holds the settings."""

CHUNK = 128
"""Voxels along each axis that are read at once."""

_SMALLEST = 256  # voxels along the longest axis of the coarsest level
_SLAB_BYTES = 1 << 27  # of planes that are read at once for a TIFF
_CLASSIC_BYTES = 2**32 - 2**25  # of a TIFF whose places have 32 bits


def check_labels_path(path: str | Path) -> Path:
    """Return the path if instances can be written there, or raise ``ValueError``.

    Parameters
    ----------
    path
        Ends in ``.zarr``, such as ``.ome.zarr``, or in ``.tif`` or ``.tiff``.

    Raises
    ------
    ValueError
        When the name ends otherwise, its folder is missing, or something else is there.
    """
    path = Path(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return check_image_path(path)
    if path.suffix.lower() != ZARR_SUFFIX:
        raise ValueError(
            f"{path}: labels are written as .ome.zarr, or as {' or '.join(IMAGE_SUFFIXES)}"
        )
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: no such folder")
    if path.exists() and not _is_ours(path):
        raise ValueError(f"{path}: there already, and no labels of ours; choose another name")
    return path


def write_instance_labels(
    path: str | Path,
    labels: Any,
    count: int,
    voxel_um: Sequence[float],
    origin_um: Sequence[float],
    metadata: Mapping[str, Any],
    place: Place,
    progress: Progress | None = None,
) -> Path:
    """Write instances with their voxel size and place, whole or not at all.

    Parameters
    ----------
    path
        See `check_labels_path`; a file of ours is replaced.
    labels
        (Z, Y, X) of 0 to ``count``, read box by box.
    count
        Instances.
    voxel_um
        Size (z, y, x) of a voxel in µm.
    origin_um
        Centre (z, y, x) of the first voxel in µm.
    metadata
        How they were made; anything that JSON knows.
    place
        Where the work runs.
    progress
        Called with (done, total, what); raise in it to cancel.

    Raises
    ------
    ValueError
        When the name does not fit.
    OSError
        When it cannot be written.
    """
    path = check_labels_path(path)
    narrow = np.dtype(np.uint16 if count <= np.iinfo(np.uint16).max else np.int32)
    about = {**metadata, "origin_um": list(origin_um)}
    if path.suffix.lower() in IMAGE_SUFFIXES:
        _write_tiff(path, labels, narrow, voxel_um, about, progress)
    else:
        _write_pyramid(path, labels, narrow, voxel_um, origin_um, about, place, progress)
    return path


def _write_tiff(
    path: Path,
    labels: Any,
    dtype: np.dtype[Any],
    voxel_um: Sequence[float],
    about: Mapping[str, Any],
    progress: Progress | None,
) -> None:
    import tifffile

    shape = tuple(labels.shape)
    z, y, x = voxel_um
    like = np.broadcast_to(np.zeros((), dtype), shape)
    sizes = {"Z": z, "Y": y, "X": x}
    large = math.prod(shape) * dtype.itemsize > _CLASSIC_BYTES
    with whole_file(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=large) as tiff:
        tiff.write(
            _planes(labels, dtype, progress),
            shape=shape,
            dtype=dtype,
            photometric="minisblack",
            metadata=None,
            description=ome_xml(path.name, like, "ZYX", sizes, about),
            resolution=(1e4 / x, 1e4 / y),
            resolutionunit="CENTIMETER",
        )


def _planes(labels: Any, dtype: np.dtype[Any], progress: Progress | None) -> Iterator[NDArray[Any]]:
    """Give the planes one by one, read some at a time."""
    depth, rows, columns = labels.shape
    some = max(1, _SLAB_BYTES // (8 * rows * columns))
    for start in range(0, depth, some):
        slab = np.asarray(labels[start : start + some, :, :]).astype(dtype)
        yield from slab
        if progress is not None:
            progress(min(start + some, depth), depth, "Writing labels")


def _write_pyramid(
    path: Path,
    labels: Any,
    dtype: np.dtype[Any],
    voxel_um: Sequence[float],
    origin_um: Sequence[float],
    about: Mapping[str, Any],
    place: Place,
    progress: Progress | None,
) -> None:
    import zarr

    shapes = _level_shapes(labels.shape)
    with whole_folder(path) as temporary:
        root = zarr.open_group(temporary, mode="w", zarr_format=3)
        ome = _described(path, shapes, voxel_um, origin_um)
        root.update_attributes({"ome": ome, KEY: dict(about)})
        for number, shape in enumerate(shapes):
            root.create_array(
                str(number),
                shape=shape,
                dtype=dtype,
                chunks=tuple(min(CHUNK, length) for length in shape),
                dimension_names=["z", "y", "x"],
            )
            source = labels if number == 0 else _Halved(str(temporary.resolve()), number - 1)
            _copy(source, temporary, number, shape, place, progress)


def _copy(
    source: Any,
    folder: Path,
    number: int,
    shape: tuple[int, ...],
    place: Place,
    progress: Progress | None,
) -> None:
    """Write a level chunk by chunk."""
    corners = list(product(*(range(0, length, CHUNK) for length in shape)))
    what = "Writing labels" if number == 0 else f"Writing labels, level {number}"
    work = _CopyChunk(source, str(folder.resolve()), number)
    if isinstance(source, np.ndarray):  # which no other process can read
        from napari_3dmsl.compute import Here

        place = Here()
    with closing(place.run(work, corners, ordered=False, paths=[folder])) as found:
        for done, _ in enumerate(found, start=1):
            if progress is not None:
                progress(done, len(corners), what)


@dataclass(frozen=True)
class _CopyChunk:
    """Copies the voxels of a chunk; for a process of its own."""

    source: Any
    folder: str
    number: int

    def __call__(self, corner: Sequence[int]) -> None:
        target = _level(self.folder, self.number, "r+")
        z, y, x = (
            slice(start, min(start + CHUNK, length))
            for start, length in zip(corner, target.shape, strict=True)
        )
        voxels = np.asarray(self.source[z, y, x])
        if voxels.any():  # chunks of zeros are not written
            target[z, y, x] = voxels.astype(target.dtype)


@dataclass(frozen=True)
class _Halved:
    """A level of which the first of every two voxels along each axis is read."""

    folder: str
    number: int

    def __getitem__(self, box: tuple[slice, ...]) -> Any:
        finer = _level(self.folder, self.number, "r")
        read = tuple(
            slice(2 * side.start, min(2 * side.stop, length))
            for side, length in zip(box, finer.shape, strict=True)
        )
        return finer[read][::2, ::2, ::2]


def _level(folder: str, number: int, mode: str) -> Any:
    import zarr

    return zarr.open_array(Path(folder) / str(number), mode=mode)


def _level_shapes(shape: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the voxels (z, y, x) of each level, the finest first."""
    shapes = [tuple(int(length) for length in shape)]
    while max(shapes[-1]) > _SMALLEST:
        shapes.append(tuple(-(-length // 2) for length in shapes[-1]))
    return shapes


def _described(
    path: Path,
    shapes: Sequence[tuple[int, ...]],
    voxel_um: Sequence[float],
    origin_um: Sequence[float],
) -> dict[str, Any]:
    """Return what OME-Zarr asks for; the levels begin at the same place."""
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    levels = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {"type": "scale", "scale": [float(size) * 2**number for size in voxel_um]},
                {"type": "translation", "translation": [float(place) for place in origin_um]},
            ],
        }
        for number in range(len(shapes))
    ]
    name = path.name.split(".")[0]
    image = {"name": name, "axes": axes, "datasets": levels, "type": "first of two voxels"}
    return {"version": VERSION, "multiscales": [image], "image-label": {}}


def _is_ours(path: Path) -> bool:
    import zarr

    try:
        return KEY in zarr.open_group(path, mode="r", zarr_format=3).attrs
    except (OSError, ValueError, KeyError, TypeError):
        return False
