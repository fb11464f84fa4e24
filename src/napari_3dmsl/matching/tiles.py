"""Images of any size as tiles of one size, from files, folders and image sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_3dmsl.matching.grey_levels import SMALLEST_TILE
from napari_3dmsl.progress import Progress
from napari_3dmsl.reading import reading

LARGEST_TILE = 256
MOST_TILES = 500
TILE_SUFFIXES = (".tif", ".tiff", ".png")
_SAME_PIXEL = 0.03  # files round
_DEEPEST = 4  # axes of a file: time, focus, rows, columns


@dataclass(frozen=True, eq=False)
class Tiles:
    """Tiles of one size, with the image that each was cut from.

    Attributes
    ----------
    values : (N, R, C) array
        Grey values as they were stored.
    images : (N,) array
        Number of the image.
    names : tuple of str
        Of the images.
    """

    values: NDArray[Any]
    images: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)


def smallest_side(paths: Sequence[str | Path], *, most: int = MOST_TILES, seed: int = 0) -> int:
    """Return the smallest side of the images that `read_tiles` takes, in pixels.

    Parameters
    ----------
    paths
        As of `read_tiles`.
    most, seed
        The same as there.

    Raises
    ------
    ValueError
        When there is no image.
    """
    sides: list[int] = [
        min(plane.shape) for path in paths for _, plane in _planes(Path(path), most, seed)
    ]
    return min(sides)


def read_tiles(
    path: str | Path,
    size: int = LARGEST_TILE,
    *,
    most: int = MOST_TILES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tiles:
    """Read an image, a folder of images or an image set, cut into square tiles.

    Parameters
    ----------
    path
        TIFF or PNG, a folder of them, or an image set, of which the images are taken. Each plane of
        a stack counts as an image.
    size
        Rows and columns of a tile; what is left at the borders is left out, evenly.
    most
        So many images at most, drawn from all files, and so many tiles, drawn from theirs.
    seed
        Of these draws.
    progress
        Called with images done, images in all and what is done.

    Raises
    ------
    ValueError
        When there is no image, or one is smaller than a tile, in colour or damaged.
    """
    tiles: list[NDArray[Any]] = []
    images: list[int] = []
    names: list[str] = []
    rng = np.random.default_rng(seed)
    seen = 0
    for number, (name, plane) in enumerate(_planes(Path(path), most, seed, progress)):
        names.append(name)
        for tile in cut(plane, size, name):
            seen += 1
            place = len(tiles) if len(tiles) < most else int(rng.integers(seen))
            if place == len(tiles):
                tiles.append(tile.copy())
                images.append(number)
            elif place < most:  # so that each tile stays with the same probability
                tiles[place], images[place] = tile.copy(), number
    order = np.argsort(images, kind="stable")
    return Tiles(np.array(tiles)[order], np.array(images)[order], tuple(names))


def pixel_doubt(paths: Mapping[str, str | Path]) -> str | None:
    """Say in one line whether sets of images have different pixels, as far as files tell them.

    Parameters
    ----------
    paths
        By the name of the set, as of `read_tiles`; the first image of each counts.
    """
    found = {name: _pixel_nm(Path(path)) for name, path in paths.items()}
    sizes = {name: size for name, size in found.items() if size is not None}
    if not sizes or max(sizes.values()) <= min(sizes.values()) * (1 + _SAME_PIXEL):
        return None
    told = ", ".join(f"{name} {size:.4g} nm" for name, size in sizes.items())
    return f"pixels differ: {told}; simulate with the pixel of the real images (pixel_nm)"


def _pixel_nm(path: Path) -> float | None:
    from napari_3dmsl.image_io.microscope_metadata import read_microscope

    reading_ = read_microscope(next(iter(_files_at(path)))).readings.get("pixel_nm")
    return None if reading_ is None else float(reading_.value)


def cut(image: ArrayLike, size: int, name: str = "image") -> list[NDArray[Any]]:
    """Cut an image into square tiles that do not overlap.

    Parameters
    ----------
    image : (R, C) array
        At least as large as a tile.
    size
        Rows and columns of a tile.
    name
        What an error calls the image.

    Returns
    -------
    list of (size, size) arrays
        Views of the image, row by row.

    Raises
    ------
    ValueError
        When the image is no such array or is smaller than a tile.
    """
    plane = np.asarray(image)
    if size < SMALLEST_TILE:
        raise ValueError(f"tile = {size}: expected {SMALLEST_TILE} pixels or more")
    if plane.ndim != 2 or min(plane.shape) < size:
        shown = " × ".join(map(str, plane.shape))
        raise ValueError(f"{name}: {shown} pixels; tiles are {size} × {size}, take smaller ones")
    first = [(side % size) // 2 for side in plane.shape]
    return [
        plane[row : row + size, column : column + size]
        for row in range(first[0], plane.shape[0] - size + 1, size)
        for column in range(first[1], plane.shape[1] - size + 1, size)
    ]


def _planes(
    path: Path, most: int, seed: int, progress: Progress | None = None
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each plane of each image, with a name; one image in memory at a time."""
    files = _files_at(path)
    if len(files) > most:  # of a large set not every file is read
        chosen = np.random.default_rng(seed).choice(len(files), most, replace=False)
        files = [files[place] for place in np.sort(chosen)]
    for done, file in enumerate(files):
        pixels = _read(file)
        rows, columns = pixels.shape[-2:]
        stack = pixels.reshape(-1, rows, columns)
        for number, plane in enumerate(stack):
            yield file.name if len(stack) == 1 else f"{file.name} plane {number}", plane
        if progress is not None:
            progress(done + 1, len(files), f"reading {path.name}")


