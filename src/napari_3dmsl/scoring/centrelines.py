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
    box = _box(mask)
    line = _centreline(mask[box])
    return float(np.count_nonzero(line & other[box]) / np.count_nonzero(line))


def _centreline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the centreline; where thinning leaves nothing of a piece, its deepest pixel.

    Thinning in 3D takes some solids that are even along all axes away as a whole, such as a cube of
    2 voxels.
    """
    import cc3d
    from scipy.ndimage import distance_transform_edt, maximum_position
    from skimage.morphology import skeletonize

    line: NDArray[np.bool_] = skeletonize(mask) > 0
    pieces = cc3d.connected_components(
        mask, connectivity=8 if mask.ndim == 2 else 26, binary_image=True
    )
    lost = np.setdiff1d(np.unique(pieces), np.append(np.unique(pieces[line]), 0))
    if len(lost):
        depth = distance_transform_edt(mask)
        line[tuple(np.transpose(maximum_position(depth, pieces, lost)))] = True
    return line


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box that holds all of a mask: empty space takes time to thin."""
    sides = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        sides.append(slice(int(places[0]), int(places[-1]) + 1))
    return tuple(sides)
