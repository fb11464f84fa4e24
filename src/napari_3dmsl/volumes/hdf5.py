"""HDF5 of ilastik, MitoEM, CREMI, ImageJ and anybody, and Imaris files, read by h5py."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.reading import first_line, reading
from napari_3dmsl.volumes.attribute_sizes import axistags, letters_of, size_in
from napari_3dmsl.volumes.imaris import imaris_datasets, is_imaris
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".ims")
_MOST = 2000  # data sets that are looked at


class H5Array:
    """An array in an HDF5 file.

    Parameters
    ----------
    path
        The file.
    name
        Of the array.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._file = _opened(path)
        self._array = self._file[name]

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        try:
            found: NDArray[Any] = self._array[box]
        except OSError as error:
            if "plugin" not in str(error).lower() and not _lacks_filter(self._array):
                raise
            raise ValueError(
                "it is compressed in a way that needs hdf5plugin (pip install hdf5plugin)"
            ) from error
        return found

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()


def _lacks_filter(array: Any) -> bool:
    """Whether an array is compressed in a way that is not known here; else it is damaged."""
    import h5py

    made = array.id.get_create_plist()
    codes = [made.get_filter(number)[0] for number in range(made.get_nfilters())]
    return not all(map(h5py.h5z.filter_avail, codes))


def hdf5_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the arrays of an HDF5 or Imaris file by their headers.

    Parameters
    ----------
    path
        The file.
    """
    needed("h5py", "HDF5", path)
    with reading(path, "cannot read this HDF5 file"), _opened(path) as file:
        if is_imaris(file):
            return imaris_datasets(path, file, partial(partial, H5Array, path))
        arrays = _arrays(file)
        if not arrays:
            raise ValueError("it holds no array")
        return tuple(_dataset(path, number, *one) for number, one in enumerate(arrays))


def _opened(path: Path) -> Any:
    with suppress(ImportError):
        importlib.import_module("hdf5plugin")  # compressions by its being imported
    h5py = needed("h5py", "HDF5", path)
    return h5py.File(path, "r", locking="best-effort")


def _arrays(file: Any) -> list[tuple[str, Any]]:
    """Return the arrays of a file by name; those of labels first."""
    found: list[tuple[str, Any]] = []

    def look(name: str, node: Any) -> bool | None:
        if hasattr(node, "shape") and node.shape:
            found.append((name, node))
        return True if len(found) >= _MOST else None

    file.visititems(look)
    return sorted(found, key=lambda one: not _of_labels(one[0]))


def _of_labels(name: str) -> bool:
    return "labels" in PurePosixPath(name).parts


def _dataset(path: Path, number: int, name: str, node: Any) -> Dataset:
    attributes = attributes_of(node)
    shape = tuple(int(length) for length in node.shape)
    axes = letters_of(axistags(attributes) or _dimension_labels(node), len(shape))
    # A part of an array that is not in chunks costs what it holds.
    chunks = tuple(int(length) for length in node.chunks or (1,) * len(shape))
    array = StoredArray(
        f"{path}: {name}", shape, node.dtype, chunks, axes, partial(H5Array, path, name)
    )
    refused = _lost_source(path, node) or why_no_labels(shape, node.dtype.kind, axes)
    series = Series(number, name, shape, str(node.dtype), axes, refused)
    size = size_in(attributes, axes)
    return Dataset(series, (StoredLevel("", array, size),), "labels" if _of_labels(name) else "")


def _lost_source(path: Path, node: Any, above: tuple[tuple[Path, str], ...] = ()) -> str:
    """Say which voxels of an array that lie elsewhere are gone; HDF5 reads them as zeros."""
    above = (*above, (path.resolve(), node.name.strip("/")))
    for name, start, length in node.external or ():
        file = Path(name)
        if file.is_file() and file.stat().st_size < start + min(length, node.nbytes):
            return f"its voxels lie in {name}, which is truncated"
    sources = node.virtual_sources() if node.is_virtual else ()
    for name, inside in sorted({(source.file_name, source.dset_name) for source in sources}):
        if "%" in name + inside:  # a pattern, for as many as there are
            continue
        found = _source_file(path, name)
        if found is None:
            return f"its voxels lie in {name}, which is missing; put it beside this file"
        if (found.resolve(), inside.strip("/")) in above:
            return f"its voxels lie in {name}: {inside}, which lie in this array again"
        try:
            with _opened(found) as file:
                lost = _lost_source(found, file[inside], above)
        except (KeyError, OSError) as error:
            return f"its voxels lie in {name}: {inside}, which cannot be read: {first_line(error)}"
        if lost:
            return lost
    return ""


def _source_file(path: Path, name: str) -> Path | None:
    """Return the file that HDF5 takes for a part of a virtual array; None if there is none."""
    if name == ".":
        return path
    folders = [path.parent, path.resolve().parent, Path()]
    prefix = os.environ.get("HDF5_VDS_PREFIX")
    if prefix:
        folders.insert(0, Path(prefix.replace("${ORIGIN}", str(path.parent))))
    names = [name, Path(name).name] if Path(name).is_absolute() else [name]
    places = [folder / one for folder in folders for one in names]
    return next((place for place in places if place.is_file()), None)


def _dimension_labels(node: Any) -> list[str]:
    return [dimension.label for dimension in node.dims]


def _plain(value: Any) -> Any:
    """Return an attribute as Python has it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def attributes_of(node: Any) -> dict[str, Any]:
    """Return the attributes of a group or array that can be read, as Python has them.

    Parameters
    ----------
    node
        Of h5py.
    """
    found = {}
    for key in node.attrs:
        with suppress(OSError, TypeError, ValueError):  # of a type that NumPy does not know
            found[key] = _plain(node.attrs.get(key))
    return found
