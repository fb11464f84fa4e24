"""Images of any size as tiles that a scene is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.matching.tiles import LARGEST_TILE, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_TILES, ENOUGH_TILES = 4, 8
SMALLEST_TILE = 64


def tiles_to_fit(
    images: Sequence[NDArray[Any]] | NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Cut images into tiles, as large as there are enough of them.

    Parameters
    ----------
    images
        Grey values, each of (rows, columns) or a stack.

    Returns
    -------
    tiles : (N, R, C) array
    numbers : (N,) int64
        Of the image that each is from.

    Raises
    ------
    ValueError
        When there are too few images, or they are too small.
    """
    planes = [plane for image in images for plane in _planes(np.asarray(image))]
    if not planes:
        raise ValueError("no image to fit a scene to; give at least one")
    smallest = min(min(plane.shape) for plane in planes)
    size = min(LARGEST_TILE, smallest)
    while size // 2 >= SMALLEST_TILE and _count(planes, size) < ENOUGH_TILES:
        size //= 2
    if _count(planes, size) < FEWEST_TILES or size < SMALLEST_TILE:
        raise ValueError(
            f"{len(planes)} images of at least {smallest} pixels a side: a scene is fitted to "
            f"{FEWEST_TILES} tiles or more of at least {SMALLEST_TILE} × {SMALLEST_TILE} pixels"
        )
    parts = [cut(plane, size) for plane in planes]
    numbers = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.array([tile for part in parts for tile in part]), numbers


def _planes(image: NDArray[Any]) -> list[NDArray[Any]]:
    if image.ndim not in (2, 3):
        raise ValueError(f"an image of shape {image.shape}: expected (rows, columns) or a stack")
    return [image] if image.ndim == 2 else list(image)


def _count(planes: Sequence[NDArray[Any]], size: int) -> int:
    return sum((plane.shape[0] // size) * (plane.shape[1] // size) for plane in planes)
