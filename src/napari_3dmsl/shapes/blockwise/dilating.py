"""The markers of a block dilated by the ball, as far as neighbouring blocks' markers leave room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Measured, compact
from napari_3dmsl.shapes.blockwise.dividing import objects_of
from napari_3dmsl.shapes.blockwise.grid import Grid, size_of, within
from napari_3dmsl.shapes.blockwise.labelling import Parting
from napari_3dmsl.shapes.blockwise.stages import array_at, keep_record
from napari_3dmsl.shapes.blockwise.stored_labels import look_up
from napari_3dmsl.shapes.morphology import dilate_instances, grow_box


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
        present, parts = compact(grown[within(core, around)])
        labels = names[present - 1]
        mask = np.asarray(array_at(self.mask)[core])
        if len(labels):
            array_at(self.target)[core] = np.concatenate([[0], labels])[parts]
        keep_record(
            self.records,
            number,
            labels=labels,
            inside=np.bincount(parts[mask], minlength=len(labels) + 1)[1:],
            **Measured.of(parts, core).arrays(),
        )


def _tell_nobody(done: int, total: int) -> None:
    pass
