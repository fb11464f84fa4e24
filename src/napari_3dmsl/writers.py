"""Layers that napari saves through this package.

Mesh files are written in units of 24 nm, as those of 3DMSL, so that reading them gives the same µm.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def write_surface(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a Surface layer as ``.off`` or ``.ply`` at its place in the world.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional or its units are no lengths.
    OSError
        When the file cannot be written.
    """
    from napari_3dmsl.layers import mesh_of
    from napari_3dmsl.shapes.library import RELEASED_UNIT_NM
    from napari_3dmsl.shapes.mesh import write_mesh

    write_mesh(mesh_of(data, attributes), path, RELEASED_UNIT_NM / 1000)
    return [path]


def write_image(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an Image layer as OME-TIFF: simulated ones with all settings, others with their scale.

    Raises
    ------
    ValueError
        When the pixels are coloured, of a kind that OME-TIFF has not, or of more than 3 axes.
    OSError
        When the file cannot be written.
    """
    from napari_3dmsl.datasets.formats import write_image_array, write_ome_tiff
    from napari_3dmsl.layers import KEY

    if attributes.get("rgb"):
        raise ValueError(f"layer '{attributes.get('name')}': a colour image; only grey ones fit")
    pixels = np.asarray(data[0] if attributes.get("multiscale") else data)
    told = attributes.get("metadata", {}).get(KEY, {})
    if "settings" in told:
        write_image_array(path, pixels, told["settings"])
    else:
        write_ome_tiff(path, pixels, _size_um(attributes))
    return [path]


def _size_um(attributes: dict[str, Any]) -> list[float] | None:
    """Length of a pixel in µm, None when the layer's units are no lengths."""
    from napari_3dmsl.volumes.tiff import NM_PER_UNIT

    scale, units = attributes["scale"], attributes.get("units", ())
    units = [units] * len(scale) if isinstance(units, str) else units
    nm_per_unit = [NM_PER_UNIT.get(str(unit)) for unit in units or ()]
    sizes = [size * nm / 1000 for size, nm in zip(scale, nm_per_unit, strict=False) if nm]
    return sizes if len(sizes) == len(scale) else None
