import pickle

import numpy as np
import pytest
from scipy import ndimage
from solids import draw_ball, draw_tube

from napari_3dmsl.shapes.downsampling import downsample_labels, downsample_mask
from napari_3dmsl.shapes.extraction import (
    ExtractionSettings,
    extract_instances,
    flat_ball,
    suggested_downsample,
    thinnest_surviving_tube_nm,
)
from napari_3dmsl.shapes.morphology import ball, components, dilate_instances, erode
from napari_3dmsl.volumes.open import open_labels

FINE = ExtractionSettings(voxel_nm=(24, 24, 24))


def two_touching_balls():
    shape = (30, 30, 60)
    return draw_ball(shape, (15, 15, 17.5), 10), draw_ball(shape, (15, 15, 36.5), 10)


def step(done, total):
    assert done < total


def test_the_ball_of_the_paper_has_179_voxels_and_a_centre():
    structure = ball(3.5, (1, 1, 1))
    assert structure.shape == (7, 7, 7)
    assert structure.sum() == 179
    np.testing.assert_array_equal(structure, structure[::-1, ::-1, ::-1])


def test_the_ball_is_physical_for_anisotropic_voxels():
    assert ball(3.0, (3, 1, 1)).shape == (3, 7, 7)


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_both_ways_to_erode_agree(monkeypatch, voxel):
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(40, 40, 40)), 4)
    mask = noise > 0
    by_structure = erode(mask, 3.5, voxel)
    monkeypatch.setattr("napari_3dmsl.shapes.morphology.LARGEST_STRUCTURE", 0)
    np.testing.assert_array_equal(erode(mask, 3.5, voxel), by_structure)
    assert 0 < by_structure.sum() < mask.sum()


def test_erosion_does_not_eat_from_the_border():
    assert erode(np.ones((9, 9, 9), bool), 3.5, (1, 1, 1)).all()


def test_dilation_never_takes_a_neighbours_voxel():
    markers = np.zeros((9, 9, 12), np.int32)
    markers[4, 4, 4], markers[4, 4, 6] = 1, 2
    grown = dilate_instances(markers, 2.0, (1, 1, 1), step)
    assert grown[4, 4, 6] == 2
    assert (grown == 1).sum() == ball(2.0, (1, 1, 1)).sum() - 1


@pytest.mark.parametrize("regrow", ["watershed", "dilate"])
def test_touching_balls_are_divided_and_nothing_is_invented(regrow):
    first, second = two_touching_balls()
    extraction = extract_instances(first | second, FINE.replace(regrow=regrow))
    assert extraction.report.kept == 2
    assert extraction.report.voxels_invented == 0
    for truth in (first, second):
        inside = np.bincount(extraction.labels[truth])
        assert inside[1:].max() > 0.97 * truth.sum()
    if regrow == "watershed":
        assert extraction.report.voxels_lost == 0


@pytest.mark.parametrize("diameter_voxels", [5, 6.5, 7.2, 7.5])
def test_watershed_keeps_tubes_whole_that_the_erosion_would_shred(diameter_voxels):
    tube = draw_tube((60, 60, 60), (8, 9, 7), (50, 40, 52), diameter_voxels / 2)
    report = extract_instances(tube, FINE).report
    assert (report.kept, report.voxels_lost) == (1, 0)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize("radius", [2.0, 3.5, 5.0])
def test_the_thinnest_surviving_tube_is_whole_after_erosion_at_any_angle(radius, connectivity):
    settings = FINE.replace(connectivity=connectivity, erosion_nm=24 * radius)
    tube_radius = thinnest_surviving_tube_nm(settings) / 24 / 2
    rng = np.random.default_rng(3)
    for direction in rng.normal(size=(6, 3)):
        half = 18 * direction / np.linalg.norm(direction)
        centre = 28 + rng.uniform(-0.5, 0.5, 3)
        tube = draw_tube((56, 56, 56), centre - half, centre + half, tube_radius)
        assert components(erode(tube, radius, (1, 1, 1)), connectivity).max() == 1


