"""``napari-3dmsl measure``: class and measures of the shapes of any library."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_3dmsl.cli._output import AsJson, show
from napari_3dmsl.cli._place import Scheduler, Workers, place_of_command
from napari_3dmsl.datasets.run.pace import rate_in_words

if TYPE_CHECKING:
    from napari_3dmsl.library.measure import MeasureOutcome

_TOLD_PROBLEMS = 5


def measure(
    library: Annotated[
        Path, typer.Argument(help="Shape library, folder or .zip.", show_default=False)
    ],
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Measure the shapes of a library; interrupt it whenever you like and run it again to go on."""
    from napari_3dmsl.cli._output import progress_log
    from napari_3dmsl.library.library import ShapeLibrary
    from napari_3dmsl.library.measure import measure_library

    start = perf_counter()
    place = place_of_command(workers, scheduler)
    outcome = measure_library(library, progress=progress_log(), place=place)
    seconds = perf_counter() - start
    result = {
        "library": str(library),
        "measures": None if outcome.path is None else str(outcome.path),
        "measured": outcome.measured,
        "known": outcome.known,
        "problems": outcome.problems,
        "classes": ShapeLibrary.open(library).class_counts,
        "seconds": round(seconds, 3),
    }
    show(result, _lines(result, outcome, seconds), as_json)
    if outcome.problems:
        raise typer.Exit(1)


def _lines(result: dict[str, Any], outcome: MeasureOutcome, seconds: float) -> list[str]:
    classes = ", ".join(f"{count:,} {kind}" for kind, count in result["classes"].items())
    rate = f", {rate_in_words(outcome.measured / seconds)}" if outcome.measured > 1 else ""
    known = f"; {outcome.known:,} were known" if outcome.known else ""
    kept = "in the library's own table" if outcome.path is None else f"kept in {outcome.path}"
    lines = [
        f"{result['library']}: {classes}",
        f"{outcome.measured:,} shapes measured in {seconds:.1f} s{rate}{known}",
        kept,
    ]
    if outcome.problems:
        lines.append(f"{len(outcome.problems):,} could not be measured:")
        some = list(outcome.problems.items())[:_TOLD_PROBLEMS]
        lines += [f"  shape {shape_id}: {problem}" for shape_id, problem in some]
        lines += ["  …"] * (len(outcome.problems) > len(some))
    return lines
