"""The unit of a mesh file, which formats have no place for: the file or its folder tells it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from napari_3dmsl.library.instance_files import LIBRARY_FILE, LOCK_FILE
from napari_3dmsl.library.library import RELEASED_UNIT_NM, ShapeLibrary

LARGEST_MESH_UNIT_NM = 1e9
"""A metre: the largest unit in which programs that draw meshes count."""

UNIT_MARK = "napari-3dmsl unit_nm="
"""In a comment or header of mesh files that this package exports, before the length in nm."""

_HEAD = 1024  # bytes in which it stands
_MARK = re.compile(re.escape(UNIT_MARK).encode() + rb"([\d.eE+-]{1,24})")


def mesh_unit_nm(path: str | Path) -> float:
    """Length of a mesh file's unit in nm: what it or its shape library says, else 24 as in 3DMSL.

    Those of an image set, in a folder or two below its ``recipe.lock``, are in µm.

    Parameters
    ----------
    path
        ``.off``, ``.ply``, ``.stl`` or ``.obj``.
    """
    unit_nm = unit_nm_in(path)
    if unit_nm is not None:
        return unit_nm
    above = Path(path).absolute().parents
    if (above[1] / LIBRARY_FILE).is_file():
        return ShapeLibrary.open(above[1]).unit_nm
    if any((folder / LOCK_FILE).is_file() for folder in above[1:4]):
        return 1000.0
    return RELEASED_UNIT_NM


def unit_nm_in(path: str | Path) -> float | None:
    """Return the length of a mesh file's unit in nm as the file tells it, None when it does not.

    Parameters
    ----------
    path
        ``.off``, ``.ply``, ``.stl`` or ``.obj``.
    """
    with suppress(OSError, ValueError), Path(path).open("rb") as file:
        found = _MARK.search(file.read(_HEAD))
        if found and 0 < float(found[1]) <= LARGEST_MESH_UNIT_NM:
            return float(found[1])
    return None