def _files_at(path: Path) -> list[Path]:
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    return _image_files(path) if path.is_dir() else [path]


def _image_files(folder: Path) -> list[Path]:
    from napari_3dmsl.datasets.read.image_set import ImageSet, is_image_set
    from napari_3dmsl.volumes.slices import natural_key

    if is_image_set(folder):
        files = [folder / str(name) for name in ImageSet(folder, truths=()).column("image")]
    else:
        inside = (file for file in folder.iterdir() if not file.name.startswith("."))
        files = [file for file in inside if file.suffix.lower() in TILE_SUFFIXES]
        files.sort(key=natural_key)
    if not files:
        kinds = ", ".join(TILE_SUFFIXES)
        raise ValueError(f"{folder}: no images; expected {kinds}, or an image set")
    return files


def _read(file: Path) -> NDArray[Any]:
    suffix = file.suffix.lower()
    if suffix not in TILE_SUFFIXES:
        kinds = ", ".join(TILE_SUFFIXES)
        raise ValueError(f"{file}: no image that can be compared; expected one of {kinds}")
    pixels = _grey(_read_png(file) if suffix == ".png" else _read_tiff(file), file)
    if not 2 <= pixels.ndim <= _DEEPEST or 0 in pixels.shape or pixels.dtype.kind not in "uif":
        raise ValueError(
            f"{file}: {pixels.dtype} of shape {pixels.shape}; expected an image of grey values, or "
            "a stack of them"
        )
    return pixels


def _read_tiff(file: Path) -> NDArray[Any]:
    from napari_3dmsl.image_io.ome_tiff import read_pixels

    return read_pixels(file)


def _read_png(file: Path) -> NDArray[Any]:
    from PIL import Image

    with reading(file, "cannot read this PNG"), Image.open(file, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB") if image.mode in ("P", "RGBA") else image)


def _grey(pixels: NDArray[Any], file: Path) -> NDArray[Any]:
    """Take one of three channels that are all alike, as programs store grey images."""
    if pixels.ndim != 3 or pixels.shape[-1] not in (3, 4):
        return pixels
    channels = pixels[..., :3]
    if (channels != channels[..., :1]).any():
        raise ValueError(f"{file}: a colour image; save each channel as grey values")
    return channels[..., 0]
