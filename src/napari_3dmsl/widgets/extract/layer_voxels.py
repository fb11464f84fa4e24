"""Voxels of a layer that may hold labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_3dmsl.layers.labels import stored_labels

_QUICKLY_READ = 1 << 27  # voxels on disk that are looked at for what is improbable


def finest(layer: Any) -> Any:
    """Return the voxels of a layer; of a pyramid those of the level that its scale belongs to.

    Parameters
    ----------
    layer
        Of labels or an image.

    Raises
    ------
    ValueError
        When it is a colour image.
    """
    if getattr(layer, "rgb", False):
        raise ValueError(f"'{layer.name}' is a colour image, not labels")
    return layer.data[0] if layer.multiscale else layer.data


def quickly_read(layer: Any) -> Any:
    """Return voxels that are in memory, or read in a moment: the coarsest ones; else None.

    Parameters
    ----------
    layer
        Of labels or an image.
    """
    stored = stored_labels(layer)
    if stored is None:
        return finest(layer) if isinstance(finest(layer), np.ndarray) else None
    if stored.size > _QUICKLY_READ:
        return None
    return layer.data[-1] if layer.multiscale else finest(layer)
