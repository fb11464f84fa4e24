"""The skeleton of a shape: centrelines, length, branches, loops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from napari_3dmsl.shapes.cut_ends import CutFace, way_to_border
from napari_3dmsl.shapes.morphology import bounding_box, components
from napari_3dmsl.shapes.skeleton_graph import Graph, build_graph, path_length
from napari_3dmsl.shapes.smoothed_mask import SmoothedMask, smooth_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LengthTo = Literal["axis", "tip"]

COVERED_RADII = 2.0  # a whole skeleton comes this near (in largest radii) to every voxel
PROBES = 2000
LEAF = 64  # points in a leaf of the tree of surface points
END_VOXELS = 4.0  # no direction is taken over less than this


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The cleaned skeleton of a shape.

    Attributes
    ----------
    points_um
        (N, 3) points of all paths, world µm (z, y, x).
    paths
        Smoothed centrelines, each (N, 3) world µm (z, y, x); the path of a ring is closed.
    length_um
        Length of all paths in µm; where free ends lie is the choice of `skeleton_from_field`.
    branches
        0 for a line or ring without branch point, else the number of paths.
    end_points
        Number of free ends.
    loops
        Number of loops, confirmed by the topology of the smoothed mask.
    mean_radius_um
        Mean distance of the centreline to the surface in µm.
    """

    points_um: NDArray[np.float64]
    paths: tuple[NDArray[np.float64], ...]
    length_um: float
    branches: int
    end_points: int
    loops: int
    mean_radius_um: float


