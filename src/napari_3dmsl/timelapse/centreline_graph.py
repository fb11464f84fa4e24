"""The centreline of a shape as points and links: what bends, and where a shape is cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from napari_3dmsl.shapes.classification import classify
from napari_3dmsl.shapes.skeleton import skeleton_from_field

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.smoothed_mask import SmoothedMask

SPACING_RADII = 0.5  # points of the centreline lie so far apart
MOST_POINTS = 400  # of a centreline; a longer one gets points further apart
SAME_UM = 1e-6


@dataclass(frozen=True, eq=False)
class CentrelineGraph:
    """Points along the skeleton of a shape and which of them are neighbours.

    Attributes
    ----------
    points_um : (N, 3) float64
    links : (m, 2) int
        Neighbours; none for a shape that is a point.
    radius_um : float
        Mean distance to the surface.
    branches, loops : int
        As in `Skeleton`.
    paths : tuple of (K,) int
        Points along each branch, from end to end.
    """

    points_um: FloatArray
    links: NDArray[np.int64]
    radius_um: float
    branches: int
    loops: int
    paths: tuple[NDArray[np.int64], ...] = ()

    @property
    def lines_um(self) -> tuple[FloatArray, ...]:
        """Its branches as polylines (N, 3)."""
        return tuple(self.points_um[path] for path in self.paths)

    @property
    def link_lengths_um(self) -> FloatArray:
        """(m,) float64."""
        ends = self.points_um[self.links]
        lengths: FloatArray = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
        return lengths

    @property
    def length_um(self) -> float:
        """Length of all links."""
        return float(self.link_lengths_um.sum())

    @property
    def shares_um(self) -> FloatArray:
        """Length that each point stands for: half of each of its links."""
        shares: FloatArray = np.zeros(len(self.points_um))
        np.add.at(shares, self.links, 0.5 * self.link_lengths_um[:, None])
        return shares

    def moved(self, shift_um: FloatArray) -> Self:
        """Return it at another place.

        Parameters
        ----------
        shift_um : (3,) array
            (z, y, x).
        """
        return replace(self, points_um=self.points_um + shift_um)

    def shape_class(self, volume_um3: float) -> str:
        """Class of the shape by the rules of the paper.

        Parameters
        ----------
        volume_um3 : float
            Of the shape.
        """
        found = classify(self.length_um, self.branches, self.loops, volume_um3)
        return str(found.shape_class)

    def part(self, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Choose a connected part whose complement is connected too.

        It grows along the centreline from a random free end, or from anywhere on a shape without
        ends, until it has the wanted share of the length. A ring is cut in two places.

        Parameters
        ----------
        share : float
            Of the length, between 0 and 1.
        rng : numpy.random.Generator
            Draws; the same state gives the same result.

        Returns
        -------
        (N,) bool
        """
        count = len(self.points_um)
        weights = np.maximum(self.link_lengths_um, SAME_UM)
        graph = coo_array((weights, self.links.T), shape=(count, count)).tocsr()
        ends = np.flatnonzero(np.bincount(self.links.ravel(), minlength=count) == 1)
        start = int(rng.choice(ends if len(ends) else count))
        order = np.argsort(dijkstra(graph, directed=False, indices=[start])[0], kind="stable")
        reached = np.cumsum(self.shares_um[order]) <= share * self.length_um
        rest = np.ones(count, dtype=bool)
        rest[order[reached]] = False
        rest[start] = False
        _, piece = connected_components(graph[rest][:, rest], directed=False)
        if piece.size:  # branches that only hang on the part go with it
            rest[np.flatnonzero(rest)[piece != np.bincount(piece).argmax()]] = False
        return ~rest


def centreline_graph_of(field: SmoothedMask) -> CentrelineGraph:
    """Return the centreline of a smoothed mask, its points half a radius apart.

    Parameters
    ----------
    field : SmoothedMask
        Pixels, band and margin.
    """
    skeleton = skeleton_from_field(field)
    radius = max(skeleton.mean_radius_um, min(field.voxel_um))
    spacing = max(SPACING_RADII * radius, skeleton.length_um / MOST_POINTS)
    points: list[FloatArray] = []
    links: list[tuple[int, int]] = []
    paths = []
    nodes: dict[tuple[int, ...], int] = {}  # ends of paths by their place: branches meet there
    for path in skeleton.paths:
        fine = _resampled(path, spacing)
        numbers = []
        for row, point in enumerate(fine):
            place = tuple(np.round(point / SAME_UM).astype(int).tolist())
            known = nodes.get(place) if row in (0, len(fine) - 1) else None
            numbers.append(len(points) if known is None else known)
            if known is None:
                points.append(point)
                nodes[place] = numbers[-1]
        paths.append(np.array(numbers))
        links.extend((a, b) for a, b in pairwise(numbers) if a != b)
    return CentrelineGraph(
        np.array(points),
        np.array(links, dtype=np.int64).reshape(-1, 2),
        radius,
        skeleton.branches,
        skeleton.loops,
        tuple(paths),
    )


def _resampled(path: FloatArray, spacing_um: float) -> FloatArray:
    """Return points evenly apart along a path, its ends among them."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.append(0.0, np.cumsum(steps))
    if along[-1] <= 0.0:
        return path[:1]
    closed = len(path) > 2 and np.allclose(path[0], path[-1])
    parts = max(round(float(along[-1]) / spacing_um), 3 if closed else 1)
    at = np.linspace(0.0, along[-1], parts + 1)
    points: FloatArray = np.stack([np.interp(at, along, path[:, axis]) for axis in range(3)], 1)
    return points
