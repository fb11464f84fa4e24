"""What lies in a file, a folder or at a URL, by its headers: data sets, their levels, arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_3dmsl.volumes.pixel_size import PixelSize
from napari_3dmsl.volumes.series import Series

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array by its header; its voxels stay where they are.

    Attributes
    ----------
    where
        What errors call it.
    shape
        Length of each axis, in the order of the file.
    dtype
        Kind of its values.
    chunks
        What is read at once at no extra cost, along the same axes.
    axes
        A capital letter for each axis, such as ``XYZC``; empty when the file does not tell them.
    opener
        Returns what can be indexed with a slice for each axis. It pickles, so that another process
        opens the file anew.
    """

    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    axes: str
    opener: Callable[[], Any]


@dataclass(frozen=True, eq=False)
class StoredLevel:
    """One resolution of a data set.

    Attributes
    ----------
    name
        As the file calls it, such as ``s2``.
    array
        Its voxels.
    size
        Length of a voxel along each axis, as far as the file tells it.
    """

    name: str
    array: StoredArray
    size: PixelSize = field(default_factory=PixelSize)


@dataclass(frozen=True, eq=False)
class Dataset:
    """One volume of a file, in one resolution or several.

    Attributes
    ----------
    series
        What it is called, and whether it can be labels.
    levels
        Finest first.
    kind
        What the file says that it holds; empty when it does not.
    notes
        What people should know about it.
    """

    series: Series
    levels: tuple[StoredLevel, ...]
    kind: Literal["labels", "image", ""] = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Contents:
    """What lies at a place.

    Attributes
    ----------
    place
        The file, the folder, or the URL: what errors call it.
    name
        A name for people.
    format
        Such as ``OME-Zarr``.
    datasets
        All volumes that can be labels, and what else there is.
    several
        Whether such files can hold several data sets, so that one may be asked for.
    """

    place: Path | str
    name: str
    format: str
    datasets: tuple[Dataset, ...]
    several: bool = True
