"""Open a label volume of any format without reading it: voxels come block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.volumes.contents import contents_of
from napari_3dmsl.volumes.grey_images import is_grey_image
from napari_3dmsl.volumes.labels import VoxelNm, check_voxel_nm
from napari_3dmsl.volumes.lazy_labels import Background, LazyLabels
from napari_3dmsl.volumes.pixel_size import PixelSize
from napari_3dmsl.volumes.series import choose
from napari_3dmsl.volumes.stored import Contents, Dataset, StoredLevel

_SEEN = 256  # voxels along y and x that tell labels from a grey image
_PLANES = 9


@dataclass(frozen=True, eq=False)
class LazyLevel:
    """One resolution of a label volume.

    Attributes
    ----------
    name
        As the file calls it, such as ``s2``.
    labels
        Its voxels, read where they are indexed.
    voxel_nm
        Voxel size (z, y, x) in nm, None when it is unknown.
    """

    name: str
    labels: LazyLabels
    voxel_nm: VoxelNm | None


@dataclass(frozen=True, eq=False)
class LazyVolume:
    """A label volume on disk or at a URL.

    Attributes
    ----------
    labels
        (Z, Y, X) bool or integers, read where they are indexed; 0 is background.
    voxel_nm
        Voxel size (z, y, x) in nm; ``None`` when neither the file nor the caller gave it.
    name
        A name for people.
    path
        What errors call it: the file, the folder, or the URL.
    size_problem
        Why ``voxel_nm`` is ``None``; else empty.
    notes
        What people should know about the files, such as sections that may be missing.
    levels
        From the chosen resolution on, finest first; the first one is ``labels``.
    """

    labels: LazyLabels
    voxel_nm: VoxelNm | None
    name: str
    path: Path | str
    size_problem: str = ""
    notes: tuple[str, ...] = ()
    levels: tuple[LazyLevel, ...] = ()


def open_lazy(
    path: str | Path | Sequence[str | Path],
    voxel_nm: Sequence[float] | None = None,
    series: int | str | None = None,
    level: int | str | None = None,
    background: Background = None,
) -> LazyVolume:
    """Open a label volume; its voxels are read where ``labels`` is indexed.

    Parameters
    ----------
    path
        A file, a folder, a list of sections, or a URL, see `open_labels`.
    voxel_nm
        Voxel size (z, y, x) in nm of the level that is opened; wins over what the file says.
    series
        Number or name of the data set, see `list_series`; by default the one that can be labels.
    level
        Number or name of the resolution, 0 is the finest; by default the finest.
    background
        A number besides 0 that stands for background, see `check_labels`.

    Returns
    -------
    LazyVolume

    Raises
    ------
    ValueError
        One line, when it is missing, damaged, no label volume, or several that could be meant.
    """
    given = None if voxel_nm is None else check_voxel_nm(voxel_nm)
    contents = contents_of(path)
    dataset = chosen_dataset(contents, series)
    first = chosen_level(contents.place, dataset, level)
    stored = dataset.levels[first:]
    levels = [
        LazyLevel(one.name, LazyLabels(one.array, background), one.size.voxel_nm)
        for one in stored
        if one is stored[0] or _able(one)
    ]
    size = stored[0].size
    if given:
        levels = [_sized(one, given, size) for one in levels]
    return LazyVolume(
        levels[0].labels,
        given or size.voxel_nm,
        volume_name(contents, dataset),
        contents.place,
        "" if given else size.problem,
        dataset.notes,
        tuple(levels),
    )


def chosen_dataset(contents: Contents, series: int | str | None) -> Dataset:
    """Return the data set that holds the labels, see `choose`.

    Parameters
    ----------
    contents
        Of a place.
    series
        Number or name of the one that was asked for.
    """
    if series is not None and not contents.several:
        raise ValueError(
            f"{contents.place}: series = {series!r}: {contents.format} holds only one volume"
        )
    by_index = {one.series.index: one for one in contents.datasets}
    known = [one for one in contents.datasets if one.kind == "labels"]
    candidates = known if known and series is None else list(contents.datasets)
    chosen = choose(
        contents.place,
        [one.series for one in candidates],
        series,
        lambda one: _seen(by_index[one.index]),
    )
    return by_index[chosen.index]


def chosen_level(place: Path | str, dataset: Dataset, level: int | str | None) -> int:
    """Return the number of a resolution.

    Parameters
    ----------
    place
        What errors call the file.
    dataset
        That has the levels.
    level
        Number or name of one; None for the finest.
    """
    if level is None:
        return 0
    for number, one in enumerate(dataset.levels):
        if level in (number, str(number)) or (one.name and level == one.name):
            return number
    listed = ", ".join(
        f"{number} '{one.name}' ({' × '.join(map(str, one.array.shape))})"
        for number, one in enumerate(dataset.levels)
    )
    raise ValueError(f"{place}: no level {level!r}; there is {listed}")


def volume_name(contents: Contents, dataset: Dataset) -> str:
    """Return a name for people: of the file, and of the data set where it has several.

    Parameters
    ----------
    contents
        Of a place.
    dataset
        The one that was chosen.
    """
    last = dataset.series.name.rsplit("/", 1)[-1] if len(contents.datasets) > 1 else ""
    return contents.name if contents.name.endswith(last) else f"{contents.name} {last}"


def holds_labels(dataset: Dataset) -> bool:
    """Whether a data set is one of labels: the file says so, or a part of its middle looks so.

    Parameters
    ----------
    dataset
        That can be labels by its header.
    """
    if dataset.kind or dataset.levels[0].array.dtype.kind == "f":
        return dataset.kind == "labels"
    seen = _seen(dataset)
    return bool(seen.any()) and not is_grey_image(seen)


def _seen(dataset: Dataset) -> NDArray[Any]:
    """Read as much of the middle of a data set as tells labels from a grey image."""
    labels = LazyLabels(dataset.levels[0].array)
    depth, *plane = labels.shape
    box = [slice(max(0, (n - _SEEN) // 2), (n + _SEEN + 1) // 2) for n in plane]
    chosen = np.unique(np.linspace(0, depth - 1, min(_PLANES, depth)).astype(int))
    planes = [labels.raw((slice(z, z + 1), box[0], box[1])) for z in chosen.tolist()]
    return np.concatenate(planes)


def _able(level: StoredLevel) -> bool:
    return level.array.dtype.kind in "buif" and 0 not in level.array.shape


def _sized(level: LazyLevel, given: VoxelNm, told: PixelSize) -> LazyLevel:
    """Scale a level's size as that of the first was corrected; unknown ones stay unknown."""
    if told.voxel_nm is None or level.voxel_nm is None:
        return LazyLevel(level.name, level.labels, None)
    z, y, x = (
        own * right / wrong
        for own, right, wrong in zip(level.voxel_nm, given, told.voxel_nm, strict=True)
    )
    return LazyLevel(level.name, level.labels, (z, y, x))
