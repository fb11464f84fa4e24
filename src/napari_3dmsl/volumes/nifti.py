"""Label volumes in NIfTI, which is (x, y, z) and whose voxel sizes are not to be believed."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import complaints, reading
from napari_3dmsl.volumes.labels import COPIES
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

_MOST_PACKED = 1032  # bytes that one byte of gzip stands for at most


def read_nifti(path: Path) -> NDArray[Any]:
    """Read the array of a NIfTI file, turned to (z, y, x).

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz``.

    Raises
    ------
    ValueError
        One line: nibabel is missing, or the file is damaged or coloured.
    """
    nibabel = _nibabel(path)
    # It also logs what it then raises.
    with reading(path, "cannot read this NIfTI file"), complaints("nibabel.global"):
        image = nibabel.load(path)
        _check_size(path, image)
        # dataobj keeps integers as integers; get_fdata would make everything float64.
        array = np.asarray(image.dataobj)
    if array.dtype.names:
        raise ValueError(f"{path}: a colour image, not labels; save the labels as one channel")
    return np.ascontiguousarray(array.T)


def nifti_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the array of a NIfTI file by its header.

    Parameters
    ----------
    path
        ``.nii`` or ``.nii.gz``.
    """
    nibabel = _nibabel(path)
    with reading(path, "cannot read this NIfTI file"), complaints("nibabel.global"):
        image = nibabel.load(path)
        _check_length(path, image)
        shape = tuple(int(length) for length in image.shape)
        dtype = np.dtype(np.float64) if _scaled(image) else image.get_data_dtype()
    axes = "XYZTCUV"[: len(shape)]
    # Planes of z lie one after the other; those of a plain file can be read in part.
    packed = path.suffix.lower() == ".gz"
    chunks = (*shape[:2], *[1] * len(shape[2:])) if packed else (1,) * len(shape)
    array = StoredArray(str(path), shape, dtype, chunks, axes, partial(_voxels_of, path))
    refused = why_no_labels(shape[::-1], "V" if dtype.names else dtype.kind, axes[::-1])
    series = Series(0, "", shape[::-1], str(dtype), axes[::-1], refused)
    return (Dataset(series, (StoredLevel("", array),)),)


def _nibabel(path: Path) -> Any:
    try:
        import nibabel
    except ImportError:
        raise ValueError(
            f'{path}: NIfTI files need nibabel; pip install "napari-3dmsl[nifti]"'
        ) from None
    return nibabel


def _voxels_of(path: Path) -> Any:
    """Open the file for reading box by box; it stays open, as going back in gzip begins anew."""
    return _nibabel(path).load(path, keep_file_open=True).dataobj


def _scaled(image: Any) -> bool:
    """Whether its values are to be multiplied; then they come as float64."""
    return (image.dataobj.slope, image.dataobj.inter) != (1, 0)


def _check_size(path: Path, image: Any) -> None:
    """Refuse an array that is longer than its file can be, or than memory."""
    voxels, needed = _check_length(path, image)
    check_memory(str(path), COPIES * max(needed, 8 * voxels if _scaled(image) else 0))


def _check_length(path: Path, image: Any) -> tuple[int, int]:
    """Return how many voxels and bytes there are; refuse more than the file can hold."""
    shape, dtype = image.shape, image.get_data_dtype()
    voxels = math.prod(int(length) for length in shape)
    needed = voxels * dtype.itemsize
    length = path.stat().st_size
    held = _MOST_PACKED * length if path.suffix.lower() == ".gz" else length
    if min(shape, default=0) < 0 or needed > held:
        raise ValueError(f"damaged or truncated: shape {shape} does not fit into {length:,} bytes")
    return voxels, needed
