"""Label volumes as napari layers, and the voxels of a layer back in µm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import AXES, LayerData, attributes_for
from napari_3dmsl.layers.placement import placement_of_layer, unmirrored
from napari_3dmsl.units import layer_unit_in

if TYPE_CHECKING:
    from napari_3dmsl.shapes.phantom import Phantom
    from napari_3dmsl.volumes.open import LabelVolume


def phantom_layer(phantom: Phantom, name: str) -> LayerData:
    """Return a phantom's labels.

    Parameters
    ----------
    phantom
        As drawn.
    name
        Of the layer.
    """
    return phantom.labels, _volume_attributes(name, phantom.voxel_nm), "labels"


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