def test_the_thinnest_tube_follows_radius_and_grid():
    assert thinnest_surviving_tube_nm(FINE) == pytest.approx(209.57, abs=0.01)
    assert thinnest_surviving_tube_nm(FINE.replace(erosion_nm=0)) == pytest.approx(41.57, 1e-3)
    coarse = thinnest_surviving_tube_nm(FINE.replace(downsample=2))
    assert coarse == pytest.approx(2 * 84 + 48 * np.sqrt(3))
    assert thinnest_surviving_tube_nm(FINE.replace(instances=True)) == pytest.approx(41.57, 1e-3)
    flat = FINE.replace(voxel_nm=(30, 8, 8), downsample=1)
    assert thinnest_surviving_tube_nm(flat) == pytest.approx(168 + np.sqrt(30**2 + 2 * 8**2))


@pytest.mark.parametrize(
    ("voxel", "blocks"),
    [
        ((8, 8, 8), (3, 3, 3)),
        ((15, 16, 16), (1, 1, 1)),
        ((24, 24, 24), (1, 1, 1)),
        ((30, 8, 8), (1, 3, 3)),
        ((40, 4, 4), (1, 6, 6)),
        ((50, 4.6, 4.6), (1, 5, 5)),
        ((5, 9, 30), (4, 2, 1)),
    ],
)
def test_the_suggested_grid_comes_near_to_24_nm_along_each_axis(voxel, blocks):
    assert suggested_downsample(voxel) == blocks
    settings = ExtractionSettings(voxel_nm=voxel)
    assert settings.blocks == blocks
    for size, coarse in zip(voxel, settings.coarse_voxel_nm, strict=True):
        assert coarse == size or 12 < coarse <= 24


@pytest.mark.parametrize("given", [3, "3", (3, 3, 3), ["3", "3", "3"]])
def test_one_number_downsamples_every_axis(given):
    assert FINE.replace(downsample=given).downsample == (3, 3, 3)


@pytest.mark.parametrize("given", [0, 2.5, True, "a", "1,2,3", (1, 2), (1, 0, 2), "nan"])
def test_other_downsampling_is_refused_in_one_line(given):
    with pytest.raises(ValueError, match=r"^downsample[^\n;]*$"):
        FINE.replace(downsample=given)


def test_a_radius_in_voxels_is_refused_and_the_length_is_named():
    with pytest.raises(ValueError, match="no setting 'erosion_radius', is 'erosion_nm' meant"):
        ExtractionSettings(voxel_nm=(24, 24, 24), erosion_radius=3.5)


def test_the_ball_of_the_erosion_is_84_nm_on_every_grid():
    for voxel in [(24, 24, 24), (8, 8, 8), (30, 8, 8), (50, 4.6, 4.6)]:
        assert ExtractionSettings(voxel_nm=voxel).ball_nm == 84
    assert FINE.replace(instances=True).ball_nm == 0


def test_a_ball_of_one_plane_is_warned_about():
    assert flat_ball(FINE) == flat_ball(FINE.replace(voxel_nm=(84, 24, 24))) == ""
    assert flat_ball(FINE.replace(voxel_nm=(100, 24, 24), erosion_nm=0)) == ""
    assert flat_ball(FINE.replace(voxel_nm=(100, 24, 24), instances=True)) == ""
    flat = FINE.replace(voxel_nm=(100, 8, 8))
    assert "84 nm is less than a voxel along z (100 nm)" in flat_ball(flat)
    report = extract_instances(draw_ball((20, 60, 60), (10, 30, 30), 20), flat).report
    assert report.warnings == (flat_ball(flat),)
    assert extract_instances(draw_ball((20, 20, 20), (9, 9, 9), 8), FINE).report.warnings == ()


