"""Cavities of instances that lie in blocks: each instance is gathered and filled as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_3dmsl.shapes.blockwise.components import Measured, Numbering
from napari_3dmsl.shapes.blockwise.grid import Grid, size_of
from napari_3dmsl.shapes.blockwise.run import Run
from napari_3dmsl.shapes.blockwise.stages import keep_record, record_of, write_box
from napari_3dmsl.shapes.blockwise.stored_labels import CHANGED, look_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.morphology import Box

CAVITIES, FILLED = "cavities", "filled"
BYTES_A_VOXEL = 12
"""Memory that filling takes for each voxel of an instance's box."""


@dataclass(frozen=True, eq=False)
class Filled:
    """What filling has changed.

    Attributes
    ----------
    changed
        (blocks,) bool, which blocks have a filled voxel.
    voxels
        How many were filled.
    warning
        Which instances were too large; empty when none was.
    """

    changed: NDArray[np.bool_]
    voxels: int
    warning: str


def fill_given(run: Run, numbers: Path, numbering: Numbering, measured: Measured) -> Filled:
    """Fill the cavities of one instance after the other: a filled voxel is not free any more.

    Parameters
    ----------
    run
        The run.
    numbers
        Folder of the numbers in each block.
    numbering
        From these to the labels 1..n.
    measured
        Of the labels; the filled voxels are added.
    """
    records = run.records(CAVITIES)
    records.mkdir(parents=True, exist_ok=True)
    if not (records / "0.npz").is_file():
        places, labels, skipped = _find_all(run, numbers, numbering, measured)
        keep_record(records, 0, places=places, labels=labels, skipped=skipped)
    record = record_of(records, 0, "places", "labels", "skipped")
    places, labels = record["places"], record["labels"]
    changed = np.zeros(len(run.grid), bool)
    in_block = places // np.array(run.grid.edge)
    _, rows, columns = run.grid.counts
    changed[(in_block[:, 0] * rows + in_block[:, 1]) * columns + in_block[:, 2]] = True
    work = FillBlock(
        grid=run.grid,
        numbering=numbering,
        numbers=numbers,
        cavities=records,
        records=run.records(FILLED),
        target=run.array(CHANGED, np.int32),
    )
    run.do(FILLED, "Filling holes", work, np.flatnonzero(changed).tolist())
    np.add.at(measured.counts, labels - 1, 1)
    np.add.at(measured.sums, labels - 1, places)
    return Filled(changed, len(places), _too_large(int(record["skipped"])))


def _find_all(
    run: Run, numbers: Path, numbering: Numbering, measured: Measured
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return the places of all cavities, the labels that fill them, and what was too large."""
    found: list[tuple[Box, int, NDArray[np.int64]]] = []
    skipped = 0
    for index, count in enumerate(measured.counts.tolist()):
        if run.progress is not None:
            run.progress(index, len(measured.counts), "Looking for holes")
        if not count:
            continue
        box = measured.box(index)
        if BYTES_A_VOXEL * math.prod(size_of(box)) > run.allowed:
            skipped += 1
            continue
        crop = np.zeros(size_of(box), np.int32)
        for number in run.grid.meeting(box):
            table = numbering.of_block(number).astype(np.int32)
            look_up(numbers, run.grid, number, table, box, crop)
        start = np.array([side.start for side in box])
        for _, label, places in found:
            _put(crop, places - start, label)
        cavity = np.asarray(ndimage.binary_fill_holes(crop == index + 1)) & (crop == 0)
        if cavity.any():
            found.append((box, index + 1, np.argwhere(cavity) + start))
    places = np.concatenate([np.empty((0, 3), np.int64), *[places for *_, places in found]])
    labels = [np.full(len(places), label, np.int64) for _, label, places in found]
    return places, np.concatenate([np.empty(0, np.int64), *labels]), skipped


@dataclass(frozen=True)
class FillBlock:
    """Writes the labels of a block with the cavities filled.

    Attributes
    ----------
    grid
        The blocks.
    numbering
        From the numbers in them to labels.
    numbers, cavities, records, target
        Folders of the numbers, of the record of the cavities, of the records of this, and of the
        array of labels.
    """

    grid: Grid
    numbering: Numbering
    numbers: Path
    cavities: Path
    records: Path
    target: Path

    def __call__(self, number: int) -> None:
        """Write the labels of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        core = self.grid.box(number)
        labels = np.zeros(size_of(core), np.int32)
        table = self.numbering.of_block(number).astype(np.int32)
        look_up(self.numbers, self.grid, number, table, core, labels)
        record = record_of(self.cavities, 0, "places", "labels")
        _put(labels, record["places"] - [side.start for side in core], record["labels"])
        write_box(self.target, core, labels)
        keep_record(self.records, number)


def _put(
    labels: NDArray[np.int32], places: NDArray[np.int64], values: int | NDArray[np.int64]
) -> None:
    """Set the places that lie in an array."""
    inside = np.all((places >= 0) & (places < labels.shape), axis=1)
    labels[tuple(places[inside].T)] = values if isinstance(values, int) else values[inside]


def _too_large(skipped: int) -> str:
    if not skipped:
        return ""
    are = "instance is" if skipped == 1 else "instances are"
    return f"{skipped} {are} too large to be filled with this memory: allow more, or fewer workers"
