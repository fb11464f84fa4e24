"""The protocol on a small crop of a volume: before, after the erosion, and the instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_3dmsl.progress import Progress
from napari_3dmsl.shapes.downsampling import Blocks
from napari_3dmsl.shapes.extraction import (
    Extraction,
    ExtractionSettings,
    coarse_mask,
    extract_instances,
)
from napari_3dmsl.shapes.morphology import Box, erode, fill_mask
from napari_3dmsl.volumes.labels import check_labels, drop_singletons

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLED = 128  # places along an axis that the search for the densest one looks at, at most
ALIKE = 0.999  # shares of foreground that count as equal


@dataclass(frozen=True, eq=False)
class Preview:
    """A crop in the steps of the protocol, on the downsampled grid.

    Attributes
    ----------
    before
        Mask before the erosion.
    eroded
        Mask after it.
    extraction
        The instances; what the border of the crop cuts counts as going on beyond it.
    origin_um
        Centre of voxel (0, 0, 0) in µm (z, y, x), in the frame where the centre of the volume's
        first voxel is 0.
    box
        The crop, in voxels of the volume.
    """

    before: NDArray[np.bool_]
    eroded: NDArray[np.bool_]
    extraction: Extraction
    origin_um: tuple[float, float, float]
    box: Box


def preview_extraction(
    labels: Any,
    settings: ExtractionSettings,
    edge: int = 96,
    middle: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Run the protocol on a box of a label volume.

    Parameters
    ----------
    labels
        (z, y, x) mask or labels; only the box is loaded when its middle is given.
    settings
        Voxel size and how to extract.
    edge
        Voxels along each axis of the box after downsampling.
    middle
        Its middle (z, y, x) in voxels of the labels; by default it lies where most is foreground.
    progress
        Called with (done, total, what); an exception that it raises stops the work.

    Raises
    ------
    ValueError
        When the labels are no labels, or there are none in the box.
    """
    tell = progress or (lambda done, total, what: None)
    tell(0, 0, "Looking for a place")
    volume = drop_singletons(labels)
    if len(volume.shape) != 3:
        raise ValueError(f"labels must be 3D (z, y, x); this array has the shape {volume.shape}")
    blocks = settings.blocks
    if middle is None:
        middle = densest_place(volume, [edge * block for block in blocks])
    box = crop_box(volume.shape, middle, edge, blocks)
    crop = np.asarray(volume[box])
    if not crop.any():
        raise ValueError("there are no labels in this crop: choose another place")
    crop = check_labels(crop)
    mask = coarse_mask(crop, settings)
    if settings.fill_holes:
        mask, _ = fill_mask(mask)
    tell(0, 0, "Eroding")
    eroded = erode(mask, settings.ball_nm, settings.coarse_voxel_nm)
    extraction = extract_instances(crop, settings, progress)
    first = (side.start * size / 1000 for side, size in zip(box, settings.voxel_nm, strict=True))
    z, y, x = (a + b for a, b in zip(first, extraction.origin_um, strict=True))
    return Preview(mask, eroded, extraction, (z, y, x), box)


def crop_box(shape: Sequence[int], middle: Sequence[float], edge: int, blocks: Blocks) -> Box:
    """Return a box of ``edge`` blocks along each axis, inside the volume and on its blocks.

    Parameters
    ----------
    shape
        Of the volume.
    middle
        Voxel (z, y, x) that the box is about, moved so that the box fits into the volume.
    edge
        Of the box, in blocks; less where the volume is smaller.
    blocks
        Edges (z, y, x) of a block in voxels.
    """
    sides = []
    for length, place, block in zip(shape, middle, blocks, strict=True):
        first = round(place / block - edge / 2)
        first = max(0, min(first, -(-length // block) - edge))
        sides.append(slice(first * block, min((first + edge) * block, length)))
    return sides[0], sides[1], sides[2]


def densest_place(labels: Any, edges: Sequence[int]) -> tuple[float, float, float]:
    """Return the middle (z, y, x) of the box in which most voxels are foreground.

    Looks at every n-th voxel of a large volume only, so that it takes a moment.

    Parameters
    ----------
    labels
        (z, y, x).
    edges
        Of the box (z, y, x) in voxels.
    """
    steps = [max(1, -(-length // SAMPLED)) for length in labels.shape]
    seen = np.asarray(labels[tuple(slice(step // 2, None, step) for step in steps)]) > 0
    sizes = [
        min(max(1, edge // step), n) for edge, step, n in zip(edges, steps, seen.shape, strict=True)
    ]
    share = ndimage.uniform_filter(seen.astype(np.float32), sizes, mode="constant")
    # Only where the whole box lies inside the volume, and there its full share counts.
    inner = tuple(
        slice(size // 2, n - (size - 1) // 2) for size, n in zip(sizes, seen.shape, strict=True)
    )
    best = np.argwhere(share[inner] >= ALIKE * share[inner].max())
    found = best[np.square(best - best.mean(axis=0)).sum(axis=1).argmin()]  # amid equal ones
    z, y, x = (
        float((at + side.start) * step + step // 2)
        for at, side, step in zip(found, inner, steps, strict=True)
    )
    return z, y, x
