"""Label volumes in NIfTI, which is (x, y, z) and whose voxel sizes are not to be believed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import complaints, reading
from napari_3dmsl.volumes.labels import COPIES

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
    try:
        import nibabel
    except ImportError:
        raise ValueError(
            f'{path}: NIfTI files need nibabel; pip install "napari-3dmsl[nifti]"'
        ) from None
    # It also logs what it then raises.
    with reading(path, "cannot read this NIfTI file"), complaints("nibabel.global"):
        image = nibabel.load(path)
        _check_size(path, image)
        # dataobj keeps integers as integers; get_fdata would make everything float64.
        array = np.asarray(image.dataobj)
    if array.dtype.names:
        raise ValueError(f"{path}: a colour image, not labels; save the labels as one channel")
    return np.ascontiguousarray(array.T)


def _check_size(path: Path, image: Any) -> None:
    """Refuse an array that is longer than its file can be, or than memory."""
    shape, dtype = image.shape, image.get_data_dtype()
    voxels = math.prod(int(length) for length in shape)
    needed = voxels * dtype.itemsize
    length = path.stat().st_size
    held = _MOST_PACKED * length if path.suffix.lower() == ".gz" else length
    if min(shape, default=0) < 0 or needed > held:
        raise ValueError(f"damaged or truncated: shape {shape} does not fit into {length:,} bytes")
    scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)  # then it comes as float64
    check_memory(str(path), COPIES * max(needed, 8 * voxels if scaled else 0))
