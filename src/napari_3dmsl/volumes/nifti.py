"""Label volumes in NIfTI, which is (x, y, z) and whose voxel sizes are not to be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.reading import reading


def read_nifti(path: Path) -> NDArray[Any]:
    """Read the array of a NIfTI file, turned to (z, y, x)."""
    try:
        import nibabel
    except ImportError:
        raise ValueError(
            f'{path}: NIfTI files need nibabel; pip install "napari-3dmsl[nifti]"'
        ) from None
    with reading(path, "cannot read this NIfTI file"):
        # dataobj keeps integers as integers; get_fdata would make everything float64.
        array = np.asarray(nibabel.load(path).dataobj)
    return np.ascontiguousarray(array.T)
