"""One run: its folder, its blocks, where it works and whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.shapes.blockwise.stages import do_stage, new_array

if TYPE_CHECKING:
    from napari_3dmsl.compute.place import Place
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.blockwise.grid import Grid, Triple
    from napari_3dmsl.shapes.extraction import ExtractionSettings

CHUNK = 128
"""Voxels along the edge of a chunk of an array, at most: small ones are quick to read in part."""


@dataclass(frozen=True, eq=False)
class Run:
    """An extraction at work.

    Attributes
    ----------
    folder
        Of its stages.
    grid
        The blocks, in coarse voxels.
    settings
        How to extract.
    place, progress
        Where the work runs, and what is told.
    allowed
        Bytes that one worker may take.
    alone
        Bytes that a worker may take while the others rest.
    """

    folder: Path
    grid: Grid
    settings: ExtractionSettings
    place: Place
    progress: Progress | None
    allowed: int
    alone: int

    @property
    def shape(self) -> Triple:
        """Coarse voxels (z, y, x) of the volume."""
        return self.grid.shape

    def records(self, stage: str) -> Path:
        """Return the folder of the records of a stage.

        Parameters
        ----------
        stage
            Its name.
        """
        return self.folder / "done" / stage

    def array(self, name: str, dtype: Any, edge: Triple | None = None) -> Path:
        """Return the folder of an array of coarse voxels, made if it is not there.

        Parameters
        ----------
        name
            Of the array.
        dtype
            Of its voxels.
        edge
            What is written at one time; by default a block.
        """
        path = self.folder / name
        new_array(path, self.shape, tuple(map(_chunk, edge or self.grid.edge)), dtype)
        return path

    def do(
        self,
        stage: str,
        what: str,
        work: Callable[[int], None],
        numbers: Iterable[int] | None = None,
        place: Place | None = None,
    ) -> None:
        """Do what is left of a stage.

        Parameters
        ----------
        stage
            Its name.
        what
            Its name for people.
        work
            Called with each number, in whatever process.
        numbers
            Of the pieces of work; by default the blocks.
        place
            Where it runs, if not where the others do.
        """
        wanted = range(len(self.grid)) if numbers is None else numbers
        do_stage(self.records(stage), work, wanted, place or self.place, self.progress, what)


def _chunk(edge: int) -> int:
    """Return the longest part of an edge, of equal ones, that is no longer than a chunk."""
    parts = -(-edge // CHUNK)
    while edge % parts:
        parts += 1
    return edge // parts
