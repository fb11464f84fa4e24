"""Masks and instance labels as files: 2D, 3D and frame by frame, whoever wrote them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, describe_image, read_pixels
from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, is_our_zarr, read_ome_zarr
from napari_3dmsl.memory import allowed_bytes, check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.contents import contents_of, is_folder_format
from napari_3dmsl.volumes.grey_images import is_grey_image
from napari_3dmsl.volumes.labels import as_labels
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.numpy_files import read_npy
from napari_3dmsl.volumes.open import is_label_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL_IMAGES = (*IMAGE_SUFFIXES, ".png")
"""Files that are images of one plane, of a stack, or of frames."""

_CELLPOSE_RECORD = "_seg.npy"  # a pickle that its window leaves beside each image
_PIXEL_BYTES = 4
_COPIES = 4  # of labels that are scored in memory; larger ones stay on disk


@dataclass(frozen=True, eq=False)
class LabelImage:
    """A mask or instance labels.

    Attributes
    ----------
    labels : array
        2D or 3D, bool or whole numbers, 0 for background; or lazily from disk, see `LazyLabels`.
    voxel_nm : tuple of float, optional
        Size of a voxel (z, y, x) where the file tells it.
    frames : bool
        Whether the first axis is time.
    grey : bool
        Whether it looks like a grey image rather than like labels.
    """

    labels: Any
    voxel_nm: tuple[float, ...] | None = None
    frames: bool = False
    grey: bool = False


def read_labels(path: str | Path) -> LabelImage:
    """Read a mask or instance labels.

    Parameters
    ----------
    path
        TIFF, PNG (grey values, or the numbers of a palette), OME-Zarr or any other format of label
        volumes.

    Raises
    ------
    ValueError
        One line, when it is missing, damaged, coloured, or holds other values than whole numbers
        from 0 on.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return _checked(path, _from_tiff(path))
    if suffix == ".png":
        return _checked(path, LabelImage(_from_png(path)))
    if suffix == ".npy":
        return _checked(path, LabelImage(_without_single_planes(read_npy(path))))
    if is_our_zarr(path):
        return _checked(path, _from_our_zarr(path))
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if not is_label_file(path):
        raise ValueError(f"{path}: no labels; expected TIFF, PNG, OME-Zarr or a label volume")
    inner = _plane_or_film_of(path)
    if inner is not None:
        return _checked(path, inner)
    volume = open_lazy(path)
    labels = volume.labels
    small = _COPIES * labels.nbytes <= allowed_bytes()
    return LabelImage(np.asarray(labels) if small else labels, volume.voxel_nm)


def _from_tiff(path: Path) -> LabelImage:
    about = describe_image(path)
    axes = about.axes
    pixels = read_pixels(path)
    if axes.endswith("S"):
        pixels, axes = _one_channel(path, pixels), axes[:-1]
    _check_channels(path, axes, pixels.shape)
    kept = [axis for axis, length in zip(axes, pixels.shape, strict=True) if length > 1]
    if len(kept) >= 2:  # a plane of one row stays one
        pixels, axes = np.squeeze(pixels), "".join(kept)
    sizes = [about.size_um.get(axis) for axis in "ZYX"]
    known = tuple(1000 * size for size in sizes if size is not None)
    return LabelImage(
        pixels, known if len(known) == 3 else None, axes.startswith("T") and pixels.ndim > 2
    )


def _from_our_zarr(path: Path) -> LabelImage:
    """Read the mask of an image that this package wrote, the instances if there are several."""
    image = read_ome_zarr(path)
    masks = image.labels
    if not masks:
        raise ValueError(f"{path}: an image without masks; give those of its ground truth")
    name = "instances" if "instances" in masks else next(iter(masks))
    axes = [axis for axis in image.axes if axis != "C"]
    sizes = dict(zip((axis for axis in image.axes if axis in "ZYX"), image.scale, strict=False))
    known = tuple(1000 * sizes[axis] for axis in "ZYX" if axis in sizes)
    mask = np.asarray(masks[name])
    return LabelImage(mask, known if len(known) == 3 else None, axes[0] == "T" and mask.ndim > 2)


def _plane_or_film_of(path: Path) -> LabelImage | None:
    """Return the only array on disk if it is one plane or has a time axis; None of a volume."""
    found = [one.levels[0] for one in contents_of(path).datasets]
    if len(found) != 1:
        return None
    array = found[0].array
    lengths = [length for length in array.shape if length > 1]
    film = array.axes.lower().startswith("t") and array.shape[0] > 1 and len(lengths) > 2
    if not film and len(lengths) > 2:
        return None
    _check_channels(path, array.axes, array.shape)
    check_memory(str(path), math.prod(array.shape) * array.dtype.itemsize)
    with reading(path, "damaged"):
        pixels = np.asarray(array.opener()[(slice(None),) * len(array.shape)])
    if not film:
        return LabelImage(pixels.reshape(array.shape[-2:]))
    size = found[0].size.voxel_nm if len(lengths) > 3 else None
    return LabelImage(np.squeeze(pixels), size, frames=True)


def _check_channels(path: Path, axes: str, shape: tuple[int, ...]) -> None:
    """Refuse several channels, which are no depth."""
    for axis, length in zip(axes, shape, strict=False):
        if axis == "C" and length > 1:
            raise ValueError(f"{path}: {length} channels; expected one, of labels: save it alone")


def _without_single_planes(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return an array without axes of length 1, as files of images have none; a plane stays one."""
    return np.squeeze(pixels) if sum(length > 1 for length in pixels.shape) >= 2 else pixels


def _from_png(path: Path) -> NDArray[Any]:
    from PIL import Image

    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    with reading(path, "cannot read this PNG"), Image.open(path, formats=["PNG"]) as image:
        check_memory(str(path), _PIXEL_BYTES * image.width * image.height)
        pixels = np.asarray(image)
    return _one_channel(path, pixels) if pixels.ndim == 3 else pixels


def _one_channel(path: Path, pixels: NDArray[Any]) -> NDArray[Any]:
    """Take one of the channels that are all alike, as programs store grey images."""
    if pixels.shape[-1] in (2, 4) and not pixels[..., :-1].any() and np.ptp(pixels[..., -1]):
        raise ValueError(
            f"{path}: nothing but transparency; save the numbers of the objects instead"
        )
    if pixels.shape[-1] == 2:  # grey, and how opaque it is
        return np.ascontiguousarray(pixels[..., 0])
    if (pixels[..., :3] != pixels[..., :1]).any():
        raise ValueError(f"{path}: a coloured picture; save the numbers of the objects instead")
    return np.ascontiguousarray(pixels[..., 0])


def _checked(path: Path, found: LabelImage) -> LabelImage:
    try:
        labels = as_labels(found.labels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    most = 4 if found.frames else 3
    if not 2 <= labels.ndim <= most:
        raise ValueError(
            f"{path}: an image of shape {labels.shape}; expected a plane, a volume, or frames of "
            "them"
        )
    return replace(found, labels=labels, grey=is_grey_image(labels))


def is_label_image(path: Path) -> bool:
    """Whether a path looks like a mask or labels.

    Parameters
    ----------
    path
        Of a file or folder.
    """
    if path.is_dir():
        return path.suffix.lower() == ZARR_SUFFIX or is_folder_format(path)
    if path.name.endswith(_CELLPOSE_RECORD):
        return False
    return path.suffix.lower() in LABEL_IMAGES or is_label_file(path)
