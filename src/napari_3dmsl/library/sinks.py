"""Where the files of shapes go: folders, or zips as released; the same files, the same bytes."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RELEASED_PER_ZIP = 2728
RELEASED_ZIP = re.compile(r"\d+_\d+_\d+\.zip")
"""What `released_zip_names` calls them."""
_WHOLE_MODE = 0o644 << 16  # rights of a file inside a zip, for those who unpack it


def released_zip_names(ids: Sequence[int], each: int = RELEASED_PER_ZIP) -> dict[int, str]:
    """Return the zip of each shape, named as released: ``1_1_2729.zip`` holds 1 to 2728.

    Parameters
    ----------
    ids
        Of all shapes, ascending.
    each
        Shapes in a zip.
    """
    names: dict[int, str] = {}
    for number, start in enumerate(range(0, len(ids), each), start=1):
        some = ids[start : start + each]
        names.update(dict.fromkeys(some, f"{number}_{some[0]}_{some[-1] + 1}.zip"))
    return names


class FolderSink:
    """Writes files into the folders of their shapes.

    Parameters
    ----------
    folder
        In which each shape gets one of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def write(self, shape_id: int, name: str, content: bytes) -> None:
        """Write a file of a shape.

        Parameters
        ----------
        shape_id
            Of the shape.
        name
            Of the file in the shape's folder.
        content
            The whole file.
        """
        path = self._folder / str(shape_id) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def write_about(self, name: str, content: bytes) -> None:
        """Write a file about all shapes.

        Parameters
        ----------
        name
            Of the file.
        content
            The whole file.
        """
        (self._folder / name).write_bytes(content)


class ZipSink(FolderSink):
    """Writes files into zips, one open at a time; shapes come in the order of their ids.

    Parameters
    ----------
    folder
        Where the zips go.
    names
        Zip of each shape by its id.
    """

    def __init__(self, folder: Path, names: Mapping[int, str]) -> None:
        super().__init__(folder)
        self._names = names
        self._open: zipfile.ZipFile | None = None

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.close()

    def write(self, shape_id: int, name: str, content: bytes) -> None:
        """Write a file of a shape into its zip.

        Parameters
        ----------
        shape_id
            Of the shape, not below the last one.
        name
            Of the file in the shape's folder.
        content
            The whole file.
        """
        path = self._folder / self._names[shape_id]
        if self._open is None or self._open.filename != str(path):
            self.__exit__()
            self._open = zipfile.ZipFile(path, "w")
        self._add(f"{shape_id}/{name}", content)

    def _add(self, name: str, content: bytes) -> None:
        assert self._open is not None
        member = zipfile.ZipInfo(name)  # dated 1980: the same shapes, the same bytes
        member.compress_type = zipfile.ZIP_DEFLATED
        member.create_system = 3  # Unix, on every system
        member.external_attr = _WHOLE_MODE
        self._open.writestr(member, content)


class OneZipSink(ZipSink):
    """Writes all into one zip."""

    def write_about(self, name: str, content: bytes) -> None:
        """Write a file about all shapes at the top of the zip.

        Parameters
        ----------
        name
            Of the file.
        content
            The whole file.
        """
        self._add(name, content)
