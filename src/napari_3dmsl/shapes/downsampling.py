"""Coarsen masks and labels block by block, without ever holding a second full-size array."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Blocks = tuple[int, int, int]  # edges (z, y, x) of the blocks that become one voxel


def downsample_mask(labels: NDArray[Any], blocks: Blocks) -> NDArray[np.bool_]:
    """Coarsen ``labels > 0``: a block is foreground when at least half of it is.

    Averaging keeps most narrow gaps between neighbours open; taking the maximum closes them.

    Parameters
    ----------
    labels
        (Z, Y, X) bool or integers.
    blocks
        Edges of a block in voxels (z, y, x), at least 1. Voxels beyond the last whole block are
        left out.
    """
    if blocks == (1, 1, 1):
        return np.ascontiguousarray(labels > 0)
    shape = coarse_shape(labels.shape, blocks)
    result = np.empty(shape, dtype=bool)
    for plane in range(shape[0]):
        result[plane] = _is_foreground(labels, plane, blocks)
    return result


def block_counts(mask: NDArray[np.bool_], blocks: Blocks) -> NDArray[np.unsignedinteger]:
    """Return the number of foreground voxels in each whole block of a mask.

    Parameters
    ----------
    mask
        (Z, Y, X).
    blocks
        Edges (z, y, x) of a block in voxels, each 1 or more; what is left over at the far end does
        not count.
    """
    counts: NDArray[Any] = mask.view(np.uint8)
    wide = np.min_scalar_type(math.prod(blocks))
    for axis, edge in enumerate(blocks):
        lines = np.moveaxis(counts, axis, 0)
        lines = lines[: len(lines) // edge * edge]
        total = lines[::edge].astype(wide)
        for place in range(1, edge):
            total += lines[place::edge]
        counts = np.moveaxis(total, 0, axis)
    return counts


def downsample_labels(labels: NDArray[Any], blocks: Blocks) -> NDArray[Any]:
    """Coarsen instance labels: foreground as for a mask, then the block's most frequent label.

    Parameters
    ----------
    labels
        (Z, Y, X) integers.
    blocks
        Edges of a block in voxels (z, y, x), at least 1. Voxels beyond the last whole block are
        left out.
    """
    if blocks == (1, 1, 1):
        return np.ascontiguousarray(labels)
    shape = coarse_shape(labels.shape, blocks)
    result = np.zeros(shape, dtype=labels.dtype)
    for plane in range(shape[0]):
        slab = _slab(labels, plane, shape, blocks)
        foreground = _is_foreground(labels, plane, blocks)
        # (y, x, voxels of the block): only foreground blocks, a few per cent of a volume
        found = slab.transpose(1, 3, 0, 2, 4)[foreground].reshape(-1, math.prod(blocks))
        result[plane][foreground] = _most_frequent(found)
    return result


def stride(labels: NDArray[Any], blocks: Blocks) -> NDArray[Any]:
    """Take the middle voxel of every block (of an even block the one before the middle).

    Parameters
    ----------
    labels
        (z, y, x) mask or labels.
    blocks
        Edges of a block in voxels (z, y, x), at least 1. Voxels beyond the last whole block are
        left out.
    """
    if blocks == (1, 1, 1):
        return np.ascontiguousarray(labels)
    size = coarse_shape(labels.shape, blocks)
    middle = tuple(
        slice((edge - 1) // 2, edge * count, edge) for edge, count in zip(blocks, size, strict=True)
    )
    return np.ascontiguousarray(labels[middle])


def coarse_shape(shape: tuple[int, ...], blocks: Blocks) -> tuple[int, int, int]:
    """Return how many whole blocks there are.

    Parameters
    ----------
    shape
        Voxels (z, y, x) of the volume.
    blocks
        Edges (z, y, x) of a block in voxels.

    Raises
    ------
    ValueError
        When there is none along an axis.
    """
    z, y, x = (size // edge for size, edge in zip(shape, blocks, strict=True))
    if min(z, y, x) < 1:
        allowed = ", ".join(f"1 to {size}" for size in shape)
        raise ValueError(
            f"downsample = {blocks}: larger than the volume, which has the shape {shape}; "
            f"allowed here along z, y, x: {allowed}"
        )
    return z, y, x


def _slab(
    labels: NDArray[Any], plane: int, shape: tuple[int, int, int], blocks: Blocks
) -> NDArray[Any]:
    """One coarse plane as (z in block, y, y in block, x, x in block)."""
    _, y, x = shape
    depth, rows, columns = blocks
    part = labels[plane * depth : (plane + 1) * depth, : y * rows, : x * columns]
    return part.reshape(depth, y, rows, x, columns)


def _is_foreground(labels: NDArray[Any], plane: int, blocks: Blocks) -> NDArray[np.bool_]:
    """Return which blocks of one coarse plane are foreground by half or more."""
    counts = block_counts(labels[plane * blocks[0] : (plane + 1) * blocks[0]] > 0, blocks)[0]
    return np.asarray(counts >= math.prod(blocks) - counts)  # twice it may not fit into its type


def _most_frequent(blocks: NDArray[Any]) -> NDArray[Any]:
    """Return the most frequent non-zero value of each row (the lowest of equals)."""
    ordered = np.sort(blocks, axis=1)
    best, best_count = ordered[:, -1].copy(), np.zeros(len(ordered), dtype=np.int64)
    run = np.zeros(len(ordered), dtype=np.int64)
    previous = np.zeros(len(ordered), dtype=ordered.dtype)
    for column in ordered.T:
        run = np.where(column == previous, run + 1, 1)
        better = (column > 0) & (run > best_count)
        best[better], best_count[better] = column[better], run[better]
        previous = column
    return best
