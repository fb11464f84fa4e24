"""OME-TIFF images that carry their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import Planes
from napari_3dmsl.image_io.ome_xml import (
    OME_AXES,
    OME_TYPES,
    ome_frame_s,
    ome_settings,
    ome_xml,
)
from napari_3dmsl.image_io.one_page import is_one_page, one_page
from napari_3dmsl.volumes.pixel_size import pixel_size
from napari_3dmsl.volumes.tiff_file import check_pixels, open_tiff
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulated_stack import SimulatedStack
    from napari_3dmsl.microscope.simulation import SimulatedImage

IMAGE_SUFFIXES = (".tif", ".tiff")

_AXES = {2: "YX", 3: "ZYX"}
_LARGEST_TIFF = 2**32 - 2**25  # bytes of pixels, as tifffile has it


@dataclass(frozen=True)
class ImageDescription:
    """What a TIFF holds, without its pixels.

    Attributes
    ----------
    axes : str
        One letter for each axis, such as ``ZYX``.
    shape : tuple of int
    dtype : str
    size_um : dict
        Length of a pixel in µm for those of Z, Y and X that the file knows.
    metadata : dict or None
        What this package wrote about the image; None for files of others.
    frame_s : float or None
        Time from frame to frame in s; None when the file does not tell it.
    unknown_units : tuple of str
        Units that the file gives lengths in and that are not known.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: str
    size_um: dict[str, float]
    metadata: dict[str, Any] | None
    frame_s: float | None = None
    unknown_units: tuple[str, ...] = ()


def write_image(path: str | Path, image: SimulatedImage | SimulatedStack) -> Path:
    """Write a simulated image as OME-TIFF with its scale and all its settings.

    A stack has the axes ZYX, where the step of Z is along the recorded axis (focus or stage); a
    single plane has YX.

    Parameters
    ----------
    path
        Ends in ``.tif`` or ``.tiff``; an older file of that name is replaced.
    image
        As from `simulate_surface`, or `simulated_stack`, whose planes are written as they come.

    Raises
    ------
    ValueError
        When the name does not end in ``.tif`` or ``.tiff``, or its folder is missing.
    OSError
        When the file cannot be written.
    """
    return write_image_array(path, image.counts, image.metadata())


def write_image_array(path: str | Path, array: Any, metadata: Mapping[str, Any]) -> Path:
    """Write the pixels of a simulated image with the metadata of `SimulatedImage.metadata`.

    Parameters
    ----------
    path
        Ends in ``.tif`` or ``.tiff``; an older file of that name is replaced.
    array
        (P, R, C) or (R, C), or `Planes`.
    metadata
        All settings of the image.
    """
    planes = stack_or_plane(array)
    return write_ome_tiff(path, planes, sizes_um(metadata)[-planes.ndim :], metadata)


def stack_or_plane(array: Any) -> NDArray[Any] | Planes:
    """Return the stack, or its plane where there is one only.

    Parameters
    ----------
    array
        (P, R, C) or (R, C), or `Planes`.
    """
    if isinstance(array, Planes) and array.shape[0] > 1:
        return array
    planes = np.asarray(next(iter(array)) if isinstance(array, Planes) else array)
    one: NDArray[Any] = planes[0] if planes.ndim == 3 and len(planes) == 1 else planes
    return one


