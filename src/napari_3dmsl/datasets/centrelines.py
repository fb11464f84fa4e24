"""Centrelines of surfaces, once a shape: every pose and image only moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.microscope.columns import LineGrid, columns_on_grid
from napari_3dmsl.shapes.skeleton import skeleton_from_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.mesh import Mesh

VOXEL_UM = 0.024
"""As in the release, whose classes were found on skeletons of such voxels."""

MOST_VOXELS = 10_000_000
FEWEST_ACROSS = 8  # of the thinnest side of its box, however small a shape is


def centrelines_of(mesh: Mesh) -> tuple[FloatArray, ...]:
    """Return the centrelines of a closed surface, in its own frame.

    The surface is drawn into voxels of 24 nm, larger ones when its box is huge, and thinned, see
    `skeleton_from_field`: free ends lie one radius before the tip, the path of a ring is closed.

    Returns
    -------
    tuple of (k, 3) float64
        Polylines, (z, y, x) in µm.

    Raises
    ------
    ValueError
        When the surface has a hole.
    """
    low, high = mesh.bounds_um
    size = high - low
    voxel = min(VOXEL_UM, float(size.min()) / FEWEST_ACROSS)
    voxel = max(voxel, float(np.cbrt(size.prod() / MOST_VOXELS)))
    mask = _voxels_inside(mesh, low, voxel)
    if not mask.any():
        return ()
    skeleton = skeleton_from_mask(mask, (1000 * voxel,) * 3, (low / voxel).tolist())
    return skeleton.paths


def moved(paths_um: tuple[FloatArray, ...], transform: FloatArray) -> tuple[FloatArray, ...]:
    """Move centrelines by an affine transform (4, 4), such as an object's ``to_field``."""
    turn, shift = transform[:3, :3], transform[:3, 3]
    return tuple(path @ turn.T + shift for path in paths_um)


def _voxels_inside(mesh: Mesh, low_um: FloatArray, voxel_um: float) -> NDArray[np.bool_]:
    """Tell which voxels have their centre inside; the first one's lies at the lowest corner."""
    layers, rows, columns = np.ceil((mesh.bounds_um[1] - low_um) / voxel_um).astype(int) + 1
    grid = LineGrid(low_um[1:], np.full(2, voxel_um), (rows, columns))
    found = columns_on_grid(mesh.vertices, mesh.faces, grid)
    # Along each line, 1 where a piece begins and -1 behind its end sum up to 1 inside.
    steps = np.zeros((layers + 1, rows * columns), dtype=np.int8)
    for ends, step in ((found.low_um, 1), (found.high_um, -1)):
        layer = np.clip(np.ceil((ends - low_um[0]) / voxel_um), 0, layers).astype(np.int64)
        np.add.at(steps, (layer, found.line), step)
    inside: NDArray[np.bool_] = np.cumsum(steps[:-1], axis=0, dtype=np.int8) > 0
    return inside.reshape(layers, rows, columns)
