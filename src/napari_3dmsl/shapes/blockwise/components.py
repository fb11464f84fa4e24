"""Components of a volume, put together from those of its blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.blockwise.joining import contacts, joined
from napari_3dmsl.shapes.blockwise.stages import record_of
from napari_3dmsl.shapes.extraction import consecutive
from napari_3dmsl.shapes.morphology import statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.blockwise.grid import Grid
    from napari_3dmsl.shapes.morphology import Box


@dataclass(frozen=True, eq=False)
class Numbering:
    """Which component of the volume each component of each block is part of.

    Attributes
    ----------
    offsets
        (blocks + 1,) what is added to the numbers 1..n in a block so that no two have the same.
    whole
        (total + 1,) for each of these the component of the volume, 1..count in the order of their
        first voxels; 0 for 0.
    """

    offsets: NDArray[np.int64]
    whole: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Components of the volume."""
        return int(self.whole.max())

    def of_block(self, number: int) -> NDArray[np.int64]:
        """Return the component of the volume for each number 0..n in a block.

        Parameters
        ----------
        number
            Of the block.
        """
        start, stop = self.offsets[number], self.offsets[number + 1]
        return np.concatenate([[0], self.whole[start + 1 : stop + 1]])


@dataclass(frozen=True, eq=False)
class Measured:
    """Numbers of voxels, boxes and sums of places of labels, exact and ready to be added up.

    Attributes
    ----------
    counts
        (N,) voxels.
    low, high
        (N, 3) first voxel of the box, and the one after its last.
    sums
        (N, 3) sums of the places (z, y, x) of the voxels.
    """

    counts: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    sums: NDArray[np.int64]

    @classmethod
    def nothing(cls, count: int) -> Measured:
        """Return those of labels without a voxel.

        Parameters
        ----------
        count
            Of labels.
        """
        far = np.iinfo(np.int64).max
        return cls(
            np.zeros(count, np.int64),
            np.full((count, 3), far),
            np.zeros((count, 3), np.int64),
            np.zeros((count, 3), np.int64),
        )

    @classmethod
    def of(cls, labels: NDArray[np.int32], box: Box) -> Measured:
        """Measure the labels 1..n of a block, every one of which is there.

        Parameters
        ----------
        labels
            (Z, Y, X).
        box
            Where the block lies in the volume.
        """
        known = statistics(labels)
        start = np.array([side.start for side in box], np.int64)
        counts = np.asarray(known.counts, np.int64)
        corners = np.array(
            [[[side.start, side.stop] for side in found] for found in known.boxes], np.int64
        ).reshape(-1, 3, 2)
        # cc3d divides the sums of whole numbers by the counts: they come back exactly
        sums = np.rint(known.centroids * counts[:, None]).astype(np.int64)
        return cls(
            counts, corners[..., 0] + start, corners[..., 1] + start, sums + counts[:, None] * start
        )

    @classmethod
    def kept(cls, records: Path, number: int, name: str = "") -> Measured:
        """Return what `arrays` put into a record.

        Parameters
        ----------
        records, number
            Folder of the records, and which one.
        name
            As given to `arrays`.
        """
        names = [f"{name}{part}" for part in ("counts", "low", "high", "sums")]
        record = record_of(records, number, *names)
        return cls(*(record[name] for name in names))

    def arrays(self, name: str = "") -> dict[str, NDArray[np.int64]]:
        """Return the arrays by name, for a record.

        Parameters
        ----------
        name
            What the names begin with.
        """
        return {
            f"{name}counts": self.counts,
            f"{name}low": self.low,
            f"{name}high": self.high,
            f"{name}sums": self.sums,
        }

    def add(self, at: NDArray[np.int64], other: Measured) -> None:
        """Add what was measured on parts of the labels.

        Parameters
        ----------
        at
            (M,) index of the label that each part belongs to.
        other
            (M,) of the parts.
        """
        np.add.at(self.counts, at, other.counts)
        np.add.at(self.sums, at, other.sums)
        np.minimum.at(self.low, at, other.low)
        np.maximum.at(self.high, at, other.high)

    def take(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> Measured:
        """Return those of some labels.

        Parameters
        ----------
        at
            Indices, or which.
        """
        return Measured(self.counts[at], self.low[at], self.high[at], self.sums[at])

    def box(self, index: int) -> Box:
        """Return the box of a label.

        Parameters
        ----------
        index
            Of the label.
        """
        z, y, x = (
            slice(int(low), int(high))
            for low, high in zip(self.low[index], self.high[index], strict=True)
        )
        return z, y, x


def number_components(
    grid: Grid,
    records: Path,
    name: str,
    connectivity: int,
    same: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> Numbering:
    """Join the components of blocks and number them in the order of their first voxels.

    Parameters
    ----------
    grid
        The blocks.
    records
        Folder of their records, each with ``NAME_first``, (n, 3) first voxels in the frame of the
        volume, and the faces of the block.
    name
        Of the components.
    connectivity
        Neighbours of a voxel: 6, 18 or 26.
    same
        Given provisional numbers returns what must be equal for two components to be one; None
        joins whatever touches.
    """
    key = f"{name}_first"
    firsts = [record_of(records, number, key)[key] for number in range(len(grid))]
    offsets = np.concatenate([[0], np.cumsum([len(first) for first in firsts])]).astype(np.int64)
    pairs = contacts(grid, partial(_face, records, name), offsets, connectivity)
    if same is not None:
        pairs = pairs[same(pairs[:, 0]) == same(pairs[:, 1])]
    groups, group = joined(int(offsets[-1]) + 1, pairs)
    raster = _raster(firsts, grid)
    first = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(first, group[1:], raster)
    first[group[0]] = -1  # background stays 0
    order = np.empty(groups, np.int64)
    order[np.argsort(first, kind="stable")] = np.arange(groups)
    return Numbering(offsets, order[group])


def gathered(grid: Grid, records: Path, numbering: Numbering, name: str) -> Measured:
    """Add up what was measured on the components of blocks.

    Parameters
    ----------
    grid
        The blocks.
    records
        Folder of their records.
    numbering
        Of the components.
    name
        As given to `Measured.arrays`.
    """
    found = Measured.nothing(numbering.count)
    for number in range(len(grid)):
        part = Measured.kept(records, number, name)
        found.add(numbering.of_block(number)[1:] - 1, part)
    return found


def compact(labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the labels above 0 that are there, and the labels numbered 1..n in their order.

    Parameters
    ----------
    labels
        (Z, Y, X); 0 is background.
    """
    number, present = consecutive(labels)
    return np.asarray(present[1:], np.int64), number


def _raster(firsts: Sequence[NDArray[np.int64]], grid: Grid) -> NDArray[np.int64]:
    places = np.concatenate([np.empty((0, 3), np.int64), *firsts])
    _, rows, columns = grid.shape
    return np.asarray((places[:, 0] * rows + places[:, 1]) * columns + places[:, 2])


def _face(records: Path, name: str, block: int, axis: int, end: int) -> NDArray[np.integer] | None:
    key = f"{name}_face{axis}{end}"
    face: NDArray[np.integer] | None = record_of(records, block, key).get(key)
    return face
