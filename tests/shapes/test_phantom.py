import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import KDTree

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_neighbours, make_phantom
from napari_3dmsl.volumes.labels import check_labels


def test_all_six_classes_are_there_with_the_papers_numbers(phantom):
    classes = [item.shape_class for item in phantom.truth]
    assert set(classes) == {"dot", "rod", "network", "donut", "mega", "nano-tunnel"}
    assert len(classes) == 38
    volume = np.bincount(phantom.labels.ravel()) * 0.024**3
    for item in phantom.truth:
        match item.shape_class:
            case "dot":
                assert item.length_um < 1
            case "donut":
                assert item.loops == 1
            case "nano-tunnel":
                assert item.length_um > 30
            case "mega":
                assert item.length_um > 10
                assert volume[item.id] > 1
            case "rod":
                assert 1 < item.length_um < 10
                assert item.branches == item.loops == 0
            case "network":
                assert item.branches >= 3


def test_objects_are_whole_apart_and_inside(phantom):
    assert check_labels(phantom.labels) is phantom.labels
    assert phantom.labels.dtype == np.uint16
    assert phantom.labels.size < 20e6
    for item, box in zip(phantom.truth, ndimage.find_objects(phantom.labels), strict=True):
        own = phantom.labels[box] == item.id
        assert ndimage.label(own)[1] == 1
        assert all(side.start > 2 for side in box)
        grown = ndimage.binary_dilation(np.pad(own, 3), iterations=3)[3:-3, 3:-3, 3:-3]
        assert set(np.unique(phantom.labels[box][grown])) <= {0, item.id}


def test_the_seed_decides():
    coarse = (48, 48, 48)
    first, again, other = (make_phantom(seed, coarse).labels for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("seed", range(3, 9))
def test_every_seed_finds_room_for_all(seed):
    phantom = make_phantom(seed, (60, 48, 48))
    assert len(np.unique(phantom.labels)) == 39


def test_finer_voxels_are_refused():
    with pytest.raises(ValueError, match="24 nm or more"):
        make_phantom(voxel_nm=(8, 8, 8))


def test_volumes_are_those_of_the_voxels(phantom):
    volume = np.bincount(phantom.labels.ravel()) * 0.024**3
    for item in phantom.truth:
        assert item.volume_um3 == pytest.approx(volume[item.id])


def nearest_voxels_nm(labels, first, second, voxel_nm):
    points = [np.argwhere(labels == label) * voxel_nm for label in (first, second)]
    return KDTree(points[0]).query(points[1])[0].min()


@pytest.mark.parametrize("gap", [0, 60, 150])
def test_neighbours_are_as_far_apart_as_asked(gap):
    phantom = make_neighbours(gap, seed=2, pairs=2)
    assert len(phantom.truth) == 4
    for first in (1, 3):
        between = nearest_voxels_nm(phantom.labels, first, first + 1, phantom.voxel_nm)
        assert gap - 1e-6 <= between <= gap + 2 * 24 * np.sqrt(3)  # a voxel's diagonal on each side


def test_overlapping_neighbours_share_a_face():
    phantom = make_neighbours(-80, seed=2, pairs=2)
    for first in (1, 3):
        assert nearest_voxels_nm(phantom.labels, first, first + 1, phantom.voxel_nm) == 24


def test_neighbours_have_the_volume_of_rods():
    phantom = make_neighbours(100, seed=4, voxel_nm=(24, 16, 16), pairs=2)
    assert not phantom.labels[[0, -1]].any()
    for item, box in zip(phantom.truth, ndimage.find_objects(phantom.labels), strict=True):
        assert ndimage.label(phantom.labels[box] == item.id)[1] == 1
        assert 1.2 <= item.length_um <= 2
        rods = [np.pi * r**2 * item.length_um + 4 / 3 * np.pi * r**3 for r in (0.1, 0.25)]
        assert 0.97 * rods[0] < item.volume_um3 < 1.03 * rods[1]


def test_watershed_parts_neighbours_that_touch():
    phantom = make_neighbours(0, seed=1, pairs=2)
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    extraction = extract_instances(phantom.labels > 0, settings)
    for item in phantom.truth:
        own = phantom.labels == item.id
        assert np.bincount(extraction.labels[own])[1:].max() > 0.97 * own.sum()
    assert extraction.report.kept == 4


@pytest.mark.parametrize(("name", "value"), [("gap_nm", 900), ("gap_nm", -200), ("pairs", 0)])
def test_impossible_neighbours_are_refused(name, value):
    arguments = {"gap_nm": 50, name: value}
    with pytest.raises(ValueError, match=name):
        make_neighbours(**arguments)


def test_centrelines_run_in_the_middle_of_their_objects(phantom):
    for item in phantom.truth:
        length = sum(np.linalg.norm(np.diff(p, axis=0), axis=1).sum() for p in item.centrelines_um)
        assert length == pytest.approx(item.length_um)
        points = np.concatenate(item.centrelines_um)
        voxels = np.round(points / 0.024).astype(int)
        assert (phantom.labels[tuple(voxels.T)] == item.id).all()
    boxes = ndimage.find_objects(phantom.labels)
    for item, box in zip(phantom.truth[:12], boxes, strict=False):
        depth = ndimage.distance_transform_edt(np.pad(phantom.labels[box] == item.id, 1))
        first = np.array([side.start - 1 for side in box])
        inner = np.concatenate([path[8:-8] for path in item.centrelines_um])
        radius = depth[tuple(np.round(inner / 0.024 - first).astype(int).T)] * 0.024
        assert radius.min() > 0.08  # µm: half a voxel and the waver less than drawn


def test_lines_are_wavy_and_lie_flat(phantom):
    for item in phantom.truth:
        if item.shape_class in ("rod", "mega", "nano-tunnel"):
            (line,) = item.centrelines_um
            sides = np.diff(line, axis=0)
            tilt = np.abs(sides[:, 0]) / np.linalg.norm(sides, axis=1)
            assert np.median(tilt) < np.sin(np.deg2rad(45))
            assert np.linalg.norm(line[-1] - line[0]) < 0.9995 * item.length_um
