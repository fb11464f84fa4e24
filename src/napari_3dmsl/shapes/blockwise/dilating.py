"""The markers of a block dilated by the ball, as far as neighbouring blocks' markers leave room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Measured, compact
from napari_3dmsl.shapes.blockwise.dividing import objects_of
from napari_3dmsl.shapes.blockwise.grid import Grid, size_of, within
from napari_3dmsl.shapes.blockwise.labelling import Parting
from napari_3dmsl.shapes.blockwise.stages import keep_record, read_box, write_box
from napari_3dmsl.shapes.blockwise.stored_labels import look_up
from napari_3dmsl.shapes.morphology import dilate_instances, grow_box, voxel_counts


@dataclass(frozen=True)
class DilateBlock:
    """Dilates the markers of a block and of what lies around it.

    Attributes
    ----------
    folder
        Of the run.
    grid
        The blocks.
    parting
        How the mask is parted.
    mask, numbers, records, target
        Folders of the mask, of the numbers of the markers in each block, of the records, and of the
        array of labels.
    """

    folder: Path
    grid: Grid
    parting: Parting
    mask: Path
    numbers: Path
    records: Path
    target: Path

    def __call__(self, number: int) -> None:
        """Dilate the markers of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        numbering = objects_of(self.folder).numbering
        core = self.grid.box(number)
        z, y, x = (reach + 1 for reach in self.parting.reach)
        around = grow_box(core, (z, y, x), self.grid.shape)
        markers = np.zeros(size_of(around), np.int32)
        for near in self.grid.meeting(around):
            look_up(self.numbers, self.grid, near, numbering.of_block(near), around, markers)
        names, local = compact(markers)
        grown = dilate_instances(local, self.parting.radius, self.parting.voxel, _tell_nobody)
        del markers, local
        grown = grown[within(core, around)]
        present, parts = compact(grown)
        labels = names[present - 1]
        if len(labels):
            table = np.concatenate([[0], labels]).astype(np.int32)
            for grown_plane, plane in zip(grown, parts, strict=True):
                table.take(plane, out=grown_plane, mode="clip")
            write_box(self.target, core, grown)
        measured = Measured.of(parts, core)
        parts *= read_box(self.mask, core)
        inside = np.zeros(len(labels) + 1, np.int64)
        counts = voxel_counts(parts)
        inside[: len(counts)] = counts
        keep_record(self.records, number, labels=labels, inside=inside[1:], **measured.arrays())


def _tell_nobody(done: int, total: int) -> None:
    pass
