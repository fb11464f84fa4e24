"""Imaris files: HDF5 with a fixed layout, whose extent tells the size of a voxel."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

_DATA, _IMAGE = "DataSet", "DataSetInfo/Image"


def is_imaris(file: Any) -> bool:
    """Whether an HDF5 file has the layout of Imaris.

    Parameters
    ----------
    file
        Of h5py.
    """
    return f"{_DATA}/ResolutionLevel 0" in file and _IMAGE in file


def imaris_datasets(
    path: Path, file: Any, opener: Callable[[str], Callable[[], Any]]
) -> tuple[Dataset, ...]:
    """Describe the channels of an Imaris file, one for each time point.

    Parameters
    ----------
    path
        The file.
    file
        As h5py has opened it.
    opener
        Returns what opens an array by its name.
    """
    levels = _numbered(file[_DATA], "ResolutionLevel")
    finest = file[f"{_DATA}/{levels[0]}"]
    times = _numbered(finest, "TimePoint")
    found: list[Dataset] = []
    for time in times:
        for channel in _numbered(finest[time], "Channel"):
            name = channel if len(times) == 1 else f"{time}/{channel}"
            here = [
                _level(path, file, f"{_DATA}/{level}/{time}/{channel}", level, opener)
                for level in levels
                if f"{_DATA}/{level}/{time}/{channel}/Data" in file
            ]
            array = here[0].array
            refused = why_no_labels(array.shape, array.dtype.kind, array.axes)
            series = Series(len(found), name, array.shape, str(array.dtype), "ZYX", refused)
            found.append(Dataset(series, tuple(here)))
    return tuple(found)


def _numbered(group: Any, word: str) -> list[str]:
    """Names such as ``Channel 10``, in the order of their numbers."""
    names = [name for name in group if re.fullmatch(rf"{word} \d+", name)]
    return sorted(names, key=lambda name: int(name.rsplit(" ", 1)[1]))


def _level(
    path: Path, file: Any, name: str, level: str, opener: Callable[[str], Callable[[], Any]]
) -> StoredLevel:
    """Describe one resolution; the array is filled up to whole chunks, its group tells how far."""
    group = file[name]
    data = group["Data"]
    told = [_number(group, f"ImageSize{axis}") for axis in "ZYX"]
    pairs = zip(told, data.shape, strict=True)
    shape = tuple(int(min(size, length)) if size else int(length) for size, length in pairs)
    chunks = tuple(int(length) for length in data.chunks or (1,) * len(shape))
    array = StoredArray(
        f"{path}: {name}", shape, np.dtype(data.dtype), chunks, "ZYX", opener(f"{name}/Data")
    )
    return StoredLevel(level.rsplit(" ", 1)[1], array, _size(file[_IMAGE], shape))


def _size(image: Any, shape: tuple[int, ...]) -> PixelSize:
    """Return the extent by the number of voxels; axis 0 of the extent is x."""
    unit = _text(image, "Unit") or "um"
    found = {}
    for number, (axis, length) in enumerate(zip("XYZ", reversed(shape), strict=True)):
        low, high = _number(image, f"ExtMin{number}"), _number(image, f"ExtMax{number}")
        if low is not None and high is not None and length:
            found[axis] = (abs(high - low) / length, unit)
    return in_nm(found)


def _text(group: Any, name: str) -> str:
    """Return an attribute, which Imaris writes letter by letter."""
    value = group.attrs.get(name)
    if value is None:
        return ""
    if isinstance(value, bytes | str):
        return value.decode("latin-1") if isinstance(value, bytes) else value
    letters = [one if isinstance(one, bytes) else str(one).encode() for one in np.ravel(value)]
    return b"".join(letters).decode("latin-1").strip("\0 ")


def _number(group: Any, name: str) -> float | None:
    try:
        return float(_text(group, name))
    except ValueError:
        return None
