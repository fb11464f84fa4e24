"""The preview of the protocol is what the whole volume gives, away from the faces of the crop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.extraction_preview import crop_box, densest_place, preview_extraction

VOXEL_NM = (24.0, 24.0, 24.0)


def two_touching_balls() -> np.ndarray:
    """A large and a small ball that overlap in a neck, in a large empty volume."""
    z, y, x = np.ogrid[:120, :120, :160]
    beside = (z - 80) ** 2 + (y - 30) ** 2
    return (beside + (x - 100) ** 2 <= 72) | (beside + (x - 115) ** 2 <= 49)


def test_the_preview_lies_about_the_densest_place_and_shows_its_three_steps() -> None:
    labels = two_touching_balls()
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    seen = preview_extraction(labels, settings, edge=48)
    assert seen.before.shape == (48, 48, 48)
    assert seen.before.sum() == labels.sum()  # all of both
    np.testing.assert_array_equal(seen.before, labels[seen.box])
    offsets = np.argwhere(np.ones((9, 9, 9))) - 4
    ball = (np.square(offsets).sum(axis=1) <= 3.5**2).reshape(9, 9, 9)
    np.testing.assert_array_equal(seen.eroded, ndimage.binary_erosion(seen.before, ball))
    assert ndimage.label(seen.before)[1] == 1
    assert seen.extraction.report.kept == 2
    np.testing.assert_allclose(seen.origin_um, [side.start * 0.024 for side in seen.box])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_preview_is_the_full_result_where_nothing_is_cut(factor: int) -> None:
    labels = np.kron(two_touching_balls(), np.ones((2, 2, 2), bool))[:-1, :-1, :-1]
    settings = ExtractionSettings(voxel_nm=(8, 8, 8), downsample=factor, erosion_nm=24 * factor)
    whole = extract_instances(labels, settings)
    seen = preview_extraction(labels, settings, edge=64 // factor)
    start = [side.start // factor for side in seen.box]
    crop = tuple(slice(s, s + n) for s, n in zip(start, seen.before.shape, strict=True))
    same = whole.labels[crop]
    np.testing.assert_array_equal(seen.extraction.labels, same)
    step = 0.008 * factor
    np.testing.assert_allclose(
        seen.origin_um, np.array(whole.origin_um) + np.array(start) * step, atol=1e-9
    )


def test_a_crop_stays_in_the_volume_and_on_the_blocks() -> None:
    assert crop_box((100, 100, 100), (50, 0, 99), 20, (3, 3, 3)) == (
        slice(21, 81),
        slice(0, 60),
        slice(42, 100),
    )
    assert crop_box((10, 300, 300), (5, 150, 150), 20, (1, 1, 1))[0] == slice(0, 10)


def test_the_densest_place_is_found_in_large_and_small_volumes() -> None:
    labels = np.zeros((60, 700, 300), np.uint8)
    labels[20:40, 500:520, 30:60] = 1
    labels[:5, :5, :5] = 1
    z, y, x = densest_place(labels, (30, 30, 30))
    assert abs(z - 30) <= 15
    assert abs(y - 510) <= 15
    assert abs(x - 45) <= 15
    assert densest_place(np.ones((3, 4, 5)), (96, 96, 96)) == (1, 2, 2)


def test_an_empty_crop_is_told_and_one_time_point_is_a_volume() -> None:
    labels = two_touching_balls()
    settings = ExtractionSettings(voxel_nm=VOXEL_NM)
    with pytest.raises(ValueError, match="no labels in this crop"):
        preview_extraction(labels, settings, edge=20, middle=(10, 10, 10))
    assert preview_extraction(labels[None], settings, edge=48).extraction.report.kept == 2
    with pytest.raises(ValueError, match="3D"):
        preview_extraction(labels[0], settings)
