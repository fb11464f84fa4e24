"""What a run says about its instances: where they come from, what was dropped, filled and cut."""

import numpy as np
import pytest
from solids import draw_ball, draw_tube

from napari_3dmsl.shapes.downsampling import stride
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.morphology import dilate_instances, fill_instances
from napari_3dmsl.shapes.shape import iter_shapes, measure_shapes

FINE = ExtractionSettings(voxel_nm=(24, 24, 24))
SHAPE = (30, 30, 90)


def touching_pair_and_a_single_ball():
    """Balls 1 and 2 touch, ball 3 stands alone."""
    return [draw_ball(SHAPE, (15, 15, x), 10) for x in (15.5, 34.5, 70)]


@pytest.mark.parametrize("regrow", ["watershed", "dilate"])
def test_parts_of_one_object_have_one_parent(regrow):
    balls = touching_pair_and_a_single_ball()
    extraction = extract_instances(np.any(balls, axis=0), FINE.replace(regrow=regrow))
    first, second, third = (np.bincount(extraction.labels[b])[1:].argmax() for b in balls)
    assert extraction.parents[first] == extraction.parents[second] != extraction.parents[third]
    assert (extraction.report.kept, extraction.report.divided) == (3, 1)
    assert [s.parent for s in measure_shapes(extraction)] == extraction.parents.tolist()


def test_given_instances_remember_their_numbers():
    labels = np.zeros(SHAPE, int)
    for number, ball in zip((50, 7, 300), touching_pair_and_a_single_ball(), strict=True):
        labels[ball] = number
    extraction = extract_instances(labels, FINE.replace(instances=True))
    assert sorted(extraction.parents) == [7, 50, 300]
    for label, parent in enumerate(extraction.parents, start=1):
        assert (labels[extraction.labels == label] == parent).all()


def test_the_report_names_what_was_dropped_and_why():
    mask = draw_ball(SHAPE, (15, 15, 15), 9) | draw_ball(SHAPE, (15, 15, 60), 2)
    report = extract_instances(mask, FINE).report
    (dropped,) = report.dropped
    assert dropped.voxels == draw_ball(SHAPE, (15, 15, 60), 2).sum()
    assert dropped.volume_um3 == pytest.approx(dropped.voxels * 0.024**3)
    assert dropped.reason == "smaller than min_volume_um3 = 0.001"
    assert dropped.parent == 2


def test_what_the_erosion_deletes_is_counted():
    mask = draw_ball(SHAPE, (15, 15, 15), 9) | draw_tube(SHAPE, (15, 15, 40), (15, 15, 80), 2.5)
    dilated = extract_instances(mask, FINE.replace(regrow="dilate")).report
    assert (dilated.kept, dilated.vanished) == (1, 1)
    assert "1 vanished" in dilated.summary()
    grown = extract_instances(mask, FINE).report
    assert (grown.kept, grown.vanished) == (2, 0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", [0, -1])
def test_instances_on_any_face_are_flagged(axis, end):
    mask = np.zeros((40, 40, 40), bool)
    mask[draw_ball(mask.shape, (20, 20, 20), 6)] = True
    box = [slice(4, 12)] * 3
    box[axis] = slice(0, 8) if end == 0 else slice(32, 40)
    mask[tuple(box)] = True
    extraction = extract_instances(mask, FINE.replace(erosion_nm=0))
    on_face = np.unique(extraction.labels.take(end, axis=axis))[-1]
    assert extraction.touches_border.tolist() == [label == on_face for label in (1, 2)]
    assert extraction.report.cut == 1


def test_cavities_are_filled_when_asked_but_rings_stay_open():
    hollow = draw_ball((40, 40, 40), (20, 20, 20), 14) & ~draw_ball((40, 40, 40), (20, 20, 20), 6)
    kept = extract_instances(hollow, FINE)
    filled = extract_instances(hollow, FINE.replace(fill_holes=True))
    cavity = draw_ball((40, 40, 40), (20, 20, 20), 6)
    assert not kept.labels[cavity].any()
    assert (filled.labels > 0).sum() == hollow.sum() + cavity.sum()
    assert filled.report.voxels_filled == cavity.sum()
    through = hollow.copy()
    through[18:23, 18:23, :] = False  # a hole from side to side
    assert extract_instances(through, FINE.replace(fill_holes=True)).report.voxels_filled == 0


def test_a_neighbour_inside_a_cavity_keeps_its_voxels():
    labels = np.zeros((21, 21, 21), np.int32)
    labels[draw_ball(labels.shape, (10, 10, 10), 9)] = 1
    labels[draw_ball(labels.shape, (10, 10, 10), 6)] = 0
    labels[draw_ball(labels.shape, (10, 10, 10), 2)] = 2
    inner = (labels == 2).sum()
    fill_instances(labels)
    assert (labels == 2).sum() == inner
    assert (labels > 0).sum() == draw_ball(labels.shape, (10, 10, 10), 9).sum()


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0)])
def test_overlapping_dilations_never_swallow_a_neighbour(voxel):
    rng = np.random.default_rng(5)
    markers = np.zeros((16, 24, 24), np.int32)
    places = rng.integers(2, 14, (30, 3))
    markers[tuple(places.T)] = np.arange(1, 31)
    grown = dilate_instances(markers, 3.0, voxel, lambda done, total: None)
    np.testing.assert_array_equal(grown[markers > 0], markers[markers > 0])


