"""Which files of a library this package wrote, and where one may be written."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cached_property
from typing import TYPE_CHECKING

from napari_3dmsl.library.instance_files import (
    CLOUD_FILE,
    LIBRARY_FILE,
    MESH_FILE,
    OCCUPANCY_FILE,
    TABLE_FILE,
)
from napari_3dmsl.library.measure_table import MEASURES_FILE, is_measures
from napari_3dmsl.library.sinks import RELEASED_ZIP

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "napari-3dmsl shape library"

_OF_A_SHAPE = frozenset({MESH_FILE, CLOUD_FILE, OCCUPANCY_FILE})
_ABOUT = frozenset({TABLE_FILE, LIBRARY_FILE})
_OUR_DATE = (1980, 1, 1, 0, 0, 0)  # see `ZipSink`


class OwnFiles:
    """Tells the files that this package wrote into a library folder from those of others.

    Parameters
    ----------
    folder
        A library of ours, or any other folder, in which nothing is ours.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def __call__(self, file: Path) -> bool:
        """Whether we wrote a file."""
        if file.is_symlink():
            return False
        *folders, name = file.relative_to(self._folder).parts
        if not folders and name == MEASURES_FILE:
            return is_measures(file)
        if not folders and self.ids:
            return name in _ABOUT or (bool(RELEASED_ZIP.fullmatch(name)) and _wrote_zip(file))
        return len(folders) == 1 and folders[0] in self.ids and name in _OF_A_SHAPE

    @cached_property
    def ids(self) -> frozenset[str]:
        """The folders of our shapes; none when the library is not ours or its table is lost."""
        if not _is_ours(_index_in_folder(self._folder)):
            return frozenset()
        try:
            text = (self._folder / TABLE_FILE).read_text(encoding="utf-8-sig")
            return frozenset(row["index"] for row in csv.DictReader(io.StringIO(text, newline="")))
        except (OSError, ValueError, KeyError, csv.Error):
            return frozenset()


def holds_library(target: Path) -> bool:
    """Whether a library of this package is there, which `replace` would replace.

    Parameters
    ----------
    target
        Folder or zip.
    """
    if target.suffix.lower() == ".zip":
        return target.is_file() and _is_ours(_index_in_zip(target))
    return _is_ours(_index_in_folder(target))


def check_target(target: Path, replace: bool = False) -> None:
    """Refuse a place where no library may be written.

    Parameters
    ----------
    target
        Folder or zip.
    replace
        Whether an older library of ours may go.

    Raises
    ------
    ValueError
        One line, when something is there that must stay.
    """
    if target.suffix.lower() == ".zip":
        if target.is_dir():
            raise ValueError(f"{target}: a folder; expected a zip to write")
        if target.exists() and not holds_library(target):
            raise ValueError(f"{target}: a zip that is no library of ours; choose another name")
        if replace and target.exists() and not _wrote_zip(target):
            raise ValueError(f"{target}: a zip with files of others in it; choose another name")
    elif target.exists() and not target.is_dir():
        raise ValueError(f"{target}: a file; expected a folder, or a name that ends in .zip")
    elif target.is_dir() and any(target.iterdir()) and not holds_library(target):
        raise ValueError(f"{target}: not empty and not a shape library; choose another folder")
    elif images := next(target.glob("*/*_imgs"), None):
        raise ValueError(
            f"{target}: holds images of its shapes ({images.relative_to(target)}); choose another "
            "folder"
        )
    elif replace and holds_library(target) and not OwnFiles(target).ids:
        raise ValueError(f"{target / TABLE_FILE}: missing or damaged, so nothing is replaced")
    if holds_library(target) and not replace:
        raise ValueError(
            f"{target}: a shape library is there; choose another name, or say that it shall be "
            "replaced (--replace, in Python replace=True)"
        )


def _wrote_zip(path: Path) -> bool:
    """Whether all files in a zip are of the names and the date that we give them."""
    try:
        with zipfile.ZipFile(path) as archive:
            return all(
                member.date_time == _OUR_DATE and _is_our_member(member.filename)
                for member in archive.infolist()
            )
    except (OSError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return False


def _is_our_member(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return name in _ABOUT or (folder.isdecimal() and file in _OF_A_SHAPE)


def _index_in_folder(folder: Path) -> bytes:
    try:
        return (folder / LIBRARY_FILE).read_bytes()
    except OSError:
        return b""


def _index_in_zip(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(LIBRARY_FILE)
    except (OSError, KeyError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return b""


def _is_ours(content: bytes) -> bool:
    try:
        index = json.loads(content)
    except ValueError:
        return False
    return isinstance(index, dict) and index.get("format") == FORMAT
