"""A light graph of a thinned skeleton: junction clusters as nodes, centrelines as edges."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

NEIGHBOUR = 1.75  # voxels; between the longest 26-neighbour step (1.732) and the next one (2)
SMOOTHING = 9  # points of the moving average along a path
SMOOTHEST = 8  # half a window is no longer than this part of a path
SPUR_RADII = 1.5  # a terminal branch shorter than this many local radii is a hair of the surface
LOOP_RADII = 0.9 * 2 * np.pi  # the smallest ring of a tube of radius r is 2 pi r long


@dataclass(frozen=True, eq=False)
class Edge:
    """A centreline between two nodes: points (N, 3) and the local radius at each."""

    start: int
    end: int
    points: NDArray[np.float64]
    radii: NDArray[np.float64]

    @property
    def is_loop(self) -> bool:
        """Whether it returns to the node it starts from."""
        return self.start == self.end


@dataclass(eq=False)
class Graph:
    """Edges between numbered nodes."""

    edges: list[Edge]

    def degrees(self) -> dict[int, int]:
        """Return the number of edge ends at each node."""
        count: dict[int, int] = {}
        for edge in self.edges:
            for node in (edge.start, edge.end):
                count[node] = count.get(node, 0) + 1
        return count

    def cycle_rank(self) -> int:
        """Return the number of independent loops: edges - nodes + components."""
        nodes = {node: index for index, node in enumerate(self.degrees())}
        if not nodes:
            return 0
        ends = np.array([(nodes[edge.start], nodes[edge.end]) for edge in self.edges])
        return len(self.edges) - len(nodes) + _count_components(len(nodes), ends)[0]

    def clean(self) -> None:
        """Remove what noise adds: tiny loops, then terminal branches within the local radius."""
        while (edge := self._tiny_loop()) is not None:
            self._remove(edge)
        while (edge := self._shortest_spur()) is not None:
            self._remove(edge)

    def paths(self) -> list[NDArray[np.float64]]:
        """Return the smoothed centrelines; those of closed rings end where they start."""
        degrees = self.degrees()
        return [smooth(e.points, ring=e.is_loop and degrees[e.start] == 2) for e in self.edges]

    def _tiny_loop(self) -> Edge | None:
        degrees = self.degrees()
        for edge in sorted(self.edges, key=_length):
            cycle = self._shortest_cycle(edge)
            if not cycle or (edge.is_loop and degrees[edge.start] == 2):
                continue  # a ring on its own is the whole piece, however small
            radii = np.concatenate([part.radii for part in cycle])
            if sum(map(_length, cycle)) < LOOP_RADII * float(radii.mean()):
                return min(cycle, key=lambda part: float(part.radii.mean()))
        return None

    def _shortest_cycle(self, edge: Edge) -> list[Edge]:
        """Return the shortest cycle through an edge, empty when it closes none (Dijkstra)."""
        if edge.is_loop:
            return [edge]
        others: dict[int, list[tuple[int, Edge]]] = {}
        for other in self.edges:
            if other is not edge and not other.is_loop:
                others.setdefault(other.start, []).append((other.end, other))
                others.setdefault(other.end, []).append((other.start, other))
        queue: list[tuple[float, int, int, list[Edge]]] = [(0.0, 0, edge.start, [edge])]
        seen: set[int] = set()
        ticket = 0  # decides between equal distances, so that edges are never compared
        while queue:
            distance, _, node, cycle = heapq.heappop(queue)
            if node == edge.end:
                return cycle
            if node in seen:
                continue
            seen.add(node)
            for neighbour, other in others.get(node, []):
                ticket += 1
                further = distance + _length(other)
                heapq.heappush(queue, (further, ticket, neighbour, [*cycle, other]))
        return []

    def _shortest_spur(self) -> Edge | None:
        degrees = self.degrees()
        spurs = []
        for edge in self.edges:
            tip_first = degrees[edge.start] == 1
            if tip_first == (degrees[edge.end] == 1):
                continue  # an isolated line or an inner edge
            root_radius = edge.radii[-1] if tip_first else edge.radii[0]
            if _length(edge) < SPUR_RADII * root_radius:
                spurs.append(edge)
        return min(spurs, key=_length, default=None)

    def _remove(self, edge: Edge) -> None:
        self.edges = [other for other in self.edges if other is not edge]
        for node in {edge.start, edge.end}:
            self._join(node)

    def _join(self, node: int) -> None:
        """Make one edge of the two that meet at a node which is no junction any more."""
        meeting = [edge for edge in self.edges if node in (edge.start, edge.end)]
        if len(meeting) != 2 or any(edge.is_loop for edge in meeting):
            return
        first, second = meeting
        if first.start == node:
            first = _reversed(first)
        if second.end == node:
            second = _reversed(second)
        self.edges = [edge for edge in self.edges if edge not in meeting]
        self.edges.append(
            Edge(
                first.start,
                second.end,
                np.concatenate([first.points, second.points[1:]]),
                np.concatenate([first.radii, second.radii[1:]]),
            )
        )


def build_graph(
    points: NDArray[np.float64], radii: NDArray[np.float64], sides: ArrayLike = 1.0
) -> Graph:
    """Turn skeleton voxels into a graph.

    Counting the edges between neighbouring voxels finds loops at every junction (three voxels that
    touch each other); here a 26-connected cluster of voxels with more than two neighbours is one
    node, and a chain of the other voxels one edge.

    Parameters
    ----------
    points
        (N, 3) voxel centres.
    radii
        (N,) local radius at each.
    sides
        Sides (z, y, x) of a voxel, in the unit of the points and radii.
    """
    pairs = KDTree(points / np.asarray(sides)).query_pairs(NEIGHBOUR, output_type="ndarray")
    degree = np.bincount(pairs.ravel(), minlength=len(points))
    junction = degree > 2
    both = junction[pairs]
    node_of = np.full(len(points), -1)
    cluster = _count_components(len(points), pairs[both.all(axis=1)])[1]
    node_of[junction] = cluster[junction]
    crossing = pairs[both[:, 0] != both[:, 1]]
    crossing = np.where(junction[crossing[:, :1]], crossing[:, ::-1], crossing)
    exits: dict[int, list[int]] = {}  # chain voxel -> junction nodes next to it
    for voxel, neighbour in crossing.tolist():
        exits.setdefault(voxel, []).append(int(node_of[neighbour]))
    edges = []
    for chain in _chains(np.flatnonzero(~junction), pairs[~both.any(axis=1)]):
        edges.append(_edge(chain, exits, points, radii, node_of))
    lone = [node for node in np.unique(node_of[junction]) if not _touched(node, edges)]
    for node in lone:  # a blob of junction voxels without any branch is a point
        middle = _node_point(node, points, radii, node_of)
        edges.append(Edge(-int(node) - 1, int(node), middle[0][None], middle[1][None]))
    return Graph(edges)


def smooth(points: NDArray[np.float64], *, ring: bool = False) -> NDArray[np.float64]:
    """Take the voxel steps out of a path, with which lengths are 10 % too long.

    A moving average of 9 points cuts corners: a ring of 12 voxels radius shrinks by 2 %. So what
    it takes away is averaged too and given back. Near the ends of an open path the window shrinks,
    so that the ends stay; a ring wraps around. No window is longer than a quarter of the path: it
    would take away the bend of a small ring or hairpin.

    Parameters
    ----------
    points
        (N, 3); the last point of a ring repeats the first.
    ring
        Whether the path is closed.
    """
    if ring and len(points) <= SMOOTHING:
        return points
    once = _average(points, ring)
    return once + _average(points - once, ring)


def _average(points: NDArray[np.float64], ring: bool) -> NDArray[np.float64]:
    half = min(SMOOTHING // 2, len(points) // SMOOTHEST)
    if ring:
        loop = points[:-1]
        shifted = [np.roll(loop, shift, axis=0) for shift in range(-half, half + 1)]
        averaged = np.mean(shifted, axis=0)
        return np.concatenate([averaged, averaged[:1]])
    count = len(points)
    index = np.arange(count)
    reach = np.minimum(half, np.minimum(index, count - 1 - index))
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(points, axis=0)])
    width = (2 * reach + 1)[:, None]
    return np.asarray((total[index + reach + 1] - total[index - reach]) / width)


def path_length(points: NDArray[np.float64]) -> float:
    """Return the length of a polyline (N, 3).

    Parameters
    ----------
    points
        (N, 3); the length is in their unit.
    """
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _length(edge: Edge) -> float:
    return path_length(smooth(edge.points))


def _reversed(edge: Edge) -> Edge:
    return Edge(edge.end, edge.start, edge.points[::-1], edge.radii[::-1])


def _touched(node: int, edges: Iterable[Edge]) -> bool:
    return any(node in (edge.start, edge.end) for edge in edges)


def _count_components(count: int, pairs: NDArray[np.int64]) -> tuple[int, NDArray[np.intp]]:
    """Return how many components linked nodes have, and that of each, as their first nodes lie."""
    first = list(range(count))  # of the component, or a node nearer to it
    for pair in pairs.tolist():
        low, high = sorted(_root(first, node) for node in pair)
        first[high] = low
    roots, labels = np.unique([_root(first, node) for node in range(count)], return_inverse=True)
    return len(roots), labels


def _root(first: list[int], node: int) -> int:
    while first[node] != node:
        first[node] = first[first[node]]
        node = first[node]
    return node


def _chains(voxels: NDArray[np.int64], pairs: NDArray[np.int64]) -> list[list[int]]:
    """Order the voxels that are no junctions into chains; a ring repeats its first voxel."""
    neighbours: dict[int, list[int]] = {int(voxel): [] for voxel in voxels}
    for a, b in pairs.tolist():
        neighbours[a].append(b)
        neighbours[b].append(a)
    ends_first = sorted(neighbours, key=lambda voxel: len(neighbours[voxel]) > 1)
    seen: set[int] = set()
    chains = []
    for start in ends_first:
        if start in seen:
            continue
        chain = [start]
        seen.add(start)
        while following := [other for other in neighbours[chain[-1]] if other not in seen]:
            chain.append(following[0])
            seen.add(following[0])
        if len(neighbours[start]) > 1:
            chain.append(start)
        chains.append(chain)
    return chains


def _edge(
    chain: list[int],
    exits: dict[int, list[int]],
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    node_of: NDArray[np.int64],
) -> Edge:
    """Make an edge of a chain; free ends and rings get nodes with negative numbers."""
    first, last = chain[0], chain[-1]
    path, path_radii = points[chain], radii[chain]
    if first == last and len(chain) > 1:
        return Edge(-first - 1, -first - 1, path, path_radii)
    at_first = exits.get(first, [])
    at_last = exits.get(last, [])[1:] if len(chain) == 1 else exits.get(last, [])
    # A single free voxel needs two different nodes, hence the offset.
    start = at_first[0] if at_first else -first - 1
    end = at_last[0] if at_last else -last - 1 - len(points)
    if at_first:
        middle, radius = _node_point(start, points, radii, node_of)
        path, path_radii = np.vstack([middle, path]), np.append(radius, path_radii)
    if at_last:
        middle, radius = _node_point(end, points, radii, node_of)
        path, path_radii = np.vstack([path, middle]), np.append(path_radii, radius)
    return Edge(start, end, path, path_radii)


def _node_point(
    node: int,
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    node_of: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    members = node_of == node
    return points[members].mean(axis=0), radii[members].max()
