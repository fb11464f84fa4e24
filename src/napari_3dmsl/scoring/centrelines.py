"""clDice: whether the centrelines of tubes lie in the other mask (Shit et al., CVPR 2021)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.shapes.morphology import components

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cldice(
    truth: NDArray[Any], prediction: NDArray[Any], tell: Callable[[], object] | None = None
) -> float:
    """Return the centreline Dice of two masks.

    It is the harmonic mean of topology precision, the share of the predicted centreline that lies
    in the true mask, and topology sensitivity, the share of the true centreline in the predicted
    mask. Centrelines are thinned by scikit-image. Two empty masks give 1, one empty mask gives 0.

    Parameters
    ----------
    truth, prediction
        2D or 3D, of the same shape; what is not 0 is foreground.
    tell
        Called after each piece; raise in it to cancel.
    """
    true, found = truth != 0, prediction != 0
    if not true.any() or not found.any():
        return float(not true.any() and not found.any())
    precision = _share_inside(found, true, tell)
    sensitivity = _share_inside(true, found, tell)
    if precision + sensitivity == 0:
        return 0.0
    return 2 * precision * sensitivity / (precision + sensitivity)


def _share_inside(
    mask: NDArray[np.bool_], other: NDArray[np.bool_], tell: Callable[[], object] | None
) -> float:
    """Share of the centreline of a mask that lies in another one.

    Pieces do not touch, so each is thinned in its own box with the same result: most of an image is
    empty, and thin pieces are done after a few rounds.
    """
    import cc3d

    pieces = components(mask, 8 if mask.ndim == 2 else 26)
    boxes = cc3d.statistics(pieces)["bounding_boxes"]
    inside, whole = 0, 0
    for number in range(1, len(boxes)):
        box = boxes[number]
        line = _centreline(pieces[box] == number)
        whole += int(np.count_nonzero(line))
        inside += int(np.count_nonzero(line & other[box]))
        if tell is not None:
            tell()
    return inside / whole


def _centreline(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the centreline of a piece; where thinning leaves nothing of it, its deepest pixel.

    Thinning in 3D takes some solids that are even along all axes away as a whole, such as a cube of
    2 voxels.
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import skeletonize

    line: NDArray[np.bool_] = skeletonize(piece) > 0
    if not line.any():
        depth = distance_transform_edt(np.pad(piece, 1))
        deepest = np.unravel_index(int(np.argmax(depth)), depth.shape)
        line[tuple(int(place) - 1 for place in deepest)] = True
    return line