def test_downsampling_counts_half_a_block_as_foreground():
    mask = np.zeros((2, 2, 6), bool)
    mask[0, :, 0:2] = True  # 4 of 8
    mask[0, :, 2] = True  # 2 of 8
    np.testing.assert_array_equal(downsample_mask(mask, (2, 2, 2)), [[[True, False, False]]])


def test_downsampling_labels_takes_the_majority():
    labels = np.zeros((2, 2, 4), np.uint16)
    labels[:, :, 0] = [[7, 7], [9, 9]]
    labels[0, 0, 1] = 9
    labels[:, :, 2] = 5
    np.testing.assert_array_equal(downsample_labels(labels, (2, 2, 2)), [[[9, 5]]])


def test_mask_and_labels_downsample_to_the_same_foreground(phantom):
    labels = phantom.labels[:100, :150, :151]
    coarse = downsample_labels(labels, (3, 3, 3))
    np.testing.assert_array_equal(coarse > 0, downsample_mask(labels, (3, 3, 3)))
    assert coarse.shape == (33, 50, 50)


def test_the_coarse_origin_is_the_centre_of_the_first_block():
    mask = draw_ball((60, 60, 60), (30, 30, 30), 20)
    extraction = extract_instances(mask, ExtractionSettings(voxel_nm=(8, 8, 8)))
    assert extraction.voxel_nm == (24, 24, 24)
    assert extraction.origin_um == pytest.approx((0.008,) * 3)
    centre = np.argwhere(extraction.labels).mean(axis=0) * 0.024 + extraction.origin_um
    np.testing.assert_allclose(centre, 0.24, atol=1e-3)


def test_labels_are_int32_contiguous_and_consecutive(extraction):
    assert extraction.labels.dtype == np.int32
    assert extraction.labels.flags.c_contiguous
    present = np.unique(extraction.labels)
    np.testing.assert_array_equal(present, np.arange(extraction.report.kept + 1))


def test_memory_order_does_not_change_the_result():
    first, second = two_touching_balls()
    mask = first | second
    plain = extract_instances(mask, FINE).labels
    np.testing.assert_array_equal(extract_instances(np.asfortranarray(mask), FINE).labels, plain)


def test_read_only_and_big_endian_input_work():
    first, second = two_touching_balls()
    array = (first | second).astype(">u2")
    array.flags.writeable = False
    assert extract_instances(array, FINE).report.kept == 2


def test_small_instances_are_dropped_and_counted():
    mask = draw_ball((40, 40, 40), (12, 12, 12), 8) | draw_ball((40, 40, 40), (32, 32, 32), 2)
    report = extract_instances(mask, FINE).report
    assert (report.found, report.kept, report.dropped_small) == (2, 1, 1)
    assert report.voxels_lost == draw_ball((40, 40, 40), (32, 32, 32), 2).sum()
    assert "1 too small" in report.summary()


def test_instances_are_kept_as_given():
    first, second = two_touching_balls()
    labels = np.where(first, 500, np.where(second, 7, 0))
    extraction = extract_instances(labels, FINE.replace(instances=True))
    assert extraction.report.kept == 2
    np.testing.assert_array_equal(extraction.labels == 2, labels == 500)
    np.testing.assert_array_equal(extraction.labels == 1, labels == 7)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_instances_are_numbered_the_same_however_large_their_labels(dtype):
    small = np.random.default_rng(0).integers(0, 5, (6, 7, 8)).astype(dtype)
    large = small.astype(np.uint64) * 10_000_000
    settings = ExtractionSettings(
        voxel_nm=(24,) * 3, downsample=1, instances=True, min_volume_um3=0
    )
    first, second = (extract_instances(labels, settings) for labels in (small, large))
    np.testing.assert_array_equal(first.labels, small)
    np.testing.assert_array_equal(second.labels, small)
    assert second.parents.tolist() == [10_000_000, 20_000_000, 30_000_000, 40_000_000]


def test_instances_without_background_are_kept():
    labels = np.ones((20, 20, 20), np.uint8)
    labels[10:] = 2
    assert extract_instances(labels, FINE.replace(instances=True)).report.kept == 2


