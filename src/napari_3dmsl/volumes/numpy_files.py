"""Label volumes in NumPy's own files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.labels import COPIES


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of a ``.npy`` file; nothing in it is executed."""
    with reading(path, "cannot read this .npy file"):
        with path.open("rb") as file:
            _check_header(file, path)
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    return array


def _check_header(file: BinaryIO, path: Path) -> None:
    """Refuse an array that is longer than its file, or than memory."""
    version = np.lib.format.read_magic(file)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"an array in format {version}")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    needed = math.prod(shape) * dtype.itemsize
    held = path.stat().st_size - file.tell()
    if not dtype.hasobject and (min(shape, default=0) < 0 or needed > held):
        raise ValueError(f"damaged or truncated: shape {shape} of {dtype} in {held:,} bytes")
    check_memory(str(path), COPIES * needed)
