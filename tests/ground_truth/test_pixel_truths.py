"""Masks, labels and depths against closed forms and points asked one by one."""

import numpy as np
import pytest
import trimesh
from placed import ball, field, pixel_centres, placed, torus
from scipy.spatial.transform import Rotation

from napari_3dmsl.geometry.inside import winding_numbers
from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth, ground_truth
from napari_3dmsl.shapes.classification import ShapeClass

OF_SURFACES = [
    name
    for name, truth in TRUTHS.items()
    if isinstance(truth, PixelTruth) and name != "photons"  # these come with the image
]


def mask_of(solid, view, **others):
    return ground_truth([placed(solid, **others)], view, ["mask"])["mask"]


@pytest.mark.parametrize("pixel", [0.03, 0.07, 0.109, 0.25])
def test_areas_of_balls_and_tori_are_neither_swollen_nor_shrunk(pixel):
    view, rng = field(pixel=pixel), np.random.default_rng(0)
    on_edge = Rotation.from_rotvec([0, np.pi / 2, 0]).as_matrix()
    expected = {
        "ball": (ball(1.0, 4), None, np.pi),
        "ring": (torus(), None, np.pi * (1.3**2 - 0.7**2)),
        "stadium": (torus(), on_edge, 4 * 0.3 + np.pi * 0.3**2),
        "4 pixels": (ball(2 * pixel, 4), None, np.pi * (2 * pixel) ** 2),
    }
    for name, (solid, turn, area) in expected.items():
        shifts = np.column_stack([np.full(40, 5.0), rng.uniform(0, pixel, (40, 2))])
        found = [mask_of(solid, view, at=at, turn=turn).sum() * pixel**2 for at in shifts]
        assert np.mean(found) == pytest.approx(area, rel=0.03), name


def test_a_ball_lies_on_the_pixels_whose_centres_it_covers():
    view = field(size=(90, 140), pixel=0.05)
    y, x = pixel_centres(view)
    mask = mask_of(ball(), view, at=(3.0, -0.52, 1.31))
    away = np.hypot(y + 0.52, x - 1.31)
    assert mask.dtype == np.uint8
    assert (mask[away < 1.0 - 0.02] == 1).all()
    assert (mask[away > 1.0 + 0.02] == 0).all()


def test_the_focus_mask_of_a_ball_is_its_widest_circle_in_the_depth_of_field():
    heights = np.array([3.7, 4.2, 5.0, 5.5, 6.6])
    view = field(planes=heights, depth_of_field=0.4)
    masks = ground_truth([placed(ball())], view, ["focus_mask"])["focus_mask"]
    assert masks.shape == (5, 128, 128)
    away = np.maximum(np.abs(heights - 5.0) - 0.2, 0.0)
    areas = np.pi * np.maximum(1.0 - away**2, 0.0)
    assert masks.sum(axis=(1, 2)) * 0.05**2 == pytest.approx(areas, rel=0.02, abs=1e-9)


def test_one_plane_gives_a_flat_focus_mask():
    truth = ground_truth([placed(ball())], field(), OF_SURFACES)
    assert list(truth) == OF_SURFACES
    flat = {name for name, values in truth.items() if values.shape == (128, 128)}
    assert flat == set(OF_SURFACES) - {"volume_instances", "volume_classes"}
    assert truth["volume_instances"].shape == truth["volume_classes"].shape == (1, 128, 128)


def test_volumes_are_cuts_at_the_planes():
    heights = np.array([4.5, 5.0, 5.25, 6.1])
    view = field(planes=heights)
    volume = ground_truth([placed(ball(), label=9)], view, ["volume_instances"])["volume_instances"]
    assert set(np.unique(volume)) == {0, 9}
    areas = np.pi * np.maximum(1.0 - (heights - 5.0) ** 2, 0.0)
    assert (volume > 0).sum(axis=(1, 2)) * 0.05**2 == pytest.approx(areas, rel=0.02, abs=1e-9)


