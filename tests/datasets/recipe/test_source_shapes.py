"""The shapes of a recipe: tubes are drawn once, and kept only while somebody makes images."""

from __future__ import annotations

from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.microscope.kept import forget_all


def of_tubes(seed: int) -> Recipe:
    source = {"library": TUBES, "tube_count": 3}
    return Recipe.model_validate({"seed": seed, "source": source, "microscopes": ["epi1"]})


def test_the_same_tubes_are_drawn_once():
    tubes = shapes_of(of_tubes(1))
    before = tubes.nbytes
    mesh = tubes.mesh(1)
    assert (before, tubes.nbytes) == (0, mesh.vertices.nbytes + mesh.faces.nbytes)
    assert shapes_of(of_tubes(1)) is tubes
    assert shapes_of(of_tubes(2)) is not tubes


def test_tubes_go_when_nobody_makes_images_any_more():
    tubes = shapes_of(of_tubes(1))
    forget_all()
    assert shapes_of(of_tubes(1)) is not tubes
