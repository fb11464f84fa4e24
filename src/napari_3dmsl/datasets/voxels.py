"""A closed surface as voxels, and voxels as a closed surface with its centreline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.microscope.columns import columns_inside
from napari_3dmsl.shapes.field import SmoothedMask, smooth_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray

VOXEL_UM = 0.024
"""Side of a voxel: that of the labels from which the 3DMSL shapes were made."""

MOST_VOXELS = 2e7  # in the box of a shape; a larger one gets larger voxels


@dataclass(frozen=True, eq=False)
class Voxels:
    """A solid on a grid.

    Attributes
    ----------
    mask : (z, y, x) bool
    voxel_um : (3,) float64
        Sides of a voxel.
    origin_um : (3,) float64
        Centre of the first voxel.
    """

    mask: NDArray[np.bool_]
    voxel_um: FloatArray
    origin_um: FloatArray

    def centres_um(self) -> FloatArray:
        """Centres of the voxels inside, (n, 3), in the order of ``np.argwhere(mask)``."""
        centres: FloatArray = np.argwhere(self.mask) * self.voxel_um + self.origin_um
        return centres

    def smoothed(self, mask: NDArray[np.bool_] | None = None) -> SmoothedMask:
        """Return the smooth field of the solid, or of another mask on the same grid."""
        chosen = self.mask if mask is None else mask
        first = self.origin_um / self.voxel_um
        return smooth_mask(chosen, (1000.0 * self.voxel_um).tolist(), first.tolist())


def voxelise(vertices_um: FloatArray, faces: NDArray[np.integer]) -> Voxels:
    """Return the voxels whose centres lie inside a closed surface.

    Whole voxels fill the box of the surface, so their sides are a little below `VOXEL_UM`. Surfaces
    that overlap and are wound the same way give the union of their solids.

    Parameters
    ----------
    vertices_um : (v, 3) array
        (z, y, x).
    faces : (f, 3) integers
    """
    low = vertices_um.min(axis=0)
    size = np.maximum(vertices_um.max(axis=0) - low, 1e-6)
    side = max(VOXEL_UM, float(np.cbrt(np.prod(size) / MOST_VOXELS)))
    shape = np.ceil(size / side).astype(int)
    voxel = size / shape
    origin = low + 0.5 * voxel
    columns = columns_inside(vertices_um[faces], side)
    line = np.round((columns.yx_um - origin[1:]) / voxel[1:]).astype(int)
    # Each piece of a line counts 1 from its first voxel on, and no more from the first beyond.
    steps = np.zeros((shape[0] + 1, shape[1], shape[2]), dtype=np.int16)
    for height, step in ((columns.low_um, 1), (columns.high_um, -1)):
        plane = np.clip(np.ceil((height - origin[0]) / voxel[0]), 0, shape[0]).astype(int)
        np.add.at(steps, (plane, line[:, 0], line[:, 1]), step)
    return Voxels(np.cumsum(steps[:-1], axis=0, dtype=np.int16) > 0, voxel, origin)
