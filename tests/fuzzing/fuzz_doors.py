"""The ways by which files come in: the command line, napari's readers, and the readers of scripts.

A door takes the file or folder and an empty folder to write into. What is no clear answer to the
person who gave the file is returned in words; None means that all was well, read or refused.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl import readers
from napari_3dmsl.cli import main
from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.recipe.recipe_file import read_recipe
from napari_3dmsl.datasets.run.journal import Journal
from napari_3dmsl.datasets.run.lock import keep_provenance
from napari_3dmsl.image_io.ome_zarr import read_ome_zarr, read_zarr_array
from napari_3dmsl.library.library import ShapeLibrary, is_library
from napari_3dmsl.microscope import presets
from napari_3dmsl.volumes.lazy import open_lazy

GIVEN = "given"
"""Name of the folder that holds what is given; messages must name something in it."""

Door = Callable[[Path, Path], "str | None"]

refusals: list[str] = []
"""What was said of inputs that were refused; whoever counts them empties it."""

_LITTER = re.compile(r"Traceback|\.py:\d+: \w*Warning|unexpected error|Exception ignored")
_NO_MEMORY = re.compile(r"more memory than there is|not enough memory")
_MOST_VALUES = 1 << 22
_LONGEST_LINE = 2000


def _command(*words: str) -> Door:
    """The command line; GIVEN and TARGET in its words stand for the paths."""

    def door(given: Path, target: Path) -> str | None:
        told = {"GIVEN": str(given), "TARGET": str(target), "BESIDE": str(given.parent)}
        line = [_put_in(word, told) for word in words]
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = main(line)
        return _of_command(status, out.getvalue(), err.getvalue(), given)

    door.__name__ = f"napari-3dmsl {' '.join(words)}"
    return door


def _put_in(word: str, told: dict[str, str]) -> str:
    for name, path in told.items():
        word = word.replace(name, path)
    return word


def _of_command(status: int, out: str, err: str, given: Path) -> str | None:
    problem = _LITTER.search(err) or _NO_MEMORY.search(err) or _LITTER.search(out)
    if problem or status not in (0, 1):
        return f"status {status}: {err.strip()[-600:]}"
    errors = [line for line in err.splitlines() if line.startswith("Error: ")]
    if status == 0:
        return f"status 0 with an error: {errors[0]}" if errors else None
    if not errors and "\nrefused: " in out:  # where it answers, a calibration says why it has none
        refusals.append(out)
        return None
    if len(errors) != 1:
        return f"status 1 with {len(errors)} lines of error: {err.strip()[-600:]}"
    refusals.append(errors[0])
    return _of_message(errors[0], given)


def _of_message(message: str, given: Path) -> str | None:
    if len(message) > _LONGEST_LINE:
        return f"a line of {len(message):,} characters: {message[:300]}"
    return None if _names(message, given) else f"names no file: {message[:600]}"


def _names(message: str, given: Path) -> bool:
    """Whether a message tells which file it is about: the one given, or one beside or in it."""
    place = next(folder for folder in given.parents if folder.name == GIVEN)
    return str(place) in message or "source.library: " in message  # or the setting in a recipe


def _napari(given: Path, target: Path) -> str | None:
    """Every reader that napari would ask; whatever they offer is read."""
    return _offered(str(given), given)


def _napari_list(given: Path, target: Path) -> str | None:
    """The files of a folder, dropped on the window together."""
    files = sorted(str(file) for file in given.iterdir()) if given.is_dir() else [str(given)]
    return _offered(files, given)


def _offered(paths: str | list[str], given: Path) -> str | None:
    found: list[Any] = []

    def ask() -> None:
        for name in dir(readers):
            if name.startswith("get_") and name.endswith("_reader"):
                read = getattr(readers, name)(paths)
                if read is not None and "microscope" not in name:  # that one opens a panel
                    found.append(read)

    return _told(ask, given) or next(
        (problem for read in found if (problem := _told(lambda r=read: _layers(r, paths), given))),
        None,
    )


def _layers(read: Any, paths: str | list[str]) -> None:
    for data, *_ in read(paths):
        if hasattr(data, "shape") and 0 < np.prod(data.shape) < _MOST_VALUES:
            np.asarray(data)


def _script(read: Callable[[Path], Any]) -> Door:
    """A function of the package, as a script calls it."""

    def door(given: Path, target: Path) -> str | None:
        return _told(lambda: read(given), given)

    door.__name__ = read.__name__.strip("_")
    return door


def _told(read: Callable[[], Any], given: Path) -> str | None:
    """Read; say what is wrong with an error that is no line naming the file."""
    err = io.StringIO()
    try:
        with redirect_stderr(err):
            read()
    except (ValueError, OSError) as error:
        told = str(error)
        refusals.append(told)
        if "\n" in told or _NO_MEMORY.search(told) or type(error).__module__ == "zipfile":
            return f"{type(error).__name__}: {told[:600]!r}"
        if problem := _of_message(told, given):
            return problem
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"{type(error).__name__}: {str(error)[:600]}"
    return f"on stderr: {err.getvalue()[-600:]}" if _LITTER.search(err.getvalue()) else None


def _whole_library(path: Path) -> None:
    if not is_library(path):
        return
    library = ShapeLibrary.open(path)
    for shape_id in library.ids:
        for read in (library.mesh, library.occupancies, library.point_cloud):
            _unless_refused(lambda r=read, i=shape_id: r(i), path)
        for key in library.images(shape_id):
            _unless_refused(lambda i=shape_id, k=key: library.image(i, *k), path)


def _unless_refused(read: Callable[[], Any], given: Path) -> None:
    """Go on after a refusal; anything else comes out as what it is."""
    problem = _told(read, given)
    if problem is not None:
        raise AssertionError(problem)


def _measures(path: Path) -> None:
    """The table of a library with what was measured on it."""
    library = ShapeLibrary.open(path.parent)
    if library.measured and not {len(column) for column in library.table.values()} == {
        len(library)
    }:
        raise AssertionError("columns of different lengths")


def _whole_set(path: Path) -> None:
    images = ImageSet(path)
    for place in range(min(len(images), 4)):
        _unless_refused(lambda i=place: images[i], path)
    _unless_refused(images.verify, path)
    _unless_refused(lambda: images.where(split="train"), path)
    _unless_refused(lambda: images.column("focus_um"), path)


def _lazily(path: Path) -> None:
    """Every level of a volume, from both ends."""
    volume = open_lazy(path)
    for level in volume.levels:
        _unless_refused(lambda labels=level.labels: labels[:9, :9, :9], path)
        _unless_refused(lambda labels=level.labels: labels[-9:, -9:, -9:], path)


SOURCES = {"meshes": {"1": "0badcafe-7"}, "table": "00000000"}


def _taken_up(path: Path) -> None:
    """What a run does first in a folder with an earlier run."""
    if path.is_dir():
        _unless_refused(
            lambda: keep_provenance(path, {"recipe": {"seed": 5}, "sources": SOURCES}), path
        )
        with Journal(path) as journal:
            for group in journal.groups():
                journal.rows(group)


def _presets(path: Path) -> None:
    """A file among the user's presets."""
    folder = path.parent / "presets" / f"{path.stem}s"
    folder.mkdir(parents=True)
    (folder / f"mine{path.suffix}").write_bytes(path.read_bytes())
    os.environ[presets.FOLDER_VARIABLE] = str(folder.parent)
    try:
        for told in presets.broken_presets():
            if str(folder) not in told or "\n" in told:
                raise AssertionError(f"of a broken preset: {told[:300]!r}")
        presets.microscope_names()
    finally:
        del os.environ[presets.FOLDER_VARIABLE]


