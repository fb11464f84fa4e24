"""Fluorescence images as people have them: grey planes from TIFF, PNG, JPEG and NumPy files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.numpy_files import read_npy
from napari_3dmsl.volumes.tiff import TIFF_SUFFIXES
from napari_3dmsl.volumes.tiff_file import check_pixels, open_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

JPEG_SUFFIXES = (".jpg", ".jpeg")
GREY_SUFFIXES = (*TIFF_SUFFIXES, ".png", *JPEG_SUFFIXES, ".npy")
"""Of files that `read_grey` reads."""

_LOSSY = {6, 7, 33007, 34892}  # JPEG inside of TIFF, by its tags
_COLOURS = (3, 4)
_BYTES = 8  # of a pixel, once it is computed with


@dataclass(frozen=True, eq=False)
class GreyImage:
    """What was read from a file.

    Attributes
    ----------
    path : Path
    planes : (P, R, C) array
        Of the type that the file has.
    lossy : bool
        Whether the file was compressed as JPEG, which changes noise.
    """

    path: Path
    planes: NDArray[Any]
    lossy: bool


def read_grey(path: str | Path) -> GreyImage:
    """Read a grey image or stack.

    Planes, channels and times all come one after the other. Grey images saved as colours, all of
    which are equal, are taken as grey.

    Parameters
    ----------
    path
        One of `GREY_SUFFIXES`.

    Raises
    ------
    ValueError
        One line: when it cannot be read, is coloured, or holds no numbers.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in GREY_SUFFIXES:
        raise ValueError(f"{path}: images are read from {', '.join(GREY_SUFFIXES)}")
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    lossy = suffix in JPEG_SUFFIXES
    if suffix in TIFF_SUFFIXES:
        pixels, colours, lossy = _read_tiff(path)
    elif suffix == ".npy":
        pixels, colours = read_npy(path), False
    else:
        pixels, colours = _read_picture(path)
    if colours:
        pixels = _without_colours(path, pixels)
    if pixels.dtype.kind not in "uifb" or pixels.ndim < 2:
        raise ValueError(f"{path}: no image of numbers, but {pixels.ndim}D of {pixels.dtype}")
    if pixels.dtype == bool:
        raise ValueError(f"{path}: a mask, no image")
    if pixels.size == 0:
        raise ValueError(f"{path}: an image without pixels")
    return GreyImage(path, pixels.reshape(-1, *pixels.shape[-2:]), lossy)


def _read_tiff(path: Path) -> tuple[NDArray[Any], bool, bool]:
    with open_tiff(path) as tiff:
        series = tiff.series[0]
        check_pixels(path, series, _BYTES)
        colours = series.axes.endswith("S") and series.shape[-1] in _COLOURS
        lossy = int(series.keyframe.compression) in _LOSSY
        pixels: NDArray[Any] = series.asarray()
    return pixels, colours, lossy


def _read_picture(path: Path) -> tuple[NDArray[Any], bool]:
    from PIL import Image

    with reading(path, "cannot read this picture"), Image.open(path) as image:
        check_memory(str(path), 3 * _BYTES * image.width * image.height)
        grey = image if image.mode != "P" else image.convert("RGB")
        pixels = np.asarray(grey)
    if pixels.ndim == 3 and pixels.shape[-1] == 2:  # grey and how opaque it is
        pixels = pixels[..., 0]
    return pixels, pixels.ndim == 3


def _without_colours(path: Path, pixels: NDArray[Any]) -> NDArray[Any]:
    colours: Sequence[NDArray[Any]] = [pixels[..., channel] for channel in range(3)]
    if not all(np.array_equal(colours[0], colour) for colour in colours[1:]):
        raise ValueError(f"{path}: a coloured picture; save the channel by itself, as grey values")
    return colours[0]
