"""Open a label volume with its voxel size, and refuse in one line what is not one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_3dmsl.memory import allowed_bytes, check_memory
from napari_3dmsl.volumes.contents import (
    FILE_SUFFIXES,
    NIFTI_SUFFIXES,
    contents_of,
    is_folder_format,
)
from napari_3dmsl.volumes.labels import COPIES, VoxelNm, check_labels, check_voxel_nm
from napari_3dmsl.volumes.lazy import LazyVolume, open_lazy
from napari_3dmsl.volumes.nifti import read_nifti
from napari_3dmsl.volumes.numpy_files import npz_series, read_npy, read_npz
from napari_3dmsl.volumes.pixel_size import PixelSize
from napari_3dmsl.volumes.series import Series
from napari_3dmsl.volumes.slices import SLICE_SUFFIXES, read_slices, slice_files
from napari_3dmsl.volumes.tiff import TIFF_SUFFIXES, read_tiff, tiff_series
from napari_3dmsl.volumes.tree import is_url, local_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL_SUFFIXES = FILE_SUFFIXES
_READ_WHOLE = (*TIFF_SUFFIXES, ".npy", ".npz", *NIFTI_SUFFIXES)
"""Files that are quicker read in one go than block by block."""


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
        What errors call it: the file, the folder of its sections, or the URL.
    size_problem
        Why ``voxel_nm`` is ``None``, such as ``the file says no voxel size``; else empty.
    notes
        What people should know about the files, such as sections that may be missing.
    """

    labels: NDArray[Any]
    voxel_nm: VoxelNm | None
    name: str
    path: Path | str = Path()
    size_problem: str = ""
    notes: tuple[str, ...] = ()


def open_labels(
    path: str | Path | Sequence[str | Path],
    voxel_nm: Sequence[float] | None = None,
    series: int | str | None = None,
    background: int | Literal["max"] | None = None,
    level: int | str | None = None,
) -> LabelVolume:
    """Read a label volume.

    Parameters
    ----------
    path
        A file: ``.tif``/``.tiff``, ``.npy``, ``.npz``, ``.nii``, ``.nii.gz``, ``.h5``, ``.ims``,
        ``.mrc``/``.rec``/``.map`` or ``.nrrd``/``.nhdr``. A folder: Zarr, N5 or Neuroglancer
        precomputed, a group or an array in it, or sections, one TIFF or PNG each. A list of
        sections in their order. Or the URL of a Zarr, N5 or precomputed volume (``s3://``,
        ``gs://``, ``https://``). Files that are (x, y, z) are turned to (z, y, x). The voxel size
        in headers of NIfTI is often wrong and never used.
    voxel_nm
        Voxel size (z, y, x) in nm; wins over what the file says.
    series
        Number or name of the image, array or data set in a file that holds several, see
        `list_series`; by default the one that can be labels.
    background
        A number besides 0 that stands for background, see `check_labels`.
    level
        Number or name of the resolution, where there are several; by default the finest.

    Returns
    -------
    LabelVolume
        With ``voxel_nm`` ``None`` when it is unknown.

    Raises
    ------
    ValueError
        One line, when the file is missing, damaged, of another kind, too large for the memory,
        holds no labels, or several that could be meant; or when a package is missing that the
        format needs.
    """
    path = _without_scheme(path)
    given = None if voxel_nm is None else check_voxel_nm(voxel_nm)
    if level is not None or not _read_in_one_go(path):
        return _in_memory(open_lazy(path, voxel_nm, series, level), background)
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


def open_labels_or_lazy(
    path: str | Path,
    series: int | str | None = None,
    background: int | Literal["max"] | None = None,
    level: int | str | None = None,
) -> LabelVolume | LazyVolume:
    """Read a volume that lies in a file of its own; open lazily what is read in parts, or large.

    Parameters
    ----------
    path, series, background, level
        See `open_labels`.
    """
    path = local_path(path) or path
    if _read_in_one_go(path) and level is None and not _is_too_large(path):
        return open_labels(path, None, series, background)
    return open_lazy(path, None, series, level, background)


