"""Zarr of versions 2 and 3, OME-Zarr 0.1 to 0.5 and plain ones of anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.reading import check_still_there, reading
from napari_3dmsl.volumes.attribute_sizes import letters_of
from napari_3dmsl.volumes.hierarchy import Hierarchy, Node, hierarchy_contents
from napari_3dmsl.volumes.stored import Contents, StoredArray
from napari_3dmsl.volumes.tensor_store import kvstore_of, open_tensor
from napari_3dmsl.volumes.tree import FolderTree, Tree, json_in

_END = re.compile(r"/\.z(array|group|attrs)$")  # of names in the consolidated metadata of version 2
_MARKS = ("zarr.json", ".zarray", ".zgroup")


def is_zarr(tree: Tree) -> bool:
    """Whether a folder is a Zarr, or a group or an array in one.

    Parameters
    ----------
    tree
        The folder.
    """
    if any(tree.content(mark) is not None for mark in _MARKS):
        return True
    # Dask and others write arrays into a folder that says nothing of itself.
    inside = tree.folders("") if tree.name.lower().endswith(".zarr") else None
    return any(tree.content(f"{one}/{mark}") for one in inside or () for mark in _MARKS)


def zarr_contents(tree: Tree) -> Contents:
    """Describe the data sets of a Zarr.

    Parameters
    ----------
    tree
        The whole, or a group or an array in it.
    """
    return hierarchy_contents(tree, Hierarchy("Zarr", _node, _array))


def _node(tree: Tree, name: str) -> Node | None:
    place = f"{name}/" if name else ""
    told = json_in(tree, f"{place}zarr.json")
    if told is not None:
        attributes = told.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}  # of a damaged file
        names = told.get("dimension_names")
        return Node(
            {"dimension_names": names, **attributes},
            told.get("node_type") == "array",
            _listed(attributes, told.get("consolidated_metadata")),
        )
    array = json_in(tree, f"{place}.zarray")
    group = None if array is not None else json_in(tree, f"{place}.zgroup")
    if array is None and group is None:
        return None
    attributes = json_in(tree, f"{place}.zattrs") or {}
    consolidated = None if array is not None else json_in(tree, f"{place}.zmetadata")
    return Node(attributes, array is not None, _listed(attributes, consolidated))


def _listed(attributes: Mapping[str, Any], consolidated: Any) -> tuple[str, ...]:
    """Names in a group that it tells: in one list of all metadata below it, or as OME's labels."""
    ome = attributes.get("ome")
    names = _texts(attributes.get("labels"))
    names += _texts(ome.get("labels")) if isinstance(ome, Mapping) else []
    told = consolidated.get("metadata") if isinstance(consolidated, Mapping) else None
    if isinstance(told, Mapping):
        names += [_END.sub("", f"/{name}").strip("/") for name in told]
    if "multiscales" in attributes or (isinstance(ome, Mapping) and "multiscales" in ome):
        names.append("labels")
    return tuple(dict.fromkeys(name for name in names if name and not name.startswith(".")))


def _texts(listed: Any) -> list[str]:
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _array(tree: Tree, name: str, node: Node) -> StoredArray:
    where = f"{tree.where}/{name}" if name else tree.where
    opener: Callable[[], Any]
    if isinstance(tree, FolderTree):
        opener = partial(_open_folder, tree.path / name)
    else:
        driver = "zarr" if tree.content(f"{name}/.zarray" if name else ".zarray") else "zarr3"
        opener = partial(open_tensor, driver, json.dumps(kvstore_of(tree.place, name)))
    with reading(where, "damaged Zarr"):
        array = opener()
        shape = tuple(int(length) for length in array.shape)
        chunks = tuple(int(length) for length in array.chunks)
        dtype = np.dtype(array.dtype)
    told = node.attributes.get("dimension_names") or node.attributes.get("_ARRAY_DIMENSIONS")
    return StoredArray(where, shape, dtype, chunks, letters_of(told, len(shape)), opener)


def _open_folder(path: Path) -> Any:
    return _Folder(path)


class _Folder:
    """An array by zarr; chunks that are missing are zeros, but not where the whole has gone."""

    def __init__(self, path: Path) -> None:
        import zarr

        self._path, self._array = path, zarr.open_array(path, mode="r")
        self.shape, self.chunks, self.dtype = (
            self._array.shape,
            self._array.chunks,
            self._array.dtype,
        )

    def __getitem__(self, box: Any) -> Any:
        found = self._array[box]
        check_still_there(self._path)
        return found
