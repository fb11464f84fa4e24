"""Label volumes in NumPy's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.reading import reading


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of a ``.npy`` file; nothing in it is executed."""
    with reading(path, "cannot read this .npy file"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: not a single .npy array")
    return array
