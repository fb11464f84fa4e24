"""The mask of a block becomes components: of the mask itself, and of what the erosion leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Measured
from napari_3dmsl.shapes.blockwise.grid import Grid, Triple, within
from napari_3dmsl.shapes.blockwise.joining import faces_of, first_voxels
from napari_3dmsl.shapes.blockwise.stages import keep_record, read_box, write_box
from napari_3dmsl.shapes.morphology import TOLERANCE, components, erode, grow_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.morphology import Box

PIECES: Literal["pieces"] = "pieces"
MARKERS: Literal["markers"] = "markers"
_NOTHING = {
    f"{PIECES}_first": np.empty((0, 3), np.int64),
    f"{MARKERS}_first": np.empty((0, 3), np.int64),
    "piece_of_marker": np.empty(0, np.int32),
    **Measured.nothing(0).arrays(f"{PIECES}_"),
}


@dataclass(frozen=True)
class Parting:
    """How a mask is parted.

    Attributes
    ----------
    radius
        Of the ball that erodes, in nm.
    voxel
        Size (z, y, x) in nm.
    connectivity
        Neighbours of a voxel: 6, 18 or 26.
    """

    radius: float
    voxel: tuple[float, float, float]
    connectivity: int

    @property
    def reach(self) -> Triple:
        """How many voxels (z, y, x) the ball reaches."""
        z, y, x = (int(self.radius / size + TOLERANCE) for size in self.voxel)
        return z, y, x


@dataclass(frozen=True)
class LabelBlock:
    """Labels the components of a block.

    Attributes
    ----------
    grid
        The blocks.
    parting
        How the mask is parted.
    mask, records, target
        Folders of the mask, of the records, and of the array of numbers.
    keeps
        Which numbers the array keeps: those of the mask's components, or of what is left of them.
    """

    grid: Grid
    parting: Parting
    mask: Path
    records: Path
    target: Path
    keeps: Literal["pieces", "markers"]

    def __call__(self, number: int) -> None:
        """Label a block.

        Parameters
        ----------
        number
            Of the block.
        """
        core = self.grid.box(number)
        around = grow_box(core, self.parting.reach, self.grid.shape)
        inner = within(core, around)
        mask = read_box(self.mask, around)
        if not mask[inner].any():
            keep_record(self.records, number, **_NOTHING)
            return
        eroded = np.ascontiguousarray(erode(mask, self.parting.radius, self.parting.voxel)[inner])
        mask = np.ascontiguousarray(mask[inner])
        found = self._markers(eroded, core)  # one after the other: each takes 4 bytes
        del eroded
        pieces = components(mask, self.parting.connectivity)
        start = [side.start for side in core]
        place = tuple((found[f"{MARKERS}_first"] - start).T)
        found["piece_of_marker"] = pieces[place]  # all voxels of a marker say the same
        found |= self._about(pieces, PIECES, core)
        found |= Measured.of(pieces, core).arrays(f"{PIECES}_")
        if self.keeps == PIECES:
            write_box(self.target, core, pieces)
        keep_record(self.records, number, **found)

    def _markers(self, eroded: NDArray[np.bool_], core: Box) -> dict[str, Any]:
        markers = components(eroded, self.parting.connectivity)
        if self.keeps == MARKERS:
            write_box(self.target, core, markers)
        return self._about(markers, MARKERS, core)

    def _about(self, labels: NDArray[np.int32], name: str, core: Box) -> dict[str, Any]:
        """Return where the components begin, and the faces of the block."""
        first = first_voxels(labels, int(labels.max())) + [side.start for side in core]
        return {f"{name}_first": first, **faces_of(labels, name)}
