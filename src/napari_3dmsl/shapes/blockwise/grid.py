"""A volume cut into blocks: where each one lies, and which ones a box meets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from napari_3dmsl.shapes.morphology import Box

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Grid:
    """Blocks that cover a volume; those at its far ends may be smaller.

    Attributes
    ----------
    shape
        Voxels (z, y, x) of the volume.
    edge
        Voxels (z, y, x) of a block.
    """

    shape: Triple
    edge: Triple

    @property
    def counts(self) -> Triple:
        """Blocks along (z, y, x)."""
        z, y, x = (-(-size // edge) for size, edge in zip(self.shape, self.edge, strict=True))
        return z, y, x

    def __len__(self) -> int:
        return math.prod(self.counts)

    def place(self, number: int) -> Triple:
        """Return the place (z, y, x) among the blocks of a block.

        Parameters
        ----------
        number
            0 to the number of blocks - 1, x running fastest.
        """
        _, rows, columns = self.counts
        return number // (rows * columns), number // columns % rows, number % columns

    def number(self, place: Triple) -> int:
        """Return the number of the block at a place.

        Parameters
        ----------
        place
            Among the blocks (z, y, x).
        """
        _, rows, columns = self.counts
        return (place[0] * rows + place[1]) * columns + place[2]

    def box(self, number: int) -> Box:
        """Return the voxels of a block.

        Parameters
        ----------
        number
            Of the block.
        """
        z, y, x = (
            slice(place * edge, min((place + 1) * edge, size))
            for place, edge, size in zip(self.place(number), self.edge, self.shape, strict=True)
        )
        return z, y, x

    def meeting(self, box: Box) -> Iterator[int]:
        """Return the numbers of the blocks that a box meets.

        Parameters
        ----------
        box
            With at least one voxel.
        """
        places = (
            range(side.start // edge, (side.stop - 1) // edge + 1)
            for side, edge in zip(box, self.edge, strict=True)
        )
        for z, y, x in itertools.product(*places):
            yield self.number((z, y, x))


def within(box: Box, outer: Box) -> Box:
    """Return where a box lies in another one.

    Parameters
    ----------
    box
        In the frame of the volume.
    outer
        A box around it.
    """
    z, y, x = (
        slice(side.start - around.start, side.stop - around.start)
        for side, around in zip(box, outer, strict=True)
    )
    return z, y, x


def common(first: Box, second: Box) -> Box | None:
    """Return the voxels that two boxes share; None when there are none.

    Parameters
    ----------
    first, second
        In the same frame.
    """
    z, y, x = (
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(first, second, strict=True)
    )
    return None if min(side.stop - side.start for side in (z, y, x)) <= 0 else (z, y, x)


def size_of(box: Box) -> Triple:
    """Return the edges of a box in voxels.

    Parameters
    ----------
    box
        Slices (z, y, x).
    """
    z, y, x = (side.stop - side.start for side in box)
    return z, y, x
