"""Stages of a long extraction on disk: what is done stays done, whenever it is stopped.

A stage does many pieces of work, one a block. Each writes its voxels into a Zarr array first and
its record, a small file, last and whole: work without a record is done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.writing import telling_where, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_3dmsl.compute.place import Place
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.morphology import Box

Record = Mapping[str, Any]

ABOUT = "about.json"


def keep_record(folder: Path, number: int, **arrays: Any) -> None:
    """Write a record: the sign that a piece of work is done.

    Parameters
    ----------
    folder
        Of the stage.
    number
        Of the piece of work.
    **arrays
        What it found.
    """
    path = folder / f"{number}.npz"
    part = folder / f".{number}.{os.getpid()}.part"
    with telling_where(folder):
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        part.replace(path)


def record_of(folder: Path, number: int, *names: str) -> Record:
    """Return what a record holds under some names, as far as it holds it.

    Parameters
    ----------
    folder
        Of the stage.
    number
        Of the piece of work.
    *names
        Of arrays.
    """
    with np.load(folder / f"{number}.npz") as record:
        return {name: record[name] for name in names if name in record}


def keep_table(path: Path, **arrays: Any) -> None:
    """Write what is joined over all blocks, for other processes.

    Parameters
    ----------
    path
        Of the file.
    **arrays
        What it holds.
    """
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def do_stage(
    folder: Path,
    work: Callable[[int], None],
    numbers: Iterable[int],
    place: Place,
    progress: Progress | None,
    what: str,
) -> None:
    """Do what is left of a stage.

    Parameters
    ----------
    folder
        Of the records.
    work
        Called with each number, in whatever process; it keeps the record.
    numbers
        Of all pieces of work.
    place
        Where it runs.
    progress
        Called with (done, total, what); raise in it to cancel.
    what
        Name of the stage, for people.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(numbers)
    done = {int(file.stem) for file in folder.glob("*.npz") if not file.name.startswith(".")}
    left = [number for number in wanted if number not in done]
    if progress is not None and wanted:
        progress(len(wanted) - len(left), len(wanted), what)
    if not left:
        return
    with closing(place.run(work, left, ordered=False, paths=[folder])) as found:
        for count, _ in enumerate(found, len(wanted) - len(left) + 1):
            if progress is not None:
                progress(count, len(wanted), what)


def begin(folder: Path, about: Mapping[str, Any], changing: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a run in a folder, or go on with the one that is there.

    Parameters
    ----------
    folder
        New, empty, or of an earlier run.
    about
        What decides the result; it must be the same as when the run was begun.
    changing
        What may be another; of a run that is there already its own are kept.

    Returns
    -------
    dict
        ``changing`` as the run has it.

    Raises
    ------
    ValueError
        When the folder holds a run of something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ABOUT
    wanted = json.loads(json.dumps(dict(about)))
    if path.is_file():
        found = json.loads(path.read_text("utf-8"))
        other = [name for name in wanted if found.get("about", {}).get(name) != wanted[name]]
        if other:
            raise ValueError(
                f"{folder}: holds the stages of another extraction ({', '.join(other)} differ); "
                "remove it or choose another folder"
            )
        return dict(found["changing"])
    with whole_file(path) as part:
        part.write_text(json.dumps({"about": wanted, "changing": dict(changing)}), "utf-8")
    return dict(changing)


def new_array(path: Path, shape: Any, chunks: Any, dtype: Any) -> None:
    """Make a Zarr array, unless it is there.

    Parameters
    ----------
    path
        Its folder.
    shape, chunks
        Voxels (z, y, x).
    dtype
        Of the voxels.
    """
    import zarr
    from zarr.codecs import BloscCodec

    if (path / "zarr.json").is_file():
        return
    size = np.dtype(dtype).itemsize
    shuffle = "shuffle" if size > 1 else "noshuffle"
    zarr.create_array(
        path,
        shape=shape,
        chunks=tuple(min(a, b) for a, b in zip(chunks, shape, strict=True)),
        dtype=dtype,
        compressors=BloscCodec(cname="lz4", clevel=5, shuffle=shuffle, typesize=size),
        overwrite=True,
    )


def read_box(path: Path, box: Box) -> NDArray[Any]:
    """Return the voxels of an array in a box.

    Parameters
    ----------
    path
        Folder of the array.
    box
        Slices (z, y, x).
    """
    with _few_at_once():
        return np.asarray(_array_at(path)[box])


def write_box(path: Path, box: Box, voxels: NDArray[Any]) -> None:
    """Set the voxels of an array in a box.

    Parameters
    ----------
    path
        Folder of the array.
    box
        Slices (z, y, x).
    voxels
        (Z, Y, X) of the box.
    """
    with telling_where(path), _few_at_once():
        _array_at(path)[box] = voxels


def type_of(path: Path) -> np.dtype[Any]:
    """Return the type of the voxels of an array.

    Parameters
    ----------
    path
        Folder of the array.
    """
    found: np.dtype[Any] = np.dtype(_array_at(path).dtype)
    return found


def _few_at_once() -> Any:
    """Have Zarr hold no more than two chunks at one time, beside the array itself."""
    import zarr

    return zarr.config.set({"async.concurrency": 2})


@lru_cache(maxsize=32)
def _array_at(path: Path) -> Any:
    """Return a Zarr array, opened once a process."""
    import zarr

    # Looking for chunks of nothing but 0 takes longer than writing them.
    return zarr.open_array(path, mode="r+", config={"write_empty_chunks": True})
