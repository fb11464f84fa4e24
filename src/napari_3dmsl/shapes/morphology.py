"""Erosion and regrowth with one exact physical ball, so that nothing is shifted or invented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import ndimage

from napari_3dmsl.shapes.packed_erosion import erode_packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Box = tuple[slice, slice, slice]

LARGEST_STRUCTURE = 1000  # ball voxels; beyond, a distance transform is faster than a structure
COUNTED_AT_ONCE = 1 << 20  # voxels: counting widens them to 8 bytes each
WIDEST, TOUCH = 3.5, 0.92  # voxels; of √(depth · voxel): measured on UroCell and touching balls
TOLERANCE = 1e-6  # so that voxels exactly on the ball's surface count as inside on every machine


def ball(radius: float, voxel: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return the centred ball ``distance <= radius``, odd along every axis.

    Parameters
    ----------
    radius
        In the unit of ``voxel``.
    voxel
        Voxel size (z, y, x). skimage's ``ball(3.5)`` is even-sized and shifts what it erodes.
    """
    axes = [np.arange(-int(radius / v + TOLERANCE), int(radius / v + TOLERANCE) + 1) for v in voxel]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    distance_sq = (z * voxel[0]) ** 2 + (y * voxel[1]) ** 2 + (x * voxel[2]) ** 2
    return np.asarray(distance_sq <= (radius + TOLERANCE) ** 2)


