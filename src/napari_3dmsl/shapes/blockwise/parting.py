"""A mask becomes instances: labelled by blocks, joined, then divided or dilated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_3dmsl.compute.place import Processes
from napari_3dmsl.shapes.blockwise.components import (
    Measured,
    Numbering,
    gathered,
    number_components,
)
from napari_3dmsl.shapes.blockwise.dilating import DilateBlock
from napari_3dmsl.shapes.blockwise.dividing import (
    DivideObject,
    InsertParts,
    Objects,
    bytes_to_divide,
)
from napari_3dmsl.shapes.blockwise.finish import Found
from napari_3dmsl.shapes.blockwise.labelling import MARKERS, PIECES, LabelBlock, Parting
from napari_3dmsl.shapes.blockwise.run import Run
from napari_3dmsl.shapes.blockwise.stages import record_of
from napari_3dmsl.shapes.blockwise.stored_labels import BLOCKS, CHANGED
from napari_3dmsl.shapes.extraction import large

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELLED, DIVIDED, INSERTED, DILATED = "labelled", "divided", "inserted", "dilated"


@dataclass(frozen=True, eq=False)
class _Joined:
    """Components of the mask and of what the erosion leaves of it, over all blocks."""

    pieces: Numbering
    measured: Measured
    markers: Numbering
    piece_of_marker: NDArray[np.int64]


def part_mask(run: Run, mask: Path, foreground: int, filled: int) -> Found:
    """Cut the instances out of a mask.

    Parameters
    ----------
    run
        The run.
    mask
        Folder of the array of the mask.
    foreground, filled
        Its voxels, and how many of them were holes.
    """
    settings = run.settings
    parting = Parting(settings.ball_nm, settings.coarse_voxel_nm, settings.connectivity)
    dilates = settings.regrow == "dilate"
    numbers = run.array(BLOCKS, np.uint32)
    keeps: Literal["pieces", "markers"] = MARKERS if dilates else PIECES
    records = run.records(LABELLED)
    work = LabelBlock(run.grid, parting, mask, records, numbers, keeps)
    run.do(LABELLED, "Eroding and labelling", work)
    joined = _join(run, parting.connectivity)
    if dilates:
        found = _dilate(run, parting, mask, numbers, joined)
    else:
        found = _divide(run, parting, mask, numbers, joined)
    found.parent_of[1:][found.measured.counts == 0] = 0
    undivided = int(np.count_nonzero(large(joined.measured.counts, settings)))
    return replace(
        found,
        foreground=foreground,
        components=joined.pieces.count,
        undivided=undivided,
        filled=filled,
    )


def _join(run: Run, connectivity: int) -> _Joined:
    records = run.records(LABELLED)
    pieces = number_components(run.grid, records, PIECES, connectivity)
    measured = gathered(run.grid, records, pieces, f"{PIECES}_")
    markers = number_components(run.grid, records, MARKERS, connectivity)
    piece_of_marker = np.zeros(markers.count + 1, np.int64)
    for number in range(len(run.grid)):
        local = record_of(records, number, "piece_of_marker")["piece_of_marker"]
        piece_of_marker[markers.of_block(number)[1:]] = pieces.of_block(number)[local]
    return _Joined(pieces, measured, markers, piece_of_marker)


def _divide(run: Run, parting: Parting, mask: Path, numbers: Path, joined: _Joined) -> Found:
    """Grow the markers back inside the mask: see `regrow_in_mask`, which numbers them so, too."""
    count = joined.pieces.count
    markers = len(joined.piece_of_marker) - 1
    in_piece = np.bincount(joined.piece_of_marker[1:], minlength=count + 1)
    label_of_piece = np.zeros(count + 1, np.int32)
    label_of_piece[joined.piece_of_marker[1:]] = np.arange(1, markers + 1)
    unmarked = np.flatnonzero(in_piece == 0)[1:]  # the first is the background
    label_of_piece[unmarked] = markers + 1 + np.arange(len(unmarked))
    several = np.flatnonzero(in_piece > 1)
    needed = _bytes_to_divide(several, joined.measured)
    shared, too_large = several[needed <= run.alone], needed[needed > run.alone]
    label_of_piece[shared] = 0
    objects = Objects(
        joined.pieces,
        joined.measured.low,
        joined.measured.high,
        joined.piece_of_marker,
        label_of_piece,
    )
    objects.keep(run.folder)
    divided = run.records(DIVIDED)
    divide = DivideObject(run.folder, run.grid, parting, run.settings.neck, mask, numbers, divided)
    large_ones = several[(needed > run.allowed) & (needed <= run.alone)]
    run.do(DIVIDED, "Dividing objects", divide, np.setdiff1d(shared, large_ones).tolist())
    one = Processes(1)
    run.do(DIVIDED, "Dividing large objects", divide, large_ones.tolist(), one)
    changed = np.zeros(len(run.grid), bool)
    for piece in shared.tolist():
        changed[list(run.grid.meeting(objects.box(piece)))] = True
    work = InsertParts(
        folder=run.folder,
        grid=run.grid,
        numbers=numbers,
        divided=divided,
        records=run.records(INSERTED),
        target=run.array(CHANGED, np.int32),
        pieces=tuple(shared.tolist()),
    )
    run.do(INSERTED, "Writing divided objects", work, np.flatnonzero(changed).tolist())
    labels = markers + len(unmarked)
    measured = Measured.nothing(labels)
    whole = np.flatnonzero(label_of_piece)
    measured.add(label_of_piece[whole].astype(np.int64) - 1, joined.measured.take(whole - 1))
    parent_of = np.zeros(labels + 1, np.int32)
    parent_of[1 : markers + 1] = joined.piece_of_marker[1:]
    parent_of[label_of_piece[whole]] = whole
    for piece in shared.tolist():
        ours = record_of(divided, piece, "labels")["labels"]
        measured.add(ours - 1, Measured.kept(divided, piece))
    return Found(
        offsets=joined.pieces.offsets,
        labels=label_of_piece[joined.pieces.whole[1:]],
        changed=changed,
        measured=measured,
        inside=measured.counts,
        parent_of=parent_of,
        warnings=_left_whole(too_large, run.alone),
    )


def _dilate(run: Run, parting: Parting, mask: Path, numbers: Path, joined: _Joined) -> Found:
    """Dilate the markers, the paper's way."""
    markers = len(joined.piece_of_marker) - 1
    none = np.zeros(0, np.int32)
    objects = Objects(
        joined.markers,
        joined.measured.low,
        joined.measured.high,
        joined.piece_of_marker,
        none,
    )
    objects.keep(run.folder)
    records = run.records(DILATED)
    target = run.array(CHANGED, np.int32)
    work = DilateBlock(run.folder, run.grid, parting, mask, numbers, records, target)
    run.do(DILATED, "Dilating", work)
    measured = Measured.nothing(markers)
    inside = np.zeros(markers, np.int64)
    for number in range(len(run.grid)):
        record = record_of(records, number, "labels", "inside")
        measured.add(record["labels"] - 1, Measured.kept(records, number))
        np.add.at(inside, record["labels"] - 1, record["inside"])
    return Found(
        offsets=np.zeros(len(run.grid) + 1, np.int64),
        labels=none,
        changed=np.ones(len(run.grid), bool),
        measured=measured,
        inside=inside,
        parent_of=joined.piece_of_marker.astype(np.int32),
    )


def _bytes_to_divide(pieces: NDArray[np.int64], measured: Measured) -> NDArray[np.int64]:
    needed = [
        bytes_to_divide(measured.box(piece - 1), int(measured.counts[piece - 1]))
        for piece in pieces.tolist()
    ]
    return np.array(needed, np.int64)


def _left_whole(needed: NDArray[np.int64], allowed: int) -> tuple[str, ...]:
    """Say how many objects were too large to be divided, and what memory would divide them."""
    if not len(needed):
        return ()
    are = "object was" if len(needed) == 1 else "objects were"
    more = (needed.max() - allowed) / 1e9
    return (
        f"{len(needed)} {are} too large to be divided and left whole; "
        f"a memory limit higher by {more:.2g} GB would divide all",
    )
