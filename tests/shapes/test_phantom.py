import numpy as np
import pytest
from scipy import ndimage

from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.volume import check_labels


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
