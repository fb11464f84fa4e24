"""Gaps of a mask that smoothing would bridge: an open ring made a donut, a hairpin a plate."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.morphology import bounding_box, components, count_components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REACH = 4 / 3  # sigmas: as far from a wall the smoothed surface may lie
AROUND = (
    8 / 3
)  # sigmas: walls that meet no further away are a pit or a crack, which smoothing heals
DIRECTIONS = [way for way in itertools.product((-1, 0, 1), repeat=3) if way > (0, 0, 0)]
AT_ONCE = 4096  # places looked at together: some 20 MB
THICK = 12  # voxels in the neighbourhood: less is a line of single voxels


def bridges_gap(mask: NDArray[np.bool_], solid: NDArray[np.bool_], sigma: Sequence[float]) -> bool:
    """Tell whether a smoothed mask joins parts of the mask that lie apart.

    A weld may make a handle (a ring closes) or none (the arms of a hairpin grow together), so
    handles are not counted. Instead every voxel that smoothing has added between two walls of the
    mask is looked at: in its neighbourhood the mask must join these walls. It does so around a
    pit, a pinhole or a crack of a rough surface, but not where two arms pass each other.

    Parameters
    ----------
    mask, solid
        (Z, Y, X) bool, before and after smoothing, padded by 3 sigma or more.
    sigma
        Width of the Gaussian (z, y, x) in voxels, before any narrowing.
    """
    between = _walls(mask, solid, sigma)
    wide = _radius(sigma)
    near = tuple(-(-side // 2) for side in wide)  # decides most
    for start in range(0, between.shape[1], AT_ONCE):
        places, *walls = between[:, start : start + AT_ONCE]
        for radius in (near, wide):
            labels = _ends(mask, places, walls, radius, 26)[0]
            apart = labels[0] != labels[1]
            places, walls = places[apart], [wall[apart] for wall in walls]
        if len(places):
            return True
    return False


def open_corners(mask: NDArray[np.bool_], sigma: Sequence[float]) -> NDArray[np.bool_]:
    """Open gaps across which voxels touch at corners or edges only.

    Both sides of an oblique gap of one voxel touch so, though no voxel of one shares a face with
    one of the other. One voxel of every such pair is taken away where both sides are thicker than
    a line of single voxels; the mask is returned as it is if that would break it up.

    Parameters
    ----------
    mask
        (Z, Y, X) bool, padded by 3 sigma or more.
    sigma
        Width of the Gaussian (z, y, x) in voxels.
    """
    first, second = _corner_pairs(mask)
    if len(first) == 0:
        return mask
    sizes = _ends(mask, first, [first, second], _radius(sigma), 6)[1]
    thick = (sizes >= THICK).all(axis=0)
    opened = mask.copy()
    opened.ravel()[first[thick]] = False
    box = bounding_box(mask)
    whole = count_components(opened[box], 26) == count_components(mask[box], 26)
    return opened if whole else mask


def _radius(sigma: Sequence[float]) -> tuple[int, ...]:
    """Return how far (voxels) the neighbourhood of a place reaches along each axis."""
    return tuple(max(round(AROUND * float(width)), 1) for width in sigma)


def _walls(
    mask: NDArray[np.bool_], solid: NDArray[np.bool_], sigma: Sequence[float]
) -> NDArray[np.int64]:
    """Return (3, n) flat indices: added voxels and, on their two sides, voxels of the mask."""
    flat = mask.ravel()
    added = np.flatnonzero(solid.ravel() & ~flat)
    found = []
    for way in DIRECTIONS:
        stride = int(np.dot(way, mask.strides))
        along = min(width for width, step in zip(sigma, way, strict=True) if step)
        steps = np.arange(1, max(round(REACH * along), 1) + 1)[:, None] * stride
        ahead, behind = flat[added + steps], flat[added - steps]
        between = ahead.any(axis=0) & behind.any(axis=0)
        place = added[between]
        first = place + steps[ahead[:, between].argmax(axis=0), 0]
        second = place - steps[behind[:, between].argmax(axis=0), 0]
        found.append(np.stack([place, first, second]))
    return np.concatenate(found, axis=1)


def _corner_pairs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (2, n) flat indices of voxels that touch, but not by faces, not even of others."""
    flat, strides = mask.ravel(), np.array(mask.strides)
    bare = np.flatnonzero(flat)
    covered = np.ones(len(bare), dtype=bool)
    for stride in strides:
        covered &= flat[bare + stride] & flat[bare - stride]
    bare = bare[~covered]
    found = []
    for way in DIRECTIONS:
        steps = [sign * stride for sign, stride in zip(way, strides, strict=True) if sign]
        if len(steps) == 1:
            continue
        first = bare[flat[bare + sum(steps)]]
        second = first + sum(steps)
        joined = np.zeros(len(first), dtype=bool)
        for there, back in itertools.permutations(steps, 2):
            if len(steps) == 2:
                joined |= flat[first + there]
            else:
                joined |= flat[first + there] & flat[second - back]
        found.append(np.stack([first, second])[:, ~joined])
    return np.concatenate(found, axis=1)


def _ends(
    mask: NDArray[np.bool_],
    places: NDArray[np.int64],
    ends: Sequence[NDArray[np.int64]],
    radius: tuple[int, ...],
    connectivity: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label the mask in a box around each place; return labels of the ends and their voxels.

    Returns
    -------
    labels, sizes
        (2, n) number of the part that each of the two ends is in, and how many voxels it has.
    """
    if len(places) == 0:
        return np.zeros((2, 0), dtype=np.int32), np.zeros((2, 0), dtype=np.int64)
    middles, number = np.unique(places, return_inverse=True)
    z, y, x = (
        np.arange(-side, side + 1) * step for side, step in zip(radius, mask.strides, strict=True)
    )
    box = z[:, None, None] + y[:, None] + x
    # All boxes in one stack, a plane of nothing between them: labelled at once.
    stack = np.zeros((len(middles), box.shape[0] + 1, *box.shape[1:]), dtype=bool)
    stack[:, :-1] = mask.ravel()[middles[:, None, None, None] + box]
    parts = components(stack.reshape(-1, *box.shape[1:]), connectivity)
    parts = parts.reshape(stack.shape)
    found = []
    for end in ends:
        away = np.stack(np.unravel_index(end, mask.shape))
        away -= np.stack(np.unravel_index(places, mask.shape))
        found.append(parts[number, *(away + np.array(radius)[:, None])])
    labels = np.stack(found)
    return labels, np.bincount(parts.ravel())[labels]
