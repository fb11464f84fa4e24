"""The smoothed mask: one scalar field that gives the surface, the topology and the inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_3dmsl.shapes.morphology import components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIGMA_VOXELS = 1.5
TRUNCATE = 3.0  # the Gaussian ends at 3 sigma; the padding covers it and two voxels more


@dataclass(frozen=True, eq=False)
class SmoothedMask:
    """A mask smoothed by a Gaussian, and the level that keeps its volume.

    Attributes
    ----------
    values
        (z, y, x) float32, padded so that nothing touches the sides.
    level
        ``values > level`` is the shape.
    voxel_um
        Grid step (z, y, x) in µm.
    origin_um
        World position (z, y, x) in µm of the centre of ``values[0, 0, 0]``.
    """

    values: NDArray[np.float32]
    level: float
    voxel_um: tuple[float, float, float]
    origin_um: tuple[float, float, float]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(z, y, x) bool, the shape on the grid."""
        return self.values > self.level


def smooth_mask(
    mask: NDArray[np.bool_],
    voxel_nm: Sequence[float],
    origin_voxel: Sequence[float] = (0.0, 0.0, 0.0),
) -> SmoothedMask:
    """Smooth a mask by a Gaussian of 1.5 voxels (physical) and keep its voxel count.

    The 0.5 level of a smoothed mask lies inside the surface (a ball of 4 voxels loses a fifth of
    its volume); the level here is the one above which as many voxels lie as the mask has. Where
    smoothing would break the mask up or weld its pieces, the Gaussian is made narrower.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    voxel_nm
        Voxel size (z, y, x) in nm.
    origin_voxel
        Index (z, y, x) of the mask's first voxel in the volume; fractions are allowed.

    Raises
    ------
    ValueError
        When the mask is not 3D or empty.
    """
    mask = np.asarray(mask, dtype=bool)
    if mask.ndim != 3 or not mask.any():
        raise ValueError(f"a mask must be 3D with at least one voxel; its shape is {mask.shape}")
    voxel_um = np.asarray(voxel_nm, dtype=float) / 1000
    sigma = SIGMA_VOXELS * np.prod(voxel_um) ** (1 / 3) / voxel_um
    pad = np.ceil(TRUNCATE * sigma).astype(int) + 2
    padded = np.pad(mask, [(int(p), int(p)) for p in pad])
    origin_um = (np.asarray(origin_voxel, dtype=float) - pad) * voxel_um
    pieces = int(components(padded, 26).max())
    for narrowing in (1.0, 0.6, 0.3):
        values = ndimage.gaussian_filter(
            padded.astype(np.float32), sigma * narrowing, truncate=TRUNCATE
        )
        level = _level_of_count(values, int(mask.sum()))
        if int(components(values > level, 26).max()) == pieces:
            break
    z, y, x = voxel_um.tolist()
    oz, oy, ox = origin_um.tolist()
    return SmoothedMask(values, level, (z, y, x), (oz, oy, ox))


def _level_of_count(values: NDArray[np.float32], count: int) -> float:
    """Return the level above which ``count`` voxels lie, half-way to the next lower value."""
    flat = values[values > 0]
    if len(flat) <= count:
        return float(flat.min()) / 2
    position = len(flat) - count
    ordered = np.partition(flat, (position - 1, position))
    return float((ordered[position - 1] + ordered[position]) / 2)
