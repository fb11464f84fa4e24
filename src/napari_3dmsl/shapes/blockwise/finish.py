"""The end of an extraction by blocks: small instances are dropped, the others numbered and told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.blockwise.components import Measured
from napari_3dmsl.shapes.blockwise.run import Run
from napari_3dmsl.shapes.blockwise.stages import keep_table
from napari_3dmsl.shapes.blockwise.stored_labels import TABLES, StoredLabels, tables_of
from napari_3dmsl.shapes.crops import measuring_blocks, sprawl
from napari_3dmsl.shapes.extraction import (
    Extraction,
    ExtractionReport,
    coarse_origin_um,
    divided,
    flat_ball,
    large,
    largest_dropped,
    small_ones,
    thinnest_surviving_tube_nm,
)
from napari_3dmsl.shapes.morphology import Known

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Found:
    """Instances before the small ones are dropped.

    Attributes
    ----------
    offsets, labels
        For each number in each block its label, see `Tables`.
    changed
        (blocks,) bool, which blocks' labels lie in the second array.
    measured
        Of the labels 1..n; a label may have no voxel.
    inside
        (n,) voxels of these that are foreground of the mask.
    parent_of
        (n + 1,) see `Extraction.parents`; 0 for 0 and for labels without a voxel.
    foreground
        Voxels of the mask.
    components, undivided, filled, warnings
        See `ExtractionReport`; components of the mask.
    """

    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    changed: NDArray[np.bool_]
    measured: Measured
    inside: NDArray[np.int64]
    parent_of: NDArray[np.integer]
    foreground: int = 0
    components: int = 0
    undivided: int = 0
    filled: int = 0
    warnings: tuple[str, ...] = field(default=())


def finish(run: Run, found: Found) -> Extraction:
    """Drop the small instances, number the others and keep that; return what is known of them.

    Parameters
    ----------
    run
        The run.
    found
        All instances.
    """
    counts = np.concatenate([[0], found.measured.counts])
    keep = (counts > 0) & large(counts, run.settings)
    keep[0] = False
    dropped = small_ones(counts, keep, found.parent_of, run.settings)
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    labels = _keep_tables(run, found, number)
    kept = found.measured.take(keep[1:])
    known = Known(
        kept.counts,
        [kept.box(index) for index in range(len(kept.counts))],
        kept.sums / np.maximum(kept.counts, 1)[:, None],
    )
    inside = int(found.inside[keep[1:]].sum())
    touches = np.any((kept.low == 0) | (kept.high == np.array(run.shape)), axis=1)
    blocks = measuring_blocks(known.boxes, run.settings.coarse_voxel_nm, int(np.prod(run.shape)))
    sprawling = sprawl(blocks)
    report = ExtractionReport(
        found=int(keep.sum()) + len(dropped),
        kept=int(keep.sum()),
        dropped_small=len(dropped),
        voxels_lost=found.foreground - inside,
        voxels_invented=int(kept.counts.sum()) - inside,
        thinnest_tube_nm=thinnest_surviving_tube_nm(run.settings),
        divided=divided(found.parent_of) if found.components else 0,
        undivided=found.undivided,
        vanished=max(found.components - len(np.unique(found.parent_of[found.parent_of > 0])), 0),
        cut=int(touches.sum()),
        voxels_filled=found.filled,
        dropped=largest_dropped(dropped),
        warnings=tuple(filter(None, [flat_ball(run.settings), *found.warnings, sprawling])),
    )
    return Extraction(
        labels,  # type: ignore[arg-type]
        run.settings.coarse_voxel_nm,
        coarse_origin_um(run.settings),
        report,
        found.parent_of[keep],
        touches,
        known,
    )


def _keep_tables(run: Run, found: Found, number: NDArray[np.int32]) -> StoredLabels:
    keep_table(
        run.folder / TABLES,
        shape=run.grid.shape,
        edge=run.grid.edge,
        offsets=found.offsets,
        labels=number[found.labels],
        changed=found.changed,
        renumbered=number,
    )
    tables_of.cache_clear()
    z, y, x = run.grid.edge
    return StoredLabels(Path(run.folder), run.shape, (z, y, x))