@pytest.mark.parametrize("factor", [2, 3])
def test_strides_take_the_middle_voxel_and_keep_its_place(factor):
    settings = ExtractionSettings(
        voxel_nm=(8, 8, 8), downsample=factor, downsample_method="stride", erosion_nm=0
    )
    ball = draw_ball((60, 63, 66), (30, 31, 32), 20)
    extraction = extract_instances(ball, settings)
    middle = (factor - 1) // 2
    assert extraction.origin_um == pytest.approx((middle * 0.008,) * 3)
    world = np.argwhere(extraction.labels) * factor * 0.008 + extraction.origin_um
    assert ball[tuple(np.round(world / 0.008).astype(int).T)].all()
    np.testing.assert_allclose(world.mean(axis=0), np.array((30, 31, 32)) * 0.008, atol=0.002)
    instances = extract_instances(ball * 5, settings.replace(instances=True))
    np.testing.assert_array_equal(instances.labels > 0, extraction.labels > 0)


def test_strides_leave_out_what_is_no_whole_block():
    assert stride(np.arange(11 * 7 * 8).reshape(11, 7, 8), (3, 3, 3)).shape == (3, 2, 2)
    assert stride(np.ones((11, 12, 14)), (1, 3, 4)).shape == (11, 4, 3)


@pytest.mark.parametrize("method", ["mean", "stride"])
def test_blocks_with_three_edges_keep_every_shape_in_its_place(method):
    voxel_nm, blocks = (50, 5, 8), (1, 5, 2)
    ball = draw_ball((30, 203, 151), (700, 500, 610), 300, voxel_nm)
    settings = ExtractionSettings(
        voxel_nm=voxel_nm, downsample=blocks, downsample_method=method, erosion_nm=0
    )
    extraction = extract_instances(ball, settings)
    assert extraction.voxel_nm == (50, 25, 16)
    assert extraction.labels.shape == (30, 40, 75)
    first = (0, 0.010, 0.004 if method == "mean" else 0)
    assert extraction.origin_um == pytest.approx(first)
    world = np.argwhere(extraction.labels) * (0.050, 0.025, 0.016) + extraction.origin_um
    np.testing.assert_allclose(world.mean(axis=0), (0.7, 0.5, 0.61), atol=0.002)
    (shape,) = iter_shapes(extraction)
    np.testing.assert_allclose(shape.mesh.bounds_um.mean(axis=0), (0.7, 0.5, 0.61), atol=0.005)
    assert shape.volume_um3 == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=0.02)
    instances = extract_instances(ball * 5, settings.replace(instances=True))
    np.testing.assert_array_equal(instances.labels > 0, extraction.labels > 0)


def test_what_would_be_without_dividing_is_told():
    first = draw_ball((40, 40, 80), (20, 20, 20.5), 10)
    mask = first | draw_ball((40, 40, 80), (20, 20, 39.5), 10)  # a pair that touches
    mask |= draw_ball((40, 40, 80), (20, 20, 65), 7) | draw_ball((40, 40, 80), (3, 3, 76), 2)
    report = extract_instances(mask, FINE).report
    assert (report.kept, report.divided, report.undivided) == (3, 1, 2)
    assert report.division() == "1 object was divided; without dividing there would be 2"
    assert report.division() in report.summary()
    whole = extract_instances(mask, FINE.replace(erosion_nm=0)).report
    assert (whole.kept, whole.division()) == (report.undivided, "")


@pytest.mark.parametrize(("neck", "kept"), [(0, 1), (0.2, 1), (0.5, 2), (1, 2)])
def test_the_neck_decides_what_is_divided(neck, kept):
    pair = draw_ball((30, 30, 60), (15, 15, 17.5), 10) | draw_ball((30, 30, 60), (15, 15, 36.5), 10)
    assert extract_instances(pair, FINE.replace(neck=neck)).report.kept == kept


@pytest.mark.parametrize(
    ("voxel_nm", "along"),
    [
        ((8, 8, 8), (1, 0, 0)),
        ((24, 24, 24), (0, 0, 1)),
        ((24, 24, 24), (1, 0, 0)),
        ((30, 8, 8), (0, 0, 1)),
        ((30, 8, 8), (1, 0, 0)),
        ((40, 4, 4), (0, 0, 1)),
        ((40, 4, 4), (1, 1, 1)),
        ((50, 4.6, 4.6), (0, 0, 1)),
        ((50, 4.6, 4.6), (1, 1, 1)),
    ],
)
@pytest.mark.parametrize("radius_nm", [150, 250])
def test_balls_that_touch_or_overlap_a_little_are_parted_on_any_voxels(voxel_nm, along, radius_nm):
    for overlap_nm in (0, 4, 8):
        half = (radius_nm - overlap_nm / 2) * np.array(along) / np.linalg.norm(along)
        reach = np.ceil((half + radius_nm + 60) / voxel_nm).astype(int)
        middle, shape = reach * voxel_nm, 2 * reach + 1
        balls = [draw_ball(shape, middle + s * half, radius_nm, voxel_nm) for s in (1, -1)]
        extraction = extract_instances(balls[0] | balls[1], ExtractionSettings(voxel_nm=voxel_nm))
        assert extraction.report.kept == 2


def test_what_erodes_to_many_pieces_and_grows_together_again_was_not_divided():
    """A tube as thin as the ball: its pieces leave numbers behind that nobody has."""
    tube = draw_tube((80, 60, 60), (14, 10, 19), (44, 50, 41), 3.6)
    ball = draw_ball((80, 60, 60), (70, 20, 20), 6)
    report = extract_instances(tube | ball, FINE).report
    assert (report.kept, report.divided, report.vanished) == (2, 0, 0)
