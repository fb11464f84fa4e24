"""Labels in several pieces are told, and split when asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.volumes.open import open_labels

SETTINGS = ExtractionSettings(voxel_nm=(24, 24, 24), instances=True)


def labels(dtype=np.uint16, first=7, second=300) -> np.ndarray:
    """Label 7 in two pieces and a speck, label 300 in one piece that turns at a corner."""
    array = np.zeros((20, 30, 40), dtype)
    array[2:8, 2:8, 2:8] = first
    array[2:8, 2:8, 12:18] = first
    array[18, 28, 38] = first
    array[10:15, 10:15, 10:15] = second
    array[15:18, 15:18, 15:18] = second
    return array


def test_a_label_in_pieces_is_one_shape_and_told() -> None:
    extraction = extract_instances(labels(), SETTINGS)
    assert extraction.parents.tolist() == [7, 300]
    [text] = extraction.report.warnings
    assert "1 label has several pieces, 2 in all" in text
    assert "--split-pieces" in text


def test_every_piece_becomes_a_shape_that_knows_its_label() -> None:
    extraction = extract_instances(labels(), SETTINGS.replace(split_pieces=True))
    assert extraction.parents.tolist() == [7, 7, 300]
    assert extraction.report.warnings == ()
    assert extraction.report.dropped_small == 1  # the speck
    for label, voxels in zip((1, 2, 3), (216, 216, 152), strict=True):
        assert np.count_nonzero(extraction.labels == label) == voxels


def test_a_mask_taken_for_instances_is_told(cases: Path) -> None:
    mask = (labels() > 0) * np.uint8(255)
    [text] = extract_instances(mask, SETTINGS).report.warnings
    assert "1 label has 3 pieces" in text
    assert "a mask?" in text
    case = open_labels(cases / "files" / "one_id_two_pieces.npy").labels
    [text] = extract_instances(case, SETTINGS).report.warnings
    assert "1 label has 2 pieces" in text
    split = extract_instances(case, SETTINGS.replace(split_pieces=True))
    assert split.report.kept == 2


@pytest.mark.parametrize("split", [False, True])
def test_labels_in_one_piece_each_are_not_touched(split: bool) -> None:
    whole = labels()
    whole[:, :, 12:18] = whole[:, :, 12:18] * (whole[:, :, 12:18] != 7)
    whole[18, 28, 38] = 0
    extraction = extract_instances(whole, SETTINGS.replace(split_pieces=split))
    assert extraction.report.warnings == ()
    assert extraction.parents.tolist() == [7, 300]


@pytest.mark.real_data
def test_expert_instances_have_one_piece_each(real_data: Path) -> None:
    for path in sorted((real_data / "urocell").glob("*_instance.nii.gz")):
        settings = SETTINGS.replace(voxel_nm=(15, 16, 16))
        assert extract_instances(open_labels(path).labels, settings).report.warnings == ()