def test_depth_is_the_lower_half_of_a_ball():
    view = field()
    depth = ground_truth([placed(ball())], view, ["depth"])["depth"]
    y, x = pixel_centres(view)
    away = np.hypot(y, x)
    flat = away < 0.9
    expected = 5.0 - np.sqrt(1.0 - away[flat] ** 2)
    assert depth.dtype == np.float32
    assert np.abs(depth[flat] - expected).max() < 0.002
    assert np.isnan(depth[away > 1.03]).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_turned_shape_covers_the_pixels_that_points_find(seed):
    rng = np.random.default_rng(seed)
    solid = trimesh.util.concatenate(
        [torus(0.7, 0.2).apply_translation([0, 0, 0.9]), torus(0.6, 0.15), ball(0.2, 3)]
    )
    at, turn = rng.uniform([4, -1, -1], [6, 1, 1]), Rotation.random(rng=rng).as_matrix()
    shape = placed(solid, at=at, turn=turn)
    view = field(size=(32, 40), pixel=0.1, planes=rng.uniform(4.5, 5.5, 3), depth_of_field=0.3)
    truth = ground_truth([shape], view, ["mask", "focus_mask", "volume_instances"])
    inside = points_inside(shape, view, np.arange(2.0, 8.0, 0.02))
    assert_nearly(truth["mask"], inside.any(axis=0))
    cuts = points_inside(shape, view, view.plane_heights_um)
    assert np.array_equal(truth["volume_instances"] == 1, cuts)
    for mask, height in zip(truth["focus_mask"], view.plane_heights_um, strict=True):
        slab = height + np.linspace(-0.1499, 0.1499, 31)
        assert_nearly(mask, points_inside(shape, view, slab).any(axis=0))


