"""What every layer says about itself: name, place, units, axes, and what it stands for.

Layers are given as ``(data, attributes, type)``, so nothing here needs a window. What a layer
stands for is kept in ``metadata["napari_3dmsl"]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from napari_3dmsl.arrays import FloatArray

LayerData = tuple[Any, dict[str, Any], str]

KEY = "napari_3dmsl"
AXES = "zyx"
_UNITS = {"z": "µm", "y": "µm", "x": "µm", "t": "s"}  # channels and samples are only counted
_LABELS = {"s": "sample", "c": "channel"}


def attributes_for(
    name: str,
    kind: str,
    axes: str = AXES,
    *,
    scale: ArrayLike = 1.0,
    translate: ArrayLike = 0.0,
    units: Sequence[str] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Return the attributes that every layer has.

    Parameters
    ----------
    name : str
        Of the layer; a person may change it.
    kind : str
        What it stands for, see `about`.
    axes : str
        A letter for each: t, z, y, x, c for channels, s for samples.
    scale : float or (axes,) floats
        Size of a pixel along each axis, in its unit.
    translate : float or (axes,) floats
        Where the middle of the first pixel lies.
    units : (axes,) strings, optional
        By default µm for z, y and x, s for t, pixel for others.
    **facts
        What else this package remembers about the layer.
    """
    return {
        "name": name,
        "scale": np.full(len(axes), scale, dtype=np.float64),
        "translate": np.full(len(axes), translate, dtype=np.float64),
        "units": tuple(units or (_UNITS.get(axis, "pixel") for axis in axes)),
        "axis_labels": tuple(_LABELS.get(axis, axis) for axis in axes),
        "metadata": {KEY: {"kind": kind, **facts}},
    }


def first_pixel(shape: Sequence[int], scale: ArrayLike, middle: ArrayLike = 0.0) -> FloatArray:
    """Place of the middle of an array's first pixel when that of the array is at ``middle``.

    Parameters
    ----------
    shape
        Of the array.
    scale
        Length of a pixel along each axis.
    middle
        Of the array, in that unit.

    Returns
    -------
    (axes,) float64
    """
    place: FloatArray = middle - 0.5 * np.asarray(scale) * (np.array(shape) - 1)
    return place


def about(layer: Any) -> dict[str, Any]:
    """Return what this package has written about a layer; nothing for layers of others.

    Parameters
    ----------
    layer
        Of napari.
    """
    found = layer.metadata.get(KEY, {})
    return found if isinstance(found, dict) else {}


def kind_of(layer: Any) -> str | None:
    """Return what a layer stands for, None for layers of others.

    Parameters
    ----------
    layer
        Of napari.
    """
    kind: str | None = about(layer).get("kind")
    return kind
