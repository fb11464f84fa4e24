"""Overlaps of labels, against counting pixel by pixel."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from label_blocks import blobs

import napari_3dmsl.scoring.overlaps as module
from napari_3dmsl.scoring.masks import error_map, mask_scores
from napari_3dmsl.scoring.overlaps import overlaps_of


@pytest.mark.parametrize("shape", [(20, 31), (7, 8, 9), (1, 5), (4, 1, 3)])
@pytest.mark.parametrize("at_once", [1 << 24, 16])
def test_overlaps_are_those_that_counting_pixels_finds(
    shape: tuple[int, ...], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    rng = np.random.default_rng(len(shape))
    truth, prediction = blobs(rng, shape, 5), blobs(rng, shape, 4)
    found = overlaps_of(truth, prediction)
    counted = Counter(zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True))
    table = zip(found.truth.tolist(), found.prediction.tolist(), strict=True)
    assert dict(zip(table, found.counts.tolist(), strict=True)) == counted
    pairs = found.pairs
    for t, p, shared, iou in zip(
        pairs.truth, pairs.prediction, pairs.shared, pairs.iou, strict=True
    ):
        one, other = truth == pairs.truths[t], prediction == pairs.predictions[p]
        assert shared == (one & other).sum()
        assert iou == (one & other).sum() / (one | other).sum()
        assert pairs.truth_sizes[t] == one.sum()
        assert pairs.prediction_sizes[p] == other.sum()


def test_numbers_of_objects_may_be_of_any_size_and_type() -> None:
    truth = np.array([[0, 2**32 - 1, 2**32 - 1], [2**40, 2**40, 0]], np.uint64)
    prediction = np.array([[0, 7, 7], [0, 255, 255]], np.uint8)
    pairs = overlaps_of(truth, prediction).pairs
    assert pairs.truths.tolist() == [2**32 - 1, 2**40]
    assert pairs.predictions.tolist() == [7, 255]
    assert pairs.iou.tolist() == [1.0, 1 / 3]
    mask = overlaps_of(truth > 0, prediction)
    assert (mask.both, mask.missed, mask.false) == (3, 1, 1)


def test_unequal_shapes_give_one_line() -> None:
    with pytest.raises(ValueError, match=r"truth has 3 × 4 pixels and the prediction 4 × 3; exp"):
        overlaps_of(np.zeros((3, 4)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="the same: crop or resample"):
        error_map(np.zeros((3, 4)), np.zeros((3, 4, 1)))


def test_progress_is_told_and_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 10)
    told: list[tuple[int, int]] = []
    labels = np.ones((5, 10), int)
    overlaps_of(labels, labels, lambda done, total, _: told.append((done, total)))
    assert told == [(row, 5) for row in range(1, 6)]

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overlaps_of(labels, labels, stop)


def test_dice_and_iou_by_hand_and_of_empty_masks() -> None:
    truth, prediction = np.array([[1, 1, 1, 0, 0]]), np.array([[0, 9, 9, 9, 0]])
    assert mask_scores(overlaps_of(truth, prediction)) == {"dice": 2 * 2 / 6, "iou": 2 / 4}
    nothing = np.zeros_like(truth)
    assert mask_scores(overlaps_of(nothing, nothing)) == {"dice": 1.0, "iou": 1.0}
    assert mask_scores(overlaps_of(truth, nothing)) == {"dice": 0.0, "iou": 0.0}
    assert mask_scores(overlaps_of(nothing, prediction)) == {"dice": 0.0, "iou": 0.0}
    assert error_map(truth, prediction).tolist() == [[1, 3, 3, 2, 0]]
