"""Simulated images as files of any kind, chosen by the name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.image_io.ome_tiff import (
    IMAGE_SUFFIXES,
    check_image_path,
    sizes_um,
    stack_or_plane,
    write_image,
)
from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, check_zarr_path, write_ome_zarr

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulated_stack import SimulatedStack
    from napari_3dmsl.microscope.simulation import SimulatedImage


def check_image_file(path: str | Path) -> Path:
    """Return the path if a simulated image can be written there.

    Parameters
    ----------
    path
        Of a file or folder that need not be there.

    Raises
    ------
    ValueError
        When the name ends otherwise or is taken, or its folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() == ZARR_SUFFIX:
        return check_zarr_path(path)
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        endings = ", ".join(IMAGE_SUFFIXES)
        raise ValueError(f"{path}: images are written as {endings} or {ZARR_SUFFIX}")
    return check_image_path(path)


def write_image_file(path: str | Path, image: SimulatedImage | SimulatedStack) -> Path:
    """Write a simulated image with its scale and all its settings, whole or not at all.

    Parameters
    ----------
    path
        Ends in ``.tif``, ``.tiff`` (OME-TIFF; above 4 GB BigTIFF) or ``.zarr`` (OME-Zarr 0.5).
    image
        As from `simulate_surface`, or `simulated_stack`, whose planes are written as they come.

    Raises
    ------
    ValueError
        When the name does not fit.
    OSError
        When it cannot be written.
    """
    if Path(path).suffix.lower() != ZARR_SUFFIX:
        return write_image(path, image)
    planes, metadata = stack_or_plane(image.counts), image.metadata()
    return write_ome_zarr(path, planes, sizes_um(metadata)[-planes.ndim :], metadata)
