"""Sample data that is drawn: *File > Open Sample > 3DMSL*."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_3dmsl.layers.attributes import LayerData
    from napari_3dmsl.progress import Progress

CELL_PIXELS = 192
"""Rows and columns of the cell scene."""


def mitochondria_phantom(progress: Progress | None = None) -> list[LayerData]:
    """Return procedural labels of mitochondria of all six classes, drawn on the spot.

    Parameters
    ----------
    progress
        Not called; processes that work for a panel give it.
    """
    from napari_3dmsl.layers.labels import phantom_layer
    from napari_3dmsl.shapes.phantom import make_phantom

    return [phantom_layer(make_phantom(), "mitochondria phantom")]


def cell_scene(progress: Progress | None = None) -> list[LayerData]:
    """Return a simulated image of a cell, drawn on the spot, and where everything in it lies.

    Parameters
    ----------
    progress
        Not called; processes that work for a panel give it.
    """
    from napari_3dmsl.datasets.recipe.plan import make_plan
    from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe
    from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
    from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
    from napari_3dmsl.layers.image_sets import pixel_layer, truth_layer
    from napari_3dmsl.layers.images import SIMULATED

    recipe = Recipe(
        seed=3,
        source={"library": TUBES, "tube_count": 40},  # enough for one field
        split={"train": 1.0, "val": 0.0, "test": 0.0},
        scene={"kind": "cell"},
        microscopes=["epi1"],
        image_size=(CELL_PIXELS, CELL_PIXELS),
        labelling={"density_per_um2": 100.0},
        ground_truth=("mask", "haze_mask", "instances"),
    )
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    (image,) = GroupRenderer(recipe, shapes, plan.pools).render(plan.groups[0])
    scale = (image.field.pixel_um,) * 2
    facts = {"kind": SIMULATED, "settings": image.metadata}
    layers = [pixel_layer(image.image, "YX", scale, "cell scene", facts)]
    for name, truth in image.truths.items():
        title = f"cell scene: {name.replace('_', ' ')}"
        data, attributes, kind = truth_layer(truth, "YX", scale, title, {"kind": "truth"})
        shown = {"visible": name == "instances", "opacity": 0.4}
        layers.append((data, attributes | shown, kind))
    return layers
