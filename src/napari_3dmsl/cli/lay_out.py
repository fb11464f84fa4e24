"""``napari-3dmsl lay-out``: a finished image set as the tools read it that people train with."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from napari_3dmsl.cli._options import Given, SettingsOf
from napari_3dmsl.cli._output import AsJson, show


def lay_out(
    image_set: Annotated[
        Path,
        typer.Argument(help="Folder of a finished image set.", show_default=False, metavar="SET"),
    ],
    folder: Annotated[
        Path,
        typer.Argument(
            help="New or empty. For nnU-Net it is called like Dataset501_mitochondria.",
            show_default=False,
        ),
    ],
    layout: Annotated[Given, SettingsOf("layout", "tool", "truth", "links")],
    microscope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only images of this one; may be repeated.", show_default="all"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lay an image set out for Cellpose, StarDist, nnU-Net, COCO or the Cell Tracking Challenge."""
    from napari_3dmsl.cli._output import progress_log
    from napari_3dmsl.datasets.training.lay_out import lay_out as laid_out
    from napari_3dmsl.datasets.training.settings import TOOLS, ToolLayout

    start = perf_counter()
    settings = ToolLayout(**layout)
    done = laid_out(image_set, folder, settings, microscope or (), progress_log())
    result: dict[str, Any] = {
        "output": str(done.folder),
        "tool": settings.tool,
        "truth": done.truth,
        "images": done.images,
        "linked_files": done.linked,
        "seconds": round(perf_counter() - start, 3),
    }
    parts = ", ".join(f"{count:,} {split}" for split, count in done.images.items())
    lines = [f"{done.folder}: {TOOLS[settings.tool]}; {parts}; labels from {done.truth}"]
    if done.linked:
        lines.append(f"{done.linked:,} files are links to those of the set")
    show(result, lines, as_json)
