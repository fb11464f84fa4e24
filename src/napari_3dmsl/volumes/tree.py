"""Folders of small files that describe arrays, on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from napari_3dmsl.reading import reading

_LARGEST_TEXT = 64 << 20  # bytes of a description


class Tree(Protocol):
    """A folder, wherever it is; names of what is in it have forward slashes.

    Attributes
    ----------
    where
        What errors call it.
    name
        Last part of its path.
    """

    where: str
    name: str

    @property
    def place(self) -> Path | str:
        """Its path or URL."""

    def content(self, name: str) -> bytes | None:
        """Return the content of a small file, None when there is none.

        Parameters
        ----------
        name
            From the folder.
        """

    def folders(self, name: str) -> list[str] | None:
        """Return the names of the folders in one, in order; None where that cannot be known.

        Parameters
        ----------
        name
            From the folder; empty for itself.
        """

    def above(self) -> Tree | None:
        """Return the folder that it lies in, None where there is none."""


class FolderTree:
    """A folder of this machine, see `Tree`.

    Parameters
    ----------
    path
        Of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.where, self.name = path, str(path), path.resolve().name

    @property
    def place(self) -> Path | str:
        """Its path."""
        return self.path

    def content(self, name: str) -> bytes | None:
        """Return the content of a small file, None when there is none.

        Parameters
        ----------
        name
            From the folder.
        """
        file = self.path / name
        if not file.is_file():
            return None
        if file.stat().st_size > _LARGEST_TEXT:
            raise ValueError(f"{file}: larger than {_LARGEST_TEXT >> 20} MiB: no description")
        return file.read_bytes()

    def folders(self, name: str) -> list[str] | None:
        """Return the names of the folders in one, in order.

        Parameters
        ----------
        name
            From the folder; empty for itself.
        """
        inside = (self.path / name).iterdir()
        return sorted(one.name for one in inside if one.is_dir() and not one.name.startswith("."))

    def above(self) -> Tree | None:
        """Return the folder that it lies in, None at the root."""
        path = self.path.resolve()
        return FolderTree(path.parent) if path.parent != path else None


def is_url(path: str | Path) -> bool:
    """Whether a path is a URL.

    Parameters
    ----------
    path
        As a person gave it.
    """
    return "://" in str(path)


def tree_at(path: str | Path) -> Tree:
    """Return the folder at a path.

    Parameters
    ----------
    path
        Of a folder.
    """
    return FolderTree(Path(path))


def json_in(tree: Tree, name: str) -> dict[str, Any] | None:
    """Return a JSON object that a file of a tree holds, None when there is none.

    Parameters
    ----------
    tree
        Where it is.
    name
        Of the file, from the tree.

    Raises
    ------
    ValueError
        When it is damaged.
    """
    content = tree.content(name)
    if content is None:
        return None
    where = f"{tree.where}/{name}"
    with reading(where, "damaged"):
        found = json.loads(content)
        if not isinstance(found, Mapping):
            raise ValueError("no JSON object")
        return dict(found)
