"""A field in an EM volume: everything in it at its place, dragged by whole pixels."""

import numpy as np
import pytest
from optics_reference import emission_profile, sum_of_emitters
from placed import ball

from napari_3dmsl.compute.one_blas_thread import one_blas_thread
from napari_3dmsl.microscope.fluorophores import Emitters, Labelling, Surface, label
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, image_scene
from napari_3dmsl.scenes.field import Window, scene_of_field
from napari_3dmsl.scenes.field_imager import (
    FieldImager,
    FieldSample,
    _area_of,
    simulate_field,
)
from napari_3dmsl.scenes.shapes_in_place import ShapesInPlace
from napari_3dmsl.shapes.mesh import Mesh

CENTRES = {3: (4.0, 10.0, 10.0), 7: (5.0, 12.0, 15.0), 9: (4.5, 18.0, 11.0)}
MIDDLE = np.array([4.5, 14.0, 12.5])  # of the boxes of all
SIMULATION = Simulation(
    microscope=Microscope(pixel_nm=100, image_size=(40, 50), pixel_integration=False),
    labelling=Labelling(density_per_um2=5),
    acquisition=Acquisition(depth_um=0.3, focus_um=0.2),
    noise="none",
    seed=4,
)


class Shapes:
    """Balls of half a micrometre in a volume; counts how often they are read."""

    def __init__(self):
        self.ids = tuple(CENTRES)
        self.table = {"index": self.ids}
        self.read = []

    def mesh(self, shape_id):
        self.read.append(shape_id)
        solid = ball(0.5, 3)
        return Mesh(solid.vertices + np.array(CENTRES[shape_id]), np.asarray(solid.faces))


def fluorophores(shape_id, simulation=SIMULATION):
    mesh = Shapes().mesh(shape_id)
    rng = np.random.default_rng([simulation.seed, shape_id])
    return label(Surface(mesh.vertices, mesh.faces), simulation.labelling, rng)


def in_frame(centre_yx, simulation=SIMULATION):
    """All fluorophores about the middle of a field; the lowest ball begins at z = 3.5."""
    parts = [fluorophores(shape_id, simulation) for shape_id in CENTRES]
    positions = np.concatenate([part.positions_um for part in parts])
    positions -= [3.5 - simulation.acquisition.depth_um, *centre_yx]
    return Emitters(positions, np.concatenate([part.photons for part in parts]))


def test_an_image_is_the_sum_of_the_single_emitters_where_they_are():
    centre = (7.0, 12.0, 12.5)  # at any height; 20 and 0 pixels from the middle: on the grid
    image = simulate_field(Shapes(), SIMULATION, centre)
    scope = SIMULATION.microscope
    stage = best_focus_stage_um(scope, 0.3 + 1.0 + 0.2)  # the middle lies 1 µm above the lowest

    def profile(depth_um, reach_um):
        return emission_profile(scope, depth_um, stage, reach_um)

    expected = sum_of_emitters(scope, in_frame(centre[1:]), profile)
    difference = np.abs(image.photons.photons[0] - expected).max()
    assert difference < 1e-3 * expected.max()


@pytest.mark.parametrize("name", ["epi1", "con1"])
def test_dragged_photons_are_those_of_the_place_itself(name):
    microscope = load_microscope(name).replace(image_size=(64, 70))
    simulation = SIMULATION.replace(microscope=microscope)
    shapes, imager = Shapes(), FieldImager()
    for *step, rests in [(0, 0, True), (5, -3, False), (-30, 35, False), (90, 20, True)]:
        centre = tuple(MIDDLE + microscope.pixel_um * np.array([0, *step]))
        dragged = imager.image(FieldSample(shapes, centre), simulation, exact=rests).photons.photons
        scene = scene_of_field(Shapes(), simulation, centre)
        direct = image_scene(scene, simulation).photons.photons
        assert np.abs(dragged - direct).max() < 1e-3 * max(direct.max(), 1.0)