def _words(given: Path, target: Path) -> str | None:
    """A whole command line; it may ask for what takes long, but not for places elsewhere."""
    told = {"GIVEN": str(given.parent), "TARGET": str(target)}
    try:
        line = [_put_in(str(word), told) for word in json.loads(given.read_bytes())]
    except (ValueError, OSError):  # no line is left
        return None
    out, err = io.StringIO(), io.StringIO()
    with chdir(target), redirect_stdout(out), redirect_stderr(err):
        status = main(line)
    problem = _LITTER.search(err.getvalue()) or _NO_MEMORY.search(err.getvalue())
    errors = [text for text in err.getvalue().splitlines() if text.startswith("Error: ")]
    if problem or status not in (0, 1, 2) or len(errors) > 1:
        return f"status {status}: {err.getvalue().strip()[-600:]}"
    if status and errors:  # without: a calibration that is refused says so where it answers
        refusals.append(errors[0])
    return None


_INFO = _command("info", "GIVEN")
_EXTRACT = _command("extract", "GIVEN", "TARGET/library", "--downsample", "1")
_EXTRACT_SIZED = _command(
    *("extract", "GIVEN", "TARGET/library.zip", "--downsample", "1"),
    *("--voxel-nm", "24", "24", "24", "--instances", "--labels-out", "TARGET/out.tif"),
)
_SIMULATE = _command("simulate", "GIVEN", "TARGET/a.tif", "--microscope", "epi1")
_EXPORT = _command("export", "GIVEN", "TARGET/out", "--form", "swc", "--workers", "1")
_SMALL = "BESIDE/small.json"  # large images may take long, when they are asked for
_QUICK = ("--no-centrelines", "--patch", "8")
_THROUGH = ("simulate", "BESIDE/mesh.off", "TARGET/a.tif", "--microscope")

