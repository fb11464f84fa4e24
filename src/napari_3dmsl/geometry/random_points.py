"""Random points inside a closed surface."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.geometry.inside import winding_numbers
from napari_3dmsl.geometry.quadrature import small_pieces
from napari_3dmsl.geometry.triangles import triangle_areas

_ACROSS = 32  # tiles along the longer side of the shadow
_MOST_TILES_OF_SURFACE = 20_000
_AT_ONCE = 1_000_000


class Solid:
    """The inside of a closed surface, to draw points in.

    Points are drawn in an envelope, towers on the tiles of the (y, x) plane that reach from the
    lowest to the highest piece of surface above each tile, and those stay that the exact test
    finds inside. The envelope holds all of the inside, so the points are uniform whatever the
    tiles. A thin tube across its box fills a third of its towers but only a thousandth of the box.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Of a closed surface, (z, y, x) in µm.
    """

    def __init__(self, corners: FloatArray) -> None:
        self._towers = _Towers(corners)
        self._surface = np.asarray(corners, dtype=np.float64)

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw points uniformly, (count, 3) float64.

        Parameters
        ----------
        count : int
            How many.
        rng : numpy.random.Generator
            Draws; the same state gives the same result.
        """
        share = 0.3  # of the towers that is inside; learned on the way
        found: list[FloatArray] = []
        missing = count
        while missing > 0:
            proposed = int(min(1.1 * missing / share + 100, _AT_ONCE))
            points = self._towers.draw(proposed, rng)
            kept = points[winding_numbers(self._surface, points) != 0]
            found.append(kept[:missing])
            missing -= len(found[-1])
            share = (len(kept) + 1) / proposed
        return np.concatenate(found)


class _Towers:
    """Square tiles of the (y, x) plane, each with the range of z in which its surface lies."""

    def __init__(self, corners: FloatArray) -> None:
        shadow = corners[:, :, 1:].reshape(-1, 2)
        self._corner = shadow.min(axis=0)
        size = shadow.max(axis=0) - self._corner
        area = float(triangle_areas(corners).sum())
        self._tile = max(float(size.max()) / _ACROSS, np.sqrt(area / _MOST_TILES_OF_SURFACE))
        self._across = int(size[1] / self._tile) + 2
        rows = int(size[0] / self._tile) + 2
        self._low = np.full(rows * self._across, np.inf)
        self._high = np.full(rows * self._across, -np.inf)
        # No piece is longer than a tile, so it lies over the tiles of the corners of its box.
        pieces = small_pieces(corners, self._tile)
        low, high = pieces.min(axis=1), pieces.max(axis=1)
        for row, column in product((low, high), repeat=2):
            tile = self._tiles(row[:, 1], column[:, 2])
            np.minimum.at(self._low, tile, low[:, 0])
            np.maximum.at(self._high, tile, high[:, 0])
        self._height = np.maximum(self._high - self._low, 0.0)
        self._below = np.cumsum(self._height)

    def _tiles(self, y: FloatArray, x: FloatArray) -> NDArray[np.int64]:
        row = ((y - self._corner[0]) / self._tile).astype(np.int64)
        column = ((x - self._corner[1]) / self._tile).astype(np.int64)
        tiles: NDArray[np.int64] = row * self._across + column
        return tiles

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw points uniformly in the towers, (z, y, x)."""
        up_to = rng.random(count) * self._below[-1]
        tile = np.searchsorted(self._below, up_to, side="right")
        # Rounding can put the last draw on the total itself, behind the last tower.
        tile = np.minimum(tile, np.searchsorted(self._below, self._below[-1]))
        z = self._low[tile] + rng.random(count) * self._height[tile]
        place = np.stack(np.divmod(tile, self._across), axis=1) + rng.random((count, 2))
        points: NDArray[np.float64] = np.column_stack([z, self._corner + place * self._tile])
        return points