@dataclass(frozen=True, eq=False)
class _Solid:
    """A shape on a grid of about equal sides, its cavities filled; lengths in steps.

    A step is the shortest side of the shape's voxels, ``sides`` are those of the grid in steps.
    """

    values: NDArray[np.float32]
    level: float
    inside: NDArray[np.bool_]
    step_um: float
    sides: NDArray[np.float64]
    origin_um: NDArray[np.float64]

    @cached_property
    def surface(self) -> KDTree:
        """Where the surface crosses the lines between neighbouring voxels."""
        # The shape touches no side of its grid, so flat neighbours never wrap around.
        values, inside = self.values.ravel(), self.inside.ravel()
        crossings = []
        for axis, stride in enumerate(np.array(self.inside.strides)):  # one byte each
            before = np.flatnonzero(inside[:-stride] != inside[stride:])
            low, high = values[before].astype(float), values[before + stride].astype(float)
            points = np.stack(np.unravel_index(before, self.inside.shape), axis=1).astype(float)
            points[:, axis] += (self.level - low) / (high - low)
            crossings.append(points)
        # Two queries of some hundred points do not pay for a well-balanced tree. From a centreline
        # the surface is equally far all around: many leaves are looked at, so few are best.
        places = np.concatenate(crossings) * self.sides
        return KDTree(places, LEAF, balanced_tree=False, compact_nodes=False)

    def radii(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance from points to the surface."""
        return np.asarray(self.surface.query(points)[0])


def skeleton_from_mask(
    mask: NDArray[np.bool_],
    voxel_nm: Sequence[float],
    origin_voxel: Sequence[float] = (0.0, 0.0, 0.0),
    length_to: LengthTo = "axis",
) -> Skeleton:
    """Return the skeleton of a mask (z, y, x); arguments as for `mesh_from_mask`.

    Parameters
    ----------
    mask
        (Z, Y, X) of one shape.
    voxel_nm
        Voxel size (z, y, x) in nm.
    origin_voxel
        Index (z, y, x) of the first voxel in the volume.
    length_to
        Where a free end counts to: the ``axis`` of the shape or its ``tip``.
    """
    return skeleton_from_field(smooth_mask(mask, voxel_nm, origin_voxel), length_to)


def skeleton_from_field(
    field: SmoothedMask, length_to: LengthTo = "axis", cuts: Sequence[CutFace] = ()
) -> Skeleton:
    """Return the skeleton of a smoothed mask.

    The shape is resampled to a grid of about equal sides and thinned (Lee, Kashyap & Chu, CVGIP
    56, 1994); the skeleton becomes a graph, loops that no tube of the local radius could form and
    branches shorter than 1.5 local radii are removed, and the centrelines are smoothed. The number
    of loops is at most the first Betti number of the shape, from its Euler characteristic.

    Parameters
    ----------
    field
        The shape.
    length_to
        Where free ends lie. ``axis``: one local radius before the tip, the end of the medial axis
        (the middle of a round cap). ``tip``: on the surface. Thinning alone stops somewhere
        between, earlier on coarser grids.
    cuts
        Where the border of the volume cuts the shape: there a tube has no cap, and its line runs to
        the border.
    """
    solid, points, radii = _thin(field)
    if len(points) < 3:
        points, sides = _straight_line(solid), np.ones(3)
        radii = solid.radii(points)
    else:
        sides = solid.sides
    graph = build_graph(points, radii, sides)
    graph.clean()
    centrelines = _put_ends(graph, solid, length_to, cuts)
    paths = tuple(path * solid.step_um + solid.origin_um for path in centrelines)
    degrees = list(graph.degrees().values())
    cycles = graph.cycle_rank()
    lengths = [path_length(path) for path in paths]
    return Skeleton(
        points_um=np.concatenate(paths),
        paths=paths,
        length_um=float(sum(lengths)),
        branches=len(paths) if max(degrees) > 2 else 0,
        end_points=degrees.count(1) if sum(lengths) > 0 else 0,
        loops=min(cycles, _handles(solid.inside)) if cycles else 0,
        mean_radius_um=float(solid.radii(np.concatenate(centrelines)).mean()) * solid.step_um,
    )


def _put_ends(
    graph: Graph, solid: _Solid, length_to: LengthTo, cuts: Sequence[CutFace]
) -> list[NDArray[np.float64]]:
    """Return the centrelines (steps) with their free ends where they belong."""
    degrees = graph.degrees()
    paths = []
    for edge, path in zip(graph.edges, graph.paths(), strict=True):
        moved = path
        for node in (edge.start, edge.end):
            moved = moved[::-1]  # first the start, then the end comes last
            if degrees[node] == 1:
                moved = _put_end(moved, solid, length_to, cuts)
        paths.append(moved)
    return paths


def _put_end(
    path: NDArray[np.float64], solid: _Solid, length_to: LengthTo, cuts: Sequence[CutFace]
) -> NDArray[np.float64]:
    """Lengthen or shorten a path at its last point."""
    if len(path) == 1 and length_to == "axis":
        return path
    inner, direction, radius = _end_of(path, solid)
    to_tip = _distance_out(solid, path[-1], direction, float(solid.radii(path[-1:])[0]))
    to_border, left = _to_border(path[-1], direction, radius, solid, cuts)
    if to_border < to_tip + radius and left < radius:
        # Thinning wanders off at a flat end: the line goes on straight from further inside.
        straight = path[: inner + 1]
        _, direction, _ = _end_of(straight, solid)
        beyond, _ = _to_border(straight[-1], direction, radius, solid, cuts)
        if len(straight) > 1 and np.isfinite(beyond):
            path, to_border = straight, beyond
        to_tip, radius = to_border, left
    further = to_tip if length_to == "tip" else to_tip - radius
    if further >= 0:
        return np.concatenate([path, (path[-1] + further * direction)[None]])
    return _shortened(path, min(-further, float(_arc_to_end(path)[0]) / 2))


def _end_of(path: NDArray[np.float64], solid: _Solid) -> tuple[int, NDArray[np.float64], float]:
    """Return a point before the end of a path, the direction from it to the end, its radius.

    Near its end a thinned line wanders: direction and radius are taken one radius back.
    """
    radius = float(solid.radii(path[-1:])[0])
    back = _arc_to_end(path)
    inner = max(int(np.count_nonzero(back >= max(radius, END_VOXELS))) - 1, 0)
    away = path[-1] - path[inner]
    length = float(np.linalg.norm(away))
    direction = away / length if length > 0 else np.array([0.0, 0.0, 1.0])
    return inner, direction, float(solid.radii(path[inner : inner + 1])[0])


def _to_border(
    point: NDArray[np.float64],
    direction: NDArray[np.float64],
    radius: float,
    solid: _Solid,
    cuts: Sequence[CutFace],
) -> tuple[float, float]:
    """Return the two lengths of `way_to_border`, in steps."""
    step = solid.step_um
    lengths = way_to_border(cuts, point * step + solid.origin_um, direction, radius * step)
    return lengths[0] / step, lengths[1] / step


def _arc_to_end(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far along the path every point is from the last one."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return np.append(np.cumsum(steps[::-1])[::-1], 0.0)


def _distance_out(
    solid: _Solid, point: NDArray[np.float64], direction: NDArray[np.float64], radius: float
) -> float:
    """Return how far (steps) it is from a point inside to the surface, 4 radii at most."""
    at = np.arange(0, 4 * radius + 2, 0.1)
    ray = point + at[:, None] * direction
    values = ndimage.map_coordinates(solid.values, (ray / solid.sides).T, order=1, cval=0.0)
    outside = np.flatnonzero(values <= solid.level)
    return float(at[outside[0]]) if len(outside) else 0.0


def _shortened(path: NDArray[np.float64], cut: float) -> NDArray[np.float64]:
    """Take this much off the end of a path."""
    back = _arc_to_end(path)
    kept = int(np.count_nonzero(back > cut))
    if kept == 0 or kept == len(path):
        return path
    part = (back[kept - 1] - cut) / (back[kept - 1] - back[kept])
    end = path[kept - 1] + part * (path[kept] - path[kept - 1])
    return np.concatenate([path[:kept], end[None]])


def _thin(field: SmoothedMask) -> tuple[_Solid, NDArray[np.float64], NDArray[np.float64]]:
    """Return the shape, the points (n, 3 steps) of its skeleton and the local radius at each.

    Lee's thinning erases bars of even width, however long (scikit-image issue 3757). On a grid
    shifted by half a voxel the same bar has an odd width, so the more complete result is taken,
    unless the new values between the voxels close a gap.
    """
    from skimage.morphology import skeletonize

    found: list[tuple[_Solid, NDArray[np.float64], NDArray[np.float64]]] = []
    ranks: list[tuple[bool, bool, float]] = []
    for shift in (0.0, 0.5):
        solid = _even_grid(field, shift)
        box = bounding_box(solid.inside)  # thinning takes as long as the box is large
        first = [side.start for side in box]
        thinned = skeletonize(np.ascontiguousarray(solid.inside[box]))
        places = np.unravel_index(np.flatnonzero(thinned), thinned.shape)
        points = (np.stack(places, axis=1) + first) * solid.sides
        radii = solid.radii(points) if len(points) else np.zeros(0)
        missed = _missed(solid, points, radii)
        if missed == 0 and not found:
            return solid, points, radii
        closed = bool(found) and _handles(solid.inside) != _handles(found[0][0].inside)
        found.append((solid, points, radii))
        ranks.append((missed == float("inf"), closed, missed))
    return found[ranks.index(min(ranks))]


def _even_grid(field: SmoothedMask, shift: float) -> _Solid:
    """Divide the long sides of voxels into equal parts.

    Parts of exactly one length would need new values between all voxels, and those would close
    gaps of one voxel.
    """
    voxel = np.array(field.voxel_um)
    step = float(voxel.min())
    parts = np.maximum(np.rint(voxel / step), 1)
    values = field.values
    if shift or parts.max() > 1:
        shape = tuple(int(n) for n in (np.array(values.shape) - 1) * parts)
        values = ndimage.affine_transform(
            values, 1 / parts, offset=shift / parts, output_shape=shape, order=1
        )
    # Between the points of the new grid the smallest shapes disappear: their peak stays.
    level = min(field.level, float(np.nextafter(values.max(), np.float32(0))))
    background = components(values <= level, 6)
    # Cavities are filled: their walls do not thin.
    inside = np.ascontiguousarray(background != background[0, 0, 0])
    sides_um = voxel / parts
    origin_um = np.array(field.origin_um) + shift * sides_um
    return _Solid(values, level, inside, step, sides_um / step, origin_um)


def _missed(solid: _Solid, points: NDArray[np.float64], radii: NDArray[np.float64]) -> float:
    """Return how far (steps) the shape reaches beyond what its skeleton explains, 0 if whole."""
    if len(points) == 0:
        return float("inf")
    inside = np.flatnonzero(solid.inside)
    probes = np.unravel_index(inside[:: max(1, len(inside) // PROBES)], solid.inside.shape)
    distance = np.asarray(KDTree(points).query(np.stack(probes, axis=1) * solid.sides)[0])
    return max(0.0, float(distance.max()) - COVERED_RADII * float(radii.max()) - 2)


def _handles(inside: NDArray[np.bool_]) -> int:
    """Return the first Betti number of a solid without cavities: components - Euler number.

    The solid touches no side of its grid.
    """
    return int(components(inside, 26).max()) - _euler_number(inside)


def _euler_number(inside: NDArray[np.bool_]) -> int:
    """Return corners - edges + faces - cubes of the voxels as closed cubes (26 neighbours)."""
    number = 0
    for axes in range(8):
        part, sign = inside, -1
        for axis in range(3):
            if axes >> axis & 1:  # where cubes meet along this axis, one of them is enough
                part = np.moveaxis(part, axis, 0)
                part = np.moveaxis(part[1:] | part[:-1], 0, axis)
                sign = -sign
        number += sign * int(np.count_nonzero(part))
    return number


def _straight_line(solid: _Solid) -> NDArray[np.float64]:
    """Return the main axis (n, 3 steps) of a shape that thinning erased, from cap to cap."""
    inside = np.argwhere(solid.inside) * solid.sides
    centre: NDArray[np.float64] = inside.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov((inside - centre).T) if len(inside) > 1 else np.eye(3))
    axis = directions[:, -1]
    along = (inside - centre) @ axis
    radius = float(solid.radii(centre[None])[0])
    low, high = float(along.min()) - 0.5 + radius, float(along.max()) + 0.5 - radius
    if high - low < 2:
        return centre[None]
    return np.asarray(centre + np.arange(low, high)[:, None] * axis)
