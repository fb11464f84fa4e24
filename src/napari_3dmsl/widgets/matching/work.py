"""What the *Match my microscope* panel has done in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.matching.calibration import Calibration, calibrate
from napari_3dmsl.matching.comparison import compare
from napari_3dmsl.matching.fitted_scene import SceneFit
from napari_3dmsl.matching.scene_fit import Budget, fit_scene
from napari_3dmsl.matching.tiles import cut
from napari_3dmsl.widgets.matching.match import Compared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.progress import Progress
    from napari_3dmsl.widgets.matching.match import Match

BUDGET = Budget()
_FEWEST, _MOST = 16, 32  # simulated images of a comparison


def calibrated_match(match: Match, progress: Progress | None = None) -> Calibration:
    """Calibrate from the images of a match.

    Parameters
    ----------
    match
        With images.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    assert match.real is not None
    if match.real.lossy:
        name = match.real.lossy
        return Calibration(
            images=len(match.real.planes),
            refusal=f"{name} is compressed as JPEG, which changes the noise; use the original",
        )
    return calibrate(
        list(match.real.planes),
        dark=list(match.dark.planes) if match.dark else None,
        microscope=match.microscope,
        em_gain=match.em_gain,
        progress=progress,
    )


def fitted_match(match: Match, progress: Progress | None = None) -> SceneFit:
    """Fit a scene to the images of a match.

    Parameters
    ----------
    match
        With images; a calibration that was refused counts as none.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    assert match.real is not None
    found = match.calibration
    return fit_scene(
        list(match.real.planes),
        match.microscope,
        calibration=None if found is None or found.refusal else found,
        budget=BUDGET,
        progress=progress,
    )


def compared_match(match: Match, progress: Progress | None = None) -> Compared:
    """Make some images of the recipe that was fitted, and compare them with the real ones.

    Parameters
    ----------
    match
        With a fit.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    assert match.real is not None
    assert match.fit is not None
    size = match.fit.tile_size
    real = np.array([tile for plane in match.real.planes for tile in cut(plane, size)])
    simulated = _images(match.fit, min(max(len(real), _FEWEST), _MOST), progress)
    return Compared(compare(real, simulated, progress=progress), real, simulated)


def _images(fit: SceneFit, count: int, progress: Progress | None) -> NDArray[np.generic]:
    """Render the first images of a recipe."""
    recipe = Recipe(**fit.recipe)
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    renderer = GroupRenderer(recipe, shapes, plan.pools)
    found: list[NDArray[np.generic]] = []
    for group in plan.groups[:count]:
        if progress is not None:
            progress(len(found), count, "images made to compare")
        found += [rendered.image for rendered in renderer.render(group)]
    return np.array(found)
