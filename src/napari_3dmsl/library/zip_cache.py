"""Remember where things are in large zips: a help that may be missing, stale or broken."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VERSION = 1
_NAMES = ("ids", "first", "at", "lengths")


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``NAPARI_3DMSL_CACHE``, else the system's."""
    if folder := os.environ.get("NAPARI_3DMSL_CACHE"):
        return Path(folder)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "napari-3dmsl"


def load_index(path: Path, status: os.stat_result) -> tuple[NDArray[np.int64], ...] | None:
    """Return what was kept about a zip of this size and time; None when there is nothing.

    Parameters
    ----------
    path
        Of the zip.
    status
        Its size and time, as it is now.
    """
    with suppress(OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        content = io.BytesIO(_place(path).read_bytes())
        with np.load(content, allow_pickle=False) as kept:
            if not np.array_equal(kept["stamp"], _stamp(status)):
                return None
            index = tuple(np.asarray(kept[name], dtype=np.int64) for name in _NAMES)
        return index if _is_sound(index) else None
    return None


def save_index(path: Path, status: os.stat_result, index: tuple[NDArray[np.int64], ...]) -> None:
    """Keep an index; where that is not possible, do without.

    Parameters
    ----------
    path
        Of the zip.
    status
        Its size and time, when the index was made.
    index
        Arrays of equal length.
    """
    buffer = io.BytesIO()
    ids, first, at, lengths = index
    np.savez(buffer, stamp=_stamp(status), ids=ids, first=first, at=at, lengths=lengths)
    with suppress(OSError, RuntimeError):
        place = _place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(buffer.getvalue())
            Path(temporary).replace(place)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _place(path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return cache_folder() / "zips" / f"{name}.npz"


def _stamp(status: os.stat_result) -> NDArray[np.int64]:
    return np.array([_VERSION, status.st_size, status.st_mtime_ns], dtype=np.int64)


def _is_sound(index: tuple[NDArray[np.int64], ...]) -> bool:
    ids, first, at, lengths = index
    return bool(
        all(column.ndim == 1 for column in index)
        and len(first) == len(ids) + 1
        and first[0] == 0
        and first[-1] == len(at) == len(lengths)
        and (np.diff(ids) > 0).all()
        and (np.diff(first) > 0).all()
        and (lengths >= 46).all()
        and (at >= 0).all()
    )
