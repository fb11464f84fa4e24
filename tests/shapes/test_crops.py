"""Instances are cut out one by one, and those that sprawl in blocks, so that time stays linear."""

import math

import numpy as np
import pytest
from solids import draw_ball, draw_tube
from stored_labels import on_disk

from napari_3dmsl.shapes import crops
from napari_3dmsl.shapes.crops import iter_crops, measuring_blocks, plan_crops
from napari_3dmsl.shapes.downsampling import block_counts
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import iter_shapes, measure_shapes

AS_THEY_ARE = ExtractionSettings(
    voxel_nm=(24, 24, 24), downsample=1, instances=True, min_volume_um3=0
)


def whole_volume(shape):
    return slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2])


def taken(boxes, blocks):
    sizes = [[side.stop - side.start for side in box] for box in boxes]
    return sum(
        math.prod(-(-length // edge) for length, edge in zip(size, edges, strict=True))
        for size, edges in zip(sizes, blocks, strict=True)
    )


def test_mitochondria_are_measured_on_the_voxels_of_the_extraction(extraction):
    for crop in iter_crops(extraction):
        assert crop.voxel_nm == extraction.voxel_nm
        assert np.count_nonzero(crop.mask) == crop.voxel_count
    assert extraction.report.warnings == ()


def test_a_few_shapes_may_fill_a_small_volume():
    boxes = [whole_volume((100, 100, 100))] * 60
    assert set(measuring_blocks(boxes, (24, 24, 24), 10**6)) == {(1, 1, 1)}


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_what_sprawls_takes_no_more_than_the_volume_allows(count):
    boxes = [whole_volume((512, 512, 512))] * count + [whole_volume((40, 40, 40))] * count
    blocks = measuring_blocks(boxes, (24, 24, 24), 512**3)
    assert taken(boxes, blocks) <= 2 * 512**3
    assert set(blocks[count:]) == {(1, 1, 1)}
    assert min(blocks[0]) > 1


def test_blocks_become_cubes_as_far_as_they_can():
    boxes = [whole_volume((128, 512, 512))] * 400
    z, y, x = measuring_blocks(boxes, (40, 16, 16), 128 * 512**2)[0]
    assert y == x > z
    assert max(40 * z, 16 * y) <= 1.5 * min(40 * z, 16 * y)


def test_blocks_are_counted():
    mask = np.random.default_rng(0).random((7, 20, 33)) < 0.4
    counted = block_counts(mask, (2, 5, 8))
    blocks = mask[:6, :, :32].reshape(3, 2, 4, 5, 4, 8)
    np.testing.assert_array_equal(counted, blocks.sum(axis=(1, 3, 5)))
    np.testing.assert_array_equal(block_counts(np.ones((9, 8, 8), bool), (9, 8, 8)), [[[576]]])


def test_a_sprawling_shape_keeps_place_volume_and_length_and_is_told(monkeypatch):
    tube = draw_tube((60, 130, 121), (12, 13, 14), (48, 110, 101), 9)
    (fine,) = iter_shapes(extract_instances(tube.astype(np.uint8), AS_THEY_ARE))
    monkeypatch.setattr(crops, "ALWAYS", tube.size // 10)
    monkeypatch.setattr(crops, "SHARE", 0)
    extraction = extract_instances(tube.astype(np.uint8), AS_THEY_ARE)
    (crop,) = iter_crops(extraction)
    assert crop.voxel_nm == (48, 48, 48)
    (coarse,) = iter_shapes(extraction)
    assert (coarse.voxel_count, coarse.volume_um3) == (fine.voxel_count, fine.volume_um3)
    np.testing.assert_array_equal(coarse.centroid_um, fine.centroid_um)
    np.testing.assert_array_equal(coarse.bounds_um, fine.bounds_um)
    middle = coarse.mesh.bounds_um.mean(axis=0)
    np.testing.assert_allclose(middle, fine.mesh.bounds_um.mean(axis=0), atol=0.02)
    assert coarse.mesh.is_watertight
    assert coarse.mesh.volume_um3 == pytest.approx(fine.volume_um3, rel=0.05)
    assert coarse.skeleton.length_um == pytest.approx(fine.skeleton.length_um, rel=0.05)
    (warning,) = extraction.report.warnings
    assert "1 shape sprawls" in warning
    assert "2 times as long" in warning


def test_distances_are_left_out_where_surfaces_are_coarse(monkeypatch):
    labels = np.zeros((40, 40, 90), np.uint8)
    labels[draw_ball(labels.shape, (20, 20, 20), 12)] = 1
    labels[draw_ball(labels.shape, (20, 20, 60), 12)] = 2
    fine = measure_shapes(extract_instances(labels, AS_THEY_ARE))
    assert all(shape.neighbour_um is not None for shape in fine)
    for name, value in {"ALWAYS": 4000, "SHARE": 0, "SMALLEST": 1000}.items():
        monkeypatch.setattr(crops, name, value)
    extraction = extract_instances(labels, AS_THEY_ARE)
    assert [shape.neighbour_um for shape in measure_shapes(extraction)] == [None, None]
    assert "distances between neighbours are not measured" in extraction.report.warnings[0]


def test_of_a_shape_thinner_than_any_block_something_is_left(monkeypatch):
    labels = np.zeros((40, 60, 60), np.uint8)
    labels[np.arange(40), np.arange(40), np.arange(40)] = 5
    monkeypatch.setattr(crops, "ALWAYS", 1)
    monkeypatch.setattr(crops, "SHARE", 0)
    monkeypatch.setattr(crops, "SMALLEST", 100)
    (shape,) = iter_shapes(extract_instances(labels, AS_THEY_ARE))
    assert shape.voxel_count == 40
    assert len(shape.mesh.faces) > 0


@pytest.mark.parametrize("offset", [0, 2**24, 2**40, 2**63])
def test_numbers_of_labels_are_kept_however_large_they_are(offset):
    small = np.random.default_rng(1).integers(0, 4, (9, 10, 11))
    labels = np.where(small > 0, small.astype(np.uint64) + np.uint64(offset), 0)
    extraction = extract_instances(labels.astype(np.uint64), AS_THEY_ARE)
    np.testing.assert_array_equal(extraction.labels, small)
    assert extraction.parents.tolist() == [offset + 1, offset + 2, offset + 3]


def test_large_labels_without_background_are_numbered_from_1():
    labels = np.full((4, 5, 6), 2**33, np.int64)
    labels[2:] += 1
    extraction = extract_instances(labels, AS_THEY_ARE)
    assert np.unique(extraction.labels).tolist() == [1, 2]
    assert [shape.voxel_count for shape in iter_shapes(extraction)] == [60, 60]


def test_several_processes_measure_the_same():
    labels = np.zeros((30, 30, 120), np.uint8)
    for number in range(4):
        ball = draw_ball(labels.shape, (15, 15, 15 + 30 * number), 6 + number)
        labels[ball] = number + 1
    extraction = extract_instances(labels, AS_THEY_ARE)
    here, there = (measure_shapes(extraction, workers=count) for count in (1, 2))
    assert [shape.id for shape in there] == [1, 2, 3, 4]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.mesh.vertices, other.mesh.vertices)
        np.testing.assert_array_equal(one.skeleton.points_um, other.skeleton.points_um)
        assert one.classification == other.classification
        assert one.neighbour_um == other.neighbour_um


@pytest.mark.parametrize("most", [None, 4_000_000, 1_000_000])
def test_a_box_read_part_by_part_is_the_box_read_at_once(monkeypatch, extraction, tmp_path, most):
    monkeypatch.setattr(crops, "SMALLEST", 1)
    plans = plan_crops(extraction, most)
    assert most is None or max(plan.measuring_bytes for plan in plans) <= most
    assert (max(max(plan.blocks) for plan in plans) > 1) == (most is not None)
    stored = on_disk(extraction, tmp_path).labels
    whole = [plan.cut(extraction.labels).mask for plan in plans]
    monkeypatch.setattr(crops, "READ_AT_ONCE", 5000)
    for plan, mask in zip(plans, whole, strict=True):
        np.testing.assert_array_equal(plan.cut(stored).mask, mask)


def test_no_part_of_a_box_is_more_than_is_read_at_once(monkeypatch):
    monkeypatch.setattr(crops, "READ_AT_ONCE", 1000)
    box = (slice(3, 40), slice(11, 95), slice(0, 61))
    for chunks in ((8, 8, 8), (64, 64, 64), None):
        voxels = np.zeros((40, 95, 61), int)
        for part, _ in crops._parts(box, (2, 3, 1), chunks):
            voxels[part] += 1
            assert math.prod(side.stop - side.start for side in part) <= 4 * 1000
        assert (voxels[box] == 1).all()
        assert voxels.sum() == voxels[box].size
