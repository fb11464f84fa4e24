"""Centrelines of surfaces, once a shape: every pose and image only moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_3dmsl.shapes.skeleton import skeleton_from_field
from napari_3dmsl.shapes.voxelize import voxelise

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.mesh import Mesh


def centrelines_of(mesh: Mesh) -> tuple[FloatArray, ...]:
    """Return the centrelines of a closed surface, in its own frame.

    The surface is drawn into voxels of 24 nm, larger ones when its box is huge, and thinned, see
    `skeleton_from_field`: free ends lie one radius before the tip, the path of a ring is closed.

    Parameters
    ----------
    mesh : Mesh
        Closed, in µm, (z, y, x).

    Returns
    -------
    tuple of (N, 3) float64
        Polylines, (z, y, x) in µm.

    Raises
    ------
    ValueError
        When the surface has a hole.
    """
    solid = voxelise(mesh.vertices, mesh.faces)
    return skeleton_from_field(solid.smoothed()).paths if solid.mask.any() else ()


def moved(paths_um: tuple[FloatArray, ...], transform: FloatArray) -> tuple[FloatArray, ...]:
    """Move centrelines by an affine transform (4, 4), such as an object's ``to_field``.

    Parameters
    ----------
    paths_um : tuple of (N, 3) arrays
        Polylines, (z, y, x) in µm.
    transform : (4, 4) array
        Of (z, y, x, 1) column vectors in µm.
    """
    turn, shift = transform[:3, :3], transform[:3, 3]
    return tuple(path @ turn.T + shift for path in paths_um)
