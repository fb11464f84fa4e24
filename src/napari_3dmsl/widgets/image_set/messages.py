"""What the *Image set* panel says about a set before and after it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from napari_3dmsl.datasets.recipe.recipe import SPLITS
from napari_3dmsl.datasets.run.preview import estimate

if TYPE_CHECKING:
    from napari_3dmsl.datasets.run.generate import Outcome
    from napari_3dmsl.widgets.image_set.work import Planned, Samples


def planned(found: Planned, seen: Samples | None, workers: int) -> str:
    """Say how many images a recipe means, and what they will take if samples of it were made.

    Parameters
    ----------
    found
        The plan of the set.
    seen
        Samples of it; None before any are made.
    workers
        Processes that will make the set.
    """
    plan = found.plan
    splits = " · ".join(f"{plan.count(name):,} {name}" for name in SPLITS)
    shapes = f"{found.taken:,} of {found.there:,} shapes"
    if plan.recipe.scene is not None:
        shapes += f" in {len(plan.groups):,} scenes (Repeats)"
    text = f"{shapes} → {plan.images:,} images: {splits}."
    if seen is None or seen.plan.recipe != plan.recipe:
        return f"{text} Preview tells size and time."
    needed = estimate(plan, seen.previewed, workers)
    with_what = "1 process" if workers == 1 else f"{workers} processes"
    return f"{text} About {size(needed.size)} and {duration(needed.seconds)} with {with_what}."


def result(outcome: Outcome) -> str:
    """Say what a run has done, and what is odd about its images.

    Parameters
    ----------
    outcome
        Of the run.
    """
    there = outcome.images - outcome.made
    parts = [f"{outcome.made:,} made"] + ([f"{there:,} were there and are whole"] if there else [])
    text = f"{outcome.images:,} images in {outcome.folder}: {', '.join(parts)}."
    if outcome.failed:
        name, reason = next(iter(outcome.failed.items()))
        text += f" {len(outcome.failed):,} shapes could not be imaged; {name}: {reason}"
    return "\n".join([text, *(f"Mind: {warning}." for warning in outcome.warnings)])


def shown_of(facts: Iterable[Mapping[str, Any]]) -> str:
    """Say how many images of each microscope are shown of how many, by what their layers tell.

    Parameters
    ----------
    facts
        What each layer of the set remembers.
    """
    counts = {x["microscope"]: (len(x["samples"]), x["images"]) for x in facts}
    parts = [f"{name}: {first:,} of {there:,} images" for name, (first, there) in counts.items()]
    return f"Shown, other layers hidden. {'; '.join(parts)}. The slider goes through them."


def size(count: float) -> str:
    """Say a number of bytes in words.

    Parameters
    ----------
    count
        Bytes.
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{max(count / 1e3, 1):.0f} kB"


def duration(seconds: float) -> str:
    """Say a time in words.

    Parameters
    ----------
    seconds
        0 or more.
    """
    for unit, name in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