@pytest.mark.parametrize("name", ["epi1", "con1", "light-sheet"])
def test_where_nothing_is_ready_an_image_on_the_way_is_much_like_that_at_rest(name):
    microscope = load_microscope(name).replace(image_size=(64, 70))
    simulation = SIMULATION.replace(microscope=microscope, noise="camera")
    shapes, imager = Shapes(), FieldImager()
    for step in [(0, 0), (20, -30), (-15, 45)]:
        centre = tuple(MIDDLE + microscope.pixel_um * np.array([0, *step]))
        sample = FieldSample(shapes, centre)
        on_the_way = imager.image(sample, simulation, exact=False).photons.photons
        assert not imager.prepare(sample, simulation)  # it would take the time of the next image
        direct = image_scene(scene_of_field(Shapes(), simulation, centre), simulation)
        photons = direct.photons.photons
        assert np.abs(on_the_way - photons).max() < 1e-2 * photons.max()
    assert imager.prepare(sample, simulation, rests=True)
    at_rest = imager.image(sample, simulation)
    alone = simulate_field(Shapes(), simulation, sample.centre_um)
    np.testing.assert_array_equal(at_rest.photons.photons, alone.photons.photons)
    np.testing.assert_array_equal(at_rest.counts, alone.counts)


def test_a_drag_by_whole_pixels_moves_the_photons_by_as_many():
    shapes, imager = Shapes(), FieldImager()
    before = imager.image(FieldSample(shapes), SIMULATION)
    centre = tuple(MIDDLE + np.array([0.0, 0.7, -0.4]))
    after = imager.image(FieldSample(shapes, centre), SIMULATION, exact=False)
    np.testing.assert_array_equal(
        after.photons.photons[0, :-7, 4:], before.photons.photons[0, 7:, :-4]
    )
    assert sorted(shapes.read) == sorted([*CENTRES, *CENTRES])  # for the boxes, and to label them


def test_the_place_that_is_told_is_where_the_pixels_are():
    """A centre between pixels goes to the next one, and the transform says so."""
    image = simulate_field(Shapes(), SIMULATION, MIDDLE + np.array([1.0, 0.13, -0.17]))
    placed = image.scene.placed
    middle = np.linalg.inv(placed.world_to_field) @ [placed.centroid_height_um, 0.0, 0.0, 1.0]
    np.testing.assert_allclose(middle[:3], MIDDLE + np.array([0.0, 0.1, -0.2]), atol=1e-9)
    np.testing.assert_allclose(image.scene.centroid_um, middle[:3])


def test_neither_height_nor_focus_depends_on_what_lies_in_the_field():
    """About shape 7, the highest one, alone: the lowest of all still gives the depth."""
    scene = scene_of_field(Shapes(), SIMULATION, (4.0, 12.0, 40.0))
    everywhere = scene_of_field(Shapes(), SIMULATION)
    assert scene.placed.centroid_height_um == pytest.approx(1.3, abs=0.01)
    assert everywhere.placed.centroid_height_um == scene.placed.centroid_height_um
    assert len(scene) == 1  # a dark one
    assert scene.fluorophores == 0


def test_fluorophores_of_a_shape_are_its_own_in_every_field():
    scene = scene_of_field(Shapes(), SIMULATION, (4.0, 18.0, 11.0), ids=[9])
    inverse = np.linalg.inv(scene.placed.world_to_field)
    back = scene.placed.emitters.positions_um @ inverse[:3, :3].T + inverse[:3, 3]
    np.testing.assert_allclose(
        np.sort(back, 0), np.sort(fluorophores(9).positions_um, 0), atol=1e-9
    )
    assert scene.area_um2 == pytest.approx(np.pi, rel=0.02)


