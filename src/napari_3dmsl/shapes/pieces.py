"""Instance labels that lie in several pieces: counted, or split into one instance a piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONNECTIVITY = 26
"""Voxels that touch at a corner are one piece, so that no label that looks whole is counted."""


def pieces_of(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return labels in which every piece has a number of its own, and whose piece each one is.

    Parameters
    ----------
    labels
        (z, y, x) with labels 1..n, C-contiguous.

    Returns
    -------
    pieces
        (z, y, x) with pieces 1..m; the labels themselves when no label has several.
    label_of
        (m + 1,) the label of every piece, 0 for the background.
    """
    pieces: NDArray[np.int32] = cc3d.connected_components(
        labels, connectivity=CONNECTIVITY, out_dtype=np.uint32
    ).view(np.int32)
    count, several = int(labels.max()), int(pieces.max())
    if several == count:
        return labels, np.arange(count + 1, dtype=np.int32)
    label_of = np.zeros(several + 1, dtype=np.int32)
    for plane, found in zip(pieces, labels, strict=True):
        label_of[plane] = found  # all voxels of a piece say the same
    return pieces, label_of


def several_pieces(
    counts: NDArray[np.int64], label_of: NDArray[np.integer], smallest_voxels: float
) -> str:
    """Say how many labels have several pieces, and what to do; empty when none has.

    Parameters
    ----------
    counts
        (m + 1,) voxels of each piece 0..m.
    label_of
        (m + 1,) the label of every piece, see `pieces_of`.
    smallest_voxels
        Smaller pieces are dust and do not count.
    """
    if len(label_of) - 1 == label_of.max():  # one piece each: nothing to count
        return ""
    large = counts[1:] >= smallest_voxels
    per_label = np.bincount(label_of[1:][large], minlength=int(label_of.max()) + 1)
    several = int(np.count_nonzero(per_label > 1))
    if several == 0:
        return ""
    number = int(per_label[per_label > 1].sum())
    if int(label_of.max()) == 1:
        return (
            f"1 label has {number} pieces, which become one shape: a mask? Then leave out 'Are "
            "instances' (--instances), or tick 'Split pieces' (--split-pieces)"
        )
    labels = "1 label has" if several == 1 else f"{several:,} labels have"
    return (
        f"{labels} several pieces, {number:,} in all; a label becomes one shape, unless 'Split "
        "pieces' is ticked (--split-pieces)"
    )
