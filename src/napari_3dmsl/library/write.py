"""Write a shape library: folders, or zips as released; whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import napari_3dmsl
from napari_3dmsl.library.instance_files import (
    CLOUD_FILE,
    LIBRARY_FILE,
    MESH_FILE,
    OCCUPANCY_FILE,
    TABLE_FILE,
    npz_from_occupancies,
    off_from_mesh,
    ply_from_cloud,
)
from napari_3dmsl.library.ownership import FORMAT, OwnFiles, check_target
from napari_3dmsl.library.sinks import (
    FolderSink,
    OneZipSink,
    ZipSink,
    released_zip_names,
)
from napari_3dmsl.library.table import write_table
from napari_3dmsl.shapes.sampling import sample_occupancies, sample_point_cloud
from napari_3dmsl.writing import whole_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.sampling import SampleSettings
    from napari_3dmsl.shapes.shape import Shape

RELEASED_UNIT_NM = 24.0
LARGEST_UNIT_NM = 10_000.0
"""Of a mesh unit: a number in it would be as long as a whole mitochondrion."""


def write_library(
    shapes: Sequence[Shape],
    folder: str | Path,
    unit_nm: float = RELEASED_UNIT_NM,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    *,
    samples: SampleSettings | None = None,
    seed: int = 0,
    shapes_per_zip: int | None = None,
    replace: bool = False,
) -> None:
    """Write shapes as a library, whole or not at all.

    ``<id>/raw_mesh.off`` holds each surface, (x, y, z) in units of ``unit_nm`` in the frame of the
    volume. ``meta_locations.csv`` has one row per shape: ``index``, the released columns
    (centroid ``cx cy cz`` and box ``bbx bby bbz`` as text ``slice(a, b, None)``, in the units and
    the frame of the meshes; ``voxel_counts`` on the grid of the extraction) and the measures of
    `feature_table`; the release's row for the background is left out. ``library.json`` keeps
    unit, version and settings.

    Parameters
    ----------
    shapes
        At least one.
    folder
        A new or empty folder, or with ``replace`` a library. A name that ends in ``.zip`` is
        written as one zip of the released layout, the table and ``library.json`` inside.
    unit_nm
        Length of a mesh unit in nm; 24 as released.
    settings
        What to keep in ``library.json`` about how the shapes were made, such as
        ``ExtractionSettings.model_dump()``.
    progress
        Called with (done, total, what) after each shape.
    samples
        When given, ``<id>/pointcloud.ply`` and ``<id>/occupancies.npz`` are written too.
    seed
        Of the samples; each shape has its own stream, whatever is written beside it.
    shapes_per_zip
        When given, shapes go into zips of so many, named as in the release
        (``1_1_2729.zip``: number, first id, last id + 1); there 2728. ``None`` writes folders.
    replace
        Take the place of a library that this package wrote; files of others in its folder stay.

    Raises
    ------
    ValueError
        When there are no shapes, a setting is wrong, or something is there that must stay.
    OSError
        When the folder cannot be written.
    """
    folder = Path(folder)
    check_library(len(shapes), unit_nm, seed, shapes_per_zip)
    check_target(folder, replace)
    shapes = sorted(shapes, key=lambda shape: shape.id)
    ids = [shape.id for shape in shapes]
    with (
        whole_output(folder, OwnFiles(folder)) as new,
        _sink(new, is_zip(folder), ids, shapes_per_zip) as sink,
    ):
        for done, shape in enumerate(shapes, start=1):
            for name, content in shape_files(shape, unit_nm / 1000, samples, seed):
                sink.write(shape.id, name, content)
            if progress is not None:
                progress(done, len(shapes), f"Shape {shape.id} written")
        sink.write_about(TABLE_FILE, write_table(shapes, unit_nm))
        index = library_index(len(shapes), unit_nm, settings, samples, seed)
        sink.write_about(LIBRARY_FILE, index)


def is_zip(path: Path) -> bool:
    """Whether a library of this name is one zip.

    Parameters
    ----------
    path
        Of the library.
    """
    return path.suffix.lower() == ".zip"


def _sink(new: Path, as_zip: bool, ids: Sequence[int], each: int | None) -> FolderSink:
    """Return what writes the library's files to a place that is free."""
    if as_zip:
        return OneZipSink(new.parent, dict.fromkeys(ids, new.name))
    new.mkdir()
    if each is None:
        return FolderSink(new)
    return ZipSink(new, released_zip_names(ids, each))


def file_names(samples: SampleSettings | None) -> tuple[str, ...]:
    """Return the names of the files of a shape, in their order.

    Parameters
    ----------
    samples
        Whether there are points and occupancies.
    """
    return (MESH_FILE,) if samples is None else (MESH_FILE, CLOUD_FILE, OCCUPANCY_FILE)


def shape_files(
    shape: Shape, unit_um: float, samples: SampleSettings | None, seed: int
) -> Iterator[tuple[str, bytes]]:
    """Give the files of a shape, see `file_names`.

    Parameters
    ----------
    shape
        Of the library.
    unit_um
        Length of a mesh unit.
    samples
        When given, points and occupancies are made.
    seed
        Of these.
    """
    yield MESH_FILE, off_from_mesh(shape.mesh, unit_um)
    if samples is not None:
        rng = np.random.default_rng([seed, shape.id])
        yield CLOUD_FILE, ply_from_cloud(sample_point_cloud(shape.mesh, rng, samples))
        occupancies = sample_occupancies(shape.mesh, rng, samples)
        yield OCCUPANCY_FILE, npz_from_occupancies(occupancies, unit_um)


def library_index(
    count: int,
    unit_nm: float,
    settings: Mapping[str, Any] | None,
    samples: SampleSettings | None,
    seed: int,
) -> bytes:
    """Return the content of ``library.json``.

    Parameters
    ----------
    count
        Shapes.
    unit_nm, settings, samples, seed
        See `write_library`.
    """
    index: dict[str, Any] = {
        "format": FORMAT,
        "version": napari_3dmsl.__version__,
        "unit_nm": unit_nm,
        "shapes": count,
        "settings": dict(settings or {}),
    }
    if samples is not None:
        index["samples"] = {**samples.model_dump(), "seed": seed}
    return (json.dumps(index, indent=2, default=str) + "\n").encode()


def check_library(count: int, unit_nm: float, seed: int, shapes_per_zip: int | None) -> None:
    """Refuse what no library can be made of.

    Parameters
    ----------
    count
        Shapes.
    unit_nm, seed, shapes_per_zip
        See `write_library`.

    Raises
    ------
    ValueError
        One line.
    """
    if not count:
        raise ValueError("a library needs at least one shape; there is none to write")
    if not 0 < unit_nm <= LARGEST_UNIT_NM:
        raise ValueError(
            f"unit_nm = {unit_nm}: expected a length in nm, above 0 and up to {LARGEST_UNIT_NM:,g}"
        )
    if seed < 0:
        raise ValueError(f"seed = {seed}: expected 0 or more")
    if shapes_per_zip is not None and shapes_per_zip < 1:
        raise ValueError(f"shapes_per_zip = {shapes_per_zip}: expected at least 1")
