"""Neuroglancer precomputed volumes: (x, y, z, channel), sizes in nm, read by tensorstore."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np

from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.optional import needed
from napari_3dmsl.volumes.pixel_size import PixelSize
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Contents, Dataset, StoredArray, StoredLevel
from napari_3dmsl.volumes.tensor_store import kvstore_of, open_tensor
from napari_3dmsl.volumes.tree import Tree, json_in

_FILE = "info"
_AXES = "XYZC"


def is_precomputed(tree: Tree) -> bool:
    """Whether a folder is a precomputed volume.

    Parameters
    ----------
    tree
        The folder.
    """
    content = tree.content(_FILE)
    return content is not None and b'"scales"' in content


def precomputed_contents(tree: Tree) -> Contents:
    """Describe a precomputed volume.

    Parameters
    ----------
    tree
        The folder.
    """
    needed("tensorstore", "Neuroglancer precomputed volumes", tree.where)
    with reading(tree.where, "damaged precomputed volume"):
        told = json_in(tree, _FILE) or {}
        levels = [_level(tree, told, number) for number in range(len(told["scales"]))]
        if not levels:
            raise ValueError("it has no scales")
    array = levels[0].array
    refused = why_no_labels(array.shape, array.dtype.kind, array.axes)
    series = Series(0, "", array.shape, str(array.dtype), array.axes, refused)
    kind: Any = {"segmentation": "labels", "image": "image"}.get(str(told.get("type")), "")
    dataset = Dataset(series, tuple(levels), kind)
    return Contents(tree.place, tree.name.split(".")[0], "precomputed", (dataset,), several=False)


def _level(tree: Tree, told: dict[str, Any], number: int) -> StoredLevel:
    scale = told["scales"][number]
    channels = int(told.get("num_channels", 1))
    shape = (*(int(length) for length in scale["size"]), channels)
    chunks = (*(int(length) for length in scale["chunk_sizes"][0]), channels)
    if not len(shape) == len(chunks) == len(_AXES):
        raise ValueError(f"a scale of {shape} in chunks of {chunks}")
    dtype = np.dtype(str(told["data_type"]).lower())
    opener = partial(
        open_tensor,
        "neuroglancer_precomputed",
        json.dumps(kvstore_of(tree.place)),
        json.dumps({"scale_index": number}),
    )
    name = str(scale.get("key", number))
    nm = zip("XYZ", (float(length) for length in scale["resolution"]), strict=True)
    array = StoredArray(f"{tree.where}/{name}", shape, dtype, chunks, _AXES, opener)
    return StoredLevel(name, array, PixelSize(dict(nm)))
