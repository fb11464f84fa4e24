"""Open a label volume with its voxel size, and refuse in one line what is not one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_3dmsl.volumes.labels import VoxelNm, check_labels, check_voxel_nm
from napari_3dmsl.volumes.nifti import read_nifti
from napari_3dmsl.volumes.numpy_files import npz_series, read_npy, read_npz
from napari_3dmsl.volumes.pixel_size import PixelSize
from napari_3dmsl.volumes.series import Series
from napari_3dmsl.volumes.slices import SLICE_SUFFIXES, read_slices, slice_files
from napari_3dmsl.volumes.tiff import TIFF_SUFFIXES, read_tiff, tiff_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

NIFTI_SUFFIXES = (".nii", ".nii.gz")
LABEL_SUFFIXES = (*TIFF_SUFFIXES, ".npy", ".npz", *NIFTI_SUFFIXES)


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A label volume in memory.

    Attributes
    ----------
    labels
        (Z, Y, X) bool or integers; 0 is background.
    voxel_nm
        Voxel size (z, y, x) in nm; ``None`` when neither the file nor the caller gave it.
    name
        A name for people, the file's stem.
    path
        What errors call it: the file, or the folder of its sections.
    size_problem
        Why ``voxel_nm`` is ``None``, such as ``the file says no voxel size``; else empty.
    notes
        What people should know about the files, such as sections that may be missing.
    """

    labels: NDArray[Any]
    voxel_nm: VoxelNm | None
    name: str
    path: Path = Path()
    size_problem: str = ""
    notes: tuple[str, ...] = ()


def open_labels(
    path: str | Path | Sequence[str | Path],
    voxel_nm: Sequence[float] | None = None,
    series: int | str | None = None,
    background: int | Literal["max"] | None = None,
) -> LabelVolume:
    """Read a label volume.

    Parameters
    ----------
    path
        ``.tif``/``.tiff``, ``.npy``, ``.npz``, ``.nii`` or ``.nii.gz``; a folder of sections, one
        TIFF or PNG each; or a list of sections in their order. NIfTI files are (x, y, z) and are
        turned to (z, y, x); the voxel size in their headers is often wrong and never used.
    voxel_nm
        Voxel size (z, y, x) in nm; wins over what the file says.
    series
        Number or name of the image of a TIFF, or of the array of a ``.npz``, see `list_series`; by
        default the one that can be labels.
    background
        A number besides 0 that stands for background, see `check_labels`.

    Returns
    -------
    LabelVolume
        With ``voxel_nm`` ``None`` when it is unknown.

    Raises
    ------
    ValueError
        One line, when the file is missing, damaged, of another kind, too large for the memory,
        holds no labels, or several that could be meant.
    """
    given = None if voxel_nm is None else check_voxel_nm(voxel_nm)
    where, array, size, notes = _read(path, series)
    try:
        labels = check_labels(array, background)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return LabelVolume(
        labels,
        given or size.voxel_nm,
        where.name.split(".")[0],
        where,
        "" if given else size.problem,
        notes,
    )


def list_series(path: str | Path) -> tuple[Series, ...]:
    """List the images of a TIFF or the arrays of a ``.npz`` file; nothing for other files.

    Parameters
    ----------
    path
        Any file.

    Raises
    ------
    ValueError
        When the file is missing or damaged.
    """
    name = Path(path).name.lower()
    if name.endswith(TIFF_SUFFIXES):
        return tiff_series(path)
    return npz_series(path) if name.endswith(".npz") else ()


def is_label_file(path: str | Path) -> bool:
    """Whether a path looks like a label volume: by its ending, or as a folder of sections.

    Parameters
    ----------
    path
        Of a file or folder.
    """
    path = Path(path)
    if path.is_dir():
        return any(
            file.suffix.lower() in SLICE_SUFFIXES and not file.name.startswith(".")
            for file in path.iterdir()
        )
    return path.name.lower().endswith(LABEL_SUFFIXES)


def _read(
    path: str | Path | Sequence[str | Path], series: int | str | None
) -> tuple[Path, NDArray[Any], PixelSize, tuple[str, ...]]:
    """Return what errors call the volume, its voxels, their size, and its warnings."""
    files = [Path(path)] if isinstance(path, str | Path) else [Path(file) for file in path]
    path = files[0] if len(files) == 1 else files[0].parent if files else Path()
    name, unknown = path.name.lower(), PixelSize()
    if len(files) == 1 and not path.exists():
        raise ValueError(f"{path}: no such file")
    if path.is_file() and name.endswith(TIFF_SUFFIXES):
        return path, *read_tiff(path, series), ()
    if path.is_file() and name.endswith(".npz"):
        return path, read_npz(path, series), unknown, ()
    if series is not None:
        raise ValueError(f"{path}: series = {series!r}: only .tif and .npz files hold several")
    if len(files) != 1:
        return _read_sections(path, files)
    if path.is_dir():
        return _read_sections(path, slice_files(path))
    if name.endswith(".npy"):
        return path, read_npy(path), unknown, ()
    if name.endswith(NIFTI_SUFFIXES):
        return path, read_nifti(path), unknown, ()
    known = ", ".join(LABEL_SUFFIXES)
    raise ValueError(f"{path}: not a label volume; expected {known} or a folder of sections")


def _read_sections(
    folder: Path, files: Sequence[Path]
) -> tuple[Path, NDArray[Any], PixelSize, tuple[str, ...]]:
    if not files:
        known = ", ".join(SLICE_SUFFIXES)
        raise ValueError(f"{folder}: no sections there; expected files of {known}")
    stack = read_slices(files)
    return folder, stack.voxels, PixelSize(), stack.notes
