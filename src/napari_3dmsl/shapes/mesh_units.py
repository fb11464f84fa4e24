"""The unit of a mesh file, where the file says it: formats of meshes have no place for it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

UNIT_MARK = "napari-3dmsl unit_nm="
"""In a comment or header of mesh files that this package exports, before the length in nm."""

_HEAD = 1024  # bytes in which it stands
_MARK = re.compile(re.escape(UNIT_MARK).encode() + rb"(\d{1,9}(?:\.\d{1,9})?)")


def told_unit_nm(path: str | Path) -> float | None:
    """Return the length of a mesh file's unit in nm as the file tells it, None when it does not."""
    with suppress(OSError), Path(path).open("rb") as file:
        found = _MARK.search(file.read(_HEAD))
        if found and float(found[1]) > 0:
            return float(found[1])
    return None
