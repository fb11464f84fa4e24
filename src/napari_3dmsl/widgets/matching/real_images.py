"""Real images of the panel: dropped, chosen or taken from a layer, with what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.image_io.grey_images import GREY_SUFFIXES, read_grey
from napari_3dmsl.image_io.microscope_metadata import (
    MICROSCOPE_SUFFIXES,
    ReadMicroscope,
    read_microscope,
)
from napari_3dmsl.volumes.slices import natural_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.progress import Progress


@dataclass(frozen=True, eq=False)
class RealImages:
    """Grey planes, where they are from, and what the first file tells of its microscope.

    Attributes
    ----------
    name : str
        For people.
    planes : tuple of (R, C) arrays
    read : ReadMicroscope or None
    lossy : str
        Name of a file that was compressed as JPEG.
    """

    name: str
    planes: tuple[NDArray[Any], ...]
    read: ReadMicroscope | None = None
    lossy: str = ""

    @property
    def words(self) -> str:
        """How many there are, and how large."""
        sizes = sorted({plane.shape for plane in self.planes})
        size = " and ".join(f"{rows} × {columns}" for rows, columns in sizes[:3])
        more = "" if len(sizes) < 4 else " and others"
        count = f"{len(self.planes)} images" if len(self.planes) > 1 else "1 image"
        return f"{self.name}: {count}, {size}{more} pixels, {self.planes[0].dtype}"


def image_files(paths: Sequence[Path]) -> list[Path]:
    """Return the images among files, and of folders all in them, in the order of their numbers.

    Parameters
    ----------
    paths
        Files and folders.

    Raises
    ------
    ValueError
        When there is none.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir(), key=natural_key) if path.is_dir() else [path]
        found += [file for file in inside if file.suffix.lower() in GREY_SUFFIXES]
    if not found:
        names = ", ".join(path.name for path in paths[:3])
        raise ValueError(f"{names}: no image among them; expected {', '.join(GREY_SUFFIXES)}")
    return found


def read_images(paths: Sequence[Path], progress: Progress | None = None) -> RealImages:
    """Read images, and the microscope from the first.

    Parameters
    ----------
    paths
        Files and folders.
    progress
        Called with (files read, files, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line that names the file that cannot be read.
    """
    files, planes, lossy = image_files(paths), [], ""
    for number, file in enumerate(files):
        if progress is not None:
            progress(number, len(files), "images read")
        image = read_grey(file)
        planes += list(image.planes)
        lossy = lossy or (file.name if image.lossy else "")
    first = files[0]
    known = first.suffix.lower() in MICROSCOPE_SUFFIXES
    name = first.name if len(files) == 1 else f"{first.parent.name}, {len(files)} files"
    return RealImages(name, tuple(planes), read_microscope(first) if known else None, lossy)


def images_of_layer(layer: Any) -> RealImages:
    """Return the planes of an image layer of napari; its file tells the microscope, if it has one.

    Parameters
    ----------
    layer
        Grey, in memory or lazy; of a pyramid the finest level.

    Raises
    ------
    ValueError
        When it is coloured.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    pixels = np.asarray(data)
    if layer.rgb:  # as grey images are often saved
        if any(not np.array_equal(pixels[..., 0], pixels[..., channel]) for channel in (1, 2)):
            raise ValueError(f"{layer.name}: a coloured picture; open its channel by itself")
        pixels = pixels[..., 0]
    path = getattr(layer.source, "path", None)
    read = None
    if path and Path(path).suffix.lower() in MICROSCOPE_SUFFIXES and Path(path).exists():
        read = read_microscope(path)
    return RealImages(layer.name, tuple(pixels.reshape(-1, *pixels.shape[-2:])), read)
