"""The first stage: a label volume is read once, in parts, and kept on the downsampled grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.shapes.blockwise.grid import Grid, Triple, size_of
from napari_3dmsl.shapes.blockwise.stages import keep_record, type_of, write_box
from napari_3dmsl.shapes.downsampling import downsample_labels, downsample_mask, stride

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.downsampling import Blocks
    from napari_3dmsl.shapes.extraction import ExtractionSettings
    from napari_3dmsl.shapes.morphology import Box

COPIES = 3
"""How often the voxels of a part are held while they are downsampled."""


def reading_grid(source: Any, shape: Triple, edge: Triple, blocks: Blocks, allowed: int) -> Grid:
    """Return the parts in which a volume is read, so that little of it is read twice.

    Parameters
    ----------
    source
        Labels with ``shape``, ``dtype`` and perhaps ``chunks``.
    shape
        Coarse voxels (z, y, x) of the volume.
    edge
        Of a block, in coarse voxels: the parts, unless the volume comes in whole sections.
    blocks
        Voxels (z, y, x) that become a coarse one.
    allowed
        Bytes that a part may take.
    """
    chunks = getattr(source, "chunks", None) or (1, *source.shape[1:])
    sections = all(chunk >= size for chunk, size in zip(chunks[1:], source.shape[1:], strict=True))
    if not sections:
        return Grid(shape, edge)
    deep = max(1, -(-int(chunks[0]) // blocks[0]))
    plane = shape[1] * shape[2]
    fits = max(1, allowed // 4 // plane)
    return Grid(shape, (max(deep, min(edge[0], fits)), shape[1], shape[2]))


@dataclass(frozen=True)
class ReadPart:
    """Reads a part of the labels and keeps it, downsampled.

    Attributes
    ----------
    source
        The labels.
    settings
        How to downsample; and whether the labels are instances.
    grid
        The parts, in coarse voxels.
    records, target
        Folder of the records, and of the array of coarse voxels.
    allowed
        Bytes that may be in work at one time.
    """

    source: Any
    settings: ExtractionSettings
    grid: Grid
    records: Path
    target: Path
    allowed: int

    def __call__(self, number: int) -> None:
        """Read a part.

        Parameters
        ----------
        number
            Of the part.
        """
        box = self.grid.box(number)
        coarse = np.zeros(size_of(box), type_of(self.target))
        for part in self._pieces(size_of(box)):
            here = _moved(part, box)
            coarse[part] = self._downsampled(np.asarray(self.source[self._fine(here)]))
        foreground = int(np.count_nonzero(coarse))
        if foreground:
            write_box(self.target, box, coarse)
        keep_record(self.records, number, foreground=foreground)

    def _downsampled(self, labels: NDArray[Any]) -> NDArray[Any]:
        blocks, middle = self.settings.blocks, self.settings.downsample_method == "stride"
        if self.settings.instances:
            return stride(labels, blocks) if middle else downsample_labels(labels, blocks)
        return stride(labels, blocks) > 0 if middle else downsample_mask(labels, blocks)

    def _fine(self, box: Box) -> Box:
        z, y, x = (
            slice(side.start * edge, side.stop * edge)
            for side, edge in zip(box, self.settings.blocks, strict=True)
        )
        return z, y, x

    def _pieces(self, size: Triple) -> Iterator[Box]:
        """Cut a part into pieces, the largest that the memory allows."""
        each = COPIES * math.prod(self.settings.blocks) * np.dtype(self.source.dtype).itemsize
        voxels = max(1, self.allowed // each)
        plane = size[1] * size[2]
        deep = max(1, min(size[0], voxels // plane))
        rows = max(1, min(size[1], voxels // size[2]))
        pieces = Grid(size, (deep, rows if deep == 1 else size[1], size[2]))
        return (pieces.box(number) for number in range(len(pieces)))


def _moved(part: Box, box: Box) -> Box:
    """Return a piece of a box in the frame of the volume."""
    z, y, x = (
        slice(side.start + whole.start, side.stop + whole.start)
        for side, whole in zip(part, box, strict=True)
    )
    return z, y, x
