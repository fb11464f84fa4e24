"""Gaps of a mask that smoothing has bridged: an open ring made a donut, a hairpin a plate."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.morphology import components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REACH = 4 / 3  # sigmas: as far from a wall the smoothed surface may lie
AROUND = (
    8 / 3
)  # sigmas: walls that meet no further away are a pit or a crack, which smoothing heals
DIRECTIONS = [way for way in itertools.product((-1, 0, 1), repeat=3) if way > (0, 0, 0)]


def bridges_gap(mask: NDArray[np.bool_], solid: NDArray[np.bool_], sigma: Sequence[float]) -> bool:
    """Tell whether a smoothed mask joins parts of the mask that lie apart.

    A weld may make a handle (a ring closes) or none (the arms of a hairpin grow together), so
    handles are not counted. Instead every voxel that smoothing has added between two walls of the
    mask is looked at: in its neighbourhood the mask must join these walls. It does so around a
    pit, a pinhole or a crack of a rough surface, but not where two arms pass each other.

    Parameters
    ----------
    mask, solid
        (z, y, x) bool, before and after smoothing, padded by 3 sigma or more.
    sigma
        Width of the Gaussian (z, y, x) in voxels, before any narrowing.
    """
    places, first, second = _walls(mask, solid, sigma)
    wide = tuple(max(round(AROUND * float(width)), 1) for width in sigma)
    for radius in (tuple(-(-side // 2) for side in wide), wide):  # most are decided nearby
        apart = ~_joined(mask, places, first, second, radius)
        places, first, second = places[apart], first[apart], second[apart]
    return len(places) > 0


def _walls(
    mask: NDArray[np.bool_], solid: NDArray[np.bool_], sigma: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return flat indices of added voxels, and of the voxels of the mask on their two sides."""
    flat = mask.ravel()
    added = np.flatnonzero(solid.ravel() & ~flat)
    strides = np.array(mask.strides)
    found = []
    for way in DIRECTIONS:
        stride = int(np.dot(way, strides))
        along = min(width for width, step in zip(sigma, way, strict=True) if step)
        steps = np.arange(1, max(round(REACH * along), 1) + 1)[:, None] * stride
        ahead, behind = flat[added + steps], flat[added - steps]
        between = ahead.any(axis=0) & behind.any(axis=0)
        place = added[between]
        first = place + steps[ahead[:, between].argmax(axis=0), 0]
        second = place - steps[behind[:, between].argmax(axis=0), 0]
        found.append(np.stack([place, first, second]))
    places, first, second = np.concatenate(found, axis=1)
    return places, first, second


def _joined(
    mask: NDArray[np.bool_],
    places: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    radius: tuple[int, ...],
) -> NDArray[np.bool_]:
    """Tell which pairs of voxels are connected within the box of the mask around their place."""
    if len(places) == 0:
        return np.zeros(0, dtype=bool)
    middles, number = np.unique(places, return_inverse=True)
    offsets = [
        np.arange(-side, side + 1) * step for side, step in zip(radius, mask.strides, strict=True)
    ]
    box = offsets[0][:, None, None] + offsets[1][:, None] + offsets[2]
    # All boxes in one stack, a plane of nothing between them: labelled at once.
    depth = box.shape[0] + 1
    stack = np.zeros((len(middles), depth, *box.shape[1:]), dtype=bool)
    stack[:, :-1] = mask.ravel()[middles[:, None, None, None] + box]
    labels = components(stack.reshape(-1, *box.shape[1:]), 26).reshape(stack.shape)
    ends = []
    for voxel in (first, second):
        place = np.stack(np.unravel_index(voxel, mask.shape))
        place -= np.stack(np.unravel_index(middles[number], mask.shape))
        ends.append(labels[number, *(place + np.array(radius)[:, None])])
    return np.asarray(ends[0] == ends[1])
