"""Surfaces of mesh files made whole: corners that belong together, and faces that look outward.

What is not closed stays as it is: only a closed surface has an inside to look away from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.geometry.inside import winding_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAME = 1e-6  # of the longest side: what single precision and six digits of text leave apart


def repair(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a surface without what is no part of it, closed and turned outward where it can be.

    Parameters
    ----------
    vertices, faces
        (N, 3) and (m, 3); a vertex that no face names is dropped, and so is a face that names one
        twice. Vertices at one place are merged where that closes the surface.

    Returns
    -------
    vertices, faces
        Closed bodies look outward, when the axes are taken in the order of the columns. Cavities
        look into themselves: what lies inside of another body keeps its sense relative to it.
    """
    vertices, faces = _used(vertices, _without_slivers(faces))
    if len(faces) == 0:
        return vertices, faces
    if not _pairs_up(faces):
        for tolerance in (0.0, _SAME * float(np.ptp(vertices, axis=0).max())):
            merged = merge_equal_vertices(vertices, faces, tolerance)
            if _pairs_up(merged[1]):
                vertices, faces = merged
                break
        else:
            return vertices, faces
    return vertices, _turned_outward(vertices, faces)


def merge_equal_vertices(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], tolerance: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a surface whose vertices at one place are one; faces that become slivers go.

    Parameters
    ----------
    vertices, faces
        (N, 3) and (m, 3).
    tolerance
        Length of the cells that count as one place; 0 for the same numbers.
    """
    places = np.round(vertices / tolerance) if tolerance > 0 else vertices + 0.0  # -0 is 0
    order = np.lexsort(places.T)
    new = np.ones(len(order), dtype=bool)
    new[1:] = (places[order[1:]] != places[order[:-1]]).any(axis=1)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return _used(vertices[order[new]], _without_slivers(group[faces]))


def _without_slivers(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    kept: NDArray[np.int64] = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    return kept


def _used(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Drop vertices that no face names: they would count for size and middle of the surface."""
    used = np.zeros(len(vertices), dtype=bool)
    used[faces] = True
    if used.all():
        return vertices, faces
    return vertices[used], (np.cumsum(used) - 1)[faces]


def _edges(faces: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a number for each edge of each face (3 m), whichever way it runs; and which way."""
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    return np.minimum(start, end) << 32 | np.maximum(start, end), start < end


def _pairs_up(faces: NDArray[np.int64]) -> bool:
    """Whether every edge belongs to two faces, whichever way these are wound."""
    edges = np.sort(_edges(faces)[0])
    return (
        len(edges) % 2 == 0
        and bool((edges[::2] == edges[1::2]).all())
        and bool((edges[1:-1:2] != edges[2::2]).all())
    )


def _turned_outward(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    faces, body = _wound_alike(faces)
    centred = vertices - vertices.mean(axis=0)
    a, b, c = (centred[faces[:, corner]] for corner in range(3))
    volumes = np.bincount(body, np.einsum("ij,ij->i", a, np.cross(b, c)))
    if (volumes >= 0).all():
        return faces
    outermost = _outermost(vertices, faces, body)
    turned = (volumes[outermost] < 0)[body]
    return np.where(turned[:, None], faces[:, ::-1], faces)


def _wound_alike(faces: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turn faces so that two that share an edge run along it in both directions; name the bodies.

    Every face stands in a graph twice, as it is and turned, and is joined over its edges to what
    fits: so a walk from the first face of a body as it is meets every other face as it should be.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(faces)
    edges, forward = _edges(faces)
    order = np.argsort(edges, kind="stable")
    one, other = order[::2] // 3, order[1::2] // 3
    turned = (forward[order[::2]] == forward[order[1::2]]) * count
    rows, columns = (
        np.concatenate([one, one + count]),
        np.concatenate([other + turned, other + count - turned]),
    )
    joined = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(2 * count,) * 2)
    _, side = connected_components(joined, directed=False)
    # The two sides of a body are two components; of a one-sided surface they are one.
    pair = np.minimum(side[:count], side[count:])
    _, first, body = np.unique(pair, return_index=True, return_inverse=True)
    wrong = side[:count] != side[first[body]]
    return np.where(wrong[:, None], faces[:, ::-1], faces), body


def _outermost(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], body: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each body the one that it lies in and that lies in no other; itself if none."""
    count = int(body.max()) + 1
    order = np.argsort(body, kind="stable")
    starts = np.searchsorted(body[order], np.arange(count + 1))
    corners = vertices[faces[order]]
    low = np.minimum.reduceat(corners.min(axis=1), starts[:-1])
    high = np.maximum.reduceat(corners.max(axis=1), starts[:-1])
    outermost = np.arange(count)
    roots: list[int] = []
    for inner in np.argsort(-np.prod(high - low, axis=1), kind="stable"):
        around = [r for r in roots if (low[r] < low[inner]).all() and (high[r] > high[inner]).all()]
        point = corners[starts[inner], 0][None]
        for outer in around:
            if winding_numbers(corners[starts[outer] : starts[outer + 1]], point)[0] != 0:
                outermost[inner] = outer
                break
        else:
            roots.append(int(inner))
    return outermost
