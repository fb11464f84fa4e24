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
    many = of_frames(plan.images, 0 if plan.recipe.motion is None else plan.recipe.motion.frames)
    text = f"{shapes} → {many}: {splits}."
    if seen is None or seen.plan.recipe != plan.recipe:
        return f"{text} Preview tells size and time."
    needed = estimate(plan, seen.previewed, workers)
    with_what = "1 process" if workers == 1 else f"{workers} processes"
    return f"{text} About {size(needed.size)} and {duration(needed.seconds)} with {with_what}."


def of_frames(count: int, frames: int) -> str:
    """Say how many images or films there are.

    Parameters
    ----------
    count
        Of them.
    frames
        Of each film; 0 for images.
    """
    if not frames:
        return "1 image" if count == 1 else f"{count:,} images"
    return f"{count:,} {'film' if count == 1 else 'films'} of {frames:,} frames"


def result(outcome: Outcome, frames: int = 0) -> str:
    """Say what a run has done, and what is odd about its images.

    Parameters
    ----------
    outcome
        Of the run.
    frames
        Of each film; 0 for images.
    """
    there = outcome.images - outcome.made
    parts = [f"{outcome.made:,} made"] + ([f"{there:,} were there and are whole"] if there else [])
    text = f"{of_frames(outcome.images, frames)} in {outcome.folder}: {', '.join(parts)}."
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
    told = {x["microscope"]: x for x in facts}
    parts = [
        f"{name}: {len(x['samples']):,} of {of_frames(x['images'], x.get('frames', 0))}"
        for name, x in told.items()
    ]
    films = any(x.get("frames") for x in told.values())
    sliders = "The films play; move a slider to stop them" if films else "The slider goes through"
    return f"Shown, other layers hidden. {'; '.join(parts)}. {sliders}{'' if films else ' them'}."


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
