"""Folders of small files that describe arrays, on this machine or at a URL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.tensor_store import kvstore_of, read_key

_LARGEST_TEXT = 64 << 20  # bytes of a description
_KINDS = ("precomputed", "zarr", "zarr2", "zarr3", "n5")
_ONE_SLASH = re.compile(r"(?:(?<=^)|(?<=/))(s3|gs|gcs|https?|precomputed|zarr[23]?|n5):/(?!/)")


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


class UrlTree:
    """A folder at a URL, see `Tree`.

    Parameters
    ----------
    url
        ``s3://``, ``gs://`` or ``https://``.
    """

    def __init__(self, url: str) -> None:
        self.where = url.rstrip("/")
        self.name = self.where.rsplit("/", 1)[-1]
        self._kvstore = kvstore_of(self.where)
        self._known: dict[str, bytes | None] = {}

    @property
    def place(self) -> Path | str:
        """Its URL."""
        return self.where

    def content(self, name: str) -> bytes | None:
        """Return the content of a small file, None when there is none.

        Parameters
        ----------
        name
            From the folder.
        """
        if name not in self._known:
            self._known[name] = read_key(self._kvstore, name, self.where)
        return self._known[name]

    def folders(self, name: str) -> list[str] | None:
        """Return None: a server does not list what it has.

        Parameters
        ----------
        name
            From the folder.
        """

    def above(self) -> Tree | None:
        """Return the folder that it lies in, None at the root of a server or bucket."""
        if not urlsplit(self.where).path.strip("/"):
            return None
        return UrlTree(self.where.rsplit("/", 1)[0])


def is_url(path: str | Path) -> bool:
    """Whether a path is a URL.

    Parameters
    ----------
    path
        As a person gave it.
    """
    text = str(path)
    return ("://" in text or bool(_ONE_SLASH.match(text))) and local_path(text) is None


def local_path(url: str | Path) -> Path | None:
    """Return the path that a ``file://`` URL stands for, also behind ``precomputed://``.

    Parameters
    ----------
    url
        As a person gave it.

    Returns
    -------
    Path or None
        None for anything else.
    """
    text = str(url)
    address = address_of(text) if "file:/" in text else ""
    return Path(url2pathname(urlsplit(address).path)) if address.startswith("file:") else None


def tree_at(path: str | Path) -> Tree:
    """Return the folder at a path or URL.

    Parameters
    ----------
    path
        Of a folder. Neuroglancer's ``precomputed://``, ``zarr://``, ``zarr2://``, ``zarr3://`` and
        ``n5://`` before a URL, and ``|precomputed:`` behind it, say nothing that it does not.
    """
    if not is_url(path):
        return FolderTree(Path(path))
    return UrlTree(address_of(path))


def address_of(url: str | Path) -> str:
    """Return a URL without what Neuroglancer writes before and behind it.

    Parameters
    ----------
    url
        As a person gave it.
    """
    text = _whole(str(url)).partition("|")[0]
    for kind in _KINDS:
        text = text.removeprefix(f"{kind}://") if "://" in text[len(kind) + 3 :] else text
    return text.rstrip("/")


def _whole(url: str) -> str:
    """Give back the slashes that a `Path` takes away."""
    return _ONE_SLASH.sub(r"\1://", url)


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
