"""What is told of labels that are no labels of mitochondria, and that nothing is told of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.volumes.open import open_labels
from napari_3dmsl.volumes.plausibility import (
    label_values,
    label_warnings,
    mean_thickness_nm,
    size_warning,
)

NM = (24.0, 16.0, 16.0)


def rods(dtype=np.uint16) -> np.ndarray:
    """Two rods of 18 voxels across, 288 nm, in a volume of 40 × 80 × 100."""
    z, y, x = np.ogrid[:40, :80, :100]
    labels = np.zeros((40, 80, 100), dtype)
    for label, middle in ((1, 20), (2, 60)):
        inside = ((z - 20) * 1.5) ** 2 + (y - middle) ** 2 <= 81
        labels[inside & (x > 9) & (x < 90)] = label
    return labels


def cell() -> np.ndarray:
    """The rods with label 2 and 3 in a cell with label 1 that the volume cuts on all sides."""
    labels = rods()
    z, y, x = np.ogrid[:40, :80, :100]
    inside = ((z - 20) / 28) ** 2 + ((y - 40) / 50) ** 2 + ((x - 50) / 60) ** 2 <= 1
    return np.where(labels > 0, labels + 1, inside).astype(np.uint8)


def only(warnings: list[str]) -> str:
    [text] = warnings
    assert "\n" not in text
    return text


def test_ordinary_labels_are_said_nothing_about() -> None:
    assert label_warnings(rods() > 0, NM) == []
    assert label_warnings((rods() > 0) * np.uint8(255), NM) == []
    assert label_warnings(rods(), NM, instances=True) == []
    assert label_warnings(rods(np.uint64), None, instances=True) == []


@pytest.mark.real_data
def test_expert_labels_and_single_objects_of_them_are_said_nothing_about(real_data: Path) -> None:
    for path in sorted((real_data / "urocell").glob("*_instance.nii.gz")):
        labels = open_labels(path).labels
        assert label_warnings(labels, (15, 16, 16), instances=True) == []
        assert label_warnings(labels > 0, (15, 16, 16)) == []
        for label, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
            if box is not None:
                assert label_warnings(labels[box] == label, None) == [], (path.name, label)


def test_the_phantom_is_said_nothing_about() -> None:
    phantom = make_phantom(voxel_nm=(48, 48, 48))
    assert label_warnings(phantom.labels, phantom.voxel_nm, instances=True) == []


def test_an_inverted_mask_is_told() -> None:
    inverted = rods() == 0
    text = only(label_warnings(inverted, NM))
    assert f"fill {inverted.mean():.0%} of the volume" in text
    assert "inverted mask" in text


def test_background_one_is_told_with_what_to_do(cases: Path) -> None:
    for labels in (rods() + 1, open_labels(cases / "files" / "bg1_mito2.npy").labels):
        for instances in (False, True):
            text = only(label_warnings(labels, NM, instances))
            assert "label 1 encloses the other labels" in text
            assert "6 of its 6 faces" in text
            assert "--background 1" in text


def test_a_cell_and_its_mitochondria_are_told() -> None:
    assert "label 1 encloses" in only(label_warnings(cell(), NM, instances=True))
    assert "cell" in only(label_warnings(cell() > 0, NM))


def test_labels_without_anything_between_them_are_told() -> None:
    z, y, x = np.indices((24, 60, 60)) // 6
    neurons = (z * 100 + y * 10 + x + 1).astype(np.uint16)
    assert "fill 100% of the volume" in only(label_warnings(neurons, NM, instances=True))


@pytest.mark.parametrize("radius", [5, 10, 20])
def test_a_single_object_in_its_box_is_said_nothing_about(radius: int) -> None:
    z, y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1, -radius : radius + 1]
    ball = z**2 + y**2 + x**2 <= radius**2
    tube = np.broadcast_to(ball[radius], (40, *ball[radius].shape))
    assert tube.mean() > 0.6
    assert label_warnings(ball, None) == label_warnings(tube, None) == []


def test_an_object_that_five_faces_cut_is_told_though_it_fills_little() -> None:
    walls = np.zeros((60, 60, 60), bool)
    for axis in range(3):
        for end in (slice(0, 2), slice(-2, None)):
            walls[(slice(None),) * axis + (end,)] = True
    walls[-2:] = walls[-2:] & walls[20]  # open below
    assert np.count_nonzero(walls) < walls.size / 2
    assert "cut by 5 of the volume's 6 faces" in only(label_warnings(walls, NM))
    mitochondria = rods() > 0
    mitochondria[:, 40:60, :12] = True
    assert label_warnings(mitochondria, NM) == []


@pytest.mark.parametrize("dtype", [np.uint64, np.uint32, np.uint16, np.int64])
def test_the_largest_number_of_the_type_is_told(dtype, cases: Path) -> None:
    top = np.iinfo(dtype).max
    labels = rods(dtype)
    labels[labels == 0] = top
    text = only(label_warnings(labels, NM, instances=True))
    assert f"one label is {top}" in text
    assert "--background max" in text
    case = open_labels(cases / "files" / "cremi_bg.tif", background="max").labels
    assert label_values(case).tolist() == [1, 2]


def test_labels_that_go_up_to_the_largest_number_are_not() -> None:
    labels = rods(np.uint8)
    labels[labels == 1], labels[labels == 2] = 254, 255
    assert label_warnings(labels, NM, instances=True) == []


def test_a_grey_image_is_told() -> None:
    grey = np.random.default_rng(0).normal(100, 20, (12, 40, 40)).clip(1, 255).astype(np.uint8)
    assert "grey image" in only(label_warnings(grey, NM))


def test_merged_labels_are_counted(cases: Path) -> None:
    labels = open_labels(cases / "files" / "touching_ids_flat_wall.npy").labels
    text = only(label_warnings(labels, NM))
    assert "holds 2 labels" in text
    assert "--instances" in text
    assert label_warnings(labels, NM, instances=True) == []


@pytest.mark.parametrize("diameter", [12, 20, 31])
def test_the_thickness_is_the_diameter_of_tubes_at_any_angle(diameter: int) -> None:
    shape = (90, 90, 90)
    for direction in ((0, 0, 1), (1, 1, 1), (0.3, 0.5, 0.8)):
        along = np.array(direction) / np.linalg.norm(direction)
        offsets = np.stack(np.indices(shape), -1) - 44.5
        across = offsets - (offsets @ along)[..., None] * along
        tube = (across**2).sum(-1) <= (diameter / 2) ** 2
        # A tube along an axis shows 4/π of its surface, one at an angle 3/2: 1.18 at the most.
        assert mean_thickness_nm(tube, (10, 10, 10)) == pytest.approx(10 * diameter, rel=0.25)
        coarse = mean_thickness_nm(tube[::3], (30, 10, 10))
        assert coarse == pytest.approx(10 * diameter, rel=0.3)


@pytest.mark.parametrize(
    ("scale", "thick"),
    [(10, "µm thick"), (0.001, "nm thick"), (100, "µm thick"), (0.1, "nm thick")],
)
def test_an_improbable_voxel_size_is_told(scale: float, thick: str) -> None:
    voxel_nm = tuple(size * scale for size in NM)
    text = only(label_warnings(rods(), voxel_nm, instances=True))
    assert "your mitochondria would be" in text
    assert thick in text
    assert size_warning(rods(), NM) == size_warning(rods(), None) == ""


def test_labels_of_64_bits_are_listed_whole() -> None:
    labels = np.zeros((3, 4, 5), np.uint64)
    labels[1, 1, 1], labels[2, 2, 2] = 2**63 + 7, 2**40 + 7
    assert label_values(labels).tolist() == [2**40 + 7, 2**63 + 7]
    assert label_values(labels > 0).tolist() == [1]
    assert label_values(np.zeros((2, 2, 2), bool)).tolist() == []
