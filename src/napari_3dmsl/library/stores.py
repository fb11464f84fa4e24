"""Where the instances of a library lie: folders, or the zips of the release."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from napari_3dmsl.library.checksums import Report, checksums_of_files
from napari_3dmsl.library.instance_files import LARGEST_FILE, MESH_FILE, image_key
from napari_3dmsl.library.zip_archive import ARCHIVE_NAME, ZipArchive


class Store(Protocol):
    """Reads the files of instances."""

    path: Path
    ids: list[int]

    def names(self, shape_id: int) -> list[str]:
        """Names of an instance's files, as in the release.

        Parameters
        ----------
        shape_id
            Of the instance.
        """
        ...

    def stamp(self, shape_id: int) -> str:
        """Size and time of the file that holds its surface; it changes when that does.

        Parameters
        ----------
        shape_id
            Of the instance.
        """
        ...

    def read(self, shape_id: int, name: str) -> bytes | None:
        """Content of one of them, None when there is none.

        Parameters
        ----------
        shape_id
            Of the instance.
        name
            As in the release.
        """
        ...

    def read_about(self, name: str) -> bytes | None:
        """Content of a file about the whole library, None when there is none.

        Parameters
        ----------
        name
            Such as ``library.json``.
        """
        ...

    def checksums(
        self, ids: Sequence[int], name: str, report: Report | None = None
    ) -> dict[int, str | None]:
        """Checksum of a file of each of some instances, None where it cannot be read.

        Parameters
        ----------
        ids
            Of the instances.
        name
            As in the release.
        report
            Called with the number of instances done.
        """
        ...


class FolderStore:
    """Instances in folders ``<id>/``, also inside unpacked ``1_1_2729/``.

    Parameters
    ----------
    path
        The folder that holds those of the instances.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[int, str] = {}
        for name in _folders(path):
            if not name.isdecimal() and ARCHIVE_NAME.fullmatch(f"{name}.zip"):
                for inner in _folders(path / name):
                    self._add(inner, os.path.join(name, inner))  # noqa: PTH118 - fast, by thousands
            else:
                self._add(name, name)
        self.ids = sorted(self._places)

    def names(self, shape_id: int) -> list[str]:
        """See `Store.names`."""
        folder = self.path / self._places[shape_id]
        files = [file.name for file in folder.iterdir() if file.is_file()]
        images = (f"{file.parent.name}/{file.name}" for file in folder.glob("*_imgs/*"))
        return sorted([*files, *(name for name in images if image_key(name))])

    def read(self, shape_id: int, name: str) -> bytes | None:
        """See `Store.read`."""
        return _read(self.path / self._places[shape_id] / name)

    def read_about(self, name: str) -> bytes | None:
        """See `Store.read_about`."""
        return _read(self.path / name)

    def stamp(self, shape_id: int) -> str:
        """See `Store.stamp`."""
        place = os.path.join(self.path, self._places[shape_id], MESH_FILE)  # noqa: PTH118
        return _stamp(os.stat(place))  # noqa: PTH116 - fast, by thousands

    def checksums(
        self, ids: Sequence[int], name: str, report: Report | None = None
    ) -> dict[int, str | None]:
        """See `Store.checksums`."""
        files = ((i, self.path / self._places[i] / name) for i in ids)
        return checksums_of_files(self.path, files, report)

    def _add(self, name: str, place: str) -> None:
        mesh = os.path.join(self.path, place, MESH_FILE)  # noqa: PTH118 - a Path costs ten times
        if name.isdecimal() and os.path.isfile(mesh):  # noqa: PTH113
            if int(name) in self._places:
                raise ValueError(f"{self.path}: shape {int(name)} is there twice")
            self._places[int(name)] = place


class ZipStore:
    """Instances in the zips of a folder, or in one zip.

    Parameters
    ----------
    path
        The folder, or the zip.
    zips
        In which the instances lie.

    Raises
    ------
    ValueError
        When two zips hold the same instance, or one is damaged.
    """

    def __init__(self, path: Path, zips: list[Path]) -> None:
        self.path = path
        self._archives = [ZipArchive(file) for file in zips]
        self._of: dict[int, ZipArchive] = {}
        for archive in self._archives:
            for shape_id in archive.ids:
                other = self._of.setdefault(shape_id, archive)
                if other is not archive:
                    names = f"{other.path.name} and {archive.path.name}"
                    raise ValueError(f"{path}: shape {shape_id} is in two zips: {names}")
        self.ids = sorted(self._of)

    def names(self, shape_id: int) -> list[str]:
        """See `Store.names`."""
        return sorted(self._of[shape_id].files(shape_id))

    def stamp(self, shape_id: int) -> str:
        """See `Store.stamp`: that of the zip."""
        return _stamp(os.stat(self._of[shape_id].path))  # noqa: PTH116

    def read(self, shape_id: int, name: str) -> bytes | None:
        """See `Store.read`."""
        return self._of[shape_id].read(shape_id, name)

    def read_about(self, name: str) -> bytes | None:
        """See `Store.read_about`: beside the zips, or in the only one."""
        inside = self._archives[0].read_about(name) if len(self._archives) == 1 else None
        folder = self.path if self.path.is_dir() else self.path.parent
        return _read(folder / name) if inside is None else inside

    def checksums(
        self, ids: Sequence[int], name: str, report: Report | None = None
    ) -> dict[int, str | None]:
        """See `Store.checksums`: as the zips tell it, unread."""
        all_found: dict[int, str] = {}
        for archive in self._archives:
            all_found |= archive.checksums(name)
        if report is not None:
            report(len(ids))
        return {shape_id: all_found.get(shape_id) for shape_id in ids}


def open_store(path: Path) -> Store:
    """Open a folder of instances, a folder of zips, or a zip.

    Parameters
    ----------
    path
        Of a folder or zip.

    Raises
    ------
    ValueError
        When there is no such place, it holds no instances, or a zip is damaged.
    """
    if path.is_file():
        store: Store = ZipStore(path, [path])
    elif path.is_dir():
        # Where some were unpacked, the zips are left alone: they would hold the same again.
        store = FolderStore(path)
        if not store.ids:
            store = ZipStore(path, archives_in(path))
    else:
        raise ValueError(f"{path}: no such folder or zip")
    if not store.ids:
        raise ValueError(
            f"{path}: no shape library; expected <id>/{MESH_FILE} in folders or in zips"
        )
    return store


def archives_in(folder: Path) -> list[Path]:
    """Return the zips of a folder that are named as in the release, else all of them.

    Parameters
    ----------
    folder
        Its files, not those of folders in it.
    """
    zips = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".zip")
    return [file for file in zips if ARCHIVE_NAME.fullmatch(file.name)] or zips


def _folders(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns}"


def _read(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: more than {LARGEST_FILE >> 20} MiB are not read")
    return path.read_bytes()