def points_inside(shape, view, heights):
    """Which points over the centres of pixels, at all heights, lie inside, one by one."""
    y, x = (np.tile(side.ravel(), len(heights)) for side in pixel_centres(view))
    z = np.repeat(heights, len(y) // len(heights))
    winding = winding_numbers(shape.vertices_um[shape.faces], np.column_stack([z, y, x]))
    return (winding != 0).reshape(len(heights), *view.image_size)


def assert_nearly(mask, found):
    """Points miss what is thinner than their distance, nothing else."""
    assert found.any()
    assert (mask[found] == 1).all()
    assert np.count_nonzero(mask) - np.count_nonzero(found) <= 0.03 * np.count_nonzero(found)


def test_the_object_nearest_the_objective_hides_the_other():
    view = field()
    low = placed(ball(), at=(3.0, 0.0, -0.4), label=7, shape_class="rod")
    high = placed(ball(), at=(5.5, 0.0, 0.4), label=300, shape_class=None)
    for order in ([low, high], [high, low]):
        truth = ground_truth(order, view, ["instances", "classes", "depth", "mask"])
        y, x = pixel_centres(view)
        by_low, by_high = np.hypot(y, x + 0.4), np.hypot(y, x - 0.4)
        expected = np.where(by_low < 1.0, 7, np.where(by_high < 1.0, 300, 0))
        sure = (np.abs(by_low - 1.0) > 0.03) & (np.abs(by_high - 1.0) > 0.03)
        assert np.array_equal(truth["instances"][sure], expected[sure])
        assert np.array_equal(truth["classes"] == 2, truth["instances"] == 7)
        assert np.array_equal(truth["classes"] == 7, truth["instances"] == 300)
        assert np.array_equal(truth["mask"] == 1, truth["instances"] > 0)
        assert np.nanmax(truth["depth"][truth["instances"] == 7]) < 3.01
        assert np.nanmin(truth["depth"][truth["instances"] == 300]) > 4.49


def test_classes_count_in_the_order_of_the_paper():
    solid, view = ball(0.3, 3), field(size=(16, 128))
    objects = [
        placed(solid, at=(5, 0, 0.8 * (n - 3)), label=n + 1, shape_class=str(name))
        for n, name in enumerate(ShapeClass)
    ]
    truth = ground_truth(objects, view, ["classes", "instances", "volume_classes"])
    assert np.array_equal(truth["classes"], truth["instances"])  # the labels are 1 to 6 too
    assert set(np.unique(truth["volume_classes"])) == {0, 1, 2, 3, 4, 5, 6}


def test_objects_may_reach_beyond_the_image_or_lie_beyond_it():
    view = field(size=(40, 40), pixel=0.05)
    half = mask_of(ball(), view, at=(5.0, 1.0, 0.0))
    assert half.sum() * 0.05**2 == pytest.approx(np.pi / 2, rel=0.02)
    y, _ = pixel_centres(view)
    assert half[y > 0.02].any()
    assert not half[y < -0.02].any()
    quarter = mask_of(ball(), view, at=(5.0, -1.0, 1.0))
    assert quarter.sum() * 0.05**2 == pytest.approx(np.pi / 4, rel=0.03)
    for at in [(5, 2.2, 0), (5, -2.2, 0), (5, 0, 40.0), (5, 0, -2.01)]:
        truth = ground_truth([placed(ball(), at=at)], view, OF_SURFACES)
        assert all(not np.nan_to_num(values).any() for values in truth.values())


def test_a_tube_thinner_than_a_pixel_stays_whole_at_any_angle():
    view = field(size=(64, 64), pixel=0.109)
    tube = trimesh.creation.capsule(height=3.0, radius=0.05, count=[24, 24])
    tube.vertices = (tube.vertices - tube.centroid)[:, ::-1]  # along z of the field
    tube.faces = tube.faces[:, ::-1]
    from skimage.measure import label as pieces

    for angle in np.linspace(0, np.pi, 9):
        turn = Rotation.from_rotvec([angle, 0, 0]) * Rotation.from_rotvec([0, np.pi / 2, 0])
        for shift in (0.0, 0.03, 0.0545):
            mask = mask_of(tube, view, at=(5, shift, shift), turn=turn.as_matrix())
            assert pieces(mask, connectivity=2).max() == 1
            assert np.hypot(*np.ptp(np.argwhere(mask), axis=0)) * 0.109 > 2.7


@pytest.mark.parametrize("pixel", [0.0488, 0.07, 0.109, 0.325])
def test_no_object_of_a_tenth_of_a_micrometre_is_lost_between_pixels(pixel):
    view = field(size=(16, 16), pixel=pixel)
    for shift in np.linspace(0, pixel, 7):
        mask = mask_of(ball(0.071, 3), view, at=(5.0, shift, 0.3 * shift))
        assert 1 <= mask.sum() <= max(4, 2 * np.pi * (0.071 / pixel) ** 2)


def test_no_objects_give_an_empty_truth():
    truth = ground_truth([], field(size=(8, 9)), OF_SURFACES)
    assert not truth["mask"].any()
    assert np.isnan(truth["depth"]).all()
    assert truth["depth"].shape == (8, 9)


def test_a_surface_with_a_hole_is_named():
    solid = ball(subdivisions=3)
    solid = trimesh.Trimesh(solid.vertices, solid.faces[200:])
    with pytest.raises(ValueError, match=r"object 4 \(shape 104\): the surface has a hole") as told:
        mask_of(solid, field(), label=4)
    assert "\n" not in str(told.value)


def test_wrong_names_and_labels_are_refused():
    with pytest.raises(ValueError, match="'masks': not known; choose from mask, focus_mask"):
        ground_truth([], field(), ["mask", "masks"])
    with pytest.raises(ValueError, match="label = 2: used by 2 objects"):
        ground_truth([placed(ball(), label=2), placed(ball(), label=2)], field(), ["mask"])
    for label in (0, 65536):
        with pytest.raises(ValueError, match=f"label = {label}: .* 1 to 65535"):
            ground_truth([placed(ball(), label=label)], field(), ["mask"])
