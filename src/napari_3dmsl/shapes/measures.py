"""The form of a shape in numbers, as people report it of mitochondria.

Definitions and sources: docs/shapes.md. What has no meaning for a shape is None: a dot has no
tortuosity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.geometry.triangles import triangle_normals
from napari_3dmsl.shapes.skeleton_graph import path_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.mesh import Mesh
    from napari_3dmsl.shapes.skeleton import Skeleton

FORM_COLUMNS = (
    "surface_to_volume_per_um",
    "sphericity",
    "complexity",
    "aspect_ratio",
    "tortuosity",
    "end_points",
    "mean_branch_um",
    "longest_branch_um",
)


@dataclass(frozen=True)
class Form:
    """What the surface and the skeleton of a shape say about its form.

    Attributes
    ----------
    surface_to_volume_per_um
        Area over volume, in 1/µm.
    sphericity
        Area of the ball of the same volume over the area: 1 for a ball, else less.
    complexity
        Mitochondrial complexity index, area³ / (16 π² volume²): 9 / (4 π) = 0.72 for a ball, the
        larger the more branched.
    aspect_ratio
        Longest over shortest axis of the ellipsoid with the second moments of the volume.
    tortuosity
        Length along the skeleton over the straight distance, between the two end points that are
        farthest apart along it; None without two end points.
    end_points
        Free ends of the skeleton.
    mean_branch_um, longest_branch_um
        Length of the lines of the skeleton between its branch points and ends, in µm.
    """

    surface_to_volume_per_um: float | None
    sphericity: float | None
    complexity: float | None
    aspect_ratio: float | None
    tortuosity: float | None
    end_points: int
    mean_branch_um: float
    longest_branch_um: float


def form_of(mesh: Mesh, skeleton: Skeleton, volume_um3: float) -> Form:
    """Measure the form of a shape.

    Parameters
    ----------
    mesh, skeleton
        Surface and centrelines.
    volume_um3
        Its volume; that of the voxels where there are some.
    """
    area = mesh.area_um2
    solid = volume_um3 > 0
    lengths = [path_length(path) for path in skeleton.paths]
    return Form(
        surface_to_volume_per_um=area / volume_um3 if solid else None,
        sphericity=float(np.cbrt(36 * np.pi * volume_um3**2)) / area if solid else None,
        complexity=area**3 / (16 * np.pi**2 * volume_um3**2) if solid else None,
        aspect_ratio=aspect_ratio(mesh),
        tortuosity=tortuosity(skeleton.paths),
        end_points=skeleton.end_points,
        mean_branch_um=float(np.mean(lengths)),
        longest_branch_um=max(lengths),
    )


def aspect_ratio(mesh: Mesh) -> float | None:
    """Return longest over shortest principal axis of the volume inside a closed mesh.

    Second moments of the tetrahedra between a point and the triangles, exactly. None where the
    surface encloses no volume.

    Parameters
    ----------
    mesh
        A closed surface.
    """
    vertices = mesh.vertices - mesh.vertices.mean(axis=0)
    corners = vertices.take(mesh.faces, axis=0)
    total = corners[:, 0] + corners[:, 1] + corners[:, 2]  # ten times as fast as along the axis
    # A quarter of the signed volume of each tetrahedron: what each of its corners counts.
    weight = np.einsum("ij,ij->i", corners[:, 0], triangle_normals(corners)) / 24
    volume = 4 * weight.sum()
    if not volume > 0:
        return None
    centre = weight @ total / volume
    at_vertex = np.bincount(mesh.faces.ravel(), np.repeat(weight, 3), len(vertices))
    moments = (total.T * weight) @ total + (vertices.T * at_vertex) @ vertices
    variances = np.linalg.eigvalsh(moments / (5 * volume) - np.outer(centre, centre))
    return float(np.sqrt(variances[-1] / variances[0])) if variances[0] > 0 else None


def tortuosity(paths: Sequence[NDArray[np.float64]]) -> float | None:
    """Return how much longer the way along a skeleton is than the straight line.

    Parameters
    ----------
    paths
        Centrelines; those that meet share the point where they do.
    """
    if len(paths) == 1:
        apart = float(np.linalg.norm(paths[0][0] - paths[0][-1]))
        return path_length(paths[0]) / apart if apart > 0 else None
    from scipy.sparse.csgraph import dijkstra

    ends = np.concatenate([path[[0, -1]] for path in paths])
    nodes, place = np.unique(ends, axis=0, return_inverse=True)
    place = place.reshape(-1, 2)
    free = np.flatnonzero(np.bincount(place.ravel(), minlength=len(nodes)) == 1)
    if len(free) < 2:
        return None
    ways = np.full((len(nodes), len(nodes)), np.inf)
    for (start, end), path in zip(place, paths, strict=True):
        ways[start, end] = ways[end, start] = min(ways[start, end], path_length(path))
    ways[np.isinf(ways)] = 0  # SciPy's word for no way
    along = dijkstra(ways, directed=False, indices=free)[:, free]
    along[np.isinf(along)] = 0
    first, last = np.unravel_index(along.argmax(), along.shape)
    straight = float(np.linalg.norm(nodes[free[first]] - nodes[free[last]]))
    return float(along[first, last]) / straight if straight > 0 else None
