"""Open a label volume with its voxel size, and refuse in one line what is not one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.volumes.labels import VoxelNm, check_labels, check_voxel_nm
from napari_3dmsl.volumes.nifti import read_nifti
from napari_3dmsl.volumes.numpy_files import read_npy
from napari_3dmsl.volumes.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A label volume in memory.

    Attributes
    ----------
    labels
        (z, y, x) bool or integers; 0 is background.
    voxel_nm
        Voxel size (z, y, x) in nm; ``None`` when neither the file nor the caller gave it.
    name
        A name for people, the file's stem.
    """

    labels: NDArray[Any]
    voxel_nm: VoxelNm | None
    name: str


def open_labels(path: str | Path, voxel_nm: Sequence[float] | None = None) -> LabelVolume:
    """Read a label volume.

    Parameters
    ----------
    path
        ``.tif``/``.tiff``, ``.npy``, ``.nii`` or ``.nii.gz``. NIfTI files are (x, y, z) and are
        turned to (z, y, x); the voxel size in their headers is often wrong and never used.
    voxel_nm
        Voxel size (z, y, x) in nm; wins over what the file says.

    Returns
    -------
    LabelVolume
        With ``voxel_nm`` ``None`` when it is unknown.

    Raises
    ------
    ValueError
        One line, when the file is missing, damaged, of another kind or holds no labels.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        array, found = read_tiff(path)
    elif name.endswith(".npy"):
        array, found = read_npy(path), None
    elif name.endswith((".nii", ".nii.gz")):
        array, found = read_nifti(path), None
    else:
        raise ValueError(f"{path}: not a label volume; expected .tif, .tiff, .npy, .nii or .nii.gz")
    try:
        labels = check_labels(array)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    voxel = found if voxel_nm is None else check_voxel_nm(voxel_nm)
    return LabelVolume(labels, voxel, path.name.split(".")[0])