def erode(
    mask: NDArray[np.bool_], radius: float, voxel: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Keep the voxels whose ball lies inside the mask; beyond the volume counts as inside.

    Parameters
    ----------
    mask
        (z, y, x).
    radius
        In the unit of ``voxel``; 0 returns the mask.
    voxel
        Voxel size (z, y, x).
    """
    structure = ball(radius, voxel)
    if structure.size == 1:
        return mask
    if structure.sum() <= LARGEST_STRUCTURE:
        return erode_packed(mask, structure)
    result = np.zeros_like(mask)
    pieces = components(mask, 26)
    for label, box in boxes(pieces):
        # A voxel's nearest background touches its own 26-connected piece: the crop suffices.
        crop = grow_box(box, (1, 1, 1), mask.shape)
        inside = mask[crop]
        if inside.all():
            deep = np.ones_like(inside)
        else:
            deep = ndimage.distance_transform_edt(inside, sampling=voxel) > radius + TOLERANCE
        result[crop] |= deep & (pieces[crop] == label)
    return result


def components(mask: NDArray[Any], connectivity: int) -> NDArray[np.int32]:
    """Label the connected components of a mask 1..n (6-, 18- or 26-connected).

    Parameters
    ----------
    mask
        (Z, Y, X) bool; of integers each value is a component of its own.
    connectivity
        Neighbours of a voxel: 6, 18 or 26.
    """
    import cc3d

    # Bytes, for bool it has too little room in volumes of one plane ("maximum length exception").
    labels = cc3d.connected_components(
        np.ascontiguousarray(mask).view(np.uint8), connectivity=connectivity, out_dtype=np.uint32
    )
    return np.asarray(labels).view(np.int32)


def count_components(mask: NDArray[np.bool_], connectivity: int) -> int:
    """Return the number of connected components of a mask.

    Parameters
    ----------
    mask
        (Z, Y, X).
    connectivity
        Neighbours of a voxel: 6, 18 or 26.
    """
    import cc3d

    _, count = cc3d.connected_components(
        np.ascontiguousarray(mask).view(np.uint8),
        connectivity=connectivity,
        out_dtype=np.uint32,
        return_N=True,
    )
    return int(count)


def boxes(labels: NDArray[np.int32]) -> list[tuple[int, Box]]:
    """Return (label, bounding box) of every label present, in the order of the labels.

    Parameters
    ----------
    labels
        (Z, Y, X); 0 is background.
    """
    found = enumerate(ndimage.find_objects(labels), start=1)
    return [(label, (box[0], box[1], box[2])) for label, box in found if box is not None]


class Known(NamedTuple):
    """What one pass over labels tells of the labels 1..n.

    Attributes
    ----------
    counts
        (N,) voxels.
    boxes
        Bounding boxes.
    centroids
        (N, 3) mean voxel indices (z, y, x).
    """

    counts: NDArray[np.integer]
    boxes: list[Box]
    centroids: NDArray[np.float64]


def statistics(labels: NDArray[np.int32]) -> Known:
    """Return counts, boxes and centroids of the labels 1..n, every one of which is there.

    Parameters
    ----------
    labels
        (Z, Y, X); 0 is background.
    """
    import cc3d

    found = cc3d.statistics(np.ascontiguousarray(labels).view(np.uint32))
    boxes = [(box[0], box[1], box[2]) for box in found["bounding_boxes"][1:]]
    return Known(found["voxel_counts"][1:], boxes, found["centroids"][1:])


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """Return the box of the voxels of a mask that has at least one.

    Parameters
    ----------
    mask
        (Z, Y, X).
    """
    flat, side = np.any(mask, axis=0), np.any(mask, axis=2)
    sides = []
    for used in (np.any(side, axis=1), np.any(flat, axis=1), np.any(flat, axis=0)):
        places = np.flatnonzero(used)
        sides.append(slice(int(places[0]), int(places[-1]) + 1))
    return sides[0], sides[1], sides[2]


def voxel_counts(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the number of voxels of each label 0..max.

    Parameters
    ----------
    labels
        (Z, Y, X); 0 is background.
    """
    counts = np.zeros(int(labels.max()) + 1, dtype=np.int64)
    planes = max(1, COUNTED_AT_ONCE // max(labels[0].size, 1))
    for start in range(0, len(labels), planes):
        counts += np.bincount(labels[start : start + planes].ravel(), minlength=len(counts))
    return counts


def grow_box(box: Box, margin: tuple[int, int, int], shape: tuple[int, ...]) -> Box:
    """Enlarge a box by a margin on every side, not beyond the volume.

    Parameters
    ----------
    box
        First and last slices (z, y, x).
    margin
        Voxels on each side (z, y, x).
    shape
        Voxels (z, y, x) of the volume.
    """
    grown = [
        slice(max(side.start - extra, 0), min(side.stop + extra, size))
        for side, extra, size in zip(box, margin, shape, strict=True)
    ]
    return grown[0], grown[1], grown[2]


def fill_mask(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int]:
    """Fill the cavities of a mask; return how many voxels that were.

    A cavity is background that no path of face neighbours joins to the border of the volume: a
    hole through a ring stays, and so does one that the border cuts open.

    Parameters
    ----------
    mask
        (Z, Y, X).
    """
    filled = np.asarray(ndimage.binary_fill_holes(mask), dtype=bool)
    return filled, int(np.count_nonzero(filled) - np.count_nonzero(mask))


def fill_instances(labels: NDArray[np.int32]) -> int:
    """Fill the cavities of every instance in place with its label; neighbours keep theirs.

    Parameters
    ----------
    labels
        (Z, Y, X), changed in place; 0 is background.

    Returns
    -------
    int
        Voxels that were filled.
    """
    total = 0
    for label, box in boxes(labels):
        crop = labels[box]
        cavity = np.asarray(ndimage.binary_fill_holes(crop == label)) & (crop == 0)
        crop[cavity] = label
        total += int(np.count_nonzero(cavity))
    return total


def dilate_instances(
    markers: NDArray[np.int32],
    radius: float,
    voxel: tuple[float, float, float],
    step: Callable[[int, int], None],
) -> NDArray[np.int32]:
    """Dilate every instance by the ball on its own (the paper's regrowth).

    An instance takes only free voxels, never one of a neighbour; between two that reach the same
    voxel, the lower label has it.

    Parameters
    ----------
    markers
        (Z, Y, X) eroded instances; 0 is background.
    radius
        Of the ball, in the unit of ``voxel``.
    voxel
        Size (z, y, x) of a voxel.
    step
        Called with (instances done, instances) after each.
    """
    result = markers.copy()
    reach = tuple(int(radius / v + TOLERANCE) + 1 for v in voxel)
    margin = (reach[0], reach[1], reach[2])
    found = boxes(markers)
    for done, (label, box) in enumerate(found):
        step(done, len(found))
        crop = grow_box(box, margin, markers.shape)
        distance = ndimage.distance_transform_edt(markers[crop] != label, sampling=voxel)
        target = result[crop]
        target[(distance <= radius + TOLERANCE) & (target == 0)] = label
    return result


def regrow_in_mask(
    mask: NDArray[np.bool_],
    markers: NDArray[np.int32],
    voxel: tuple[float, float, float],
    connectivity: int,
    neck: float,
    step: Callable[[int, int], None],
) -> NDArray[np.int32]:
    """Grow the markers back inside the mask by watershed: nothing lost, nothing invented.

    A component with one marker is that instance, a component without a marker is kept whole as
    an instance of its own; only components with several markers are divided, at necks that are
    less deep than ``neck`` times the shallower part, along the surface where the distance to the
    background is smallest.

    Parameters
    ----------
    mask
        (Z, Y, X) foreground before the erosion.
    markers
        (Z, Y, X) eroded instances; 0 is background.
    voxel
        Size (z, y, x) of a voxel, in any unit.
    connectivity
        Neighbours of a voxel: 6, 18 or 26.
    neck
        0 to 1; with 0 any two markers part their component.
    step
        Called with (components done, components) after each.
    """
    pieces = components(mask, connectivity)
    piece_of_marker = np.zeros(int(markers.max()) + 1, dtype=np.int64)
    inside = markers > 0
    piece_of_marker[markers[inside]] = pieces[inside]
    markers_in_piece = np.bincount(piece_of_marker[1:], minlength=int(pieces.max()) + 1)
    label_of_piece = np.zeros(len(markers_in_piece), dtype=np.int32)
    label_of_piece[piece_of_marker[1:]] = np.arange(1, len(piece_of_marker))
    unmarked = np.flatnonzero(markers_in_piece == 0)[1:]  # the first is the background
    label_of_piece[unmarked] = len(piece_of_marker) + np.arange(len(unmarked))
    label_of_piece[0] = 0
    result = label_of_piece[pieces]
    shared = [(piece, box) for piece, box in boxes(pieces) if markers_in_piece[piece] > 1]
    for done, (piece, box) in enumerate(shared):
        step(done, len(shared))
        crop = grow_box(box, (1, 1, 1), mask.shape)
        region = pieces[crop] == piece
        result[crop][region] = divide(region, markers[crop], voxel, connectivity, neck)[region]
    return result


def divide(
    region: NDArray[np.bool_],
    markers: NDArray[np.int32],
    voxel: tuple[float, float, float],
    connectivity: int,
    neck: float,
) -> NDArray[np.int32]:
    """Divide one component with several markers: the part for `regrow_in_mask`.

    Parameters
    ----------
    region
        (Z, Y, X) the component, with a margin of a voxel except at the border of the volume.
    markers
        (Z, Y, X) labels; those in the region count.
    voxel, connectivity, neck
        See `regrow_in_mask`.

    Returns
    -------
    numpy.ndarray
        (Z, Y, X) label of each voxel of the region.
    """
    from skimage.segmentation import watershed

    depth = ndimage.distance_transform_edt(region, sampling=voxel)
    # skimage's watershed is silently wrong on arrays that are not C-contiguous.
    divided = watershed(
        np.ascontiguousarray(-depth),
        np.ascontiguousarray(np.where(region, markers, 0)),
        connectivity={6: 1, 18: 2, 26: 3}[connectivity],
        mask=region,
    )
    return _rejoin(np.asarray(divided, dtype=np.int32), depth, min(voxel), neck)


def _rejoin(
    divided: NDArray[np.int32], depth: NDArray[np.float64], voxel: float, neck: float
) -> NDArray[np.int32]:
    """Undo the divisions that are no necks: a tube as thin as the ball erodes into many markers.

    Two parts stay apart when the neck between them (the deepest point of their common face) is
    less than ``neck`` times as deep as the shallower part, and no deeper than voxels make it where
    bodies only touch; the deepest necks are looked at first.
    """
    values, parts = np.unique(divided, return_inverse=True)
    parts = parts.reshape(divided.shape)
    deepest = np.asarray(ndimage.maximum(depth, parts, np.arange(len(values))), dtype=float)
    joined = np.arange(len(values))
    for through, first, second in _necks(parts, depth):
        a, b = joined[first], joined[second]
        shallower = min(deepest[a], deepest[b])
        if a != b and (through >= neck * shallower or through > _touching(shallower, voxel)):
            joined[joined == b] = a
            deepest[a] = max(deepest[a], deepest[b])
    return np.asarray(values[joined][parts], dtype=np.int32)


def _touching(depth: float, voxel: float) -> float:
    """Return how deep (to the next background) a neck is at most that voxels make between bodies.

    Two balls of radius R that touch are closer than a voxel v as far as √(R v) from where they do.
    A deeper neck was seen in the data: on fine grids a constriction of one mitochondrion.
    """
    return max(WIDEST * voxel, TOUCH * float(np.sqrt(depth * voxel)) + voxel / 2)


def _necks(parts: NDArray[np.intp], depth: NDArray[np.float64]) -> list[tuple[float, int, int]]:
    """Return (depth of the neck, part, part) of all parts > 0 that meet, the deepest first."""
    count = int(parts.max()) + 1
    pairs, depths = [], []
    for axis in range(3):
        a, b = np.moveaxis(parts, axis, 0)[:-1], np.moveaxis(parts, axis, 0)[1:]
        meet = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.minimum(a, b)[meet] * count + np.maximum(a, b)[meet])
        along = np.moveaxis(depth, axis, 0)
        depths.append(np.minimum(along[:-1], along[1:])[meet])
    keys, index = np.unique(np.concatenate(pairs), return_inverse=True)
    necks = np.zeros(len(keys))
    np.maximum.at(necks, index, np.concatenate(depths))
    found = zip(necks.tolist(), (keys // count).tolist(), (keys % count).tolist(), strict=True)
    return sorted(found, reverse=True)
