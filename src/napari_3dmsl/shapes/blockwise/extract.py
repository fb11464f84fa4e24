"""Extraction block by block, with memory that does not grow with the volume.

Every stage is worked on block by block in whatever processes, and kept in a folder: the
downsampled mask, the components of its blocks, the objects that are divided. What is joined over
all blocks are tables. The instances are those of `extract_instances`, to the voxel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.compute.place import place_of
from napari_3dmsl.shapes.blockwise.coarse import ReadPart, reading_grid
from napari_3dmsl.shapes.blockwise.finish import finish
from napari_3dmsl.shapes.blockwise.given import number_given
from napari_3dmsl.shapes.blockwise.grid import Grid, Triple
from napari_3dmsl.shapes.blockwise.holes import FillHoles, FindHoles, find_cavities
from napari_3dmsl.shapes.blockwise.parting import part_mask
from napari_3dmsl.shapes.blockwise.run import Run
from napari_3dmsl.shapes.blockwise.stages import begin, record_of
from napari_3dmsl.shapes.downsampling import coarse_shape
from napari_3dmsl.shapes.extraction import Extraction, ExtractionSettings, nothing_left
from napari_3dmsl.volumes.labels import check_labels

if TYPE_CHECKING:
    from napari_3dmsl.compute.place import Place
    from napari_3dmsl.progress import Progress

BYTES_A_VOXEL = {"watershed": 17, "dilate": 27}
"""Memory that labelling takes for each voxel of a block, at most: measured."""
PROCESS_BYTES = 130_000_000
"""What a process takes before it has any voxel: measured."""
EDGES = (64, 96, 128, 192, 256)
READ, HOLES, UNHOLED = "read", "holes", "unholed"


def extract_blockwise(
    labels: Any,
    settings: ExtractionSettings,
    folder: str | Path,
    *,
    memory_limit: int,
    place: Place | None = None,
    progress: Progress | None = None,
    edge: Triple | None = None,
) -> Extraction:
    """Cut the instances out of a label volume of any size.

    Parameters
    ----------
    labels
        (z, y, x) mask or labels: an array, or anything with ``shape``, ``dtype`` and, for boxes,
        ``[]`` that pickles, such as those of `open_lazy`.
    settings
        Voxel size and how to extract.
    folder
        Where the stages are kept: new, or of the same extraction, which goes on where it was
        stopped. It is needed as long as the labels of the result are.
    memory_limit
        Bytes that all processes may take together, at least 400 MB for two.
    place
        Where the work runs; by default in a process for each processor.
    progress
        Called with (done, total, what) in each stage; an exception that it raises stops the work.
    edge
        Voxels (z, y, x) of a block on the downsampled grid; by default as the memory allows.

    Returns
    -------
    Extraction
        As that of `extract_instances`, with `StoredLabels` as its labels.

    Raises
    ------
    ValueError
        When the labels are no labels, nothing is left after downsampling, the memory is too
        little, or the folder holds another extraction.
    """
    if isinstance(labels, np.ndarray):
        labels = check_labels(labels)
    place = place or place_of()
    shape = coarse_shape(labels.shape, settings.blocks)
    allowed = worker_bytes(memory_limit, place.sharing_memory)
    about = {
        "shape": list(labels.shape),
        "dtype": str(labels.dtype),
        "settings": settings.model_dump(mode="json"),
    }
    chosen = begin(Path(folder), about, {"edge": edge or _edge(allowed, settings)})
    z, y, x = chosen["edge"]
    run = Run(
        Path(folder).resolve(),
        Grid(shape, (z, y, x)),
        settings,
        place,
        progress,
        allowed,
        max(allowed, memory_limit - 2 * PROCESS_BYTES),
    )
    coarse, foreground = _read(run, labels)
    if not foreground:
        raise ValueError(nothing_left(settings))
    if settings.instances:
        return finish(run, number_given(run, coarse))
    filled = 0
    if settings.fill_holes:
        coarse, filled = _fill(run, coarse)
    return finish(run, part_mask(run, coarse, foreground + filled, filled))


def worker_bytes(memory_limit: int, workers: int) -> int:
    """Return how many bytes of voxels each of some workers may hold.

    Parameters
    ----------
    memory_limit
        Bytes for all processes of this machine.
    workers
        Processes that work here; 1 is this one.

    Raises
    ------
    ValueError
        When that is less than the smallest blocks take.
    """
    workers = max(workers, 1)  # on a cluster all of them may be elsewhere
    processes = workers + (workers > 1)
    left = (memory_limit - PROCESS_BYTES * processes) // workers
    least = max(BYTES_A_VOXEL.values()) * EDGES[0] ** 3
    if left < least:
        needed = PROCESS_BYTES * processes + least * workers
        raise ValueError(
            f"memory_limit = {memory_limit / 1e6:,.0f} MB: {workers} workers need at least "
            f"{needed / 1e6:,.0f} MB; allow more, or use fewer workers"
        )
    return int(left)


def _edge(allowed: int, settings: ExtractionSettings) -> Triple:
    """Return the edge of the largest blocks that a worker may hold."""
    each = BYTES_A_VOXEL["watershed" if settings.instances else settings.regrow]
    edge = max(edge for edge in EDGES if each * edge**3 <= allowed)
    return edge, edge, edge


def _read(run: Run, labels: Any) -> tuple[Path, int]:
    """Keep the volume on the downsampled grid; return where, and the number of its voxels."""
    parts = reading_grid(labels, run.shape, run.grid.edge, run.settings.blocks, run.allowed)
    dtype = labels.dtype if run.settings.instances else np.bool_
    target = run.array("coarse", dtype, parts.edge)
    records = run.records(READ)
    work = ReadPart(labels, run.settings, parts, records, target, run.allowed // 2)
    run.do(READ, "Reading", work, range(len(parts)))
    found = (record_of(records, part, "foreground") for part in range(len(parts)))
    return target, sum(int(record["foreground"]) for record in found)


def _fill(run: Run, mask: Path) -> tuple[Path, int]:
    """Fill the cavities of a mask; return where it is, and how many voxels they have."""
    records = run.records(HOLES)
    run.do(HOLES, "Looking for holes", FindHoles(run.grid, mask, records))
    filled = find_cavities(run.folder, run.grid, records)
    if not filled:
        return mask, 0
    target = run.array("filled", np.bool_)
    work = FillHoles(run.folder, run.grid, mask, run.records(UNHOLED), target)
    run.do(UNHOLED, "Filling holes", work)
    return target, filled
