"""clDice: whether the centrelines of tubes lie in the other mask (Shit et al., CVPR 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cldice(truth: NDArray[Any], prediction: NDArray[Any]) -> float:
    """Return the centreline Dice of two masks.

    It is the harmonic mean of topology precision, the share of the predicted centreline that lies
    in the true mask, and topology sensitivity, the share of the true centreline in the predicted
    mask. Centrelines are thinned by scikit-image. Two empty masks give 1, one empty mask gives 0.

    Parameters
    ----------
    truth, prediction
        2D or 3D, of the same shape; what is not 0 is foreground.
    """
    true, found = truth != 0, prediction != 0
    if not true.any() or not found.any():
        return float(not true.any() and not found.any())
    precision, sensitivity = _share_inside(found, true), _share_inside(true, found)
    if precision + sensitivity == 0:
        return 0.0
    return 2 * precision * sensitivity / (precision + sensitivity)


def _share_inside(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Share of the centreline of a mask that lies in another one."""
    from skimage.morphology import skeletonize

    box = _box(mask)
    line = skeletonize(mask[box]) > 0
    return float(np.count_nonzero(line & other[box]) / np.count_nonzero(line))


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box that holds all of a mask: empty space takes time to thin."""
    sides = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        sides.append(slice(int(places[0]), int(places[-1]) + 1))
    return tuple(sides)
