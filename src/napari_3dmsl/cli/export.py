"""``napari-3dmsl export``: shapes of a library as files for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import typer

from napari_3dmsl.cli._output import AsJson, progress_line, show
from napari_3dmsl.cli._place import Scheduler, Workers, place_of_command


def export(
    library: Annotated[
        Path, typer.Argument(help="Shape library, folder or .zip.", show_default=False)
    ],
    folder: Annotated[
        Path,
        typer.Argument(help="Folder for the files, <id>.stl and so on.", show_default=False),
    ],
    form: Annotated[
        Literal["stl", "obj", "ply", "off", "glb", "swc", "voxels"],
        typer.Option(
            help="Surface in µm (stl, obj, ply, off) or as glTF (glb: metres, y up), skeleton in "
            "µm (swc), or an OME-TIFF of 24 nm (voxels).",
        ),
    ] = "stl",
    ids: Annotated[
        str | None,
        typer.Option(metavar="IDS", help="Such as 1,5,20-30.", show_default="all"),
    ] = None,
    shape_class: Annotated[
        list[str] | None,
        typer.Option("--class", help="Only this class; may be repeated.", show_default="all"),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write files anew that are there already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write shapes of a library as meshes, skeletons or voxels, one file each."""
    from napari_3dmsl.library.library import ShapeLibrary
    from napari_3dmsl.library.shape_forms import chosen, export_shapes

    start = perf_counter()
    source = ShapeLibrary.open(library)
    wanted = chosen(source, None if ids is None else _numbers(ids, source.ids), shape_class or [])
    place = None
    if scheduler is not None or workers is not None:  # else one shape is written here
        place = place_of_command(workers, scheduler)
    files = export_shapes(
        source, wanted, folder, form, progress_line(), replace=replace, place=place
    )
    result = {
        "folder": str(folder),
        "form": form,
        "files": [file.name for file in files],
        "seconds": round(perf_counter() - start, 3),
    }
    show(result, [f"{folder}: {len(files):,} files as {form}"], as_json)


def _numbers(text: str, known: Sequence[int]) -> list[int]:
    """Return the ids that a text such as ``1,5,20-30`` names; of a range those that there are."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        numbers = (first, last) if dash else (first, first)
        if not all(word.isdecimal() and len(word) < 10 for word in numbers):
            raise ValueError(f"ids = {text!r}: expected numbers and ranges, such as 1,5,20-30")
        low, high = map(int, numbers)
        found += [number for number in known if low <= number <= high] if dash else [low]
    return found
