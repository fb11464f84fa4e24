"""What the *Image set* panel has done beside the window: counting, samples, and the whole set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_3dmsl.datasets.recipe.plan import Plan, chosen_ids, make_plan
from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.run.generate import Outcome, generate
from napari_3dmsl.datasets.run.preview import SAMPLES, Previewed, preview
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.progress import Progress
from napari_3dmsl.shapes.tubes import TubeShapes


@dataclass(frozen=True)
class Wanted:
    """A recipe, and its library if that is open already."""

    recipe: Recipe
    open_library: ShapeLibrary | None

    def library(self) -> ShapeLibrary | TubeShapes:
        """Return the library; ValueError or OSError when it cannot be read."""
        return self.open_library or shapes_of(self.recipe)


@dataclass(frozen=True)
class Planned:
    """What a recipe means for its library: the plan, and how many shapes are taken of how many."""

    plan: Plan
    taken: int
    there: int


@dataclass(frozen=True)
class Samples:
    """Samples of a plan and what they took."""

    plan: Plan
    previewed: tuple[Previewed, ...]


class Planner:
    """Counts what recipes mean; the library that was looked at last stays open."""

    def __init__(self) -> None:
        self._last: tuple[tuple[object, ...], ShapeLibrary | TubeShapes] | None = None

    def __call__(self, wanted: Wanted, is_outdated: Callable[[], bool]) -> Planned:
        """Return what the recipe amounts to; the library is read only when another is wanted."""
        source = wanted.recipe.source
        asked: tuple[object, ...] = (source.library,)
        if source.library == TUBES:
            asked = source.library, source.tubes, source.tube_count, wanted.recipe.seed
        if wanted.open_library is not None or self._last is None or self._last[0] != asked:
            self._last = asked, wanted.library()
        library = self._last[1]
        taken = chosen_ids(wanted.recipe.source, library, wanted.recipe.seed)
        return Planned(make_plan(wanted.recipe, library), len(taken), len(library.ids))


def make_samples(wanted: Wanted, show: Callable[[Previewed], None], progress: Progress) -> Samples:
    """Make samples of a set and hand over each as soon as it is there.

    Parameters
    ----------
    wanted
        What the fields say.
    show
        Called with each sample.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    library = wanted.library()
    plan = make_plan(wanted.recipe, library)
    total = min(SAMPLES, plan.images)
    progress(0, total, "samples")
    found = []
    for sample in preview(plan, library):
        found.append(sample)
        progress(len(found), total, "samples")
        show(sample)
    return Samples(plan, tuple(found))


def make_set(wanted: Wanted, folder: Path, workers: int, progress: Progress) -> Outcome:
    """Make the whole set.

    Parameters
    ----------
    wanted
        What the fields say.
    folder
        Of the set.
    workers
        Processes.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    return generate(wanted.recipe, folder, workers, progress)