def sizes_um(metadata: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the lengths of a voxel of a simulated image, (z, y, x) in µm.

    Parameters
    ----------
    metadata
        All settings of the image.
    """
    pixel_um = metadata["microscope"]["pixel_nm"] / 1000
    return metadata["acquisition"]["step_nm"] / 1000, pixel_um, pixel_um


def write_ome_tiff(
    path: str | Path,
    array: Any,
    size_um: Sequence[float] | None,
    metadata: Mapping[str, Any] | None = None,
    *,
    axes: str | None = None,
    frame_s: float | None = None,
    channels: Sequence[str] = (),
    compress: bool = False,
) -> Path:
    """Write an image as OME-TIFF, whole or not at all; the same image gives the same bytes.

    Parameters
    ----------
    path
        Ends in ``.tif`` or ``.tiff``; an existing file is replaced.
    array
        (y, x) or (z, y, x), or with the axes that ``axes`` names; bool becomes uint8. `Planes` are
        written as they come. What is too large for a TIFF, 4 GB, becomes a BigTIFF.
    size_um
        Length of a pixel in µm, in the order of those axes that are lengths (z, y, x); None when it
        is unknown.
    metadata
        Kept as JSON in the description of the image, to be read by `read_image`.
    axes
        A letter for each axis, in the order ``TCZYX``, such as ``TYX`` or ``CZYX``.
    frame_s
        Time from frame to frame in s, when one of the axes is T.
    channels
        Names of the channels, when one of the axes is C.
    compress
        With zlib. Masks shrink to a tenth and less. Noise hardly shrinks, and every program can map
        a file that is not compressed.

    Raises
    ------
    ValueError
        When the name, the axes or the kind of pixels does not fit.
    OSError
        When the file cannot be written.
    """
    path = check_image_path(path)
    pixels = array if isinstance(array, Planes) else np.asarray(array)
    if not isinstance(pixels, Planes) and pixels.dtype == bool:
        pixels = pixels.astype(np.uint8)
    axes = axes_of(pixels, axes, channels, str(path))
    if pixels.dtype.name not in OME_TYPES:
        raise ValueError(f"{path}: OME-TIFF has no pixels of type {pixels.dtype}; convert them")
    lengths = [axis for axis in axes if axis in "ZYX"]
    sizes = {} if size_um is None else dict(zip(lengths, size_um, strict=True))
    resolution = _resolution(sizes)
    if frame_s is not None and "T" in axes:
        sizes["T"] = frame_s
    description = ome_xml(path.name, pixels, axes, sizes, metadata or {}, channels)
    per_cm = resolution.get("resolution")
    if per_cm is not None and not isinstance(pixels, Planes) and is_one_page(pixels):
        content = one_page(pixels, description, per_cm, compress=compress)
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
        return path
    import tifffile

    with whole_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            iter(pixels) if isinstance(pixels, Planes) else pixels,
            shape=pixels.shape,
            dtype=pixels.dtype,
            bigtiff=pixels.nbytes > _LARGEST_TIFF and not compress,
            photometric="minisblack",
            metadata=None,
            compression="zlib" if compress else None,
            description=description,
            **resolution,
        )
    return path


def axes_of(
    pixels: NDArray[Any] | Planes,
    axes: str | None,
    channels: Sequence[str] = (),
    where: str = "image",
) -> str:
    """Return the axes of an image: those given, else YX or ZYX.

    Parameters
    ----------
    pixels
        Of 2 to 5 axes.
    axes
        One letter each, a part of ``TCZYX`` in this order; None where it is YX or ZYX.
    channels
        Their names; none without an axis C.
    where
        What the message calls the image.

    Raises
    ------
    ValueError
        One line: axes that do not fit the array, or channels that do not fit the axes.
    """
    if axes is None:
        if pixels.ndim not in _AXES:
            raise ValueError(
                f"{where}: expected an image of 2 or 3 axes, not of shape {pixels.shape}; "
                "name the axes of others"
            )
        axes = _AXES[pixels.ndim]
    known = "".join(axis for axis in OME_AXES if axis in axes)
    if axes != known or not axes.endswith("YX") or len(axes) != pixels.ndim:
        raise ValueError(
            f"{where}: axes = {axes!r} for shape {pixels.shape}: expected one letter for each "
            f"axis, in the order {OME_AXES}, with Y and X"
        )
    count = pixels.shape[axes.index("C")] if "C" in axes else 1
    if channels and len(channels) != count:
        raise ValueError(f"{where}: {len(channels)} names of channels for {count} channels")
    return axes


def check_image_path(path: str | Path) -> Path:
    """Return the path if an image can be written there, or raise ``ValueError``.

    Parameters
    ----------
    path
        Of a file that need not be there.

    Raises
    ------
    ValueError
        When the name ends otherwise, is that of a folder, or its folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{path}: images are written as {' or '.join(IMAGE_SUFFIXES)}")
    if path.is_dir():
        raise ValueError(f"{path}: a folder; expected the name of a file")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: no such folder")
    return path


def read_image(path: str | Path) -> tuple[NDArray[Any], dict[str, Any]]:
    """Read an image that this package wrote: pixels and metadata.

    Parameters
    ----------
    path
        As from `write_image`.

    Returns
    -------
    pixels : array
        (P, R, C) or (R, C), or with the axes that were written.
    metadata : dict
        Every setting, and what came out.

    Raises
    ------
    ValueError
        When the file is missing, damaged, or another program's.
    """
    with open_tiff(path) as tiff:
        check_pixels(path, tiff.series[0])
        metadata = _own_metadata(tiff)
        pixels: NDArray[Any] = tiff.series[0].asarray()
    if metadata is None:
        raise ValueError(f"{path}: not written by napari-3dmsl, so it holds no settings")
    return pixels, metadata


def read_pixels(path: str | Path) -> NDArray[Any]:
    """Read the pixels of a TIFF, whoever wrote it.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.

    Raises
    ------
    ValueError
        When the file is missing or damaged.
    """
    with open_tiff(path) as tiff:
        check_pixels(path, tiff.series[0])
        pixels: NDArray[Any] = tiff.series[0].asarray()
    return pixels


def read_settings(path: str | Path) -> dict[str, Any] | None:
    """Read only what this package wrote about an image; None for images of others.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.

    Raises
    ------
    ValueError
        When the file is missing or no TIFF.
    """
    with open_tiff(path) as tiff:
        return _own_metadata(tiff)


def describe_image(path: str | Path) -> ImageDescription:
    """Say what a TIFF holds, whoever wrote it, without reading its pixels.

    Parameters
    ----------
    path
        ``.tif`` or ``.tiff``.

    Raises
    ------
    ValueError
        When the file is missing or damaged.
    """
    with open_tiff(path) as tiff:
        check_pixels(path, tiff.series[0])
        series = tiff.series[0]
        size = pixel_size(tiff, series)
        return ImageDescription(
            axes=series.axes,
            shape=tuple(int(length) for length in series.shape),
            dtype=str(series.dtype),
            size_um={axis: nm / 1000 for axis, nm in size.nm.items()},
            metadata=_own_metadata(tiff),
            frame_s=ome_frame_s(tiff.ome_metadata) if tiff.is_ome else None,
            unknown_units=size.unknown,
        )


def _own_metadata(tiff: Any) -> dict[str, Any] | None:
    return ome_settings(tiff.ome_metadata) if tiff.is_ome else None


def _resolution(sizes: dict[str, float]) -> dict[str, Any]:
    """Pixels per centimetre, for programs that know TIFF but not OME, such as plain ImageJ."""
    if not sizes:
        return {}
    return {"resolution": (1e4 / sizes["X"], 1e4 / sizes["Y"]), "resolutionunit": "CENTIMETER"}
