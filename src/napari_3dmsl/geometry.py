"""Pure geometry of triangles, shared by the rooms that do not know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray


def triangle_normals(corners: FloatArray) -> FloatArray:
    """Return normals of triangles (n, 3, 3), by the right-hand rule, twice their area long."""
    normals: FloatArray = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals


def triangle_areas(corners: FloatArray) -> FloatArray:
    """Return the areas of triangles (n, 3, 3)."""
    areas: FloatArray = 0.5 * np.linalg.norm(triangle_normals(corners), axis=1)
    return areas


def draw_on_triangles(
    corners: FloatArray, areas: FloatArray, count: int, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Draw points uniformly by area; the square root keeps them uniform inside each triangle.

    Source: Osada et al., ACM Trans. Graph. 21 (2002), section 4.2.

    Parameters
    ----------
    corners : (t, 3, 3) array
    areas : (t,) array
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    points : (count, 3) float64
    triangles : (count,) int
        The triangle that each point lies on.
    """
    cumulative = np.cumsum(areas)
    chosen = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    # Rounding can put the last draw on the total itself, behind the last triangle.
    chosen = np.minimum(chosen, np.searchsorted(cumulative, cumulative[-1]))
    a, b, c = corners[chosen].transpose(1, 0, 2)
    towards_edge = np.sqrt(rng.random((count, 1)))
    along_edge = rng.random((count, 1))
    points: FloatArray = (
        (1 - towards_edge) * a + towards_edge * (1 - along_edge) * b + towards_edge * along_edge * c
    )
    return points, chosen
