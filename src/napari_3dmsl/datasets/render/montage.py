"""Equal tiles put together to one image, as in the segmentation set of the 3DMSL paper (2 x 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def montage(tiles: Sequence[NDArray[Any]], shape: tuple[int, int] = (2, 2)) -> NDArray[Any]:
    """Put tiles side by side, row by row.

    Parameters
    ----------
    tiles : sequence of (..., R, C) arrays
        Images or masks, as many as the montage has places, all alike; axes before the last two,
        such as planes, stay.
    shape : (rows, columns) of tiles
        Down and across, each 1 or more.

    Raises
    ------
    ValueError
        When the tiles differ or their number is not that of the places.
    """
    down, across = shape
    if down < 1 or across < 1 or len(tiles) != down * across:
        raise ValueError(
            f"{len(tiles)} tiles: a montage of {down} x {across} takes {down * across}"
        )
    kinds = {(tile.shape, str(tile.dtype)) for tile in tiles}
    if len(kinds) > 1 or tiles[0].ndim < 2:
        found = ", ".join(sorted(f"{kind} {size}" for size, kind in kinds))
        raise ValueError(f"tiles of a montage must be alike and have rows and columns; got {found}")
    rows = [np.concatenate(tiles[r * across : (r + 1) * across], axis=-1) for r in range(down)]
    return np.concatenate(rows, axis=-2)
