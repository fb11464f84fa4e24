"""Labels that are instances already: numbered, split into pieces if asked for, and filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from napari_3dmsl.shapes.blockwise.components import (
    Measured,
    Numbering,
    number_components,
)
from napari_3dmsl.shapes.blockwise.filling import Filled, fill_given
from napari_3dmsl.shapes.blockwise.finish import Found
from napari_3dmsl.shapes.blockwise.grid import Grid
from napari_3dmsl.shapes.blockwise.joining import faces_of, first_voxels
from napari_3dmsl.shapes.blockwise.run import Run
from napari_3dmsl.shapes.blockwise.stages import keep_record, read_box, record_of, write_box
from napari_3dmsl.shapes.blockwise.stored_labels import BLOCKS
from napari_3dmsl.shapes.extraction import consecutive
from napari_3dmsl.shapes.pieces import CONNECTIVITY, several_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray


NUMBERED = "numbered"
PIECES = "pieces"


@dataclass(frozen=True)
class NumberBlock:
    """Numbers the labels of a block, and the pieces that they lie in.

    Attributes
    ----------
    grid
        The blocks.
    split
        Whether the array keeps the numbers of the pieces; else those of the labels.
    labels, records, target
        Folders of the labels, of the records, and of the array of numbers.
    """

    grid: Grid
    split: bool
    labels: Path
    records: Path
    target: Path

    def __call__(self, number: int) -> None:
        """Give numbers to the labels of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        core = self.grid.box(number)
        local, values = consecutive(read_box(self.labels, core))
        found: dict[str, Any] = {
            "values": values[1:],
            f"{PIECES}_first": np.empty((0, 3), np.int64),
            "label_of_piece": np.empty(0, np.int64),
            "piece_counts": np.empty(0, np.int64),
            **Measured.nothing(0).arrays(),
        }
        if len(values) > 1:
            pieces: NDArray[np.int32] = cc3d.connected_components(
                local, connectivity=CONNECTIVITY, out_dtype=np.uint32
            ).view(np.int32)
            first = first_voxels(pieces, int(pieces.max()))
            about_pieces = Measured.of(pieces, core)
            about = about_pieces if self.split else Measured.of(local, core)
            found |= {
                f"{PIECES}_first": first + [side.start for side in core],
                "label_of_piece": local[tuple(first.T)],
                "piece_counts": about_pieces.counts,
                **faces_of(pieces, PIECES),
                **about.arrays(),
            }
            write_box(self.target, core, pieces if self.split else local)
        keep_record(self.records, number, **found)


def number_given(run: Run, labels: Path) -> Found:
    """Give numbers to labels that are instances.

    Parameters
    ----------
    run
        The run.
    labels
        Folder of their array.
    """
    settings = run.settings
    records, numbers = run.records(NUMBERED), run.array(BLOCKS, np.uint32)
    work = NumberBlock(run.grid, settings.split_pieces, labels, records, numbers)
    run.do(NUMBERED, "Numbering instances", work)
    values, by_value = _by_value(run)
    pieces, label_of, counts = _pieces(run, values, by_value)
    if settings.split_pieces:
        numbering, parents, several = pieces, values[label_of], ""
        if pieces.count == len(values) - 1:  # no label has several: they keep their numbers
            numbering = Numbering(pieces.offsets, label_of[pieces.whole])
            parents = values
    else:
        numbering, parents = by_value, values
        voxel_um3 = float(np.prod(settings.coarse_voxel_nm)) / 1e9
        several = several_pieces(counts, label_of, settings.min_volume_um3 / voxel_um3)
    measured = Measured.nothing(len(parents) - 1)
    for number in range(len(run.grid)):
        part = Measured.kept(records, number)
        measured.add(numbering.of_block(number)[1:] - 1, part)
    if settings.fill_holes:
        filled = fill_given(run, numbers, numbering, measured)
    else:
        filled = Filled(np.zeros(len(run.grid), bool), 0, "")
    return Found(
        offsets=numbering.offsets,
        labels=numbering.whole[1:].astype(np.int32),
        changed=filled.changed,
        measured=measured,
        inside=measured.counts,
        parent_of=parents,
        foreground=int(measured.counts.sum()),
        filled=filled.voxels,
        warnings=tuple(filter(None, [several, filled.warning])),
    )


def _by_value(run: Run) -> tuple[NDArray[Any], Numbering]:
    """Return all label numbers in ascending order after a 0, and where those of blocks are."""
    records = run.records(NUMBERED)
    found = [record_of(records, number, "values")["values"] for number in range(len(run.grid))]
    values = np.unique(np.concatenate([np.zeros(1, found[0].dtype), *found]))
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in found])]).astype(np.int64)
    whole = np.concatenate([[0], *[np.searchsorted(values, part) for part in found]])
    return values, Numbering(offsets, whole.astype(np.int64))


def _pieces(
    run: Run, values: NDArray[Any], by_value: Numbering
) -> tuple[Numbering, NDArray[np.int64], NDArray[np.int64]]:
    """Return the pieces over all blocks, the label that each 0..n is of, and its voxels."""
    records = run.records(NUMBERED)
    labels = [np.zeros(1, np.int64)]
    for number in range(len(run.grid)):
        local = record_of(records, number, "label_of_piece")["label_of_piece"]
        labels.append(by_value.of_block(number)[local])
    label_of_part = np.concatenate(labels)
    numbering = number_components(
        run.grid, records, PIECES, CONNECTIVITY, lambda part: label_of_part[part]
    )
    label_of = np.zeros(numbering.count + 1, np.int64)
    label_of[numbering.whole] = label_of_part
    counts = np.zeros(numbering.count + 1, np.int64)
    for number in range(len(run.grid)):
        of_block = numbering.of_block(number)[1:]
        part = record_of(records, number, "piece_counts")["piece_counts"]
        np.add.at(counts, of_block, part)
    return numbering, label_of, counts