DOORS: dict[str, Sequence[tuple[Door, int]]] = {
    "tiff": [(_INFO, 3), (_napari, 3), (_EXTRACT, 2), (_EXTRACT_SIZED, 2)],
    "sections": [(_EXTRACT_SIZED, 3), (_INFO, 1), (_napari, 2), (_napari_list, 1)],
    "npy": [(_INFO, 1), (_EXTRACT_SIZED, 3), (_napari, 1)],
    "npz": [(_INFO, 1), (_EXTRACT_SIZED, 3), (_napari, 1)],
    "nifti": [(_INFO, 1), (_EXTRACT_SIZED, 3), (_napari, 2)],
    "mesh": [(_INFO, 4), (_napari, 2), (_SIMULATE, 1)],
    "points": [(_SIMULATE, 1)],
    "library": [(_INFO, 2), (_EXPORT, 2), (_napari, 2), (_script(_whole_library), 4)],
    "samples": [(_napari, 3), (_INFO, 1)],
    "zip": [(_INFO, 2), (_EXPORT, 2), (_napari, 2), (_script(_whole_library), 4)],
    "microscope": [
        (_command(*_THROUGH, "GIVEN"), 2),
        (_script(_presets), 1),
        (_napari, 1),
    ],
    "camera": [
        (_command(*_THROUGH, _SMALL, "--camera", "GIVEN"), 2),
        (_script(_presets), 1),
    ],
    "objective": [
        (_command(*_THROUGH, _SMALL, "--objective", "GIVEN"), 2),
        (_script(_presets), 1),
    ],
    "recipe": [
        (_command("dataset", "GIVEN", "TARGET/set", "--dry-run"), 4),
        (_script(read_recipe), 1),
    ],
    "image_set": [(_INFO, 2), (_napari, 2), (_script(_whole_set), 4), (_script(_taken_up), 2)],
    "volume": [(_INFO, 3), (_napari, 2), (_EXTRACT, 2), (_EXTRACT_SIZED, 2), (_script(_lazily), 3)],
    "zarr": [
        (_INFO, 1),
        (_napari, 3),
        (_script(read_ome_zarr), 2),
        (_script(read_zarr_array), 2),
        (_EXTRACT_SIZED, 1),
    ],
    "prediction": [
        (_command("score", "BESIDE/truth.tif", "GIVEN", *_QUICK), 3),
        (_command("score", "GIVEN", "BESIDE/found.tif", *_QUICK), 2),
    ],
    "tracks": [(_command("score", "BESIDE/01_GT", "BESIDE/01_RES"), 1)],
    "photo": [
        (_command("calibrate", "GIVEN", "--microscope", "epi1"), 2),
        (_INFO, 1),
        (_napari, 1),
    ],
    "answers": [
        (_command("two-minute-test", "--merge", "GIVEN", "--out", "TARGET/all.csv"), 1),
    ],
    "measures": [(_script(_measures), 1)],
    "command_line": [(_words, 1)],
}
"""By kind of seed: its doors, each with its weight."""

_SELDOM, _OFTEN = ("volume", "points"), ("mesh", "measures", "answers", "image_set", "tiff", "zarr")
TURNS = {
    **dict.fromkeys(_SELDOM, 1),
    **dict.fromkeys(("command_line", "library", "zip", "recipe"), 3),
    **dict.fromkeys(_OFTEN, 4),
}
"""By kind: how often it comes while one without a number comes twice; the cheap come more often."""
