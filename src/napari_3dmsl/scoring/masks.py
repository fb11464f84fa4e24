"""Masks pixel by pixel: Dice, intersection over union, and where the errors lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.scoring.overlaps import check_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.scoring.overlaps import Overlaps

MISSED, FALSE, RIGHT = 1, 2, 3
"""Numbers of an image of errors, see `error_map`."""


def mask_scores(overlaps: Overlaps) -> dict[str, float]:
    """Return Dice and intersection over union of the foreground.

    Two empty masks agree: both scores are 1.

    Parameters
    ----------
    overlaps
        As counted.

    Returns
    -------
    dict
        ``dice`` and ``iou``.
    """
    both, wrong = overlaps.both, overlaps.missed + overlaps.false
    if both + wrong == 0:
        return {"dice": 1.0, "iou": 1.0}
    return {"dice": 2 * both / (2 * both + wrong), "iou": both / (both + wrong)}


def error_map(truth: NDArray[Any], prediction: NDArray[Any]) -> NDArray[np.uint8]:
    """Return where a prediction misses the truth, where it is false, and where it is right.

    Parameters
    ----------
    truth, prediction
        Of the same shape; what is not 0 is foreground.

    Returns
    -------
    uint8 array
        Of that shape: 0 background in both, 1 missed, 2 false, 3 right.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    check_shapes(truth.shape, prediction.shape)
    errors: NDArray[np.uint8] = (truth != 0).astype(np.uint8)
    errors += 2 * (prediction != 0).astype(np.uint8)
    return errors
