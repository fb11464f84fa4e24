"""Labels that lie in a folder, read box by box as if they were an array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.shapes.blockwise.grid import Grid, Triple, common, size_of, within
from napari_3dmsl.shapes.blockwise.stages import read_box
from napari_3dmsl.volumes.lazy_labels import box_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.morphology import Box

BLOCKS, CHANGED = "numbers", "changed"
"""Arrays of numbers: those of the components of each block, and of blocks whose labels changed."""


@dataclass(frozen=True)
class StoredLabels:
    """Labels 0..n of a volume, read box by box; pickled, it is no more than its folder's name.

    Attributes
    ----------
    folder
        Of the run that they are from.
    shape
        Voxels (z, y, x).
    chunks
        What is read at once at no extra cost.
    """

    folder: Path
    shape: Triple
    chunks: Triple

    dtype = np.dtype(np.int32)
    ndim = 3

    @property
    def size(self) -> int:
        """Voxels of the volume."""
        return math.prod(self.shape)

    def __getitem__(self, where: Any) -> NDArray[np.int32]:
        """Return the labels in a box, (z, y, x).

        Parameters
        ----------
        where
            Slices of step 1, whole numbers, ``...``; as for an array.
        """
        (z, y, x), dropped = box_of(where, self.shape)
        box = z, y, x
        if any(side.step != 1 for side in box):
            raise IndexError(f"{where}: stored labels are read in steps of 1")
        labels = np.zeros(size_of(box), np.int32)
        if labels.size:
            self._fill(box, labels)
        return np.asarray(labels[dropped])

    def _fill(self, box: Box, labels: NDArray[np.int32]) -> None:
        tables = tables_of(self.folder)
        for number in tables.grid.meeting(box):
            name = CHANGED if tables.changed[number] else BLOCKS
            look_up(self.folder / name, tables.grid, number, tables.of_block(number), box, labels)


def look_up(
    array: Path, grid: Grid, number: int, table: NDArray[Any], box: Box, target: NDArray[Any]
) -> None:
    """Fill in what a table says of the numbers in a block, as far as it lies in a box.

    Parameters
    ----------
    array
        Folder of the numbers.
    grid
        The blocks.
    number
        Of the block.
    table
        For each number from 0 on what is filled in; nothing where all of it is 0.
    box
        In the volume; it meets the block.
    target
        (Z, Y, X) of the box.
    """
    part = common(box, grid.box(number))
    if part is not None and table.any():
        planes = target[within(part, box)]
        for plane, numbers in zip(planes, read_box(array, part), strict=True):
            plane[...] = table[numbers]  # plane by plane: numbers are widened to 8 bytes


@dataclass(frozen=True, eq=False)
class Tables:
    """What turns the numbers in the arrays into labels.

    Attributes
    ----------
    grid
        The blocks.
    offsets
        (blocks + 1,) where the table of each block lies in ``labels``.
    labels
        For each number 1..n of each block its label.
    changed
        (blocks,) which blocks lie in the second array, whose numbers are those in ``renumbered``.
    renumbered
        For each number in the second array its label.
    """

    grid: Grid
    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    changed: NDArray[np.bool_]
    renumbered: NDArray[np.int32]

    def of_block(self, number: int) -> NDArray[np.int32]:
        """Return the label for each number from 0 on in a block.

        Parameters
        ----------
        number
            Of the block.
        """
        if self.changed[number]:
            return self.renumbered
        start, stop = self.offsets[number], self.offsets[number + 1]
        return np.concatenate([np.zeros(1, np.int32), self.labels[start:stop]])


TABLES = "labels.npz"


@lru_cache(maxsize=4)
def tables_of(folder: Path) -> Tables:
    """Return the tables of a run, read once a process.

    Parameters
    ----------
    folder
        Of the run.
    """
    with np.load(folder / TABLES) as found:
        shape, edge = (tuple(map(int, found[name])) for name in ("shape", "edge"))
        return Tables(
            Grid((shape[0], shape[1], shape[2]), (edge[0], edge[1], edge[2])),
            found["offsets"],
            found["labels"],
            found["changed"],
            found["renumbered"],
        )
