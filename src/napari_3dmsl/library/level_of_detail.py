"""How finely shapes are drawn: however many there are, the scene must turn smoothly.

Thinned surfaces are for the eye alone; measuring, imaging and saving use the full ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.mesh import Mesh, decimate

if TYPE_CHECKING:
    from napari_3dmsl.shapes.collection import ShapeSource

DRAWN_FACES = 80_000
"""Faces drawn in all: a software renderer on two cores turns so many 10 times a second."""

DRAWN_SHAPES = 1200
"""Shapes of a library drawn at most, the first ones; all of them are in its table."""

_LEAST = 200  # faces of a shape, of however little area, while there are few shapes
_FEWEST = 4  # a tetrahedron
_PART_S = 1.0  # seconds of reading before the first part; each takes twice as long as the last
_SIZES = ("area_um2", "voxel_counts")  # columns that tell how large a shape is


def drawn_faces(source: ShapeSource, ids: Collection[int]) -> dict[int, int]:
    """Share out the faces to draw among some shapes, before any surface is read.

    Half at most goes to all alike, so that dots stay round, the rest by area: where only the
    number of voxels is known by these, and alike where nothing is.

    Parameters
    ----------
    source
        The shapes.
    ids
        Those that are drawn.

    Returns
    -------
    dict
        Largest number of faces by id; together at most `DRAWN_FACES`, unless there are so many
        shapes that tetrahedra are more.
    """
    if not ids:
        return {}
    alike = max(_FEWEST, min(_LEAST, DRAWN_FACES // (2 * len(ids))))
    sizes = _sizes(source, ids)
    rest = max(0, DRAWN_FACES - alike * len(ids))
    shares = alike + np.floor(rest * sizes / sizes.sum()).astype(np.int64)
    return dict(zip(ids, shares.tolist(), strict=True))


def _sizes(source: ShapeSource, ids: Collection[int]) -> FloatArray:
    """Sizes of shapes against each other; unknown ones count as common."""
    column = next((source.table[name] for name in _SIZES if name in source.table), None)
    if column is None:
        return np.ones(len(ids))
    rows = np.searchsorted(np.array(source.ids), np.array(list(ids)))
    sizes: FloatArray = np.array(column, dtype=np.float64)[rows]
    known = np.isfinite(sizes) & (sizes > 0)
    return np.where(known, sizes, np.median(sizes[known]) if known.any() else 1.0)


def thinned_meshes(source: ShapeSource, faces: Mapping[int, int]) -> Iterator[tuple[int, Mesh]]:
    """Read and thin surfaces one by one; damaged ones are left out, as selecting them tells it.

    Parameters
    ----------
    source
        The shapes.
    faces
        Number of faces by id, see `drawn_faces`.
    """
    for shape_id, count in faces.items():
        try:
            mesh = source.mesh(shape_id)
        except (ValueError, OSError):
            continue
        yield shape_id, decimate(mesh, count)


def draw_library(
    folder: Path, faces: Mapping[int, int], progress: Callable[[int, int, str], None]
) -> Iterator[dict[int, Mesh]]:
    """Read and thin surfaces of a library in another process, some at a time.

    Parameters
    ----------
    folder
        The library, see `ShapeLibrary.open`.
    faces
        Number of faces by id.
    progress
        Called with (done, total, what).
    """
    library = ShapeLibrary.open(folder)
    part: dict[int, Mesh] = {}
    wait, began = _PART_S, time.perf_counter()
    places = {shape_id: place for place, shape_id in enumerate(faces, start=1)}
    for shape_id, mesh in thinned_meshes(library, faces):
        part[shape_id] = mesh
        progress(places[shape_id], len(faces), "Drawing")
        if time.perf_counter() > began + wait:
            yield part
            part, wait, began = {}, 2 * wait, time.perf_counter()
    yield part
