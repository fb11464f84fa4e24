"""Instances inside a zip of the 3DMSL release, read in place.

Python's own reader lists all files before it gives one: half a second for each of the ten released
zips, which hold 65,000 files each. This one keeps where the entries of each instance are, and
checks names, sizes and checksums. It knows what zips of data need: stored or deflated files, and
zip64, because the released zips are larger than 4 GB.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from napari_3dmsl.library.checksums import as_text
from napari_3dmsl.library.instance_files import LARGEST_FILE, MESH_FILE
from napari_3dmsl.library.zip_cache import load_index, save_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# 1_1_2729.zip as released (the paper prints some numbers as 10,913), or 920.zip.
ARCHIVE_NAME = re.compile(r"\d+(_[\d,]+_[\d,]+)?\.zip", re.IGNORECASE)

# Only names that stay in the zip match: no dot begins a folder, no backslash or colon in it.
_INSTANCE_FILE = re.compile(
    rb"(?:(?:[^./\\:\0][^/\\:\0]*/)*?(\d{1,12})/)?"
    # The paper writes some with a capital; ignoring case altogether would cost twice the time.
    rb"([\w-]+_imgs/[^/\\:\0]+\.tiff?|[Rr]aw_mesh\.off|[Pp]ointcloud\.ply|[Oo]ccupancies\.npz)"
)
_ABOUT_FILE = re.compile(rb"(?:[^/]*/)?(library\.json|meta_locations\.csv)")
_ABOUT = -1  # stands for the id of files about the whole library
_MESH_NAME = MESH_FILE.encode()
_ENTRY = struct.Struct("<4s20xIHHH")  # signature, size, lengths of name, extra and comment
_WORTH_KEEPING = 2000  # entries; fewer are read again as fast

_DIRECTORY, _LOCAL, _END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_BIG = 0xFFFFFFFF  # "see the zip64 field"


@dataclass(frozen=True)
class Entry:
    """One file in a zip: name as stored, place, packed and true size, checksum, packing."""

    name: bytes
    offset: int
    packed: int
    size: int
    checksum: int
    method: int
    flags: int


@dataclass(frozen=True, eq=False)
class Index:
    """Where the directory entries of each instance are.

    ``ids`` ascend; those of ``ids[i]`` begin at ``at[first[i]:first[i + 1]]`` in the file and are
    as long as ``lengths`` says.
    """

    ids: NDArray[np.int64]
    first: NDArray[np.int64]
    at: NDArray[np.int64]
    lengths: NDArray[np.int64]


class ZipArchive:
    """The instances in one zip: ``<id>/raw_mesh.off`` at any depth, or one alone in ``<id>.zip``.

    Parameters
    ----------
    path
        The zip.

    Raises
    ------
    ValueError
        One line, when it is truncated, no zip, or has names or sizes that nobody should unpack.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise ValueError(f"{path}: no such file")
        status = path.stat()
        index = load_index(path, status)
        if index is None:
            index = self._index()
            if len(index[2]) >= _WORTH_KEEPING:
                save_index(path, status, index)
        self._at = Index(*index)
        self.ids: list[int] = [number for number in self._at.ids.tolist() if number != _ABOUT]

    def files(self, shape_id: int) -> dict[str, Entry]:
        """Return the files of one instance, by the names of the release.

        Parameters
        ----------
        shape_id
            Of the instance.
        """
        return self._files(shape_id)

    def read(self, shape_id: int, name: str) -> bytes | None:
        """Return the content of one file of an instance, None when there is none.

        Parameters
        ----------
        shape_id
            Of the instance.
        name
            As in the release.
        """
        entry = self._files(shape_id).get(name)
        return None if entry is None else self._content(entry)

    def read_about(self, name: str) -> bytes | None:
        """Return ``library.json`` or ``meta_locations.csv``, None when there is none.

        Parameters
        ----------
        name
            One of the two.
        """
        return self.read(_ABOUT, name)

    def checksums(self, name: str) -> dict[int, str]:
        """Return the checksum of the file of this name of each instance that has it, unread.

        Parameters
        ----------
        name
            As in the release.
        """
        if not len(self._at.at):
            return {}
        start = int(self._at.at.min())
        length = int((self._at.at + self._at.lengths).max()) - start
        with self.path.open("rb") as file:
            directory = _read(file, start, length, self.path)
        ids = np.repeat(self._at.ids, np.diff(self._at.first)).tolist()
        places = (self._at.at - start).tolist()
        wanted, found = name.lower().encode(), dict[int, str]()
        for shape_id, at, size in zip(ids, places, self._at.lengths.tolist(), strict=True):
            entry_name = directory[
                at + 46 : at + 46 + int.from_bytes(directory[at + 28 : at + 30], "little")
            ]
            if entry_name.lower().endswith(wanted):
                entry = self._entry(directory[at : at + size])
                found[shape_id] = as_text(entry.checksum, entry.size)
        return found

    def _files(self, shape_id: int) -> dict[str, Entry]:
        place = int(np.searchsorted(self._at.ids, shape_id))
        if place == len(self._at.ids) or self._at.ids[place] != shape_id:
            return {}
        files: dict[str, Entry] = {}
        some = slice(self._at.first[place], self._at.first[place + 1])
        with self.path.open("rb") as file:
            for at, length in zip(self._at.at[some], self._at.lengths[some], strict=True):
                entry = self._entry(_read(file, int(at), int(length), self.path))
                match = _match(entry.name)
                if match is None or match[0] not in (shape_id, None):
                    raise ValueError(f"{self.path}: changed while it was open")
                if match[1] in files:
                    raise ValueError(f"{self.path}: {_text(entry.name)} is there twice")
                files[match[1]] = entry
        return files

    def _entry(self, raw: bytes) -> Entry:
        if raw[:4] != _DIRECTORY:
            raise ValueError(f"{self.path}: changed while it was open")
        flags, method = struct.unpack_from("<HH", raw, 8)
        checksum, packed, size, length, extra = struct.unpack_from("<IIIHH", raw, 16)
        (offset,) = struct.unpack_from("<I", raw, 42)
        name = raw[46 : 46 + length]
        field = _zip64_field(raw[46 + length : 46 + length + extra])
        # The field holds, in this order, only those numbers that did not fit.
        size, packed, offset = (
            next(field, value) if value == _BIG else value for value in (size, packed, offset)
        )
        return Entry(name, offset, packed, size, checksum, method, flags)

    def _content(self, entry: Entry) -> bytes:
        where = f"{self.path}: {_text(entry.name)}"
        if max(entry.size, entry.packed) > LARGEST_FILE:
            raise ValueError(f"{where}: {entry.size} bytes; more than {LARGEST_FILE >> 20} MiB")
        if entry.flags & 1 or entry.method not in (0, 8):
            raise ValueError(f"{where}: encrypted, or packed in a way other than deflate")
        with self.path.open("rb") as file:
            header = _read(file, entry.offset, 30, self.path)
            length, extra = struct.unpack_from("<HH", header, 26)
            content = _read(file, entry.offset + 30, length + extra + entry.packed, self.path)
        if header[:4] != _LOCAL or content[:length] != entry.name:
            raise ValueError(f"{where}: damaged: the zip's directory names another place")
        content = content[length + extra :]
        if entry.method == 8:
            try:
                content = zlib.decompressobj(-15).decompress(content, entry.size + 1)
            except zlib.error as error:
                raise ValueError(f"{where}: damaged: {error}") from None
        if len(content) != entry.size or zlib.crc32(content) != entry.checksum:
            raise ValueError(f"{where}: damaged: not what its size and checksum say")
        return content

    def _index(self) -> tuple[NDArray[np.int64], ...]:
        """Walk through the directory once; a released zip has 65,000 entries."""
        start, directory, count = _directory(self.path)
        alone = int(self.path.stem) if self.path.stem.isdecimal() else None
        found: list[int] = []  # flat: tuples by the ten thousand wake the garbage collector
        meshes, position, entries = {_ABOUT}, 0, 0
        while position + 46 <= len(directory):
            mark, size, named, extra, comment = _ENTRY.unpack_from(directory, position)
            if mark != _DIRECTORY:
                break
            name = directory[position + 46 : position + 46 + named]
            length = 46 + named + extra + comment
            match = _INSTANCE_FILE.fullmatch(name)
            if match is not None:
                number = int(match[1]) if match[1] else alone
            else:
                self._check_name(name)
                number = _ABOUT if _ABOUT_FILE.fullmatch(name) else None
            if number is not None:
                found += number, start + position, length
                if size > LARGEST_FILE:
                    self._check_size(directory[position : position + length])
                if match is not None and match[2].lower() == _MESH_NAME:
                    meshes.add(number)
            position += length
            entries += 1
        if position != len(directory) or entries != count:
            raise ValueError(f"{self.path}: damaged: the zip's directory breaks off")
        return _sorted(np.array(found, dtype=np.int64).reshape(-1, 3), meshes)

    def _check_size(self, raw: bytes) -> None:
        entry = self._entry(raw)
        if entry.size > LARGEST_FILE:
            raise ValueError(
                f"{self.path}: {_text(entry.name)} claims {entry.size} bytes; more than "
                f"{LARGEST_FILE >> 20} MiB are not read"
            )

    def _check_name(self, name: bytes) -> None:
        if name[:1] == b"/" or b"\\" in name or name[1:2] == b":" or b"\0" in name:
            unsafe = True
        else:
            unsafe = b".." in name and b".." in name.split(b"/")
        if unsafe:
            raise ValueError(f"{self.path}: {_text(name)}: a name that leads out of the zip")


