"""Checksums of the files of a library: CRC-32 and size, as zips keep them, so that both agree.

A library of folders is read for them once; what was found is kept in the user's cache and holds as
long as the size and the time of a file are the same.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from napari_3dmsl.library.zip_cache import cache_folder
from napari_3dmsl.writing import whole_file

Report = Callable[[int], None]

_CHUNK = 1 << 20
_WORTH_KEEPING = 64  # files; fewer are read again as fast
_TOO_YOUNG_NS = 2_000_000_000  # may still change within one tick of the disk's clock
_COLUMNS = ("ids", "size", "time", "checksum")


def checksum_of(content: bytes) -> str:
    """Return the checksum of a file's content.

    Parameters
    ----------
    content
        The whole file.
    """
    return as_text(zlib.crc32(content), len(content))


def as_text(checksum: int, size: int) -> str:
    """Write CRC-32 and size as one word.

    Parameters
    ----------
    checksum
        CRC-32.
    size
        Bytes.
    """
    return f"{checksum:08x}-{size}"


def checksums_of_files(
    folder: Path, files: Iterable[tuple[int, Path]], report: Report | None = None
) -> dict[int, str | None]:
    """Return the checksum of each file by its id; None for one that cannot be read.

    Parameters
    ----------
    folder
        Of the library, under whose name the checksums are kept.
    files
        Id and path of each.
    report
        Called with how many are done.
    """
    kept = _load(folder)
    found: dict[int, tuple[int, int, int]] = {}
    checksums: dict[int, str | None] = {}
    read = 0
    for done, (shape_id, path) in enumerate(files, start=1):
        try:
            status = os.stat(path)  # noqa: PTH116 - thirty thousand of them
            stamp = status.st_size, status.st_mtime_ns
            if shape_id not in kept or kept[shape_id][:2] != stamp:
                kept[shape_id] = *stamp, _crc(path)
                read += 1
        except OSError:
            checksums[shape_id] = None
        else:
            checksums[shape_id] = as_text(kept[shape_id][2], status.st_size)
            if time.time_ns() - status.st_mtime_ns > _TOO_YOUNG_NS:
                found[shape_id] = kept[shape_id]
        if report is not None:
            report(done)
    if read and len(found) >= _WORTH_KEEPING:
        _save(folder, found)
    return checksums


def _crc(path: Path) -> int:
    checksum = 0
    with open(path, "rb") as file:  # noqa: PTH123
        while content := file.read(_CHUNK):
            checksum = zlib.crc32(content, checksum)
    return checksum


def _load(folder: Path) -> dict[int, tuple[int, int, int]]:
    with suppress(OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        content = io.BytesIO(_place(folder).read_bytes())
        with np.load(content, allow_pickle=False) as kept:
            ids, *columns = (kept[name].astype(np.int64).tolist() for name in _COLUMNS)
        return dict(zip(ids, zip(*columns, strict=True), strict=True))
    return {}


def _save(folder: Path, found: dict[int, tuple[int, int, int]]) -> None:
    """Keep checksums; where that is not possible, do without."""
    table = np.array([(shape_id, *row) for shape_id, row in found.items()], dtype=np.int64)
    place = _place(folder)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as temporary, temporary.open("wb") as file:
            np.savez(file, **dict(zip(_COLUMNS, table.T, strict=True)))


def _place(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return cache_folder() / "checksums" / f"{name}.npz"
