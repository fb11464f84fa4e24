"""Cavities of a mask: background that nothing joins to the border of the volume, across blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Numbering, number_components
from napari_3dmsl.shapes.blockwise.grid import Grid
from napari_3dmsl.shapes.blockwise.joining import faces_of, first_voxels
from napari_3dmsl.shapes.blockwise.stages import (
    keep_record,
    keep_table,
    read_box,
    record_of,
    write_box,
)
from napari_3dmsl.shapes.morphology import components, voxel_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACES = 6  # neighbours of a voxel of the background
CAVITIES = "cavities.npz"


@dataclass(frozen=True)
class FindHoles:
    """Labels the background of a block.

    Attributes
    ----------
    grid
        The blocks.
    mask, records
        Folders of the mask and of the records.
    """

    grid: Grid
    mask: Path
    records: Path

    def __call__(self, number: int) -> None:
        """Label the background of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        core = self.grid.box(number)
        background = components(~read_box(self.mask, core), FACES)
        first = first_voxels(background, int(background.max()))
        outside = np.zeros(len(first) + 1, bool)
        for axis, (side, size) in enumerate(zip(core, self.grid.shape, strict=True)):
            for at_border, end in ((side.start == 0, 0), (side.stop == size, -1)):
                if at_border:
                    outside[background.take(end, axis=axis)] = True
        keep_record(
            self.records,
            number,
            holes_first=first + [side.start for side in core],
            outside=outside[1:],
            counts=voxel_counts(background)[1:],
            **faces_of(background, "holes"),
        )


def find_cavities(folder: Path, grid: Grid, records: Path) -> int:
    """Find which components of the background are cavities; keep that and return their voxels.

    Parameters
    ----------
    folder
        Of the run.
    grid
        The blocks.
    records
        Folder of the records of `FindHoles`.
    """
    numbering = number_components(grid, records, "holes", FACES)
    cavity = np.ones(numbering.count + 1, bool)
    cavity[0] = False
    counts = np.zeros(numbering.count + 1, np.int64)
    for number in range(len(grid)):
        record = record_of(records, number, "outside", "counts")
        of_block = numbering.of_block(number)[1:]
        cavity[of_block[record["outside"]]] = False
        np.add.at(counts, of_block, record["counts"])
    keep_table(folder / CAVITIES, offsets=numbering.offsets, whole=numbering.whole, cavity=cavity)
    return int(counts[cavity].sum())


@lru_cache(maxsize=2)
def _cavities_of(folder: Path) -> tuple[Numbering, NDArray[np.bool_]]:
    with np.load(folder / CAVITIES) as found:
        return Numbering(found["offsets"], found["whole"]), found["cavity"]


@dataclass(frozen=True)
class FillHoles:
    """Fills the cavities of a block.

    Attributes
    ----------
    folder
        Of the run.
    grid
        The blocks.
    mask, records, target
        Folders of the mask, of the records, and of the filled mask.
    """

    folder: Path
    grid: Grid
    mask: Path
    records: Path
    target: Path

    def __call__(self, number: int) -> None:
        """Fill the cavities of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        core = self.grid.box(number)
        mask = read_box(self.mask, core)
        numbering, cavity = _cavities_of(self.folder)
        fill = cavity[numbering.of_block(number)]
        if fill.any():
            mask = mask | fill[components(~mask, FACES)]
        if mask.any():
            write_box(self.target, core, mask)
        keep_record(self.records, number)
