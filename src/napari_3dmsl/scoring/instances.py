"""Objects one by one: panoptic quality, and average precision over a range of overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.scoring.overlaps import Pairs

AP_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.5, 0.55, … 0.95: at which overlaps precision is told."""

OBJECT_SCORES = ("pq", "sq", "rq", "ap_50", "ap_75", "ap_mean")
"""Names of the scores of objects."""


def are_objects(truths: int, predictions: int) -> bool:
    """Whether numbers stand for objects: several on both sides, or on one beside nothing.

    Parameters
    ----------
    truths, predictions
        How many numbers there are, the background not counted.
    """
    fewer, more = sorted((truths, predictions))
    return more > 1 and fewer != 1


def matched(pairs: Pairs, iou: float) -> int:
    """Return how many objects can be paired one to one at an overlap of at least this.

    Parameters
    ----------
    pairs
        Of truth and prediction.
    iou
        Smallest intersection over union, 0.5 or more: below that an object may have several
        partners, and which pairs are best is another question.
    """
    enough = pairs.iou >= iou
    truth, prediction = pairs.truth[enough], pairs.prediction[enough]
    if len(np.unique(truth)) == len(truth) and len(np.unique(prediction)) == len(prediction):
        return len(truth)
    # Halves of exactly one half: an object has two partners at 0.5.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    shape = (len(pairs.truths), len(pairs.predictions))
    graph = coo_array((np.ones(len(truth), bool), (truth, prediction)), shape).tocsr()
    return int(np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0))


def precision(true_positives: float, truths: float, predictions: float) -> float:
    """Return true positives / (true positives + missed + false); 1 where there is nothing at all.

    Parameters
    ----------
    true_positives, truths, predictions
        Numbers of pairs and of objects.
    """
    every = truths + predictions - true_positives
    return true_positives / every if every else 1.0


def panoptic(
    iou_sum: float, true_positives: float, truths: float, predictions: float
) -> dict[str, float]:
    """Return panoptic quality and its two factors; 1 where there is nothing at all.

    Parameters
    ----------
    iou_sum
        Of the pairs.
    true_positives, truths, predictions
        Numbers of pairs and of objects.

    Returns
    -------
    dict
        ``pq``, ``sq`` and ``rq``.
    """
    if truths + predictions == 0:
        return {"pq": 1.0, "sq": 1.0, "rq": 1.0}
    half = (truths + predictions) / 2  # true positives + half of the missed and the false
    quality = iou_sum / true_positives if true_positives else 0.0
    return {"pq": iou_sum / half, "sq": quality, "rq": true_positives / half}


def instance_scores(pairs: Pairs) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the scores of objects, and the counts that they are made from.

    Parameters
    ----------
    pairs
        Of truth and prediction.

    Returns
    -------
    scores : dict
        ``pq``, ``sq``, ``rq``, ``ap_50``, ``ap_75`` and ``ap_mean``.
    counts : dict
        Objects of each, pairs and the sum of their IoU at an IoU above 0.5, and for each overlap
        of `AP_IOUS` the pairs.
    """
    counts = object_counts(pairs)
    return scores_of_counts(counts), counts


def object_counts(pairs: Pairs) -> dict[str, Any]:
    """Count objects and pairs, see `instance_scores`.

    Parameters
    ----------
    pairs
        Of truth and prediction.
    """
    sure: NDArray[np.bool_] = pairs.iou > 0.5  # so that no object has two partners
    return {
        "truths": len(pairs.truths),
        "predictions": len(pairs.predictions),
        "paired": int(np.count_nonzero(sure)),
        "iou_sum": float(pairs.iou[sure].sum()),
        "paired_at": {f"{iou:.2f}": matched(pairs, iou) for iou in AP_IOUS},
    }


def scores_of_counts(counts: dict[str, Any]) -> dict[str, float]:
    """Return the scores that come of counts, of one image or the sums of many.

    Parameters
    ----------
    counts
        See `object_counts`.
    """
    truths, predictions = counts["truths"], counts["predictions"]
    at = {
        iou: precision(paired, truths, predictions) for iou, paired in counts["paired_at"].items()
    }
    return {
        **panoptic(counts["iou_sum"], counts["paired"], truths, predictions),
        "ap_50": at["0.50"],
        "ap_75": at["0.75"],
        "ap_mean": sum(at.values()) / len(at),
    }


def summed_counts(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up the counts of several images.

    Parameters
    ----------
    parts
        See `object_counts`; at least one.
    """
    names = ("truths", "predictions", "paired", "iou_sum")
    at = {iou: sum(part["paired_at"][iou] for part in parts) for iou in parts[0]["paired_at"]}
    return {**{name: sum(part[name] for part in parts) for name in names}, "paired_at": at}
