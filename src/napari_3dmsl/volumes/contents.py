"""What lies at a place: the one file that knows which reader a file, folder or URL belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_3dmsl.volumes.hdf5 import HDF5_SUFFIXES, hdf5_datasets
from napari_3dmsl.volumes.mrc import MRC_SUFFIXES, mrc_datasets
from napari_3dmsl.volumes.n5 import is_n5, n5_contents
from napari_3dmsl.volumes.nifti import nifti_datasets
from napari_3dmsl.volumes.nrrd import NRRD_SUFFIXES, nrrd_datasets
from napari_3dmsl.volumes.numpy_files import npy_datasets, npz_datasets
from napari_3dmsl.volumes.precomputed import is_precomputed, precomputed_contents
from napari_3dmsl.volumes.slices import SLICE_SUFFIXES, slice_files, slices_dataset
from napari_3dmsl.volumes.stored import Contents, Dataset
from napari_3dmsl.volumes.tiff import TIFF_SUFFIXES, tiff_datasets
from napari_3dmsl.volumes.tree import Tree, is_url, local_path, tree_at
from napari_3dmsl.volumes.zarr_folders import is_zarr, zarr_contents

NIFTI_SUFFIXES = (".nii", ".nii.gz")

# Name of the format, endings of its files, what describes them, whether a file can hold several.
_FILES: tuple[tuple[str, tuple[str, ...], Callable[[Path], tuple[Dataset, ...]], bool], ...] = (
    ("TIFF", TIFF_SUFFIXES, tiff_datasets, True),
    ("NumPy", (".npy",), npy_datasets, False),
    ("NumPy", (".npz",), npz_datasets, True),
    ("NIfTI", NIFTI_SUFFIXES, nifti_datasets, False),
    ("Imaris", (".ims",), hdf5_datasets, True),
    ("HDF5", HDF5_SUFFIXES, hdf5_datasets, True),
    ("MRC", MRC_SUFFIXES, mrc_datasets, False),
    ("NRRD", NRRD_SUFFIXES, nrrd_datasets, False),
)
_FOLDERS: tuple[tuple[Callable[[Tree], bool], Callable[[Tree], Contents]], ...] = (
    (is_zarr, zarr_contents),
    (is_precomputed, precomputed_contents),
    (is_n5, n5_contents),
)
CONTAINER_SUFFIXES = (*HDF5_SUFFIXES, *MRC_SUFFIXES, *NRRD_SUFFIXES)
FILE_SUFFIXES = tuple(dict.fromkeys(suffix for _, suffixes, _, _ in _FILES for suffix in suffixes))


def contents_of(path: str | Path | Sequence[str | Path]) -> Contents:
    """Describe what lies at a place by its headers; no voxel is read.

    Parameters
    ----------
    path
        A file, a folder, a URL, or a list of sections in their order.

    Raises
    ------
    ValueError
        One line, when there is nothing, or nothing that is known, or it is damaged.
    """
    if not isinstance(path, str | Path):
        if len(path) != 1:
            files = [Path(one) for one in path]
            return _sections(files[0].parent if files else Path(), files)
        path = path[0]
    if is_url(path):
        return _folder(tree_at(path))
    place = local_path(path) or Path(path)
    if place.is_dir():
        if is_folder_format(place) or place.suffix.lower() == ".zarr":
            return _folder(tree_at(place))
        return _sections(place, slice_files(place))
    if not place.exists():
        raise ValueError(f"{place}: no such file")
    if not place.is_file():  # a pipe would be waited for
        raise ValueError(f"{place}: neither a file nor a folder")
    for name, suffixes, describe, several in _FILES:
        if place.name.lower().endswith(suffixes):
            return Contents(place, place.name.split(".")[0], name, describe(place), several)
    known = ", ".join(FILE_SUFFIXES)
    raise ValueError(f"{place}: not a label volume; expected {known} or a folder of sections")


def is_folder_format(path: str | Path) -> bool:
    """Whether a folder is a volume by itself, such as a Zarr.

    Parameters
    ----------
    path
        Of a file or folder.
    """
    path = local_path(path) or path
    if not Path(path).is_dir():
        return False
    tree = tree_at(path)
    return any(recognised(tree) for recognised, _ in _FOLDERS)


def is_container(path: str | Path) -> bool:
    """Whether a path is a format that is read in parts: by its ending, by its content, or a URL.

    Parameters
    ----------
    path
        Of a file or folder, or a URL.
    """
    if is_url(path) or is_folder_format(path):
        return True
    name = Path(path).name.lower()
    return name.endswith(CONTAINER_SUFFIXES) and Path(path).is_file()


def _folder(tree: Tree) -> Contents:
    for recognised, describe in _FOLDERS:
        if recognised(tree):
            return describe(tree)
    if isinstance(tree.place, Path):
        raise ValueError(f"{tree.where}: no Zarr, N5 or precomputed volume there")
    raise ValueError(
        f"{tree.where}: no Zarr, N5 or precomputed volume there (not found, or not public); single "
        "files such as TIFF or HDF5 are read from this machine only"
    )


def _sections(place: Path, files: Sequence[Path]) -> Contents:
    if not files:
        known = ", ".join(SLICE_SUFFIXES)
        raise ValueError(f"{place}: no sections there; expected files of {known}")
    name = place.name.split(".")[0]
    return Contents(place, name, "sections", (slices_dataset(place, files),), several=False)
