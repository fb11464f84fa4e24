import re

import numpy as np
import pytest
from refusals import refusal

from napari_3dmsl.volumes.labels import check_labels, check_voxel_nm


def labels(dtype=np.uint16):
    array = np.zeros((4, 5, 6), dtype)
    array[1, 2, 3] = 1
    array[2, 2, 3] = 1
    return array


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.uint64, ">u2", "<i4"])
def test_integer_and_bool_labels_pass(dtype):
    checked = check_labels(labels(dtype))
    assert checked.dtype.isnative
    assert checked.sum() == 2


def test_good_labels_are_not_copied():
    array = labels()
    assert check_labels(array) is array


def test_float_labels_with_whole_numbers_become_integers():
    assert check_labels(labels(np.float32)).dtype == np.uint8


def test_singleton_axes_beyond_three_are_dropped():
    assert check_labels(labels()[None]).shape == (4, 5, 6)
    assert check_labels(labels()[..., None]).shape == (4, 5, 6)
    assert check_labels(np.ones((1, 1, 5, 6), bool)).shape == (1, 5, 6)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones((5, 6), bool), "3D"),
        (np.ones((2, 4, 5, 6), bool), "3D"),
        (np.zeros((4, 5, 6), int), "background"),
        (np.zeros((0, 5, 6), int), "no voxel"),
        (labels(int) - 1, "-1"),
        (labels(float) - 1, "-1"),
        (labels(float) * 0.5, "whole numbers"),
        (labels(float) * np.nan, "NaN"),
        (labels(complex), "complex"),
        (np.array([[["a"]]]), "whole numbers"),
        (labels(float) * 1e12, "whole numbers"),
    ],
)
def test_what_is_no_label_volume_is_refused_in_one_line(array, says):
    assert says in refusal(check_labels, array)


@pytest.mark.parametrize("voxel", [(1, 2), (0, 1, 1), (1, 1, -5), "abc", 16, (1, 1, np.nan)])
def test_impossible_voxel_sizes_are_refused(voxel):
    assert "voxel_nm" in refusal(check_voxel_nm, voxel)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (np.int8, -128),
        (np.int32, -1234567),
        (np.int32, -(2**31)),
        (np.int64, -(2**53) - 1),
        (np.int64, -(2**63)),
        (np.float32, -9999999),
        (np.float64, -(2**40)),
    ],
)
def test_what_is_said_of_a_background_below_0_can_be_followed(kind, number: int) -> None:
    array = labels(kind)
    array[0, 0, 0] = number
    told = re.search(r"--background (\S+)$", refusal(check_labels, array))
    assert told is not None
    assert told[1] == str(number)
    assert check_labels(array, int(told[1])).sum() == 2


@pytest.mark.parametrize("number", [-0.5, -np.inf])
def test_what_cannot_be_background_is_not_called_so(number: float) -> None:
    array = labels(float)
    array[0, 0, 0] = number
    told = refusal(check_labels, array)
    assert told.endswith(f"the lowest is {number:g}")


def test_whole_floats_that_are_too_large_are_not_called_probabilities() -> None:
    told = refusal(check_labels, labels(float) * 2**40)
    assert "float64 go up to 4294967295; the highest is 1099511627776" in told
    assert "probabilities" not in told
    assert check_labels(labels(float) * (2**32 - 1)).max() == 2**32 - 1
