"""N5: arrays (x, y, z) in chunks, read by tensorstore."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.attribute_sizes import as_json, letters_of
from napari_3dmsl.volumes.hierarchy import Hierarchy, Node, hierarchy_contents
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.stored import Contents, StoredArray
from napari_3dmsl.volumes.tensor_store import kvstore_of, open_tensor
from napari_3dmsl.volumes.tree import Tree, json_in

_FILE = "attributes.json"
_AXES = "XYZCT"  # the first one runs fastest


def is_n5(tree: Tree) -> bool:
    """Whether a folder is an N5, or a group or an array in one.

    Parameters
    ----------
    tree
        The folder.
    """
    # Groups need not say anything of themselves.
    parts = tree.where.replace("\\", "/").lower().split("/")
    return any(part.endswith(".n5") for part in parts) or tree.content(_FILE) is not None


def n5_contents(tree: Tree) -> Contents:
    """Describe the data sets of an N5.

    Parameters
    ----------
    tree
        The whole, or a group or an array in it.
    """
    needed("tensorstore", "N5", tree.where)
    return hierarchy_contents(tree, Hierarchy("N5", _node, _array))


def _node(tree: Tree, name: str) -> Node | None:
    told = json_in(tree, f"{name}/{_FILE}" if name else _FILE)
    if told is None:
        return None
    return Node(told, "dimensions" in told and "dataType" in told)


def _array(tree: Tree, name: str, node: Node) -> StoredArray:
    where = f"{tree.where}/{name}" if name else tree.where
    told: Any = node.attributes
    with reading(where, "damaged N5"):
        shape = tuple(int(length) for length in told["dimensions"])
        chunks = tuple(int(length) for length in told["blockSize"])
        dtype = np.dtype(str(told["dataType"]))
        if len(chunks) != len(shape):
            raise ValueError(f"blocks of {chunks} in dimensions {shape}")
        names = told.get("axes")
        if "axes" in told and not (isinstance(names, list) and len(names) == len(shape)):
            raise ValueError(f"'axes' is {as_json(names)}; expected {len(shape)} names")
    opener = partial(open_tensor, "n5", json.dumps(kvstore_of(tree.place, name)))
    return StoredArray(where, shape, dtype, chunks, _axes(names, len(shape)), opener)


def _axes(names: Any, ndim: int) -> str:
    """Return the axes in the order of ``dimensions``, x before z.

    Names are written in that order, or, by OpenOrganelle and other Python, the other way round.
    """
    letters = letters_of(names, ndim)
    if not letters:
        return _AXES[:ndim]
    slow = "Z" if "Z" in letters else "Y"
    return letters if letters.index("X") < letters.index(slow) else letters[::-1]