def _match(name: bytes) -> tuple[int | None, str] | None:
    """Return id (None: not said) and released name of an instance's file, None for others."""
    if found := _INSTANCE_FILE.fullmatch(name):
        path = found[2].decode("latin-1")
        known = path if "/" in path else path.lower()
        return (int(found[1]) if found[1] else None), known
    if found := _ABOUT_FILE.fullmatch(name):
        return _ABOUT, found[1].decode()
    return None


def _sorted(table: NDArray[np.int64], wanted: set[int]) -> tuple[NDArray[np.int64], ...]:
    """Sort rows of id, place and length by id, without those of other ids than the wanted."""
    table = table[np.isin(table[:, 0], sorted(wanted))]
    table = table[np.argsort(table[:, 0], kind="stable")]
    ids, first = np.unique(table[:, 0], return_index=True)
    return ids, np.append(first, len(table)).astype(np.int64), table[:, 1], table[:, 2]


def _directory(path: Path) -> tuple[int, bytes, int]:
    """Return where the zip's directory begins, its bytes and how many entries it should have."""
    length = path.stat().st_size
    with path.open("rb") as file:
        tail_at = max(0, length - 22 - 0xFFFF - 20)
        tail = _read(file, tail_at, length - tail_at, path)
        end = tail.rfind(_END)
        if end < 0 or end + 22 > len(tail):
            raise ValueError(f"{path}: truncated, or not a zip")
        disk, _, _, count, size, start = struct.unpack_from("<HHHHII", tail, end + 4)
        if tail[max(0, end - 20) : end][:4] == _LOCATOR64:
            (at,) = struct.unpack_from("<Q", tail, end - 12)
            record = _read(file, at, 56, path)
            if record[:4] != _END64:
                raise ValueError(f"{path}: damaged: the zip's directory is not where it should be")
            count, size, start = struct.unpack_from("<QQQ", record, 32)
        if disk or size > LARGEST_FILE:
            raise ValueError(f"{path}: a part of a divided zip, or a directory of {size} bytes")
        return start, _read(file, start, size, path), count


def _read(file: BinaryIO, at: int, length: int, path: Path) -> bytes:
    file.seek(at)
    content = file.read(length)
    if len(content) != length:
        raise ValueError(f"{path}: truncated, or not a zip")
    return content


def _zip64_field(extra: bytes) -> Iterator[int]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            numbers = extra[4 : 4 + length]
            for at in range(0, len(numbers) - 7, 8):
                yield struct.unpack_from("<Q", numbers, at)[0]
        extra = extra[4 + length :]


def _text(name: bytes) -> str:
    return ascii(name.decode("utf-8", "replace"))[1:-1]
