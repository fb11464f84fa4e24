"""The shapes that a recipe is made of: a library on disk, or tubes that are drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from napari_3dmsl.datasets.recipe.recipe import TUBES
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.tubes import TubeSettings, TubeShapes

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.recipe import Recipe


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
        return _tubes(source.tubes, source.tube_count, recipe.seed)
    try:
        return ShapeLibrary.open(source.library)
    except ValueError as error:
        raise ValueError(f"source.library: {error}") from None


@lru_cache(maxsize=2)
def _tubes(settings: TubeSettings, count: int, seed: int) -> TubeShapes:
    return TubeShapes(settings, count, seed)
