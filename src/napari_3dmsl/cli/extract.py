"""``napari-3dmsl extract``: a label volume becomes a shape library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_3dmsl.cli._options import Given, Setting, SettingsOf, without_effect
from napari_3dmsl.cli._output import AsJson, given, lengths, progress_line, show, warn

if TYPE_CHECKING:
    from napari_3dmsl.shapes.extraction import Extraction, ExtractionSettings


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
        Path | None, typer.Option(help="Also write the instances as a label TIFF.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Take the place of a library written before; other files in its folder stay.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Cut a label volume into shapes and write them as a 3DMSL library."""
    from napari_3dmsl.image_io.ome_tiff import check_image_path
    from napari_3dmsl.library.library import check_target, write_library
    from napari_3dmsl.shapes.classification import ClassRules
    from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
    from napari_3dmsl.shapes.sampling import SampleSettings
    from napari_3dmsl.shapes.shape import measure_shapes
    from napari_3dmsl.volumes.open import open_labels
    from napari_3dmsl.volumes.plausibility import label_warnings
    from napari_3dmsl.writing import check_apart

    start, progress = perf_counter(), progress_line()
    check_target(library, replace)
    for file in map(Path, labels):
        check_apart(library, "the library", **{"label volume": file})
        if labels_out is not None:
            check_image_path(labels_out)
            apart = {"label volume": file, "library": library}
            check_apart(labels_out, "the file of --labels-out", **apart)
    volume = open_labels(labels, voxel_nm, series, _number(background), level)
    if volume.voxel_nm is None:
        raise ValueError(f"{volume.path}: {volume.size_problem}; give --voxel-nm Z Y X, in nm")
    settings = ExtractionSettings(
        voxel_nm=volume.voxel_nm,
        **given(downsample=None if downsample is None else _blocks(downsample)),
        **chosen,
    )
    settings = settings.replace(downsample=settings.blocks)
    warnings = [
        *volume.notes,
        *label_warnings(volume.labels, volume.voxel_nm, settings.instances),
        *without_effect(settings, chosen),
    ]
    warn(warnings)
    extraction = extract_instances(volume.labels, settings, progress)
    if extraction.report.kept == 0:
        raise ValueError(_nothing_left(volume.path, extraction, settings))
    warn(extraction.report.warnings)
    rules = ClassRules(**classification)
    shapes = measure_shapes(extraction, rules, progress)
    described = {**settings.model_dump(mode="json"), "class_rules": rules.model_dump(mode="json")}
    write_library(
        shapes,
        library,
        settings=described,
        progress=progress,
        samples=SampleSettings() if samples else None,
        seed=seed,
        shapes_per_zip=shapes_per_zip,
        replace=replace,
    )
    if labels_out is not None:
        _write_labels(labels_out, extraction, settings)
    result = {
        "library": str(library),
        "shapes": len(shapes),
        "classes": _class_counts(shapes),
        "warnings": [*warnings, *extraction.report.warnings],
        "report": asdict(extraction.report),
        "settings": described,
        "labels_out": None if labels_out is None else str(labels_out),
        "seconds": round(perf_counter() - start, 3),
    }
    show(result, _lines(result, extraction), as_json)


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


def _nothing_left(labels: Path | str, extraction: Extraction, settings: ExtractionSettings) -> str:
    found = extraction.report.found
    if found == 0:
        return (
            f"{labels}: nothing survives an erosion_nm of {settings.erosion_nm:g} nm; "
            "choose a smaller one"
        )
    return (
        f"{labels}: all {found} shapes are smaller than min_volume_um3 = "
        f"{settings.min_volume_um3:g} µm³; check voxel_nm or choose a smaller volume"
    )


def _class_counts(shapes: list[Any]) -> dict[str, int]:
    from napari_3dmsl.shapes.classification import ShapeClass

    found = [shape.classification.shape_class for shape in shapes]
    return {str(kind): found.count(kind) for kind in ShapeClass if kind in found}


def _write_labels(path: Path, extraction: Extraction, settings: ExtractionSettings) -> None:
    import numpy as np

    from napari_3dmsl import __version__
    from napari_3dmsl.image_io.ome_tiff import write_ome_tiff

    fits = extraction.report.kept <= np.iinfo(np.uint16).max
    write_ome_tiff(
        path,
        extraction.labels.astype(np.uint16 if fits else np.int32),
        [size / 1000 for size in extraction.voxel_nm],
        {
            "software": f"napari-3dmsl {__version__}",
            "extraction": settings.model_dump(mode="json"),
            "origin_um": list(extraction.origin_um),
        },
    )


def _lines(result: dict[str, Any], extraction: Extraction) -> list[str]:
    classes = ", ".join(f"{count} {kind}" for kind, count in result["classes"].items())
    written = [result["library"], *([result["labels_out"]] if result["labels_out"] else [])]
    return [
        f"{result['shapes']} shapes: {classes}",
        extraction.report.summary(),
        f"voxels of {lengths(extraction.voxel_nm, 'nm')} (z, y, x) after downsampling",
        f"written to {' and '.join(written)} in {result['seconds']:.1f} s",
    ]
