"""Label volumes that lie as one file a section: folders and lists of TIFF or PNG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.labels import COPIES
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel
from napari_3dmsl.volumes.tiff import TIFF_SUFFIXES
from napari_3dmsl.volumes.tiff_file import check_pixels, open_tiff

SLICE_SUFFIXES = (*TIFF_SUFFIXES, ".png")
_GREY_MODES = ("1", "L", "P", "I", "I;16", "I;16B", "F")  # Pillow's, with one value a pixel


@dataclass(frozen=True, eq=False)
class Stack:
    """Sections that were read: voxels, and the warnings about them."""

    voxels: NDArray[Any]
    notes: tuple[str, ...] = ()


def slice_files(folder: str | Path) -> list[Path]:
    """Return the sections that lie in a folder, in the order of their numbers.

    Hidden files and files of other kinds are left out.

    Parameters
    ----------
    folder
        Its files, not those of folders in it.

    Raises
    ------
    ValueError
        When the folder holds sections of more than one kind.
    """
    files = [
        file
        for file in Path(folder).iterdir()
        if file.suffix.lower() in SLICE_SUFFIXES and not file.name.startswith(".")
    ]
    kinds = sorted({"TIFF" if f.suffix.lower() in TIFF_SUFFIXES else "PNG" for f in files})
    if len(kinds) > 1:
        raise ValueError(
            f"{folder}: it holds {' and '.join(kinds)} files; expected sections of one kind only"
        )
    return sorted(files, key=natural_key)


def natural_key(path: Path) -> list[tuple[int, int | str]]:
    """Sort key by which ``s_10`` comes after ``s_9``.

    Parameters
    ----------
    path
        Its name counts.
    """
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part)) if part.isdecimal() else (1, part.lower()) for part in parts]


def read_slices(files: Sequence[Path]) -> Stack:
    """Read sections as one (Z, Y, X) array, the first one on top.

    Parameters
    ----------
    files
        TIFF or PNG files of one plane each.

    Raises
    ------
    ValueError
        One line that names the section that is missing, damaged, coloured, or of another size or
        kind than the first.
    """
    first = _read_slice(files[0])
    size = f"{len(files)} × {first.shape[0]} × {first.shape[1]}"
    needed = COPIES * len(files) * first.nbytes
    check_memory(f"{files[0].parent}: {size} voxels of {first.dtype}", needed)
    voxels = np.empty((len(files), *first.shape), first.dtype)
    for place, file in zip(voxels, files, strict=True):
        section = _read_slice(file)
        _check_alike(file, section, files[0].name, first.shape, first.dtype)
        place[...] = section
    return Stack(voxels, tuple(_gaps(files)))


class Sections:
    """Files of one plane each, as an array that reads those that are asked for.

    Parameters
    ----------
    files
        In their order.
    shape, dtype
        Of the array (z, y, x).
    """

    def __init__(
        self, files: Sequence[Path], shape: tuple[int, int, int], dtype: np.dtype[Any]
    ) -> None:
        self._files, self._shape, self._dtype = files, shape, dtype

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        z, y, x = box
        return np.stack([self._section(file)[y, x] for file in self._files[z]])

    def _section(self, file: Path) -> NDArray[Any]:
        section = _read_slice(file)
        _check_alike(file, section, self._files[0].name, self._shape[1:], self._dtype)
        return section


def slices_dataset(place: Path, files: Sequence[Path]) -> Dataset:
    """Describe sections by the first of them.

    Parameters
    ----------
    place
        What errors call them.
    files
        TIFF or PNG files of one plane each.
    """
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise ValueError(f"{missing[0]}: no such file")
    first = _read_slice(files[0])
    shape = (len(files), first.shape[0], first.shape[1])
    in_folder = place.is_dir() and list(files) == slice_files(place)
    # A folder is listed anew in another process: thousands of names would go there with every box.
    opener: Any = partial(_folder, place, shape, first.dtype)
    if not in_folder:
        opener = partial(Sections, tuple(files), shape, first.dtype)
    array = StoredArray(str(place), shape, first.dtype, (1, *first.shape), "ZYX", opener)
    refused = why_no_labels(shape, first.dtype.kind)
    series = Series(0, "", shape, str(first.dtype), "ZYX", refused)
    return Dataset(series, (StoredLevel("", array),), notes=tuple(_gaps(files)))


def _folder(place: Path, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Sections:
    files = slice_files(place)
    if len(files) != shape[0]:
        raise ValueError(f"{place}: {len(files)} sections instead of {shape[0]}: they have changed")
    return Sections(files, shape, dtype)


def _check_alike(
    file: Path, section: NDArray[Any], first: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    if section.shape != shape or section.dtype != dtype:
        raise ValueError(
            f"{file}: {_kind(section.shape, section.dtype)}, but {first} has "
            f"{_kind(shape, dtype)}; all sections must have one size and one kind of pixels"
        )


def _kind(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"{shape[0]} × {shape[1]} pixels of {dtype}"


def _read_slice(file: Path) -> NDArray[Any]:
    if not file.is_file():
        raise ValueError(f"{file}: no such file")
    suffix = file.suffix.lower()
    if suffix in TIFF_SUFFIXES:
        section = _read_tiff_slice(file)
    elif suffix == ".png":
        section = _read_png(file)
    else:
        raise ValueError(f"{file}: no section; expected one of {', '.join(SLICE_SUFFIXES)}")
    plane = section.squeeze()
    if plane.ndim != 2:
        raise ValueError(
            f"{file}: {' × '.join(map(str, section.shape))} pixels; a section must be one plane "
            "(a volume is opened by itself)"
        )
    return plane


def _read_tiff_slice(file: Path) -> NDArray[Any]:
    with open_tiff(file) as tiff:
        series = tiff.series[0]
        if "S" in series.axes and series.shape[series.axes.index("S")] > 1:
            raise ValueError(f"{file}: a colour image, not labels")
        check_pixels(file, series)
        section: NDArray[Any] = series.asarray()
    return section


def _read_png(file: Path) -> NDArray[Any]:
    from PIL import Image

    with reading(file, "cannot read this PNG"), Image.open(file) as image:
        if image.format != "PNG":
            raise ValueError(f"{file}: no PNG")
        if image.mode not in _GREY_MODES:
            raise ValueError(f"{file}: a colour image, not labels; save it as grey values")
        check_memory(
            f"{file}: {image.width} × {image.height} pixels", 8 * image.width * image.height
        )
        section = np.asarray(image)  # of a palette the numbers, not the colours
    return section


def _gaps(files: Sequence[Path]) -> list[str]:
    """Say how many numbers the names of the sections leave out."""
    found = [re.findall(r"\d+", file.stem) for file in files]
    if len(files) < 3 or any(not numbers for numbers in found):
        return []
    numbers = [int(run[-1]) for run in found]
    steps = np.diff(numbers)
    usual = int(np.median(steps))
    if usual < 1 or (steps == usual).all() or (steps < 1).any():
        return []
    missing = int((steps[steps > usual] // usual - 1).sum())
    after = files[int(np.argmax(steps > usual))].name
    return [f"the numbers of the sections leave out {missing}, the first after {after}: missing?"]
