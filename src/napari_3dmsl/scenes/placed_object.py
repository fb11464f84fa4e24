"""Objects in the field of view: what an image, its scene and its ground truth are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.microscope.fluorophores import Emitters


@dataclass(frozen=True, eq=False)
class PlacedObject:
    """One shape with its fluorophores, in the frame of the field.

    In that frame z is the height above the coverslip and (y, x) = (0, 0) the middle of the image;
    pixel j covers [j, j + 1) pixels from the edge.

    Attributes
    ----------
    label : int
        Its value in instance masks, 1 or more, and its number in tracks.
    shape_id : int
        Id in the library.
    shape_class : str or None
        One of `ShapeClass`; None when the library does not know it.
    vertices_um : (N, 3) float64
        (z, y, x).
    faces : (F, 3) integers
    emitters : Emitters
        Its fluorophores.
    to_field : (4, 4) float64
        Affine transform of (z, y, x, 1) column vectors, µm, from the library's world to the field.
        For an object that has changed its form it tells where it began.
    centrelines_um : tuple of (N, 3) float64
        Its skeleton as polylines (z, y, x) in the frame of the field, see `centrelines_of`; empty
        when nobody asked for it.
    haze : bool
        Whether it belongs to what lies out of focus in a cell: it is in the image, and not in the
        ground truth of what is in focus.
    """

    label: int
    shape_id: int
    shape_class: str | None
    vertices_um: FloatArray
    faces: NDArray[np.integer]
    emitters: Emitters
    to_field: FloatArray
    centrelines_um: tuple[FloatArray, ...] = ()
    haze: bool = False


@dataclass(frozen=True)
class FieldOfView:
    """The pixels and planes of an image, in the frame of the field.

    Attributes
    ----------
    image_size : (rows, columns)
    pixel_um : float
    plane_heights_um : (planes,) float64
        Height of each sharp plane above the coverslip.
    depth_of_field_um : float
        Thickness around a sharp plane that looks sharp.
    """

    image_size: tuple[int, int]
    pixel_um: float
    plane_heights_um: FloatArray
    depth_of_field_um: float
