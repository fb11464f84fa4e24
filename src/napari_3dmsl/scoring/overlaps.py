"""Which objects of two label images overlap, and in how many pixels: a sparse table.

It is counted slab by slab and run by run: along a line labels change rarely, so only the places
where either changes are looked at. Numbers of objects may be of any size, and images lie on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.progress import Progress

_AT_ONCE = 1 << 24  # pixels of each image


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs of numbers that lie on the same pixels, 0 for background among them.

    Attributes
    ----------
    truth, prediction : (N,) array
        The numbers of each pair.
    counts : (N,) int64
        In how many pixels.
    """

    truth: NDArray[Any]
    prediction: NDArray[Any]
    counts: NDArray[np.int64]

    def _pixels(self, chosen: NDArray[np.bool_]) -> int:
        return int(self.counts[chosen].sum())

    @property
    def both(self) -> int:
        """Pixels that are foreground in both: true positives."""
        return self._pixels((self.truth != 0) & (self.prediction != 0))

    @property
    def missed(self) -> int:
        """Pixels that are foreground in the truth alone: false negatives."""
        return self._pixels((self.truth != 0) & (self.prediction == 0))

    @property
    def false(self) -> int:
        """Pixels that are foreground in the prediction alone: false positives."""
        return self._pixels((self.truth == 0) & (self.prediction != 0))

    @cached_property
    def pairs(self) -> Pairs:
        """The objects, without the background."""
        truths, t_sizes, t_place = _sizes(self.truth, self.counts)
        predicted, p_sizes, p_place = _sizes(self.prediction, self.counts)
        real = (self.truth != 0) & (self.prediction != 0)
        t, p, shared = t_place[real], p_place[real], self.counts[real]
        union = t_sizes[t] + p_sizes[p] - shared
        return Pairs(truths, t_sizes, predicted, p_sizes, t, p, shared, shared / union)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Objects of truth and prediction, and those that overlap.

    Attributes
    ----------
    truths, predictions : (T,) and (P,) array
        Their numbers.
    truth_sizes, prediction_sizes : (T,) and (P,) int64
        Their pixels.
    truth, prediction : (N,) int
        Places in these lists of each pair that overlaps.
    shared : (N,) int64
        Pixels that both have.
    iou : (N,) float64
        Of each pair.
    """

    truths: NDArray[Any]
    truth_sizes: NDArray[np.int64]
    predictions: NDArray[Any]
    prediction_sizes: NDArray[np.int64]
    truth: NDArray[np.intp]
    prediction: NDArray[np.intp]
    shared: NDArray[np.int64]
    iou: NDArray[np.float64]


def overlaps_of(truth: Any, prediction: Any, progress: Progress | None = None) -> Overlaps:
    """Count in how many pixels each number of the truth meets each of the prediction.

    Parameters
    ----------
    truth, prediction
        Arrays of the same shape, or anything that gives slabs ``[a:b]`` along its first axis.
    progress
        Called with pixels done, pixels in all and what is done; raise in it to cancel.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    check_shapes(truth.shape, prediction.shape)
    if not truth.shape or 0 in truth.shape:
        return _table([])
    rows = max(1, _AT_ONCE // max(1, prod(truth.shape[1:])))
    found = []
    for start in range(0, truth.shape[0], rows):
        stop = min(start + rows, truth.shape[0])
        found.append(_runs(np.asarray(truth[start:stop]), np.asarray(prediction[start:stop])))
        if progress is not None:
            progress(stop, truth.shape[0], "Counting pixels")
    return _table(found)


def check_shapes(truth: tuple[int, ...], prediction: tuple[int, ...]) -> None:
    """Refuse images of different shapes in one line.

    Parameters
    ----------
    truth, prediction
        Lengths of the axes.

    Raises
    ------
    ValueError
        When they differ.
    """
    if tuple(truth) != tuple(prediction):
        raise ValueError(
            f"the truth has {_shown(truth)} pixels and the prediction {_shown(prediction)}; "
            "expected the same: crop or resample one of them"
        )


def _shown(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _runs(
    truth: NDArray[Any], prediction: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Return the pairs of numbers of a slab, each once, and how often they are met."""
    t, p = truth.ravel(), prediction.ravel()
    changes = (t[1:] != t[:-1]) | (p[1:] != p[:-1])
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    lengths = np.diff(starts, append=len(t))
    return _merged(t[starts], p[starts], lengths)


def _merged(
    truth: NDArray[Any], prediction: NDArray[Any], counts: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Return each pair of numbers once, with the sum of its counts."""
    truths, t = np.unique(truth, return_inverse=True)
    predictions, p = np.unique(prediction, return_inverse=True)
    width = max(1, len(predictions))
    codes, place = np.unique(t.astype(np.int64) * width + p, return_inverse=True)
    summed = np.zeros(len(codes), np.int64)
    np.add.at(summed, place, counts)
    return truths[codes // width], predictions[codes % width], summed


def _table(found: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]]) -> Overlaps:
    if not found:
        nothing = np.zeros(0, np.int64)
        return Overlaps(nothing, nothing, nothing)
    truth, prediction, counts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Overlaps(*_merged(truth, prediction, counts))


def _sizes(
    numbers: NDArray[Any], counts: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.intp]]:
    """Return the objects, their sizes, and which of them each row is (anything for background)."""
    objects, place = np.unique(numbers, return_inverse=True)
    sizes = np.zeros(len(objects), np.int64)
    np.add.at(sizes, place, counts)
    if len(objects) and objects[0] == 0:
        return objects[1:], sizes[1:], place - 1
    return objects, sizes, place
