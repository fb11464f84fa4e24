"""What an image set was made with, and that only one run at a time writes into its folder."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.run.sources import check_sources, sources_of
from napari_3dmsl.library.instance_files import LOCK_FILE
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.reading import reading
from napari_3dmsl.writing import only_one, whole_file

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.plan import Plan
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.tubes import TubeShapes

_RUNNING_FILE = ".running"
_LIBRARIES = ("numpy", "scipy", "scikit-image", "tifffile")
_MOST_DIFFERENCES = 6
# Told, not compared: a set may move with its library, and go on after an update of SciPy.
# The shapes are compared by `check_sources`.
_MAY_DIFFER = ("libraries", "python", "recipe.source.library", "sources")


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; the system gives it free however this one ends.

    Parameters
    ----------
    folder
        Of the set.

    Raises
    ------
    ValueError
        When another run is writing into it.
    """
    busy = "another run is writing into this folder; wait for it or choose another one"
    with only_one(folder / _RUNNING_FILE, folder, busy=busy):
        yield


def provenance(
    plan: Plan, library: ShapeLibrary | TubeShapes, progress: Progress | None = None
) -> dict[str, Any]:
    """Return what decides over every byte of an image set.

    Parameters
    ----------
    plan
        Of the set.
    library
        That it is made of.
    progress
        Called with (shapes checked, shapes, what); raise in it to cancel.
    """
    unit_nm = library.unit_nm if isinstance(library, ShapeLibrary) else None
    names = hashlib.sha256(json.dumps(list(library.ids)).encode()).hexdigest()
    return {
        "format": "napari-3dmsl image set",
        "version": version("napari-3dmsl"),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "python": ".".join(platform.python_version_tuple()[:2]),
        "shapes": {"count": len(library.ids), "ids_sha256": names, "unit_nm": unit_nm},
        "recipe": plan.recipe.model_dump(mode="json"),
        "sources": sources_of(plan, library, progress),
    }


def keep_provenance(
    folder: Path, made_with: Mapping[str, Any], used: Callable[[], Collection[int]] = frozenset
) -> None:
    """Write ``recipe.lock``, or refuse to go on with other settings or shapes than those in it.

    Parameters
    ----------
    folder, made_with
        See `provenance`.
    used
        Returns the ids of the shapes that finished images may show.

    Raises
    ------
    ValueError
        When the folder holds something else, a set of another recipe, or images of shapes that have
        changed since; the differences are named.
    """
    path = folder / LOCK_FILE
    if not path.is_file():
        ours = {
            _RUNNING_FILE,
            f".{LOCK_FILE}.part",
            f".{LOCK_FILE}.lock",
        }  # also of a run that was killed here
        others = [item.name for item in folder.iterdir() if item.name not in ours]
        if others:
            raise ValueError(
                f"{folder}: not empty ({min(others)}) and no image set; choose another folder"
            )
        _write(path, made_with)
        return
    with reading(path, "damaged"):
        before = json.loads(path.read_text(encoding="utf-8"))
    found = list(differences(before, json.loads(json.dumps(made_with))))
    if found:
        more = f"; and {len(found) - _MOST_DIFFERENCES} more" * (len(found) > _MOST_DIFFERENCES)
        raise ValueError(
            f"{folder}: made with other settings: {'; '.join(found[:_MOST_DIFFERENCES])}{more}. "
            "Choose another folder, or take the recipe that is in recipe.lock"
        )
    with reading(path, "damaged"):
        known = _sources_in(before)
    if known != made_with["sources"]:
        check_sources(folder, known, made_with["sources"], used())
        _write(path, made_with)


def locked_library(recipe: Recipe, folder: Path) -> ShapeLibrary | TubeShapes:
    """Open the library of a run, whose meshes must be those that its ``recipe.lock`` tells of.

    Tubes are drawn: they follow from the recipe.

    Parameters
    ----------
    recipe
        Names the library.
    folder
        Of the set.
    """
    library = shapes_of(recipe)
    if not isinstance(library, ShapeLibrary):
        return library
    path = folder / LOCK_FILE
    with reading(path, "damaged"):
        sources = _sources_in(json.loads(path.read_text(encoding="utf-8")))
    library.expect_meshes({int(shape_id): found for shape_id, found in sources["meshes"].items()})
    return library


def _sources_in(lock: Any) -> dict[str, Any]:
    """Return what a lock tells of the shapes, checked; nothing where it is of an older version."""
    sources = lock.get("sources", {"meshes": {}, "table": None})
    if not all(shape_id.isdecimal() for shape_id in sources["meshes"]) or "table" not in sources:
        raise ValueError("sources: expected a checksum of each mesh by its id, and of the table")
    return dict(sources)


def _write(path: Path, made_with: Mapping[str, Any]) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(made_with, indent=2) + "\n", encoding="utf-8")


def differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """Say in words where two settings differ, as ``recipe.seed: 1 before, 2 now``.

    Parameters
    ----------
    before, now
        Of the same kind, such as two recipes.
    path
        Names that lead to them.
    """
    if isinstance(before, dict) and isinstance(now, dict):
        for name in [*before, *(name for name in now if name not in before)]:
            inner = f"{path}.{name}" if path else name
            yield from differences(before.get(name), now.get(name), inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for place, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{path}.{place}")
    elif before != now and not path.startswith(_MAY_DIFFER):
        yield f"{path}: {_short(before)} before, {_short(now)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
