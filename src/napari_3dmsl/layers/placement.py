"""Where a layer lies in the world: the one rule about its scale, rotation, shear and affine.

A surface can lie anyhow, for its vertices are moved. Voxels and pixels have edges along the axes of
the world: of their layers a scale, also a negative one, and a translation are honoured wherever
they are written, in ``affine`` as well; a layer that is rotated or sheared is refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.units import layer_unit_in

_NAMES = ("name", "scale", "translate", "rotate", "shear", "affine", "units")
_SKEW = 1e-9  # of the largest element: what rounding leaves beside the diagonal


@dataclass(frozen=True, eq=False)
class Placement:
    """The way from a layer's data to the world, in the units of the layer.

    Attributes
    ----------
    name : str
        The layer's, for errors.
    linear : (axes, axes) array
    translate : (axes,) array
        Where the middle of the first voxel lies.
    """

    name: str
    linear: FloatArray
    translate: FloatArray

    @property
    def is_plain(self) -> bool:
        """Whether data and world have the same axes."""
        rest = self.linear - np.diag(np.diag(self.linear))
        return bool(np.abs(rest).max() <= _SKEW * np.abs(self.linear).max())

    @property
    def scale(self) -> FloatArray:
        """Length of a voxel along each axis, negative where the data run against it.

        Raises
        ------
        ValueError
            When the layer is rotated or sheared.
        """
        if not self.is_plain:
            raise ValueError(
                f"layer '{self.name}' is rotated or sheared, which voxels and pixels cannot be: "
                "turn the data themselves, or reset its rotate, shear and affine"
            )
        return np.diag(self.linear)

    def points(self, positions: FloatArray) -> FloatArray:
        """Return positions in the data as positions in the world.

        Parameters
        ----------
        positions
            (N, axes), in pixels.

        Returns
        -------
        (N, axes) float64
            In the units of the layer.
        """
        moved: FloatArray = positions @ self.linear.T + self.translate
        return moved

    @property
    def mirrors(self) -> bool:
        """Whether what is right-handed in the data is left-handed in the world."""
        return bool(np.linalg.det(self.linear) < 0)


def placement_of(attributes: Mapping[str, Any], axes: int) -> Placement:
    """Return where a layer lies, by its attributes as napari tells them.

    Parameters
    ----------
    attributes
        ``scale``, ``translate``, ``rotate``, ``shear`` and ``affine``; all may be missing.
    axes
        How many the layer has.
    """
    scale = _vector(attributes.get("scale"), axes, 1.0)
    translate = _vector(attributes.get("translate"), axes, 0.0)
    linear = _matrix(attributes.get("rotate"), axes) @ _shear(attributes.get("shear"), axes)
    linear = linear @ np.diag(scale)
    affine = np.eye(axes + 1)
    if attributes.get("affine") is not None:
        affine = np.asarray(attributes["affine"], dtype=np.float64)
    turn, shift = affine[:-1, :-1], affine[:-1, -1]
    return Placement(str(attributes.get("name", "")), turn @ linear, turn @ translate + shift)


def placement_of_layer(layer: Any) -> Placement:
    """Return where a napari layer lies.

    Parameters
    ----------
    layer
        Of napari.
    """
    return placement_of(attributes_of(layer), layer.ndim)


def attributes_of(layer: Any) -> dict[str, Any]:
    """Return what a napari layer tells about its place, as `placement_of` takes it.

    Parameters
    ----------
    layer
        Of napari.
    """
    return {name: getattr(layer, name) for name in _NAMES} | {
        "affine": np.asarray(layer.affine.affine_matrix)
    }


def units_of(attributes: Mapping[str, Any], axes: int) -> Sequence[Any]:
    """Units of a layer's axes by its attributes, pint's or their names; pixels when it has none.

    Parameters
    ----------
    attributes
        Of a layer, as napari tells them.
    axes
        How many there are.
    """
    units = attributes.get("units") or "pixel"
    return [units] * axes if isinstance(units, str) else list(units)


def box_um_of(layer: Any) -> FloatArray:
    """Lowest and highest corner of a layer in the viewer, µm; pixels count as µm.

    Parameters
    ----------
    layer
        Of three axes or more.

    Returns
    -------
    (2, 3) float64
    """
    lengths = np.array([layer_unit_in(unit, "um") or 1.0 for unit in layer.units])
    return lengths * np.asarray(layer.extent.world, dtype=np.float64)


def unmirrored(array: Any, placement: Placement) -> tuple[Any, FloatArray, FloatArray]:
    """Return voxels so that they run along the axes of the world.

    Parameters
    ----------
    array
        Of a layer.
    placement
        Of that layer.

    Returns
    -------
    array, scale, translate
        A view where axes had to be turned; the scale is positive, and ``translate`` is the middle
        of the first voxel of the view.

    Raises
    ------
    ValueError
        When the layer is rotated or sheared.
    """
    scale, translate = placement.scale, placement.translate.copy()
    against = np.flatnonzero(scale < 0)
    for axis in against:
        translate[axis] += scale[axis] * (array.shape[axis] - 1)
    turned = array[tuple(slice(None, None, -1 if size < 0 else 1) for size in scale)]
    return (turned if len(against) else array), np.abs(scale), translate


def _vector(given: Any, axes: int, default: float) -> FloatArray:
    return np.full(axes, default) if given is None else np.asarray(given, dtype=np.float64)


def _matrix(given: Any, axes: int) -> FloatArray:
    return np.eye(axes) if given is None else np.asarray(given, dtype=np.float64)


def _shear(given: Sequence[float] | NDArray[Any] | None, axes: int) -> FloatArray:
    """Return the matrix of a shear, which napari tells as its upper triangle."""
    values = np.zeros(axes * (axes - 1) // 2) if given is None else np.asarray(given, np.float64)
    if values.ndim == 2:
        return values
    matrix = np.eye(axes)
    matrix[np.triu_indices(axes, 1)] = values
    return matrix
