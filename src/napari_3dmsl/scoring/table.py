"""Scores of many images together: means with their intervals, in words and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.scoring.instances import scores_of_counts, summed_counts
from napari_3dmsl.scoring.measures import MEASURES

if TYPE_CHECKING:
    from napari_3dmsl.scoring.images import Score
    from napari_3dmsl.scoring.measures import Measure

CONFIDENCE = 0.95
_RESAMPLES = 9999
_FEW = 10  # images, below which intervals by resampling are too narrow


@dataclass(frozen=True)
class Mean:
    """The mean of a score over images.

    Attributes
    ----------
    mean : float
        NaN when no image has this score.
    low, high : float
        Of the interval in which the mean lies with 95 %, NaN with less than two images.
    images : int
        That have this score.
    """

    mean: float
    low: float
    high: float
    images: int

    def ends(self, measure: Measure) -> str:
        """Return the interval as people read it.

        Parameters
        ----------
        measure
            Whose mean it is.
        """
        if math.isnan(self.low):
            return "–"
        return f"{measure.written(self.low)} to {measure.written(self.high)}"


@dataclass(frozen=True)
class ScoreTable:
    """All scores of a prediction.

    Attributes
    ----------
    scores : tuple of Score
        One for each image, sequence or surface.
    means : dict of Mean
        By the names of `MEASURES`.
    pooled : dict
        Scores of objects from the sums over all images, so that each object counts the same; empty
        without several images of objects.
    notes : tuple of str
        What was left out, and what to know of the numbers.
    what : str
        What was scored: ``images``, ``surfaces`` or ``sequences``.
    """

    scores: tuple[Score, ...]
    means: dict[str, Mean]
    pooled: dict[str, float]
    notes: tuple[str, ...]
    what: str = "images"

    def lines(self) -> list[str]:
        """Return the table in lines of text."""
        several = len(self.scores) > 1
        head = ["score", "mean" if several else "value"]
        head += ["95 % interval", self.what] if several else []
        head += ["all objects together"] if self.pooled else []
        rows = [[*head, "unit", "best"]]
        for name, mean in self.means.items():
            measure = MEASURES[name]
            row = [measure.label, measure.written(mean.mean)]
            if several:
                row += [mean.ends(measure), f"{mean.images:,}"]
            if self.pooled:
                row.append(measure.written(self.pooled[name]) if name in self.pooled else "")
            rows.append([*row, measure.unit, f"{measure.best:g}"])
        return [*_columns(rows), *(f"note: {note}" for note in self.notes)]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as what JSON knows; NaN becomes None."""
        return {
            "scored": self.what,
            "scores": {name: _mean_json(mean) for name, mean in self.means.items()},
            "pooled": self.pooled,
            "each": [
                {"name": score.name, **_known(score.values), "details": score.details}
                for score in self.scores
            ],
            "measures": {
                name: {
                    "label": MEASURES[name].label.lstrip("· "),
                    "unit": MEASURES[name].unit,
                    "best": MEASURES[name].best,
                    "meaning": MEASURES[name].meaning,
                }
                for name in self.means
            },
            "notes": list(self.notes),
        }


def _mean_json(mean: Mean) -> dict[str, Any]:
    interval = None if math.isnan(mean.low) else [mean.low, mean.high]
    return {**_known({"mean": mean.mean}), "interval_95": interval, "count": mean.images}


def _known(values: dict[str, float]) -> dict[str, float | None]:
    """Return values with None for NaN, which JSON does not know."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def table_of(scores: list[Score], notes: list[str], seed: int, what: str = "images") -> ScoreTable:
    """Put scores together.

    Parameters
    ----------
    scores
        One or more.
    notes
        What is known already.
    seed
        Of the resampling.
    what
        What they are of.
    """
    means = {}
    for name in MEASURES:
        values = [score.values[name] for score in scores if name in score.values]
        if values:
            means[name] = mean_of(values, seed)
    counts = [score.details["objects"] for score in scores if "objects" in score.details]
    pooled = scores_of_counts(summed_counts(counts)) if len(counts) > 1 else {}
    return ScoreTable(tuple(scores), means, pooled, (*notes, *_notes(scores, what)), what)


def _notes(scores: list[Score], what: str) -> list[str]:
    notes = list(dict.fromkeys(note for score in scores for note in score.notes))
    empty = sum(score.is_empty for score in scores)
    if empty:
        notes.append(
            f"{empty} of {len(scores)} images are empty in truth and prediction: they count as "
            "agreement"
        )
    if 1 < len(scores) < _FEW:
        notes.append(f"{len(scores)} {what}: intervals of so few are too narrow")
    return notes


def mean_of(values: list[float], seed: int) -> Mean:
    """Return a mean with the interval that resampling the images gives.

    It is the percentile interval of the bootstrap: images are drawn anew, with repetition, 9,999
    times, and the mean of each draw is taken. So it tells how much the mean depends on which images
    there were, not on their pixels.

    Parameters
    ----------
    values
        Of one score, one for each image; NaN for an image that has none does not count.
    seed
        Of the draws.
    """
    values = [value for value in values if not math.isnan(value)]
    mean = float(np.mean(values)) if values else math.nan
    if len(values) < 2:
        return Mean(mean, math.nan, math.nan, len(values))
    if min(values) == max(values):
        return Mean(mean, mean, mean, len(values))
    from scipy.stats import bootstrap

    found = bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=max(1, 10_000_000 // len(values)),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return Mean(mean, float(low), float(high), len(values))
