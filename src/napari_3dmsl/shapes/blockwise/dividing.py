"""Objects with several markers are gathered from their blocks and divided as wholes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Measured, Numbering, compact
from napari_3dmsl.shapes.blockwise.grid import Grid, common, size_of, within
from napari_3dmsl.shapes.blockwise.labelling import Parting
from napari_3dmsl.shapes.blockwise.stages import (
    keep_record,
    keep_table,
    read_box,
    record_of,
    write_box,
)
from napari_3dmsl.shapes.blockwise.stored_labels import look_up
from napari_3dmsl.shapes.morphology import components, divide, erode, grow_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.morphology import Box

BYTES_A_VOXEL = 50
"""Memory that dividing takes for each voxel of the box: measured, mostly the distances."""
BYTES_INSIDE = 60
"""Memory that it takes besides for each voxel of the object: the queue of the watershed."""
OBJECTS = "objects.npz"


@dataclass(frozen=True, eq=False)
class Objects:
    """The components of the mask, and which markers lie in each.

    Attributes
    ----------
    numbering
        From the numbers in the blocks to the components 1..n.
    low, high
        (n, 3) first voxel of the box of each, and the one after its last.
    piece_of_marker
        (m + 1,) the component that each marker 1..m lies in.
    label_of_piece
        (n + 1,) label of each component that is not divided, whole as it is; 0 for the others.
    """

    numbering: Numbering
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    piece_of_marker: NDArray[np.int64]
    label_of_piece: NDArray[np.int32]

    def keep(self, folder: Path) -> None:
        """Write them, for other processes.

        Parameters
        ----------
        folder
            Of the run.
        """
        keep_table(
            folder / OBJECTS,
            offsets=self.numbering.offsets,
            whole=self.numbering.whole,
            low=self.low,
            high=self.high,
            piece_of_marker=self.piece_of_marker,
            label_of_piece=self.label_of_piece,
        )

    def box(self, piece: int) -> Box:
        """Return the box of a component.

        Parameters
        ----------
        piece
            1 to n.
        """
        z, y, x = (
            slice(int(low), int(high))
            for low, high in zip(self.low[piece - 1], self.high[piece - 1], strict=True)
        )
        return z, y, x


@lru_cache(maxsize=2)
def objects_of(folder: Path) -> Objects:
    """Return the components of a run, read once a process.

    Parameters
    ----------
    folder
        Of the run.
    """
    with np.load(folder / OBJECTS) as found:
        return Objects(
            Numbering(found["offsets"], found["whole"]),
            found["low"],
            found["high"],
            found["piece_of_marker"],
            found["label_of_piece"],
        )


def bytes_to_divide(box: Box, voxels: int) -> int:
    """Return how much memory dividing an object takes.

    Parameters
    ----------
    box
        Around it.
    voxels
        Of the object.
    """
    return BYTES_A_VOXEL * math.prod(side + 2 for side in size_of(box)) + BYTES_INSIDE * voxels


@dataclass(frozen=True)
class DivideObject:
    """Divides a component of the mask that has several markers.

    Attributes
    ----------
    folder
        Of the run.
    grid
        The blocks.
    parting, neck
        How the mask is parted.
    mask, numbers, records
        Folders of the mask, of the numbers of the components in each block, and of the records.
    """

    folder: Path
    grid: Grid
    parting: Parting
    neck: float
    mask: Path
    numbers: Path
    records: Path

    def __call__(self, piece: int) -> None:
        """Divide a component; keep its box, its numbers 1..k and which markers they are.

        Parameters
        ----------
        piece
            1 to n.
        """
        objects = objects_of(self.folder)
        box = grow_box(objects.box(piece), (1, 1, 1), self.grid.shape)
        region = self._region(objects, piece, box)
        markers = self._markers(region, box)
        divided = divide(region, markers, self.parting.voxel, self.parting.connectivity, self.neck)
        names, parts = compact(divided * region)
        ours = np.flatnonzero(objects.piece_of_marker == piece)  # in the order of first voxels
        keep_record(
            self.records,
            piece,
            parts=parts.astype(np.min_scalar_type(len(names))),
            labels=ours[names - 1],
            **Measured.of(parts, box).arrays(),
        )

    def _region(self, objects: Objects, piece: int, box: Box) -> NDArray[np.bool_]:
        region = np.zeros(size_of(box), bool)
        for number in self.grid.meeting(box):
            table = objects.numbering.of_block(number) == piece
            look_up(self.numbers, self.grid, number, table, box, region)
        return region

    def _markers(self, region: NDArray[np.bool_], box: Box) -> NDArray[np.int32]:
        """Return the markers of the object, numbered in the order of their first voxels."""
        around = grow_box(box, self.parting.reach, self.grid.shape)
        mask = read_box(self.mask, around)
        eroded = erode(mask, self.parting.radius, self.parting.voxel)[within(box, around)]
        return components(eroded & region, self.parting.connectivity)


@dataclass(frozen=True)
class InsertParts:
    """Writes the labels of a block in which an object was divided.

    Attributes
    ----------
    folder
        Of the run.
    grid
        The blocks.
    numbers, divided, records, target
        Folders of the numbers of the components in each block, of the records of `DivideObject`,
        of the records of this, and of the array of labels.
    pieces
        The components that were divided.
    """

    folder: Path
    grid: Grid
    numbers: Path
    divided: Path
    records: Path
    target: Path
    pieces: tuple[int, ...]

    def __call__(self, number: int) -> None:
        """Write the labels of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        objects = objects_of(self.folder)
        core = self.grid.box(number)
        labels = np.zeros(size_of(core), np.int32)
        table = objects.label_of_piece[objects.numbering.of_block(number)]
        look_up(self.numbers, self.grid, number, table, core, labels)
        for piece in self.pieces:
            box = grow_box(objects.box(piece), (1, 1, 1), self.grid.shape)
            shared = common(core, box)
            if shared is None:
                continue
            record = record_of(self.divided, piece, "parts", "labels")
            parts = record["parts"][within(shared, box)]
            names = np.concatenate([[0], record["labels"]]).astype(np.int32)
            here = labels[within(shared, core)]
            np.copyto(here, names[parts], where=parts > 0)
        write_box(self.target, core, labels)
        keep_record(self.records, number)
