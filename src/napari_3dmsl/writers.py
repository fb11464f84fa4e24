"""Layers that napari saves through this package.

Mesh files are written in units of 24 nm, as those of 3DMSL, so that reading them gives the same µm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray


def write_surface(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a Surface layer as ``.off`` or ``.ply`` at its place in the world.

    Parameters
    ----------
    path
        Ends in ``.off`` or ``.ply``.
    data
        Vertices, faces and values of the layer.
    attributes
        Of the layer, as napari tells them.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional or its units are no lengths.
    OSError
        When the file cannot be written.
    """
    from napari_3dmsl.layers.placement import units_of
    from napari_3dmsl.layers.surfaces import mesh_of
    from napari_3dmsl.library.library import RELEASED_UNIT_NM
    from napari_3dmsl.shapes.mesh import write_mesh

    units = units_of(attributes, 3)
    _check_lengths(attributes, units)
    if any(str(unit) == "pixel" for unit in units):
        raise ValueError(
            f"layer '{attributes.get('name')}': it is in pixels, so nobody knows how large it is; "
            "set its scale and its units (layer.units = 'nm') first"
        )
    write_mesh(mesh_of(data, attributes), path, RELEASED_UNIT_NM / 1000)
    return [path]


def write_image(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an Image layer as OME-TIFF: simulated ones with all settings, others with their scale.

    Parameters
    ----------
    path
        Ends in ``.tif`` or ``.tiff``.
    data
        Pixels of the layer.
    attributes
        Of the layer, as napari tells them.

    Raises
    ------
    ValueError
        When the pixels are coloured, of a kind that OME-TIFF has not, or of more than 3 axes, the
        layer's units are neither lengths nor pixels, or it is rotated or sheared.
    OSError
        When the file cannot be written.
    """
    from napari_3dmsl.image_io.ome_tiff import write_image_array, write_ome_tiff
    from napari_3dmsl.layers.attributes import KEY
    from napari_3dmsl.layers.placement import placement_of, unmirrored

    if attributes.get("rgb"):
        raise ValueError(f"layer '{attributes.get('name')}': a colour image; only grey ones fit")
    pixels = np.asarray(data[0] if attributes.get("multiscale") else data)
    pixels, scale, _ = unmirrored(pixels, placement_of(attributes, pixels.ndim))
    ours = attributes.get("metadata", {}).get(KEY, {})
    if "settings" in ours:
        write_image_array(path, pixels, ours["settings"])
    else:
        write_ome_tiff(path, pixels, _size_um(attributes, scale))
    return [path]


def _size_um(attributes: dict[str, Any], scale: FloatArray) -> list[float] | None:
    """Length of a pixel in µm, None for a layer that is in pixels."""
    from napari_3dmsl.layers.placement import units_of
    from napari_3dmsl.units import layer_unit_in

    units = units_of(attributes, len(scale))
    _check_lengths(attributes, units)
    lengths = [layer_unit_in(unit, "um") for unit in units]
    sizes = [float(size) * length for size, length in zip(scale, lengths, strict=True) if length]
    return sizes if len(sizes) == len(scale) else None


def _check_lengths(attributes: dict[str, Any], units: Sequence[Any]) -> None:
    """Refuse units that are neither lengths nor pixels, such as seconds."""
    from napari_3dmsl.units import layer_unit_in

    for unit in units:
        if str(unit) != "pixel" and layer_unit_in(unit, "um") is None:
            raise ValueError(
                f"layer '{attributes.get('name')}': its unit '{unit}' is no length; "
                "set layer.units to one, such as 'nm', or to 'pixel'"
            )
