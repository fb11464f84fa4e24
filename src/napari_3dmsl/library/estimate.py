"""What an extraction will take: time, memory and disk, told before it begins.

From slopes that were measured on a tiled phantom (voxels of 24 nm, 5 % foreground), and from how
full the middle of the volume is. Times are of a processor core of 2024; a third more or less
is usual.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.memory import in_words
from napari_3dmsl.volumes.labels import COPIES

if TYPE_CHECKING:
    from napari_3dmsl.compute import Place
    from napari_3dmsl.shapes.extraction import ExtractionSettings
    from napari_3dmsl.shapes.sampling import SampleSettings

# Processor seconds and bytes, measured; `benchmarks/extract_estimate.py` prints them anew.
READ_S = 8e-9
"""For each voxel of the volume that is read."""
LABEL_S = 22e-9
"""For each voxel on the downsampled grid: erosion, labelling, regrowth."""
MEASURE_S = 2.5e-6
"""For each foreground voxel on that grid: mesh, skeleton, class, files."""
SAMPLE_S = 1.1e-6
"""For each point of the samples of a shape."""
STAGE_BYTES = 0.15
"""On disk for each voxel on the downsampled grid, while the work goes on."""
SHAPE_BYTES = 40.0
"""In the library for each foreground voxel: half a face to a face of the surface."""
SURFACE_BYTES = 25.0
"""The same while neighbours are looked for."""
SAMPLE_BYTES = 45.0
"""For each point of the samples of a shape."""
USUAL_VOXELS = 30_000
"""Of a shape on the grid of 24 nm: 0.4 µm³."""
LABEL_BYTES = 0.02
"""For each voxel of a labelled volume in OME-Zarr; a TIFF holds all of them."""

_PLANES = 9  # that are counted of a volume in sections
_BOXES, _BOX = 4, 48  # along each axis of any other: how many boxes, and their voxels
_AFTER_ALL = 1.2  # times as much room as is estimated must be free


@dataclass(frozen=True)
class Estimate:
    """What an extraction will take.

    Attributes
    ----------
    seconds
        Of time.
    memory_bytes
        Of all processes together.
    work_bytes
        On the disk of the library, beside it, until it is finished.
    library_bytes
        Of the library.
    labels_bytes
        Of the labelled volume, if one is written.
    shapes
        How many there may be.
    voxels
        Of the volume that is read.
    """

    seconds: float
    memory_bytes: float
    work_bytes: float
    library_bytes: float
    labels_bytes: float
    shapes: int
    voxels: int

    def __str__(self) -> str:
        """Say it in one line."""
        labels = f", labels {in_words(self.labels_bytes)}" if self.labels_bytes else ""
        return (
            f"about {duration(self.seconds)}, {in_words(self.memory_bytes)} of memory, and on disk "
            f"{in_words(self.library_bytes)} for some {self.shapes:,} shapes{labels} "
            f"({in_words(self.work_bytes)} more meanwhile)"
        )


def estimate_extraction(
    labels: Any,
    settings: ExtractionSettings,
    place: Place,
    memory_limit: int | None,
    *,
    samples: SampleSettings | None = None,
    labels_out: Path | None = None,
    as_zip: bool = False,
) -> Estimate:
    """Estimate what an extraction will take.

    Parameters
    ----------
    labels
        (Z, Y, X); some boxes of it are read.
    settings
        How to extract.
    place
        Where the work runs.
    memory_limit
        Bytes; None where the volume is worked on as a whole.
    samples
        Whether there will be points and occupancies, and how many.
    labels_out
        Whether the labelled volume is written, and as what.
    as_zip
        Whether shapes are packed at the end.
    """
    voxels = math.prod(labels.shape)
    coarse = voxels // math.prod(settings.blocks)
    inside = _filled(labels) * coarse
    usual = USUAL_VOXELS * 24.0**3 / math.prod(settings.coarse_voxel_nm)
    shapes = max(1, round(inside / usual)) if inside else 0
    points = 0 if samples is None else samples.surface_points + samples.occupancy_points
    at_once = max(place.workers, 1)
    extracting = READ_S * voxels + LABEL_S * coarse
    measuring = MEASURE_S * inside + SAMPLE_S * points * shapes
    library = SHAPE_BYTES * inside + SAMPLE_BYTES * points * shapes
    stages = 0.0 if memory_limit is None else STAGE_BYTES * coarse
    out = 0.0
    if labels_out is not None:
        wide = 2 if shapes < np.iinfo(np.uint16).max else 4
        out = coarse * (LABEL_BYTES if labels_out.suffix.lower() == ".zarr" else wide)
    in_memory = COPIES * voxels * labels.dtype.itemsize
    return Estimate(
        (extracting / (1 if memory_limit is None else at_once) + measuring / at_once),
        in_memory if memory_limit is None else memory_limit,
        stages + SURFACE_BYTES * inside + (library if as_zip else 0.0),
        library,
        out,
        shapes,
        voxels,
    )


def check_disk(library: Path, labels_out: Path | None, estimate: Estimate) -> None:
    """Refuse an extraction for which the disk has not the room.

    Parameters
    ----------
    library
        Where it will be.
    labels_out
        Where the labelled volume will be, if it is written.
    estimate
        What it takes.

    Raises
    ------
    ValueError
        One line: how much it takes, how much is free, what to do.
    """
    needed = [(library, estimate.library_bytes + estimate.work_bytes)]
    if labels_out is not None:
        needed.append((labels_out, estimate.labels_bytes))
    by_disk: dict[int, tuple[Path, float]] = {}
    for path, size in needed:
        folder = _existing(path)
        device = folder.stat().st_dev
        by_disk[device] = folder, by_disk.get(device, (folder, 0.0))[1] + size
    for folder, size in by_disk.values():
        free = shutil.disk_usage(folder).free
        if _AFTER_ALL * size > free:
            raise ValueError(
                f"{folder}: the extraction needs about {in_words(size)} of disk, with some to "
                f"spare {in_words(_AFTER_ALL * size)}, free are {in_words(free)}; make room, "
                "choose another place, or downsample more"
            )


def duration(seconds: float) -> str:
    """Say how long something takes.

    Parameters
    ----------
    seconds
        0 or more.
    """
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


def _filled(labels: Any) -> float:
    """Return how much of a volume is foreground, as some boxes or planes all over it tell."""
    if isinstance(labels, np.ndarray):
        return np.count_nonzero(labels) / max(labels.size, 1)
    counted = inside = 0
    for box in _boxes(labels.shape, getattr(labels, "chunks", labels.shape)):
        here = np.asarray(labels[box])
        counted += here.size
        inside += int(np.count_nonzero(here))
    return inside / max(counted, 1)


def _boxes(shape: Sequence[int], chunks: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Give boxes all over a volume; of one that lies in whole planes only planes."""
    if all(chunk >= length for chunk, length in zip(chunks[1:], shape[1:], strict=True)):
        for z in np.unique(np.linspace(0, shape[0] - 1, _PLANES).astype(int)).tolist():
            yield slice(z, z + 1), slice(0, shape[1]), slice(0, shape[2])
        return
    starts = [
        np.unique(np.linspace(0, max(length - _BOX, 0), _BOXES).astype(int)).tolist()
        for length in shape
    ]
    for corner in product(*starts):
        yield tuple(
            slice(start, min(start + _BOX, length))
            for start, length in zip(corner, shape, strict=True)
        )


def _existing(path: Path) -> Path:
    """Return the nearest folder above a path that is there."""
    return next(folder for folder in path.resolve().parents if folder.is_dir())
