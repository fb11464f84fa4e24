"""Pure geometry of triangles, shared by the rooms that do not know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray


def triangle_normals(corners: FloatArray) -> FloatArray:
    """Return normals of triangles (F, 3, 3), by the right-hand rule, twice their area long.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, in any unit.

    Returns
    -------
    (F, 3) array
    """
    # By hand, one coordinate of all after the other: np.cross takes ten times as long.
    a, b, c = corners.transpose(1, 2, 0)
    first, second = np.subtract(b, a, order="C"), np.subtract(c, a, order="C")
    normals: FloatArray = np.empty((len(corners), 3), dtype=first.dtype)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        normals[:, i] = first[j] * second[k] - first[k] * second[j]
    return normals


def triangle_areas(corners: FloatArray) -> FloatArray:
    """Return the areas of triangles (F, 3, 3).

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, in any unit.

    Returns
    -------
    (F,) array
        In that unit squared.
    """
    x, y, z = triangle_normals(corners).T
    areas: FloatArray = 0.5 * np.sqrt(x * x + y * y + z * z)
    return areas


def triangle_boxes(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest coordinates of each triangle.

    Parameters
    ----------
    corners : (F, 3, n) array
        Corners of the triangles in n dimensions.

    Returns
    -------
    low, high : (F, n) array
    """
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]  # faster than along the axis
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def draw_on_triangles(
    corners: FloatArray, areas: FloatArray, count: int, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Draw points uniformly by area; the square root keeps them uniform inside each triangle.

    Source: Osada et al., ACM Trans. Graph. 21 (2002), section 4.2. The triangles are found from
    numbers drawn in ascending order, as sums of exponential steps (Devroye, Non-uniform random
    variate generation, 1986, section V.3.1): looking up unordered numbers takes twice as long. Then
    they are shuffled, so that any first part of the points is a fair draw as well.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, in any unit.
    areas : (F,) array
        Of the triangles, or any other weights.
    count : int
        How many.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    points : (count, 3) float64
    triangles : (count,) int
        The triangle that each point lies on.
    """
    cumulative = np.cumsum(areas)
    steps = np.cumsum(rng.standard_exponential(count + 1))
    drawn = steps[:-1] * (cumulative[-1] / steps[-1])
    chosen = rng.permutation(np.searchsorted(cumulative, drawn, side="right"))
    # Rounding can put the last draw on the total itself, behind the last triangle.
    chosen = np.minimum(chosen, np.searchsorted(cumulative, cumulative[-1]))
    return draw_in_triangles(corners, chosen, rng), chosen


def draw_in_triangles(
    corners: FloatArray, chosen: NDArray[np.intp], rng: np.random.Generator
) -> FloatArray:
    """Draw a point uniformly in each of some triangles.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, in any unit.
    chosen : (count,) int
        The triangle of each point.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    (count, 3) float64
    """
    count = len(chosen)
    towards_edge, along_edge = np.sqrt(rng.random(count)), rng.random(count)
    # A step towards the edge opposite the first corner, and one along it.
    first = corners[:, 0]
    steps = np.stack([corners[:, 1] - first, corners[:, 2] - corners[:, 1]], axis=1)
    points: FloatArray = first.take(chosen, axis=0)
    for step, size in enumerate((towards_edge, towards_edge * along_edge)):
        points += size[:, None] * steps[:, step].take(chosen, axis=0)
    return points