def test_a_pose_turns_the_volume_about_its_middle():
    turned = SIMULATION.replace(pose=Pose(rotation_deg=(90.0, 0.0, 0.0)))
    scene = scene_of_field(Shapes(), turned)
    every = np.concatenate([fluorophores(shape_id).positions_um for shape_id in CENTRES]) - MIDDLE
    # About z by 90 degrees x becomes y, and y becomes -x.
    expected = np.column_stack([every[:, 0] + 1.3, every[:, 2], -every[:, 1]])
    np.testing.assert_allclose(
        np.sort(scene.placed.emitters.positions_um, 0), np.sort(expected, 0), atol=0.01
    )


def test_a_change_of_focus_reads_and_labels_nothing():
    shapes, imager = Shapes(), FieldImager()
    imager.image(FieldSample(shapes), SIMULATION)
    read = len(shapes.read)
    other = SIMULATION.replace(acquisition=Acquisition(depth_um=0.3, focus_um=1.0))
    seen = imager.image(FieldSample(shapes), other).photons.photons
    direct = image_scene(scene_of_field(Shapes(), other), other).photons.photons
    assert np.abs(seen - direct).max() < 1e-3 * direct.max()
    assert len(shapes.read) == read


def test_what_comes_next_is_ready_before_the_field_is_there():
    shapes, imager = Shapes(), FieldImager()
    imager.image(FieldSample(shapes), SIMULATION)
    assert not imager.prepare(FieldSample(shapes), SIMULATION)
    near_the_end = tuple(MIDDLE + np.array([0.0, 1.5, 0.0]))
    assert imager.prepare(FieldSample(shapes, near_the_end), SIMULATION)
    read = len(shapes.read)
    beyond = tuple(MIDDLE + np.array([0.0, 4.5, 0.0]))

    def no_work(done, total, what):
        raise AssertionError("rendered while it was dragged")

    imager.image(FieldSample(shapes, beyond), SIMULATION, no_work, exact=False)
    assert len(shapes.read) == read


def test_an_image_at_rest_is_the_same_however_its_field_came_there():
    noisy = SIMULATION.replace(noise="camera")
    shapes, imager = Shapes(), FieldImager()
    for y in (0.0, 1.0, 2.0, 3.1):
        sample = FieldSample(shapes, tuple(MIDDLE + np.array([0.0, y, 0.0])))
        imager.image(sample, noisy, exact=False)
    at_rest = imager.image(sample, noisy)
    alone = simulate_field(Shapes(), noisy, sample.centre_um)
    np.testing.assert_array_equal(at_rest.counts, alone.counts)


def test_an_area_that_images_on_the_way_disturbed_is_not_the_one_at_rest():
    noisy = SIMULATION.replace(noise="camera")
    shapes, imager = Shapes(), FieldImager()
    sample = FieldSample(shapes)
    imager.image(sample, noisy, exact=False)
    with one_blas_thread():  # as another image on the way does
        assert imager.prepare(sample, noisy, rests=True)
    assert not imager.prepare(sample, noisy)  # good enough on the way
    assert imager.prepare(sample, noisy, rests=True)
    assert not imager.prepare(sample, noisy, rests=True)
    at_rest, alone = imager.image(sample, noisy), simulate_field(Shapes(), noisy)
    np.testing.assert_array_equal(at_rest.photons.photons, alone.photons.photons)


def test_a_field_of_the_largest_image_is_its_own_area():
    window = Window((-2048, -2000), (4096, 64))
    small = SIMULATION.replace(microscope=Microscope(image_size=(4096, 64)))
    area = _area_of(window, small)
    assert area.size == (4096, 128)
    assert area.holds(window)


def test_shapes_that_nobody_has_are_told():
    with pytest.raises(ValueError, match="no shape 5; the volume has 3 shapes"):
        ShapesInPlace(Shapes(), [3, 5])


def test_images_as_in_the_release_are_of_one_shape():
    released = SIMULATION.replace(microscope=load_microscope("epi1-released"))
    with pytest.raises(ValueError, match="show one shape"):
        simulate_field(Shapes(), released)
