"""Panoptic quality and average precision, against trying all pairings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from label_blocks import blobs

from napari_3dmsl.scoring.instances import (
    AP_IOUS,
    instance_scores,
    matched,
    scores_of_counts,
    summed_counts,
)
from napari_3dmsl.scoring.overlaps import overlaps_of


def iou_table(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """IoU of each true object with each predicted one, mask by mask."""
    true = [truth == number for number in np.unique(truth) if number]
    found = [prediction == number for number in np.unique(prediction) if number]
    table = [[(t & p).sum() / (t | p).sum() for p in found] for t in true]
    return np.array(table).reshape(len(true), len(found))


def best_pairing(table: np.ndarray, iou: float) -> int:
    """The most pairs that any pairing has, all being tried."""
    table = table if table.shape[0] <= table.shape[1] else table.T
    rows = range(table.shape[0])
    return max(
        sum(table[row, column] >= iou for row, column in zip(rows, order, strict=True))
        for order in permutations(range(table.shape[1]), table.shape[0])
    )


def noisy(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """The labels, moved a little and with some objects lost or joined."""
    moved = np.roll(labels, rng.integers(0, 2, labels.ndim), tuple(range(labels.ndim)))
    moved[moved == rng.integers(1, 6)] = 0
    moved[moved == rng.integers(1, 6)] = 6
    return moved


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shape", [(18, 24), (6, 9, 12)])
def test_scores_are_those_of_the_best_of_all_pairings(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = blobs(rng, shape, 5)
    prediction = noisy(rng, truth)
    pairs = overlaps_of(truth, prediction).pairs
    table = iou_table(truth, prediction)
    scores, counts = instance_scores(pairs)
    true, found = table.shape
    precisions = []
    for iou in AP_IOUS:
        paired = best_pairing(table, iou)
        assert matched(pairs, iou) == counts["paired_at"][f"{iou:.2f}"] == paired
        precisions.append(paired / (true + found - paired))
    assert scores["ap_50"] == precisions[0]
    assert scores["ap_75"] == precisions[5]
    assert scores["ap_mean"] == pytest.approx(np.mean(precisions))
    sure = table[table > 0.5]
    assert scores["pq"] == pytest.approx(sure.sum() / (len(sure) + (true + found) / 2 - len(sure)))
    assert scores["pq"] == pytest.approx(scores["sq"] * scores["rq"])


def test_halves_of_one_object_count_as_one_pair() -> None:
    truth, prediction = np.array([[1, 1, 1, 1, 2, 3]]), np.array([[1, 1, 2, 2, 3, 3]])
    pairs = overlaps_of(truth, prediction).pairs
    assert (pairs.iou == 0.5).sum() == 4
    assert matched(pairs, 0.5) == 2
    assert instance_scores(pairs)[0]["pq"] == 0.0  # needs more than a half


def test_the_example_of_the_definition_by_hand() -> None:
    truth, prediction = np.zeros((2, 10), int), np.zeros((2, 10), int)
    truth[:, :4], truth[0, 5:7], truth[1, 8:] = 1, 2, 3
    prediction[:, :3], prediction[0, 5:7], prediction[0, 8:] = 5, 6, 7
    scores, counts = instance_scores(overlaps_of(truth, prediction).pairs)
    assert counts["paired"] == 2
    assert counts["iou_sum"] == 0.75 + 1.0
    assert scores["pq"] == 1.75 / (2 + 0.5 + 0.5)
    assert (scores["sq"], scores["rq"]) == (0.875, pytest.approx(2 / 3))
    assert (scores["ap_50"], scores["ap_75"]) == (0.5, 0.5)
    assert scores["ap_mean"] == pytest.approx((6 * 2 / 4 + 4 * 1 / 5) / 10)


def test_nothing_beside_nothing_agrees_and_beside_something_not() -> None:
    nothing, something = np.zeros((3, 3), int), np.eye(3, dtype=int)
    assert set(instance_scores(overlaps_of(nothing, nothing).pairs)[0].values()) == {1.0}
    assert set(instance_scores(overlaps_of(nothing, something).pairs)[0].values()) == {0.0}
    assert set(instance_scores(overlaps_of(something, nothing).pairs)[0].values()) == {0.0}


def test_pooled_scores_are_those_of_all_objects_in_one_image() -> None:
    rng = np.random.default_rng(5)
    images = [blobs(rng, (12, 12), 5) for _ in range(3)]
    found = [noisy(rng, image) for image in images]
    counts = [
        instance_scores(overlaps_of(*pair).pairs)[1] for pair in zip(images, found, strict=True)
    ]
    side_by_side = [
        np.concatenate([np.where(one, one + 10 * n, 0) for n, one in enumerate(each)])
        for each in (images, found)
    ]
    expected, _ = instance_scores(overlaps_of(*side_by_side).pairs)
    assert scores_of_counts(summed_counts(counts)) == pytest.approx(expected)
