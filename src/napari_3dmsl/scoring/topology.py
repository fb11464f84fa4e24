"""Betti numbers of masks: how many components, loops and cavities; exact, in 2D and 3D.

Pixels are the corners of a cubical complex that holds an edge, a square or a cube where all of its
corners are foreground, as the V construction of Stucki et al. (2023), whom the 3DMSL paper follows:
foreground hangs together by faces (4 neighbours in the plane, 6 in space), background by corners,
too (8 and 26). Counting its cells gives the Euler number, labelling gives components and cavities,
and loops are what is left. No persistence is needed for a mask, so no library for it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.shapes.morphology import count_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FACES = {2: 4, 3: 6}  # neighbours that share a face, as cc3d calls it
_CORNERS = {2: 8, 3: 26}


def betti_numbers(mask: NDArray[Any]) -> tuple[int, ...]:
    """Return the Betti numbers of a mask: components, loops and, in 3D, cavities.

    What touches the border of the image ends there.

    Parameters
    ----------
    mask
        2D or 3D; what is not 0 is foreground.

    Returns
    -------
    tuple of int
        One for each axis.

    Raises
    ------
    ValueError
        When it has neither two axes nor three.
    """
    if mask.ndim not in _FACES:
        raise ValueError(f"topology of {mask.ndim}D masks is not known; expected 2D or 3D")
    solid = np.ascontiguousarray(mask != 0)
    components = _count(solid, _FACES[mask.ndim])
    euler = euler_number(solid)
    if mask.ndim == 2:
        return components, components - euler
    cavities = _count(np.pad(~solid, 1, constant_values=True), _CORNERS[3]) - 1
    return components, components + cavities - euler, cavities


def euler_number(mask: NDArray[np.bool_]) -> int:
    """Return the Euler number: corners - edges + squares - cubes, of cells with no empty corner.

    Parameters
    ----------
    mask
        Of any number of axes.
    """
    return _alternating(mask, 0)


def _alternating(cells: NDArray[np.bool_], axis: int) -> int:
    if axis == cells.ndim:
        return int(np.count_nonzero(cells))
    here = (slice(None),) * axis
    longer = cells[(*here, slice(1, None))] & cells[(*here, slice(None, -1))]
    return _alternating(cells, axis + 1) - _alternating(longer, axis + 1)


def _count(mask: NDArray[np.bool_], connectivity: int) -> int:
    if not mask.any():
        return 0
    return count_components(mask, connectivity)


def betti_error(truth: NDArray[Any], prediction: NDArray[Any]) -> int:
    """Return the Betti-number error: the sum of the differences of all Betti numbers.

    Parameters
    ----------
    truth, prediction
        2D or 3D masks of the same shape; what is not 0 is foreground.
    """
    numbers = zip(betti_numbers(truth), betti_numbers(prediction), strict=True)
    return sum(abs(one - other) for one, other in numbers)


def patch_errors(truth: NDArray[Any], prediction: NDArray[Any], side: int) -> Iterator[int | None]:
    """Give the Betti-number error of each patch, None where nothing lies in it.

    Patches lie side by side from the first pixel on; the last ones of an axis may be smaller.

    Parameters
    ----------
    truth, prediction
        2D or 3D masks of the same shape; what is not 0 is foreground.
    side
        Pixels along each axis.
    """
    for corner in product(*(range(0, length, side) for length in truth.shape)):
        box = tuple(slice(start, start + side) for start in corner)
        one, other = truth[box], prediction[box]
        empty = not one.any() and not other.any()
        yield None if empty else betti_error(one, other)
