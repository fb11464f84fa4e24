"""Instances cut out of their volume one by one: all that measuring one needs, small enough."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.shapes.downsampling import Blocks, block_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.extraction import Extraction
    from napari_3dmsl.shapes.morphology import Box
    from napari_3dmsl.volumes.labels import VoxelNm

SHARE = 2  # of the volume that all boxes together may be; mitochondria take 0.1 to 0.5 of it
ALWAYS = 1 << 26  # voxels in boxes that take seconds, however small the volume is
SMALLEST = 1 << 15  # no limit for a box is less
PADDED = 16  # voxels that smoothing adds to a side of a box
BYTES_A_VOXEL, BYTES_INSIDE = 14, 66  # measured on tubes, nets and balls of 3 to 26 million voxels
READ_AT_ONCE = 1 << 22  # voxels of a box, 16 MiB as int32


@dataclass(frozen=True, eq=False)
class CropPlan:
    """One instance and where it lies: what is known of it before its voxels are read.

    Attributes
    ----------
    label
        Its number in the extraction.
    box
        Where it lies in the labels.
    blocks
        Edges (z, y, x) of the blocks of the extraction's voxels that are a voxel of its mask:
        (1, 1, 1) unless it sprawls, see `measuring_blocks`.
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
    box: Box
    blocks: Blocks
    voxel_nm: VoxelNm
    origin_um: NDArray[np.float64]
    voxel_count: int
    volume_um3: float
    bounds_um: NDArray[np.float64]
    centroid_um: NDArray[np.float64]
    at_border: tuple[tuple[bool, bool], ...]
    touches_border: bool
    parent: int

    @property
    def measuring_bytes(self) -> int:
        """Memory that measuring it takes, at most."""
        return _measuring_bytes(_size(self.box), self.voxel_count, self.blocks)

    def cut(self, labels: Any) -> Crop:
        """Read its voxels.

        Parameters
        ----------
        labels
            (Z, Y, X) of the extraction: an array, or what gives one for three slices. A large box
            is read part by part.
        """
        return Crop(**vars(self), mask=_mask(labels, self))


@dataclass(frozen=True, eq=False)
class Crop(CropPlan):
    """One instance and where it lies.

    Attributes
    ----------
    mask
        (Z, Y, X) bool, the instance in its box; in blocks of the extraction's voxels where it
        sprawls, see `measuring_blocks`.
    """

    mask: NDArray[np.bool_]


def iter_crops(extraction: Extraction) -> Iterator[Crop]:
    """Cut out one instance after the other, in the order of their labels.

    Parameters
    ----------
    extraction
        The instances.
    """
    for plan in plan_crops(extraction):
        yield plan.cut(extraction.labels)


def plan_crops(extraction: Extraction, most_bytes: int | None = None) -> list[CropPlan]:
    """Return where the instances lie, in the order of their labels; no voxel is read.

    Parameters
    ----------
    extraction
        The instances.
    most_bytes
        For measuring one of them: what takes more is looked at in larger blocks. ``None`` leaves
        that open.
    """
    shape, known = extraction.labels.shape, extraction.known
    blocks = measuring_blocks(known.boxes, extraction.voxel_nm, math.prod(shape))
    if most_bytes is not None:
        blocks = [
            _blocks_within(_size(box), count, edges, extraction.voxel_nm, most_bytes)
            for box, count, edges in zip(known.boxes, known.counts.tolist(), blocks, strict=True)
        ]
    return [_plan(extraction, index, edges) for index, edges in enumerate(blocks)]


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
    sizes = [_size(box) for box in boxes]
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
        "long, because the boxes around shapes are larger than the volume or the "
        "memory allows: thin parts of them may be lost, and distances between neighbours are not "
        "measured; volumes are exact"
    )


def _blocks_for(size: Sequence[int], voxel_nm: VoxelNm, limit: int) -> Blocks:
    """Return the smallest blocks, of about equal sides, with which a box keeps the limit."""
    return next(blocks for blocks in _growing(voxel_nm) if _voxels(size, blocks) <= limit)


def _blocks_within(
    size: Sequence[int], count: int, least: Blocks, voxel_nm: VoxelNm, most_bytes: int
) -> Blocks:
    """Return the smallest blocks, no smaller than some, in which an instance fits into memory."""
    for blocks in _growing(voxel_nm):
        small = _voxels(size, blocks) <= SMALLEST
        fits = _measuring_bytes(size, count, blocks) <= most_bytes
        if math.prod(blocks) >= math.prod(least) and (fits or small):
            return blocks
    raise AssertionError("blocks grow")


