"""``napari-3dmsl extract``: a label volume becomes a shape library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_3dmsl.cli._options import Given, Setting, SettingsOf, limit_in_bytes, without_effect
from napari_3dmsl.cli._output import AsJson, given, lengths, show, stage_line, warn
from napari_3dmsl.cli._place import Scheduler, Workers, place_of_command

if TYPE_CHECKING:
    from napari_3dmsl.library.extract import ExtractedLibrary

LONG_S = 60.0  # a run of such a length tells before what it takes


def extract(
    labels: Annotated[
        list[str],
        typer.Argument(
            help="Label volume: TIFF, NumPy, NIfTI, HDF5, Imaris, MRC, NRRD; a folder or URL that "
            "is Zarr, N5 or precomputed; or sections as TIFF or PNG: their folder, or all of them "
            "in order.",
            show_default=False,
        ),
    ],
    library: Annotated[
        Path,
        typer.Argument(help="New folder or .zip to write.", show_default=False),
    ],
    *,
    voxel_nm: Annotated[
        tuple[float, float, float] | None, Setting("extraction", "voxel_nm", default="the file's")
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            help="Number or name of the image, array or data set in a file that holds several.",
            show_default="the one that can be labels",
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            help="Number or name of the resolution in a file that holds several.",
            show_default="the finest",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="N|max",
            help="Number besides 0 that is background, such as -1; max is the type's largest.",
            show_default=False,
        ),
    ] = None,
    downsample: Annotated[
        str | None, Setting("extraction", "downsample", metavar="N|Z,Y,X")
    ] = None,
    chosen: Annotated[
        Given,
        SettingsOf(
            "extraction",
            *("erosion_nm", "connectivity", "regrow", "neck", "min_volume_um3"),
            *("downsample_method", "fill_holes", "instances", "split_pieces"),
        ),
    ],
    classification: Annotated[Given, SettingsOf("classification", "length_to")],
    samples: Annotated[
        bool, typer.Option("--samples", help="Add surface points and occupancies, as released.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    shapes_per_zip: Annotated[
        int | None,
        typer.Option(help="Write zips of so many; 2728 as released.", show_default=False),
    ] = None,
    labels_out: Annotated[
        Path | None,
        typer.Option(
            help="Also write the instances as labels: .ome.zarr, a pyramid of any size, or .tif.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Take the place of a library written before; other files in its folder stay.",
        ),
    ] = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for all processes together, such as 500MB or 2GiB. Larger volumes are "
            "worked on block by block.",
            show_default="half of what is free",
        ),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Cut a label volume of any size into shapes and write them as a 3DMSL library.

    Stopped in any way, the same command goes on where it was.
    """
    from napari_3dmsl.library.extract import prepare_extraction
    from napari_3dmsl.library.unfinished import work_folder
    from napari_3dmsl.shapes.classification import ClassRules
    from napari_3dmsl.shapes.sampling import SampleSettings

    start = perf_counter()
    blocks = None if downsample is None else _blocks(downsample)
    job = prepare_extraction(
        labels if len(labels) > 1 else labels[0],
        library,
        {**given(voxel_nm=voxel_nm, downsample=blocks), **chosen},
        series=series,
        level=level,
        background=_number(background),
        rules=ClassRules(**classification),
        samples=SampleSettings() if samples else None,
        seed=seed,
        shapes_per_zip=shapes_per_zip,
        labels_out=labels_out,
        replace=replace,
        memory_limit=limit_in_bytes(memory_limit),
        place=place_of_command(workers, scheduler),
    )
    warnings = [*job.warnings, *without_effect(job.settings, chosen)]
    warn(warnings)
    if job.blockwise or job.estimate.seconds > LONG_S:
        typer.echo(f"Estimate: {job.estimate}", err=True)
    try:
        found = job.run(stage_line())
    except KeyboardInterrupt:
        if work_folder(library).exists():
            typer.echo(f"{library}: the same command goes on where this run has stopped", err=True)
        raise
    later = [line for line in found.warnings if line not in job.warnings]
    warn(later)
    result = {
        "library": str(library),
        "shapes": found.shapes,
        "classes": found.classes,
        "warnings": [*warnings, *later],
        "report": asdict(found.report),
        "settings": job.described,
        "labels_out": None if labels_out is None else str(labels_out),
        "blockwise": job.blockwise,
        "estimate": asdict(job.estimate),
        "seconds": round(perf_counter() - start, 3),
    }
    show(result, _lines(result, found), as_json)


def _number(background: str | None) -> int | Literal["max"] | None:
    """Take a whole number, or ``max``."""
    if background is None:
        return None
    if background == "max":
        return "max"
    try:
        return int(background)
    except ValueError:
        raise ValueError(f"--background {background}: expected a whole number or max") from None


def _blocks(text: str) -> str | list[str]:
    """Take ``2`` for all axes, or ``1,4,4`` for each; the settings check the numbers."""
    return text.split(",") if "," in text else text


def _lines(result: dict[str, Any], found: ExtractedLibrary) -> list[str]:
    classes = ", ".join(f"{count} {kind}" for kind, count in result["classes"].items())
    written = [result["library"], *([result["labels_out"]] if result["labels_out"] else [])]
    return [
        f"{result['shapes']} shapes: {classes}",
        found.report.summary(),
        f"voxels of {lengths(found.voxel_nm, 'nm')} (z, y, x) after downsampling",
        f"written to {' and '.join(written)} in {result['seconds']:.1f} s",
    ]