def test_many_labels_are_a_mask_unless_they_are_instances():
    labels = np.zeros((20, 20, 40), np.uint8)
    labels[2:18, 2:18, 2:20], labels[2:18, 2:18, 20:38] = 3, 9
    assert extract_instances(labels, FINE).report.kept == 1
    assert extract_instances(labels, FINE.replace(instances=True)).report.kept == 2


def test_every_voxel_of_the_phantom_keeps_its_object(phantom, extraction):
    pairs = np.unique(phantom.labels.astype(int) * 1000 + extraction.labels)
    assert len(pairs) == len(phantom.truth) + 1
    assert extraction.report.voxels_lost == extraction.report.voxels_invented == 0


def test_progress_is_told_and_may_stop_the_work():
    class StoppedError(Exception):
        pass

    told = []

    def progress(done, total, what):
        told.append((done, total, what))
        if len(told) == 3:
            raise StoppedError

    first, second = two_touching_balls()
    with pytest.raises(StoppedError):
        extract_instances(first | second, FINE, progress)
    assert [done for done, _, _ in told] == [0, 1, 2]
    assert all(what for _, _, what in told)


def test_a_block_larger_than_the_volume_is_refused():
    with pytest.raises(ValueError, match=r"downsample = \(20, 20, 20\): larger than the volume"):
        extract_instances(np.ones((10, 10, 10), bool), FINE.replace(downsample=20))


def test_labels_lost_by_downsampling_are_said():
    mask = np.zeros((12, 12, 12), bool)
    mask[4, 4, 4] = True
    with pytest.raises(ValueError, match="nothing is left"):
        extract_instances(mask, FINE.replace(downsample=4))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("voxel_nm", (0, 1, 1)),
        ("downsample", 0),
        ("erosion_nm", 2001),
        ("connectivity", 8),
        ("regrow", "grow"),
        ("min_volume_um3", -1),
    ],
)
def test_wrong_settings_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        FINE.replace(**{field: value})


def test_an_extraction_crosses_process_borders(extraction):
    copy = pickle.loads(pickle.dumps(extraction))
    np.testing.assert_array_equal(copy.labels, extraction.labels)
    assert copy.report == extraction.report


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "experts", "tolerance"),
    [("fib1-0-0-0", 39, 3), ("fib1-1-0-3", 16, 1), ("fib1-4-3-0", 75, 8)],
)
def test_urocell_gives_about_the_experts_number(real_data, name, experts, tolerance):
    volume = open_labels(real_data / "urocell" / f"{name}_binary.nii.gz", (15, 16, 16))
    settings = ExtractionSettings(voxel_nm=volume.voxel_nm, downsample=1)
    extraction = extract_instances(volume.labels, settings)
    assert abs(extraction.report.kept - experts) <= tolerance
    assert extraction.report.voxels_lost < 0.002 * volume.labels.sum()


PROTOCOL = {
    "erosion_nm": 40.0,
    "connectivity": 26,
    "regrow": "dilate",
    "neck": 1.0,
    "split_pieces": True,
}


@pytest.mark.parametrize(
    "given",
    [{}, {"regrow": "dilate"}, {"instances": True}, {"instances": True, "split_pieces": True}],
    ids=str,
)
def test_settings_without_effect_leave_the_instances_as_they_are(given):
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(48, 48, 48)), 3)
    labels = (noise > 0.01).astype(np.uint8) + (noise > 0.03)
    settings = FINE.replace(min_volume_um3=0.0, erosion_nm=60.0, **given)
    before = extract_instances(labels, settings).labels
    for name, other in PROTOCOL.items():
        if getattr(settings, name) == other:
            other = ExtractionSettings.model_fields[name].default
        after = extract_instances(labels, settings.replace(**{name: other})).labels
        assert np.array_equal(before, after) == (name in settings.irrelevant()), name
