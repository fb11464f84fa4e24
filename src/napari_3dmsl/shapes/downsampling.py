"""Coarsen masks and labels block by block, without ever holding a second full-size array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def downsample_mask(labels: NDArray[Any], factor: int) -> NDArray[np.bool_]:
    """Coarsen ``labels > 0``: a block is foreground when at least half of it is.

    Averaging keeps most narrow gaps between neighbours open; taking the maximum closes them.

    Parameters
    ----------
    labels
        (z, y, x) bool or integers.
    factor
        Block edge in voxels, at least 1. Voxels beyond the last whole block are left out.
    """
    if factor == 1:
        return np.ascontiguousarray(labels > 0)
    shape = _coarse_shape(labels.shape, factor)
    result = np.empty(shape, dtype=bool)
    for plane in range(shape[0]):
        result[plane] = 2 * _foreground_count(_slab(labels, plane, shape, factor)) >= factor**3
    return result


def downsample_labels(labels: NDArray[Any], factor: int) -> NDArray[Any]:
    """Coarsen instance labels: foreground as for a mask, then the block's most frequent label.

    Parameters
    ----------
    labels
        (z, y, x) integers.
    factor
        Block edge in voxels, at least 1. Voxels beyond the last whole block are left out.
    """
    if factor == 1:
        return np.ascontiguousarray(labels)
    shape = _coarse_shape(labels.shape, factor)
    result = np.zeros(shape, dtype=labels.dtype)
    for plane in range(shape[0]):
        slab = _slab(labels, plane, shape, factor)
        foreground = 2 * _foreground_count(slab) >= factor**3
        # (y, x, voxels of the block): only foreground blocks, a few per cent of a volume
        blocks = slab.transpose(1, 3, 0, 2, 4)[foreground].reshape(-1, factor**3)
        result[plane][foreground] = _most_frequent(blocks)
    return result


def stride(labels: NDArray[Any], factor: int) -> NDArray[Any]:
    """Take the middle voxel of every block (of an even block the one before the middle).

    Parameters
    ----------
    labels
        (z, y, x) mask or labels.
    factor
        Block edge in voxels, at least 1. Voxels beyond the last whole block are left out.
    """
    if factor == 1:
        return np.ascontiguousarray(labels)
    z, y, x = _coarse_shape(labels.shape, factor)
    middle = (factor - 1) // 2
    return np.ascontiguousarray(labels[middle::factor, middle::factor, middle::factor][:z, :y, :x])


def _coarse_shape(shape: tuple[int, ...], factor: int) -> tuple[int, int, int]:
    z, y, x = (size // factor for size in shape)
    if min(z, y, x) < 1:
        raise ValueError(
            f"downsample = {factor}: larger than the volume, which has the shape {shape}; "
            f"allowed here: 1 to {min(shape)}"
        )
    return z, y, x


def _slab(
    labels: NDArray[Any], plane: int, shape: tuple[int, int, int], factor: int
) -> NDArray[Any]:
    """One coarse plane as (z in block, y, y in block, x, x in block)."""
    _, y, x = shape
    part = labels[plane * factor : (plane + 1) * factor, : y * factor, : x * factor]
    return part.reshape(factor, y, factor, x, factor)


def _foreground_count(slab: NDArray[Any]) -> NDArray[np.int64]:
    count: NDArray[np.int64] = (slab > 0).sum(axis=0).sum(axis=-1).sum(axis=1)
    return count


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