def _is_too_large(path: str | Path) -> bool:
    """Whether memory cannot hold what is made of a volume; of what cannot be read, not."""
    try:
        arrays = [one.levels[0].array for one in contents_of(path).datasets]
    except ValueError:
        return False
    sizes = [prod(array.shape) * array.dtype.itemsize for array in arrays]
    return COPIES * max(sizes, default=0) > allowed_bytes()


def list_series(path: str | Path) -> tuple[Series, ...]:
    """List the images, arrays or data sets of a file that can hold several; nothing for others.

    Parameters
    ----------
    path
        Any file, or folder, or URL.

    Raises
    ------
    ValueError
        When it is missing or damaged.
    """
    path = local_path(path) or path
    name = Path(path).name.lower()
    if name.endswith(TIFF_SUFFIXES) and not is_url(path):
        return tiff_series(path)
    if name.endswith(".npz") and not is_url(path):
        return npz_series(path)
    if not (is_url(path) or is_label_file(path)) or _read_in_one_go(path):
        return ()
    contents = contents_of(path)
    return tuple(one.series for one in contents.datasets) if contents.several else ()


def is_label_file(path: str | Path) -> bool:
    """Whether a path looks like a label volume: by its ending, or as a folder that is one.

    Parameters
    ----------
    path
        Of a file or folder.
    """
    path = local_path(path) or Path(path)
    if path.is_dir():
        return is_folder_format(path) or is_folder_of_sections(path)
    return path.name.lower().endswith(LABEL_SUFFIXES)


def is_folder_of_sections(path: str | Path) -> bool:
    """Whether a folder holds files of one section each.

    Parameters
    ----------
    path
        Of a file or folder.
    """
    path = Path(path)
    return path.is_dir() and any(
        file.suffix.lower() in SLICE_SUFFIXES and not file.name.startswith(".")
        for file in path.iterdir()
    )


def _without_scheme(
    path: str | Path | Sequence[str | Path],
) -> str | Path | Sequence[str | Path]:
    """Return paths without the ``file://`` that they may begin with."""
    if isinstance(path, str | Path):
        return local_path(path) or path
    return [local_path(one) or one for one in path]


def _read_in_one_go(path: str | Path | Sequence[str | Path]) -> bool:
    """Whether a path is one of the files that are read whole, or sections."""
    files = [path] if isinstance(path, str | Path) else list(path)
    if len(files) != 1:
        return True
    if is_url(files[0]):
        return False
    one = Path(files[0])
    if one.is_dir():
        return not is_folder_format(one) and one.suffix.lower() not in (".zarr", ".n5")
    return not one.name.lower().endswith(LABEL_SUFFIXES) or one.name.lower().endswith(_READ_WHOLE)


def _in_memory(volume: LazyVolume, background: int | Literal["max"] | None) -> LabelVolume:
    lazy = volume.labels
    check_memory(f"{lazy.where}: {'×'.join(map(str, lazy.shape))} voxels", COPIES * lazy.nbytes)
    try:
        labels = check_labels(lazy.raw((slice(None),) * 3), background)
    except ValueError as error:
        told = str(error)
        raise ValueError(
            told if told.startswith(lazy.where) else f"{volume.path}: {told}"
        ) from None
    return LabelVolume(
        labels, volume.voxel_nm, volume.name, volume.path, volume.size_problem, volume.notes
    )


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
        raise ValueError(f"{path}: series = {series!r}: such a file holds one volume only")
    if len(files) != 1:
        return _read_sections(path, files)
    if path.is_dir():
        return _read_sections(path, slice_files(path))
    if path.is_file() and name.endswith(".npy"):
        return path, read_npy(path), unknown, ()
    if path.is_file() and name.endswith(NIFTI_SUFFIXES):
        return path, read_nifti(path), unknown, ()
    contents_of(path)  # says what is expected
    raise ValueError(f"{path}: not a label volume")


def _read_sections(
    folder: Path, files: Sequence[Path]
) -> tuple[Path, NDArray[Any], PixelSize, tuple[str, ...]]:
    if not files:
        known = ", ".join(SLICE_SUFFIXES)
        raise ValueError(f"{folder}: no sections there; expected files of {known}")
    stack = read_slices(files)
    return folder, stack.voxels, PixelSize(), stack.notes
