"""The recipe of one image, where settings are drawn together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.recipe.plan import seed_of

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.recipe import Recipe


def varied(recipe: Recipe, group: str) -> Recipe:
    """Return a recipe with the settings of the variant that a group takes.

    Parameters
    ----------
    recipe
        Without variants it is returned as it is.
    group
        Name of the group; it and the recipe's seed decide.
    """
    if not recipe.variants:
        return recipe
    rng = np.random.default_rng(seed_of(recipe.seed, group, "variant"))
    chosen = recipe.variants[int(rng.integers(len(recipe.variants)))]
    changes: dict[str, Any] = {
        "microscopes": tuple(
            each.model_copy(update={"camera": {**each.camera, **chosen.camera}})
            for each in recipe.microscopes
        )
    }
    if recipe.scene is not None:
        cell = {**recipe.scene.cell, **chosen.cell}
        changes["scene"] = recipe.scene.model_copy(update={"cell": cell})
    return recipe.model_copy(update=changes)
