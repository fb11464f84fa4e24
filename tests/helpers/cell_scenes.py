"""Small scenes like a cell: few tubes, small images."""

from functools import cache

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer

SCOPE = {"preset": "epi1", "pixel_nm": 80, "emission_nm": 610, "excitation_nm": 560}


def cell_recipe(cell=(), **others):
    """Two scenes of 7.7 x 7.7 µm."""
    settings = {
        "repeats": 2,
        "source": {"library": "tubes", "tube_count": 12},
        "split": {"train": 1, "val": 0, "test": 0},
        "microscopes": [SCOPE],
        "image_size": [96, 96],
        "scene": {"kind": "cell", "cell": dict(cell)},
    }
    return Recipe(**settings | others)


@cache
def _drawn(recipe_json):
    recipe = Recipe.model_validate_json(recipe_json)
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    renderer = GroupRenderer(recipe, shapes, plan.pools)
    return [image for group in plan.groups for image in renderer.render(group)]


def cell_images(recipe):
    """All images of a recipe; the same recipe is rendered once."""
    return _drawn(recipe.model_dump_json())
