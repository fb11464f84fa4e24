import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_3dmsl.microscope.fluorophores import (
    Emitters,
    Labelling,
    Surface,
    label,
)
from napari_3dmsl.microscope.pose import VIEWS, Pose, place

TRIANGLES = np.array([[0.0, 0, 0], [0, 0, 2], [0, 2, 0], [0, 2, 2], [3, 0, 0]])
SQUARE = np.array([[0, 1, 2], [1, 3, 2]])


def test_area_and_centroid_of_a_square():
    assert Surface(TRIANGLES, SQUARE).area_um2 == pytest.approx(4.0)
    assert Surface(TRIANGLES, SQUARE).centroid_um == pytest.approx([0, 1, 1])


def test_labelling_is_uniform_by_area():
    faces = np.array([[0, 1, 2], [1, 3, 2], [0, 1, 4]])
    emitters = label(
        Surface(TRIANGLES, faces), Labelling(density_per_um2=20000), np.random.default_rng(0)
    )
    assert len(emitters) == round(20000 * 7.0)
    flat = emitters.positions_um[emitters.positions_um[:, 0] == 0]
    assert len(flat) / len(emitters) == pytest.approx(4 / 7, rel=0.01)
    counts, _, _ = np.histogram2d(flat[:, 1], flat[:, 2], bins=4, range=[[0, 2], [0, 2]])
    assert counts.std() < 3 * np.sqrt(counts.mean())


def test_efficiency_thins_and_photons_are_set():
    labelling = Labelling(density_per_um2=5000, efficiency=0.25, photons_per_fluorophore=70)
    emitters = label(Surface(TRIANGLES, SQUARE), labelling, np.random.default_rng(1))
    assert len(emitters) == pytest.approx(5000, rel=0.05)
    assert (emitters.photons == 70).all()


def test_a_mesh_without_surface_is_refused():
    with pytest.raises(ValueError, match="no triangles"):
        Surface(TRIANGLES, np.zeros((0, 3), int))
    with pytest.raises(ValueError, match="no area"):
        Surface(TRIANGLES, [[0, 0, 0]])


@pytest.mark.parametrize(
    "angles", [(0, 0, 90), (0, 90, 0), (90, 0, 0), (10, 20, 30), (-70, 5, 200)]
)
def test_angles_turn_about_x_then_y_then_z_by_the_right_hand_rule(angles):
    z, y, x = angles
    expected = Rotation.from_euler("xyz", [x, y, z], degrees=True)
    point = np.array([0.3, -1.2, 0.7])  # (x, y, z)
    turned = Pose(rotation_deg=angles).matrix @ point[::-1]
    assert turned == pytest.approx(expected.apply(point)[::-1])


def test_the_six_views_are_proper_rotations():
    for view in VIEWS:
        matrix = Pose.from_view(view).matrix
        assert matrix @ matrix.T == pytest.approx(np.eye(3))
        assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_angles_of_a_matrix_give_the_same_rotation():
    for angles in [(10, 20, 30), (0, 90, 0), (-170, 5, 100), (90, 0, 180)]:
        matrix = Pose(rotation_deg=angles).matrix
        rows = tuple(tuple(float(value) for value in row) for row in matrix)
        same = Pose(rotation_deg=Pose(rotation_matrix=rows).angles_deg)
        assert same.matrix == pytest.approx(matrix, abs=1e-8)


def test_a_reflection_is_refused():
    with pytest.raises(ValueError, match="rotation_matrix.*determinant"):
        Pose(rotation_matrix=((1, 0, 0), (0, 1, 0), (0, 0, -1)))


def test_placing_centres_the_object_and_puts_its_lowest_emitter_at_the_depth():
    rng = np.random.default_rng(2)
    world = rng.uniform(5, 9, (50, 3))
    centroid = world.mean(axis=0)
    placed = place(Emitters(world, np.ones(50)), centroid, Pose(rotation_deg=(30, 40, 50)), 0.8)
    assert placed.emitters.positions_um[:, 0].min() == pytest.approx(0.8)
    assert placed.emitters.positions_um.mean(axis=0) == pytest.approx(
        [placed.centroid_height_um, 0, 0]
    )
    homogeneous = np.column_stack([world, np.ones(50)])
    assert (homogeneous @ placed.world_to_field.T)[:, :3] == pytest.approx(
        placed.emitters.positions_um
    )
