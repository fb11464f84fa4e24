"""MRC files of electron microscopy: (z, y, x), sizes in ångström; headers read by mrcfile."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.handles import MappedFile
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Dataset, StoredArray, StoredLevel

MRC_SUFFIXES = (".mrc", ".rec", ".map")
_HEADER = 1024  # bytes
_IMOD = 1146047817  # what IMOD stamps its files with
_STAMP = slice(152, 160)  # bytes of the header: the stamp, and IMOD's flags


def mrc_datasets(path: Path) -> tuple[Dataset, ...]:
    """Describe the volume of an MRC file by its header.

    Parameters
    ----------
    path
        The file.
    """
    mrcfile = needed("mrcfile", "MRC files", path)
    with reading(path, "cannot read this MRC file"):
        with mrcfile.open(path, header_only=True, permissive=True) as file:
            header = file.header.copy()
        dtype = mrcfile.utils.data_dtype_from_header(header)
        shape = tuple(int(header[axis]) for axis in ("nz", "ny", "nx"))
        offset = _HEADER + int(header.nsymbt)
        needed_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        held = path.stat().st_size - offset
        if min(shape) < 1 or not 0 <= needed_bytes <= held:
            raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")
        axes = _axes(header)
        if dtype == np.int8 and _unsigned(header):
            dtype = np.dtype(np.uint8)
    opener = partial(MappedFile, path, shape, dtype, offset)
    array = StoredArray(str(path), shape, dtype, (1, 1, 1), axes, opener)
    series = Series(0, "", shape, str(dtype), axes, why_no_labels(shape, dtype.kind, axes))
    return (Dataset(series, (StoredLevel("", array, _size(header)),)),)


def _axes(header: Any) -> str:
    """Return the axes from the slowest; a header says which one columns, rows and sections are."""
    letters = {1: "X", 2: "Y", 3: "Z"}
    found = "".join(letters.get(int(header[name]), "") for name in ("maps", "mapr", "mapc"))
    return found if sorted(found) == ["X", "Y", "Z"] else "ZYX"


def _size(header: Any) -> PixelSize:
    """Return the cell by the number of its voxels; 0 where the header does not tell."""
    found = {}
    for axis, count in (("x", "mx"), ("y", "my"), ("z", "mz")):
        length, voxels = float(header.cella[axis]), int(header[count])
        if length > 0 and voxels > 0:
            found[axis.upper()] = (length / voxels, "Å")
    return in_nm(found)


def _unsigned(header: Any) -> bool:
    """Whether IMOD has written bytes from 0 to 255, as it does unless a flag says otherwise."""
    whole = np.dtype(np.int32).newbyteorder(header.mode.dtype.byteorder)
    stamp, flags = np.frombuffer(header.tobytes()[_STAMP], whole).tolist()
    return bool(stamp == _IMOD and not flags & 1)
