"""``napari-3dmsl dataset``: a recipe becomes a set of images with ground truth."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_3dmsl.cli._output import AsJson, show, warn
from napari_3dmsl.cli._place import Scheduler, Workers, place_of_command
from napari_3dmsl.datasets.run.pace import rate_in_words

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.plan import Plan
    from napari_3dmsl.datasets.run.generate import Outcome

_TOLD_FAILURES = 5


def dataset(
    recipe: Annotated[
        Path, typer.Argument(help="Recipe: .toml or .json.", show_default=False, metavar="RECIPE")
    ],
    output: Annotated[
        Path,
        typer.Argument(
            help="Folder: new, empty, or with an earlier run of this recipe, which goes on then.",
            show_default=False,
        ),
    ],
    library: Annotated[
        Path | None,
        typer.Option(help="Shape library, folder or .zip.", show_default="the recipe's"),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the recipe and count; make nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an image set from a recipe; interrupt it whenever you like and run it again to go on."""
    from napari_3dmsl.cli._output import progress_log
    from napari_3dmsl.compute import processors
    from napari_3dmsl.datasets.recipe.plan import check_image_memory, make_plan
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
    from napari_3dmsl.datasets.run.generate import generate

    start = perf_counter()
    asked = Recipe.load(recipe)
    if library is not None:
        asked = asked.replace(source=asked.source.replace(library=str(library.resolve())))
    if dry_run:
        plan = make_plan(asked, shapes_of(asked))
        check_image_memory(plan, workers or processors())
        result = _planned(plan)
        show(result, _plan_lines(result, plan), as_json)
        return
    place = place_of_command(workers, scheduler)
    outcome = generate(asked, output, progress=progress_log(), place=place)
    seconds = perf_counter() - start
    result = {
        "output": str(output),
        "images": outcome.images,
        "made": outcome.made,
        "failed": outcome.failed,
        "warnings": outcome.warnings,
        "seconds": round(seconds, 3),
    }
    if not as_json:
        warn(outcome.warnings)
    show(result, _lines(outcome, seconds), as_json)
    if outcome.failed:
        raise typer.Exit(1)


def _planned(plan: Plan) -> dict[str, Any]:
    return {
        "recipe": plan.recipe.name,
        "images": plan.images,
        "groups": len(plan.groups),
        "images_per_group": plan.images_per_group,
        "splits": {name: plan.count(name) for name in ("train", "val", "test")},
        "ground_truth": list(plan.recipe.truths),
    }


def _plan_lines(result: dict[str, Any], plan: Plan) -> list[str]:
    recipe = plan.recipe
    names = ", ".join(instrument.name for instrument in recipe.microscopes)
    splits = ", ".join(f"{count:,} {name}" for name, count in result["splits"].items())
    what = "scenes" if recipe.scene else "labelled shapes"
    return [
        f"{recipe.name}: {plan.images:,} images ({splits})",
        f"{len(plan.groups):,} {what} × {recipe.views.count} views × {names}",
        f"ground truth: {', '.join(recipe.truths) or 'none'}",
        "nothing was made (--dry-run)",
    ]


def _lines(outcome: Outcome, seconds: float) -> list[str]:
    if outcome.made:
        rate = f", {rate_in_words(outcome.made / seconds)}" if seconds > 1 else ""
        done = f"{outcome.made:,} made in {seconds:.1f} s{rate}"
    else:
        done = "all were there and are whole"
    lines = [f"{outcome.folder}: {outcome.images:,} images; {done}"]
    if outcome.failed:
        some = list(outcome.failed.items())[:_TOLD_FAILURES]
        lines.append(f"{len(outcome.failed)} could not be made:")
        lines += [f"  {name}: {reason}" for name, reason in some]
        lines += ["  …"] * (len(outcome.failed) > len(some))
    return lines
