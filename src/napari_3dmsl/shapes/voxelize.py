"""A closed surface as voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.geometry.line_crossings import LineGrid, lines_on_grid
from napari_3dmsl.shapes.smoothed_mask import SmoothedMask, smooth_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray

VOXEL_UM = 0.024
"""Side of a voxel: that of the labels from which the shapes of the release were made."""

MOST_VOXELS = 20_000_000  # in the box of a shape; a larger one gets larger voxels
FEWEST_ACROSS = 8  # of the thinnest side of its box, however small a shape is


@dataclass(frozen=True, eq=False)
class Voxels:
    """A solid on a grid.

    Attributes
    ----------
    mask : (Z, Y, X) bool
    voxel_um : float
        Side of a voxel.
    origin_um : (3,) float64
        Centre of the first voxel.
    """

    mask: NDArray[np.bool_]
    voxel_um: float
    origin_um: FloatArray

    def centres_um(self) -> FloatArray:
        """Centres of the voxels inside, (N, 3), in the order of ``np.argwhere(mask)``."""
        centres: FloatArray = np.argwhere(self.mask) * self.voxel_um + self.origin_um
        return centres

    def smoothed(self, mask: NDArray[np.bool_] | None = None) -> SmoothedMask:
        """Return the smooth field of the solid, or of another mask on the same grid.

        Parameters
        ----------
        mask : (Z, Y, X) bool, optional
            By default the solid itself.
        """
        chosen = self.mask if mask is None else mask
        first = self.origin_um / self.voxel_um
        return smooth_mask(chosen, (1000.0 * self.voxel_um,) * 3, first.tolist())


def voxelise(vertices_um: FloatArray, faces: NDArray[np.integer]) -> Voxels:
    """Return the voxels whose centres lie inside a closed surface.

    Surfaces that overlap and are wound the same way give the union of their solids.

    Parameters
    ----------
    vertices_um : (N, 3) array
        (z, y, x).
    faces : (F, 3) integers
        Corners of each triangle, in their order.

    Raises
    ------
    ValueError
        When the surface has a hole, or is flat.
    """
    low, high = vertices_um.min(axis=0), vertices_um.max(axis=0)
    size = high - low
    if not size.min() > 0:
        raise ValueError("the surface is flat, so it encloses nothing")
    side = min(VOXEL_UM, float(size.min()) / FEWEST_ACROSS)
    side = max(side, float(np.cbrt(size.prod() / MOST_VOXELS)))
    shape = np.ceil(size / side).astype(np.int64)
    first = 0.5 * (low + high) - 0.5 * side * (shape - 1.0)
    return _drawn(vertices_um, faces, side, first, shape)


def voxels_on_grid(vertices_um: FloatArray, faces: NDArray[np.integer], voxel_um: float) -> Voxels:
    """Return the voxels inside a closed surface on a grid that all surfaces share.

    Parameters
    ----------
    vertices_um : (N, 3) array
        (z, y, x).
    faces : (F, 3) integers
        Corners of each triangle, in their order.
    voxel_um : float
        Side of a voxel; centres lie at whole multiples of it. The box has a voxel around the shape.

    Raises
    ------
    ValueError
        When the surface has a hole, or its box has more than 20 million voxels.
    """
    first = np.floor(vertices_um.min(axis=0) / voxel_um) - 1
    shape = np.ceil(vertices_um.max(axis=0) / voxel_um) - first + 2
    if shape.prod() > MOST_VOXELS:
        raise ValueError(
            f"the surface takes {shape.prod():.3g} voxels of {1000 * voxel_um:g} nm; "
            f"{MOST_VOXELS:,} are allowed"
        )
    return _drawn(vertices_um, faces, voxel_um, first * voxel_um, shape.astype(np.int64))


def _drawn(
    vertices_um: FloatArray,
    faces: NDArray[np.integer],
    side: float,
    first: FloatArray,
    shape: NDArray[np.int64],
) -> Voxels:
    """Draw a surface into a grid of cubes that begins with a centre."""
    layers, rows, columns = shape.tolist()
    grid = LineGrid(first[1:], np.full(2, side), (rows, columns))
    found = lines_on_grid(vertices_um, faces, grid)
    # Along each line, 1 where a piece begins and -1 behind its end sum up to 1 inside.
    steps = np.zeros((layers + 1, rows * columns), dtype=np.int16)
    for height, step in ((found.low_um, 1), (found.high_um, -1)):
        layer = np.clip(np.ceil((height - first[0]) / side), 0, layers).astype(np.int64)
        np.add.at(steps, (layer, found.line), step)
    inside = np.cumsum(steps[:-1], axis=0, dtype=np.int16) > 0
    return Voxels(inside.reshape(layers, rows, columns), side, first)
