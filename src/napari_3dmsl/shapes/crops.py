"""Instances cut out of their volume one by one: all that measuring one needs, small enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.downsampling import Blocks, block_counts
from napari_3dmsl.shapes.morphology import Known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.extraction import Extraction
    from napari_3dmsl.shapes.morphology import Box
    from napari_3dmsl.volumes.labels import VoxelNm

SHARE = 2  # of the volume that all boxes together may be; mitochondria take 0.1 to 0.5 of it
ALWAYS = 1 << 26  # voxels in boxes that take seconds, however small the volume is
SMALLEST = 1 << 15  # no limit for a box is less


@dataclass(frozen=True, eq=False)
class Crop:
    """One instance and where it lies.

    Attributes
    ----------
    label
        Its number in the extraction.
    mask
        (Z, Y, X) bool, the instance in its box; in blocks of the extraction's voxels where it
        sprawls, see `measuring_blocks`.
    voxel_nm
        Voxel size (z, y, x) of the mask in nm.
    origin_um
        (3,): centre of the mask's first voxel in µm.
    voxel_count
        Voxels of the instance in the extraction.
    volume_um3
        Volume of these in µm³.
    bounds_um
        (2, 3): lowest and highest corner (z, y, x) of the box of these in µm.
    centroid_um
        (3,): mean of their centres (z, y, x) in µm.
    at_border
        For each axis whether its box begins with the volume, and whether it ends with it.
    touches_border, parent
        See `Extraction`.
    """

    label: int
    mask: NDArray[np.bool_]
    voxel_nm: VoxelNm
    origin_um: NDArray[np.float64]
    voxel_count: int
    volume_um3: float
    bounds_um: NDArray[np.float64]
    centroid_um: NDArray[np.float64]
    at_border: tuple[tuple[bool, bool], ...]
    touches_border: bool
    parent: int


def iter_crops(extraction: Extraction) -> Iterator[Crop]:
    """Cut out one instance after the other, in the order of their labels.

    Parameters
    ----------
    extraction
        The instances.
    """
    known = extraction.known
    blocks = measuring_blocks(known.boxes, extraction.voxel_nm, extraction.labels.size)
    for index, edges in enumerate(blocks):
        yield _crop(extraction, known, index, edges)


def measuring_blocks(boxes: Sequence[Box], voxel_nm: VoxelNm, volume_voxels: int) -> list[Blocks]:
    """Return for each instance the blocks of voxels that are one voxel when it is measured.

    Measuring takes as long as the box of an instance is large. The boxes of mitochondria are
    together less than their volume; those of cells that sprawl through all of it, such as neurons,
    can be a hundred times as much. So that the time stays linear in the volume, the boxes may
    together hold twice its voxels: if there are more, the largest boxes are looked at in
    blocks of voxels until they fit. Everything else is measured on the voxels of the extraction.

    Parameters
    ----------
    boxes
        Of the instances.
    voxel_nm
        Voxel size (z, y, x); blocks become cubes as far as they can.
    volume_voxels
        Of the whole volume.
    """
    sizes = [[side.stop - side.start for side in box] for box in boxes]
    allowed = max(SHARE * volume_voxels, ALWAYS)
    limit = max((math.prod(size) for size in sizes), default=0)
    while True:
        blocks = [_blocks_for(size, voxel_nm, limit) for size in sizes]
        taken = sum(_voxels(*pair) for pair in zip(sizes, blocks, strict=True))
        if taken <= allowed or limit <= SMALLEST:
            return blocks
        limit //= 2


def sprawl(blocks: Sequence[Blocks]) -> str:
    """Say how many instances are measured in blocks of voxels, if any are.

    Parameters
    ----------
    blocks
        Edges (z, y, x) in voxels of the blocks of each instance; (1, 1, 1) where it is not divided.
    """
    coarse = [edges for edges in blocks if max(edges) > 1]
    if not coarse:
        return ""
    are = "shape sprawls and is" if len(coarse) == 1 else "shapes sprawl and are"
    return (
        f"{len(coarse)} {are} measured and drawn on voxels up to {max(map(max, coarse))} times as "
        "long, because the boxes around all shapes are far larger than the volume: thin parts of "
        "them may be lost, and distances between neighbours are not measured; volumes are exact"
    )


def _blocks_for(size: Sequence[int], voxel_nm: VoxelNm, limit: int) -> Blocks:
    """Return the smallest blocks, of about equal sides, with which a box keeps the limit."""
    times = 1
    blocks: Blocks = (1, 1, 1)
    while _voxels(size, blocks) > limit:
        times += 1
        z, y, x = (max(1, round(times * min(voxel_nm) / side)) for side in voxel_nm)
        blocks = z, y, x
    return blocks


def _voxels(size: Sequence[int], blocks: Blocks) -> int:
    return math.prod(-(-length // edge) for length, edge in zip(size, blocks, strict=True))


def _crop(extraction: Extraction, known: Known, index: int, blocks: Blocks) -> Crop:
    label, box = index + 1, known.boxes[index]
    voxel_um = np.array(extraction.voxel_nm) / 1000
    start = np.array([side.start for side in box])
    stop = np.array([side.stop for side in box])
    origin_um = np.array(extraction.origin_um)
    count = int(known.counts[index])
    z, y, x = (size * edge for size, edge in zip(extraction.voxel_nm, blocks, strict=True))
    return Crop(
        label=label,
        mask=_mask(extraction.labels[box], label, count, blocks),
        voxel_nm=(z, y, x),
        origin_um=(start + (np.array(blocks) - 1) / 2) * voxel_um + origin_um,
        voxel_count=count,
        volume_um3=count * float(np.prod(voxel_um)),
        bounds_um=np.array([start - 0.5, stop - 0.5]) * voxel_um + origin_um,
        centroid_um=known.centroids[index] * voxel_um + origin_um,
        at_border=tuple(
            (side.start == 0, side.stop == length)
            for side, length in zip(box, extraction.labels.shape, strict=True)
        ),
        touches_border=bool(extraction.touches_border[index]),
        parent=int(extraction.parents[index]),
    )


def _mask(labels: NDArray[np.int32], label: int, count: int, blocks: Blocks) -> NDArray[np.bool_]:
    """Return where the label is; of blocks the fullest, as many as keep its volume, at least 1."""
    if max(blocks) == 1:
        return np.asarray(labels == label)
    whole = [-(-length // edge) * edge for length, edge in zip(labels.shape, blocks, strict=True)]
    mask = np.zeros(whole, dtype=bool)
    np.equal(labels, label, out=mask[tuple(slice(length) for length in labels.shape)])
    counts = block_counts(mask, blocks)
    by_count = np.bincount(counts.ravel())
    as_full = np.cumsum(by_count[:0:-1])[::-1]  # how many blocks hold at least 1, 2 … voxels
    wanted = max(1, round(count / math.prod(blocks)))
    return np.asarray(counts > np.flatnonzero(as_full >= wanted)[-1])
