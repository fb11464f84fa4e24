"""The shapes that a recipe is made of: a library on disk, or tubes that are drawn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_3dmsl.datasets.recipe.recipe import TUBES
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.microscope.kept import Kept
from napari_3dmsl.shapes.tubes import TubeSettings, TubeShapes

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.recipe import Recipe

_tubes: Kept[tuple[TubeSettings, int, int], TubeShapes] = Kept(
    50_000_000, lambda tubes: tubes.nbytes
)


def shapes_of(recipe: Recipe) -> ShapeLibrary | TubeShapes:
    """Open the library of a recipe, or draw its tubes; those drawn last are kept.

    Parameters
    ----------
    recipe
        Names it.

    Raises
    ------
    ValueError
        When there is none, or it is damaged; the message names the setting.
    """
    source = recipe.source
    if source.library == TUBES:
        chosen = source.tubes, source.tube_count, recipe.seed
        return _tubes.get(chosen, partial(TubeShapes, *chosen))
    try:
        return ShapeLibrary.open(source.library)
    except ValueError as error:
        raise ValueError(f"source.library: {error}") from None
