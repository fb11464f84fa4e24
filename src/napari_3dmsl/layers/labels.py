"""Label volumes as napari layers, and the voxels of a layer back in µm."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import AXES, KEY, LayerData, about, attributes_for
from napari_3dmsl.layers.placement import placement_of_layer, unmirrored
from napari_3dmsl.units import layer_unit_in

if TYPE_CHECKING:
    from napari_3dmsl.shapes.phantom import Phantom
    from napari_3dmsl.volumes.lazy import LazyVolume
    from napari_3dmsl.volumes.lazy_labels import LazyLabels
    from napari_3dmsl.volumes.open import LabelVolume

_MOST_IN_3D = 1 << 24  # voxels that are shown in 3D at once
_SMALL_CHUNK, _MOST_CHUNKS = (
    1 << 15,
    50_000,
)  # voxels of a chunk at least, chunks of an array at most


def phantom_layer(phantom: Phantom, name: str) -> LayerData:
    """Return a phantom's labels.

    Parameters
    ----------
    phantom
        As drawn.
    name
        Of the layer.
    """
    attributes = _volume_attributes(name, phantom.voxel_nm)
    if phantom.is_usual:
        attributes["metadata"][KEY]["phantom"] = _mark_of(phantom.labels)
    return phantom.labels, attributes, "labels"


def is_phantom(layer: Any) -> bool:
    """Whether a layer holds the labels of the usual phantom, with no voxel changed.

    Parameters
    ----------
    layer
        Of napari.
    """
    mark = about(layer).get("phantom")
    return mark is not None and mark == _mark_of(layer.data)


def _mark_of(labels: Any) -> int:
    return crc32(np.ascontiguousarray(labels).tobytes())


def volume_layer(volume: LabelVolume) -> LayerData:
    """Return a label volume; without a voxel size it stays in pixels and the panel asks.

    Parameters
    ----------
    volume
        As read.
    """
    labels = np.asarray(volume.labels)
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    return labels, _volume_attributes(volume.name, volume.voxel_nm), "labels"


def lazy_layer(volume: LazyVolume) -> LayerData:
    """Return a label volume whose voxels are read where they are looked at.

    A volume with one resolution only gets coarser ones by leaving voxels out, so that 3D does not
    load all of it.

    Parameters
    ----------
    volume
        As it was opened.
    """
    levels = [_dask_array(one.labels) for one in volume.levels]
    while levels[-1].size > _MOST_IN_3D and min(levels[-1].shape[1:]) > 1:
        levels.append(
            levels[-1][tuple(slice(None, None, 2 if n > 1 else 1) for n in levels[-1].shape)]
        )
    attributes = _volume_attributes(volume.name, volume.voxel_nm)
    attributes["metadata"][KEY]["stored"] = volume.labels
    if len(levels) == 1:
        return levels[0], attributes, "labels"
    return levels, attributes | {"multiscale": True}, "labels"


def stored_labels(layer: Any) -> LazyLabels | None:
    """Return the labels on disk that a layer shows, None for layers of arrays in memory.

    Parameters
    ----------
    layer
        Of labels.
    """
    found: LazyLabels | None = about(layer).get("stored")
    return found


def _dask_array(labels: LazyLabels) -> Any:
    """Return labels as napari takes them: it keeps what was read, and shares it between planes."""
    import dask.array

    chunks = list(labels.chunks)
    while math.prod(chunks) < _SMALL_CHUNK and any(map(operator.lt, chunks[1:], labels.shape[1:])):
        # In the plane that is looked at: what lies in the file as it is has no chunks.
        chunks[1:] = [
            min(2 * n, length) for n, length in zip(chunks[1:], labels.shape[1:], strict=True)
        ]
    while math.prod(-(-n // m) for n, m in zip(labels.shape, chunks, strict=True)) > _MOST_CHUNKS:
        chunks = [min(2 * n, length) for n, length in zip(chunks, labels.shape, strict=True)]
    array = dask.array.from_array(
        labels,
        chunks=tuple(chunks),
        name=False,
        asarray=False,
        meta=np.empty((0, 0, 0), labels.dtype),
    )
    return array.astype(np.uint8) if labels.dtype == bool else array


def _volume_attributes(name: str, voxel_nm: Sequence[float] | None) -> dict[str, Any]:
    if voxel_nm is None:
        return attributes_for(name, "volume", units=["pixel"] * len(AXES), voxel_nm=None)
    scale = np.array(voxel_nm) / 1000.0
    return attributes_for(name, "volume", scale=scale, voxel_nm=voxel_nm)


def voxel_nm_of(layer: Any) -> tuple[float, float, float] | None:
    """Voxel size (z, y, x) of a layer in nm, or None when its units are no lengths.

    Parameters
    ----------
    layer
        Of labels.

    Raises
    ------
    ValueError
        When the layer is rotated or sheared, so that its voxels lie askew.
    """
    scale = np.abs(placement_of_layer(layer).scale[-3:])
    lengths = [layer_unit_in(unit, "nm") for unit in layer.units[-3:]]
    sizes = [float(size) * length for size, length in zip(scale, lengths, strict=True) if length]
    return (sizes[0], sizes[1], sizes[2]) if len(sizes) == 3 else None


def set_voxel_um(layer: Any, voxel_um: Sequence[float] | FloatArray) -> None:
    """Give a layer another voxel size (z, y, x); its other axes and its units of length stay.

    Parameters
    ----------
    layer
        Of labels.
    voxel_um
        (z, y, x), each above 0.
    """
    lengths = [layer_unit_in(unit, "um") for unit in layer.units[-3:]]
    known = np.array([length or 1.0 for length in lengths])
    wrong = np.abs(placement_of_layer(layer).scale[-3:]) * known  # with what an affine adds
    scale = layer.scale[-3:] * np.asarray(voxel_um) / wrong
    if None in lengths:  # a layer that lay in pixels
        layer.scale = [*np.ones(layer.ndim - 3), *scale]
        layer.units = "µm"
        layer.translate = [0.0] * layer.ndim
        return
    layer.scale = [*layer.scale[:-3], *scale]


def voxels_of(layer: Any, array: Any) -> tuple[Any, FloatArray]:
    """Return a layer's voxels along the axes of the world, and where the first one lies in µm.

    Parameters
    ----------
    layer
        Of labels.
    array
        Its voxels; those of the finest level when it has several.

    Raises
    ------
    ValueError
        When the layer is rotated or sheared.
    """
    voxels, _, translate = unmirrored(array, placement_of_layer(layer))
    lengths = np.array([layer_unit_in(unit, "um") or 0.0 for unit in layer.units[-3:]])
    return voxels, lengths * translate[-3:]