def _growing(voxel_nm: VoxelNm) -> Iterator[Blocks]:
    """Give blocks of about equal sides, the smallest first."""
    for times in itertools.count(1):
        z, y, x = (max(1, round(times * min(voxel_nm) / side)) for side in voxel_nm)
        yield z, y, x


def _measuring_bytes(size: Sequence[int], count: int, blocks: Blocks) -> int:
    """Return what measuring takes: for the voxels of the padded box, and for those inside."""
    padded = [-(-length // edge) + PADDED for length, edge in zip(size, blocks, strict=True)]
    return BYTES_A_VOXEL * math.prod(padded) + BYTES_INSIDE * count // math.prod(blocks)


def _size(box: Box) -> list[int]:
    return [side.stop - side.start for side in box]


def _voxels(size: Sequence[int], blocks: Blocks) -> int:
    return math.prod(-(-length // edge) for length, edge in zip(size, blocks, strict=True))


def _plan(extraction: Extraction, index: int, blocks: Blocks) -> CropPlan:
    known = extraction.known
    label, box = index + 1, known.boxes[index]
    voxel_um = np.array(extraction.voxel_nm) / 1000
    start = np.array([side.start for side in box])
    stop = np.array([side.stop for side in box])
    origin_um = np.array(extraction.origin_um)
    count = int(known.counts[index])
    z, y, x = (size * edge for size, edge in zip(extraction.voxel_nm, blocks, strict=True))
    return CropPlan(
        label=label,
        box=box,
        blocks=blocks,
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


def _mask(labels: Any, plan: CropPlan) -> NDArray[np.bool_]:
    """Return where the label is; of blocks the fullest, as many as keep its volume, at least 1."""
    pairs = zip(_size(plan.box), plan.blocks, strict=True)
    coarse = [-(-length // edge) for length, edge in pairs]
    fine = max(plan.blocks) == 1
    found = np.zeros(coarse, bool if fine else np.min_scalar_type(math.prod(plan.blocks)))
    for part, target in _parts(plan.box, plan.blocks, getattr(labels, "chunks", None)):
        here = labels[part] == plan.label
        found[target] = here if fine else _counts(here, plan.blocks)
    return found if fine else _fullest(found, plan.voxel_count, plan.blocks)


def _parts(
    box: Box, blocks: Blocks, chunks: Sequence[int] | None
) -> Iterator[tuple[Box, tuple[slice, ...]]]:
    """Divide a box into parts that are read at once, whole blocks each; and where these go.

    Parts end near the borders of chunks, so that few chunks are read twice.
    """
    if math.prod(_size(box)) <= READ_AT_ONCE:
        chunks = [side.stop for side in box]
    elif chunks is None or math.prod(chunks) > READ_AT_ONCE:
        chunks = [round(READ_AT_ONCE ** (1 / 3))] * 3
    cuts = [_cuts(*three) for three in zip(box, blocks, chunks, strict=True)]
    for z, y, x in itertools.product(*cuts):
        yield (z[0], y[0], x[0]), (z[1], y[1], x[1])


def _cuts(side: slice, edge: int, chunk: int) -> list[tuple[slice, slice]]:
    """Divide a side near multiples of a length; return each part, and the blocks that it is."""
    ends = range(side.start // chunk * chunk + chunk, side.stop, chunk)
    places = sorted(
        {0, -(-(side.stop - side.start) // edge)}.union(
            max(1, round((end - side.start) / edge)) for end in ends
        )
    )
    return [
        (slice(side.start + a * edge, min(side.start + b * edge, side.stop)), slice(a, b))
        for a, b in itertools.pairwise(places)
    ]


def _counts(here: NDArray[np.bool_], blocks: Blocks) -> NDArray[np.unsignedinteger]:
    """Return how many voxels of a mask lie in each block; the last ones may be cut off."""
    over = [(0, -length % edge) for length, edge in zip(here.shape, blocks, strict=True)]
    return block_counts(np.pad(here, over) if np.any(over) else here, blocks)


def _fullest(counts: NDArray[np.unsignedinteger], voxels: int, blocks: Blocks) -> NDArray[np.bool_]:
    """Return the fullest blocks, as many as keep a volume, at least 1."""
    by_count = np.bincount(counts.ravel())
    as_full = np.cumsum(by_count[:0:-1])[::-1]  # how many blocks hold at least 1, 2 … voxels
    wanted = max(1, round(voxels / math.prod(blocks)))
    return np.asarray(counts > np.flatnonzero(as_full >= wanted)[-1])
