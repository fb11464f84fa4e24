"""The shapes that an image set is made of, told apart from those that they may become later."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.scenes.settings import world_boxes_um

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.plan import Plan
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.tubes import TubeShapes

_MOST_NAMED = 6


def sources_of(
    plan: Plan, library: ShapeLibrary | TubeShapes, progress: Progress | None = None
) -> dict[str, Any]:
    """Return the checksums of all files of a library that decide over a plan's images, for JSON.

    Of each shape that the plan may show its mesh; of the table the classes, by which shapes are
    parted, and for a region of a cell the places. Other columns may come and go. Of shapes that are
    drawn there are no files: the recipe tells all of them.

    Parameters
    ----------
    plan
        Of the set.
    library
        That it is made of.
    progress
        Called with (shapes checked, shapes, what); raise in it to cancel.
    """
    if not isinstance(library, ShapeLibrary):
        return {"meshes": {}, "table": "drawn"}
    ids = sorted({shape_id for pool in plan.pools.values() for shape_id in pool})

    def report(done: int) -> None:
        if progress is not None and (done == len(ids) or done % 100 == 0):
            progress(done, len(ids), "shapes checked")

    meshes = library.mesh_checksums(ids, report)
    row = {shape_id: place for place, shape_id in enumerate(library.ids)}
    classes = [[i, library.table["shape_class"][row[i]]] for i in ids]
    table = json.dumps(classes, default=str).encode()
    if plan.recipe.scene is not None and plan.recipe.scene.kind == "region":
        table += world_boxes_um(library)[[row[i] for i in ids]].tobytes()
    return {
        "meshes": {str(shape_id): checksum for shape_id, checksum in meshes.items()},
        "table": f"{zlib.crc32(table):08x}",
    }


def check_sources(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], used: Collection[int]
) -> None:
    """Refuse to go on with shapes that have changed since images of them were made.

    Parameters
    ----------
    folder
        Of the image set.
    before, now
        As `sources_of` tells them.
    used
        Ids of the shapes that finished images may show; others may have been repaired.

    Raises
    ------
    ValueError
        One line that names what has changed.
    """
    old, new = before["meshes"], now["meshes"]
    if not old and used:
        raise ValueError(
            f"{folder}: an older version wrote its recipe.lock, without checksums of shapes, so "
            "nobody knows whether they are still the same; choose another folder"
        )
    found = [i for i in sorted(map(int, {*old, *new})) if old.get(str(i)) != new.get(str(i))]
    changed = [i for i in found if i in used]
    parts = []
    if changed:
        more = len(changed) - _MOST_NAMED
        names = ", ".join(map(str, changed[:_MOST_NAMED])) + f" and {more} more" * (more > 0)
        parts.append(
            f"the mesh{'es' * (len(changed) > 1)} of shape{'s' * (len(changed) > 1)} {names}"
        )
    if before["table"] != now["table"] and used:
        parts.append("the classes or places in its table")
    if parts:
        raise ValueError(
            f"{folder}: the library has changed since this set was begun: {'; '.join(parts)}. "
            "Choose another folder, or bring the library back as it was"
        )
