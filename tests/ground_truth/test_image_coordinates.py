"""Meshes, points, fluorophores and centrelines lie where the pixels are."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from placed import ball, field, placed, torus
from scipy import ndimage
from scipy.spatial.transform import Rotation
from skimage.registration import phase_cross_correlation

from napari_3dmsl.ground_truth.image_coordinates import (
    cloud_in_image,
    emitters_in_image,
    field_to_image,
    mesh_in_image,
    occupancies_in_image,
)
from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.microscope.fluorophores import Labelling, Surface, label
from napari_3dmsl.microscope.renderer import expected_photons
from napari_3dmsl.microscope.resolution import resolution
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.scenes.centrelines import centrelines_of, moved
from napari_3dmsl.scenes.placed_object import FieldOfView
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.sampling import SampleSettings

VIEW = field(size=(60, 100), pixel=0.07)
SHAPE = placed(torus(), at=(4.0, -0.4, 1.1), turn=Rotation.from_rotvec([0.4, 1, 2]).as_matrix())
MASK = ground_truth([SHAPE], VIEW, ["mask"])["mask"]


def pixels_of(points_um):
    row, column = np.floor(points_um[:, 1:] / 0.07).astype(int).T
    return row, column


def test_the_mesh_covers_the_pixels_of_the_mask():
    mesh = mesh_in_image(SHAPE, VIEW)
    rows, columns = np.nonzero(MASK)
    assert mesh.bounds_um[0, 1:] / 0.07 == pytest.approx([rows.min(), columns.min()], abs=1)
    assert mesh.bounds_um[1, 1:] / 0.07 == pytest.approx([rows.max(), columns.max()], abs=1.5)
    assert mesh.volume_um3 == pytest.approx(2 * np.pi**2 * 0.3**2, rel=0.01)
    assert mesh.vertices[:, 0] == pytest.approx(SHAPE.vertices_um[:, 0])


def test_the_corner_of_the_image_is_where_coordinates_begin():
    corner = [2.0, -30 * 0.07, -50 * 0.07, 1.0]
    assert field_to_image(VIEW) @ corner == pytest.approx([2.0, 0.0, 0.0, 1.0])


def test_clouds_lie_on_the_surface_and_point_outward():
    points, normals = cloud_in_image(SHAPE, VIEW, 4000, np.random.default_rng(0))
    assert points.shape == normals.shape == (4000, 3)
    # Back in the frame of the torus its surface has a closed form.
    own = (points - field_to_image(VIEW)[:3, 3] - SHAPE.to_field[:3, 3]) @ SHAPE.to_field[:3, :3]
    spine = np.column_stack([np.zeros(4000), own[:, 1:]])
    spine /= np.linalg.norm(spine, axis=1, keepdims=True)
    assert np.linalg.norm(own - spine, axis=1) == pytest.approx(0.3, abs=2e-3)
    outward = (normals @ SHAPE.to_field[:3, :3] * (own - spine)).sum(axis=1)
    assert (outward > 0.29).all()
    assert MASK[pixels_of(points)].mean() > 0.9


def test_occupancies_are_those_of_a_torus():
    points, inside = occupancies_in_image(
        SHAPE, VIEW, np.random.default_rng(0), SampleSettings(occupancy_points=20000)
    )
    own = (points - field_to_image(VIEW)[:3, 3] - SHAPE.to_field[:3, 3]) @ SHAPE.to_field[:3, :3]
    away = np.hypot(np.hypot(own[:, 1], own[:, 2]) - 1.0, own[:, 0])
    sure = np.abs(away - 0.3) > 3e-3
    assert np.array_equal(inside[sure], away[sure] < 0.3)
    assert points.dtype == np.float32
    assert 0.02 < inside.mean() < 0.3


def test_fluorophores_carry_the_label_of_their_object():
    other = placed(ball(0.3, 3), at=(4, 1.2, -2.0), label=5)
    truth = emitters_in_image([SHAPE, other], VIEW)
    labels = ground_truth([SHAPE, other], VIEW, ["instances"])["instances"]
    assert np.array_equal(np.unique(truth.label), [1, 5])
    assert truth.row_column == pytest.approx(truth.positions_um[:, 1:] / 0.07)
    seen = labels[pixels_of(truth.positions_um)]
    assert (seen == truth.label)[seen > 0].all()
    assert (seen > 0).mean() > 0.85  # the others: on the rim, less than half a pixel inside
    assert len(emitters_in_image([], VIEW).photons) == 0


def test_centrelines_of_a_ring_and_a_rod_have_their_closed_forms():
    ring = torus()
    (path,) = centrelines_of(Mesh(np.asarray(ring.vertices), ring.faces))
    assert np.linalg.norm(path[0] - path[-1]) < 1e-9
    assert np.hypot(path[:, 1], path[:, 2]) == pytest.approx(1.0, abs=0.03)
    assert np.abs(path[:, 0]).max() < 0.03
    rod = trimesh.creation.capsule(height=2.0, radius=0.15)  # from -1 to 1 along its last axis
    (path,) = centrelines_of(Mesh(rod.vertices + np.array([7, 8, 9]), rod.faces))
    assert np.abs(path[:, :2] - [7, 8]).max() < 0.03
    assert sorted([path[0, 2], path[-1, 2]]) == pytest.approx([8, 10], abs=0.06)


def test_a_thin_rod_has_a_centreline_too():
    rod = trimesh.creation.capsule(height=0.5, radius=0.03)
    (path,) = centrelines_of(Mesh(np.asarray(rod.vertices), rod.faces))
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).sum() == pytest.approx(0.5, abs=0.03)


def test_a_drawn_centreline_runs_through_the_middle_of_its_object():
    ring = torus()
    paths = centrelines_of(Mesh(np.asarray(ring.vertices), ring.faces))
    turn = Rotation.from_rotvec([0.2, 0.4, 0.1]).as_matrix()
    shape = placed(ring, at=(4.0, 0.2, 0.5), turn=turn, label=3)
    shape = placed(
        ring, shape.to_field[:3, 3], 3, turn=turn, centrelines_um=moved(paths, shape.to_field)
    )
    line = ground_truth([shape], VIEW, ["centreline", "instances"])
    drawn = np.argwhere(line["centreline"])
    assert set(np.unique(line["centreline"])) == {0, 3}
    assert (line["instances"][line["centreline"] > 0] == 3).all()
    angle = np.linspace(0, 2 * np.pi, 2000)
    circle = np.column_stack([0 * angle, np.sin(angle), np.cos(angle)])
    spine = (circle @ turn.T + shape.to_field[:3, 3])[:, 1:] / 0.07 + [30, 50]
    away = np.linalg.norm(drawn[:, None] + 0.5 - spine, axis=2)
    assert away.min(axis=1).max() < 1.2
    assert away.min(axis=0).max() < 1.2


def test_the_centreline_nearest_the_objective_is_drawn_over_the_other():
    def straight(height, label):
        path = np.array([[height, -1.0, -1.0], [height, 1.0, 1.0]])
        return placed(ball(0.1, 2), label=label, centrelines_um=(path,))

    for order in (1, -1):
        objects = [straight(3.0, 4), straight(2.0, 8)][::order]
        line = ground_truth(objects, VIEW, ["centreline"])["centreline"]
        assert set(np.unique(line)) == {0, 8}


SCOPES = [
    Microscope(pixel_nm=109, emission_nm=688, numerical_aperture=1.42),
    Microscope(pixel_nm=70, modality="confocal", specimen_index=1.515),
]


@pytest.mark.parametrize("scope", SCOPES, ids=["widefield", "confocal"])
@pytest.mark.parametrize("seed", range(3))
def test_images_in_focus_lie_on_their_masks(scope, seed):
    """Shapes symmetric about a point: seen from anywhere, light and outline have one middle."""
    rng = np.random.default_rng(seed)
    solids = [
        torus(rng.uniform(0.5, 0.9), rng.uniform(0.1, 0.3)),
        trimesh.creation.capsule(height=rng.uniform(0.5, 2.5), radius=rng.uniform(0.06, 0.3)),
        ball(1.0, 3).apply_scale(rng.uniform(0.2, 1.0, 3)),
    ]
    for solid in solids:
        at = rng.uniform([2.5, -0.6, -0.6], [4, 0.6, 0.6])
        shape = placed(solid, at=at, turn=Rotation.random(rng=rng).as_matrix())
        light = label(Surface(shape.vertices_um, shape.faces), Labelling(continuous=True), rng)
        image = expected_photons(light, scope, Acquisition(), at[0]).photons[0]
        view = FieldOfView(scope.image_size, scope.pixel_um, at[:1], 0.5)
        mask = ground_truth([shape], view, ["mask"])["mask"]
        # The halo is cut off by the sides of the image: only what is bright counts.
        bright = np.where(image > 0.2 * image.max(), image, 0.0)
        assert np.abs(centroid(bright) - centroid(mask)).max() < 0.5
        expected = (at[1:] / scope.pixel_um) + 64
        assert np.abs(centroid(mask) - expected).max() < 0.5


@pytest.mark.parametrize("scope", SCOPES, ids=["widefield", "confocal"])
@pytest.mark.parametrize("seed", range(3))
def test_images_of_any_shape_register_with_their_fluorophores(scope, seed):
    """A plain model of the light, Gaussian across and Lorentzian along z, lies on the image."""
    rng = np.random.default_rng(seed)
    scope = scope.replace(specimen_index=1.515)  # a mismatch makes the light lopsided along z
    solid = trimesh.util.concatenate(
        [
            torus(0.6, 0.15).apply_translation([0.4, 0.2, 0]),
            trimesh.creation.capsule(height=1.5, radius=0.2).apply_translation([-0.3, 0.8, 0.5]),
        ]
    )
    shape = placed(solid, at=(3.0, 0.3, -0.2), turn=Rotation.random(rng=rng).as_matrix())
    light = label(Surface(shape.vertices_um, shape.faces), Labelling(continuous=True), rng)
    image = expected_photons(light, scope, Acquisition(), 3.0).photons[0]
    view = FieldOfView(scope.image_size, scope.pixel_um, np.array([3.0]), 0.5)
    truth = emitters_in_image([replace(shape, emitters=light)], view)
    width = resolution(scope, 3.0)
    away = (truth.positions_um[:, 0] - 3.0) / (0.5 * width.axial_fwhm_um)
    sharp = truth.photons / (1.0 + away**2) ** (2 if scope.modality == "confocal" else 1)
    bins = [np.arange(n + 1) for n in scope.image_size]
    model = np.histogram2d(*truth.row_column.T, bins=bins, weights=sharp)[0]
    model = ndimage.gaussian_filter(model, width.lateral_fwhm_um / 2.355 / scope.pixel_um)
    shift = phase_cross_correlation(model, image, upsample_factor=20, normalization=None)[0]
    assert np.abs(shift).max() < 0.5


def centroid(image):
    """Mean place (row, column) in pixels from the corner."""
    places = np.indices(image.shape) + 0.5
    return (places * image).sum(axis=(1, 2)) / image.sum()
