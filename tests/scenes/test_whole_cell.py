"""A cell, or a region of it, as one scene."""

import numpy as np
import pytest
from placed import ball

from napari_3dmsl.microscope.fluorophores import Labelling, Surface, label
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.scenes.whole_cell import scene_of_shapes
from napari_3dmsl.shapes.mesh import Mesh

CENTRES = {3: (4.0, 10.0, 10.0), 7: (5.0, 12.0, 20.0), 9: (4.5, 60.0, 15.0)}
CELL = Simulation(
    microscope=Microscope(pixel_nm=100, image_size=(100, 200)),
    labelling=Labelling(density_per_um2=200),
    acquisition=Acquisition(depth_um=0.3),
    seed=4,
)


class Shapes:
    """Balls of 1 µm radius in a volume."""

    def __init__(self):
        self.ids = tuple(CENTRES)
        self.table = {"index": self.ids}

    def mesh(self, shape_id):
        solid = ball(1.0, 3)
        return Mesh(solid.vertices + np.array(CENTRES[shape_id]), np.asarray(solid.faces))


def fluorophores(shape_id):
    mesh = Shapes().mesh(shape_id)
    surface = Surface(mesh.vertices, mesh.faces)
    rng = np.random.default_rng([CELL.seed, shape_id])
    return label(surface, CELL.labelling, rng).positions_um


def back_to_world(scene):
    inverse = np.linalg.inv(scene.placed.world_to_field)
    return scene.placed.emitters.positions_um @ inverse[:3, :3].T + inverse[:3, 3]


def test_every_shape_lies_where_it_is_in_the_volume():
    wide = CELL.replace(microscope=CELL.microscope.replace(image_size=(600, 200)))
    scene = scene_of_shapes(Shapes(), wide)
    expected = np.concatenate([fluorophores(shape_id) for shape_id in CENTRES])
    np.testing.assert_allclose(back_to_world(scene), expected, atol=1e-9)
    np.testing.assert_allclose(scene.centroid_um, [4.5, 35.0, 15.0], atol=0.01)
    assert scene.placed.emitters.positions_um[:, 0].min() == pytest.approx(0.3)
    assert scene.fluorophores == len(scene) == len(expected)
    assert scene.area_um2 == pytest.approx(3 * 4 * np.pi, rel=0.02)


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (90.0, 0.0, 0.0), (0.0, 0.0, 20.0)])
def test_a_region_holds_what_lights_it_up_and_is_turned_about_its_centre(turn):
    """The field is 10 x 20 µm; what lies more than 10 µm beside it is left out."""
    centre = np.array([4.2, 11.0, 15.0])
    simulation = CELL.replace(pose=Pose(rotation_deg=turn))
    told = []
    scene = scene_of_shapes(Shapes(), simulation, centre, progress=lambda *now: told.append(now))
    every = np.concatenate([fluorophores(shape_id) for shape_id in CENTRES])
    turned = (every - centre) @ simulation.pose.matrix.T
    inside = (np.abs(turned[:, 1:]) <= [15.0, 20.0]).all(axis=1)
    np.testing.assert_allclose(back_to_world(scene), every[inside], atol=1e-9)
    middle = scene.placed.world_to_field @ [*centre, 1.0]
    assert middle[1:3] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert middle[0] == pytest.approx(scene.placed.centroid_height_um)
    assert told == [(1, 2, "shapes"), (2, 2, "shapes")]


def test_continuous_labels_tell_the_number_that_they_stand_for():
    even = CELL.replace(labelling=CELL.labelling.replace(continuous=True))
    scene = scene_of_shapes(Shapes(), even, (4.0, 10.0, 10.0))
    assert scene.fluorophores == pytest.approx(2 * 200 * 4 * np.pi, rel=0.02)


def test_an_empty_field_says_where_the_shapes_are():
    with pytest.raises(ValueError, match=r"around 4 x 300 x 10 µm .* from 3 x 9 x 9 to 6 x 61 x"):
        scene_of_shapes(Shapes(), CELL, (4.0, 300.0, 10.0))
