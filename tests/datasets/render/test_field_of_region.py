"""A field that is dragged and an image set of regions see the same at the same place."""

import numpy as np

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.microscope.fluorophores import Emitters, Labelling
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.scenes.field_imager import simulate_field
from napari_3dmsl.shapes.collection import ShapeCollection

SIZE = (170, 170)  # 18 µm: all of the volume, wherever in it the middle is, so one lowest point
LABELLING = {"continuous": True, "density_per_um2": 50.0}


def test_photons_are_those_of_a_region_in_an_image_set(small_shapes):
    shapes = ShapeCollection(small_shapes[:5])
    recipe = Recipe(
        source={"library": "none"},  # the plan is made with the shapes at hand
        split={"train": 1.0, "val": 0.0, "test": 0.0},
        scene={"kind": "region", "height_um": 20.0, "border": "cut"},
        microscopes=[{"preset": "epi1"}],
        image_size=SIZE,
        labelling=LABELLING,
        focus={"depth_um": 0.5},
    )
    plan = make_plan(recipe, shapes)
    images = GroupRenderer(recipe, shapes, plan.pools).render(plan.groups[0])
    region = next(image for image in images if image.view == "0")
    (stage,) = region.metadata["plane_stage_um"]
    simulation = Simulation(
        microscope=recipe.microscopes[0].microscope.replace(image_size=SIZE),
        labelling=Labelling(**LABELLING),
        acquisition=Acquisition(depth_um=0.5, stage_um=stage),
    )
    centre = np.array(region.metadata["object_centroid_um"])
    field = simulate_field(shapes, simulation, centre)
    assert len(field.scene) == region.metadata["emitters"]
    # The field begins at a whole pixel: less than one beside the region.
    away = (field.scene.centroid_um - centre)[1:]
    assert (np.abs(away) <= 0.5 * simulation.microscope.pixel_um + 1e-9).all()
    objects = region.film[0].objects
    positions = np.concatenate([placed.emitters.positions_um for placed in objects])
    photons = np.concatenate([placed.emitters.photons for placed in objects])
    moved = Emitters(positions - [0.0, *away], photons)
    expected = Renderer(moved).render(simulation.microscope, stage)
    seen = field.photons.photons[0]
    assert np.abs(seen - expected).max() < 1e-3 * expected.max()
    assert np.abs(seen.sum() - region.photons.sum()) < 1e-3 * region.photons.sum()
