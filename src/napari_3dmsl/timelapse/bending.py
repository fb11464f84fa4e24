"""Bending: a shape follows its centreline, which turns smoothly but does not stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.sparse import coo_array, csr_array
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.timelapse.centreline_graph import CentrelineGraph

WAVES = 4  # along a line; every loop needs one more, as closing it takes freedom away
STRONGEST = 0.25  # rms of curvature times radius: near 1 the inner side of a bend would fold
SHORTEST_RADII = 3.0  # a shorter centreline does not bend
HELD = 1e-6  # how weakly points stay where they were, beside what the links want
NEIGHBOURS = 8  # points of the centreline that carry a point of the shape
FLAT = 1e-6  # waves this flat only turn the shape as a whole
OPEN = 1e-6  # of the mean square turn of a link: what a bend that keeps loops closed may miss


class Bending:
    """The ways in which a centreline bends.

    Along the centreline runs a smooth field of rotation vectors, a sum of the slowest waves that
    the graph of its points knows (eigenvectors of its Laplacian; on a line ``cos(k π s / L)``). The
    links turn with it and keep their lengths, so a line or a tree does not stretch at all. Of
    the waves on loops only those sums bend that keep them closed, for small bends; for larger ones
    the least squares of all links decide. Sections turn rigidly with their place on the centreline,
    so a tube keeps its volume (Pappus).

    Waves have the strengths of a thermally bent rod: ``<a²>`` falls with the square of the wave
    number (Gittes et al., J. Cell Biol. 120 (1993) 923).

    Parameters
    ----------
    centreline : CentrelineGraph
        At least two links, see `possible`.
    amplitude_um : float
        Wanted root mean square displacement of the centreline, for small bends. A thick and short
        shape bends less, as its inner side would fold.

    Attributes
    ----------
    ways : (ways, N, 3) float64
        Rotation vectors (rad) along the centreline of each independent way to bend, as strong as
        it is on average: its coefficient has the variance 1.
    """

    def __init__(self, centreline: CentrelineGraph, amplitude_um: float) -> None:
        self.points_um = centreline.points_um
        self._start, self._end = centreline.links.T
        self._links_um = self.points_um[self._end] - self.points_um[self._start]
        self._lengths_um = centreline.link_lengths_um[:, None]
        self._reach_um = max(0.5 * centreline.radius_um, float(self._lengths_um.mean()))
        stiffness, shares = _laplacian(centreline), centreline.shares_um
        self._held = HELD / centreline.length_um**2 * shares[:, None]
        self._solver = cho_factor(stiffness + np.diag(self._held[:, 0]))
        waves = _waves(stiffness, shares, WAVES + centreline.loops)
        self.ways = self._closed(
            np.einsum("nw,ab->wanb", waves, np.eye(3)).reshape(-1, *(self.points_um.shape))
        )
        self.ways = self.ways * self._strength(amplitude_um, centreline.radius_um, shares)

    @staticmethod
    def possible(centreline: CentrelineGraph) -> bool:
        """Whether a centreline is long enough to bend.

        Parameters
        ----------
        centreline : CentrelineGraph
            Of the shape when it is not bent.
        """
        long_enough = centreline.length_um >= SHORTEST_RADII * centreline.radius_um
        return len(centreline.links) >= 2 and long_enough

    def bent_um(self, coefficients: FloatArray) -> FloatArray:
        """Points of the bent centreline, (N, 3), for a coefficient (ways,) of each way.

        Parameters
        ----------
        coefficients : (ways,) array
            Strength of each way; its variance is 1 in a thermal rod.
        """
        return self._turned(np.tensordot(coefficients, self.ways, axes=1))

    def hold(self, points_um: FloatArray) -> csr_array:
        """Weights (points, N) with which the points of the centreline carry points of the shape.

        Parameters
        ----------
        points_um : (points, 3) array
            Of the shape when it is not bent.
        """
        near = min(NEIGHBOURS, len(self.points_um))
        distance, node = map(np.asarray, KDTree(self.points_um).query(points_um, k=near))
        closeness = (distance**2 - distance[:, :1] ** 2) / (2.0 * self._reach_um**2)
        weights = np.exp(-closeness)
        weights /= weights.sum(axis=1, keepdims=True)
        row = np.repeat(np.arange(len(points_um)), near)
        shape = (len(points_um), len(self.points_um))
        return csr_array((weights.ravel(), (row, node.ravel())), shape=shape)

    def move(self, points_um: FloatArray, held: csr_array, coefficients: FloatArray) -> FloatArray:
        """Return points of the shape after bending; ``held`` are their weights from `hold`.

        Parameters
        ----------
        points_um : (points, 3) array
            Of the shape when it is not bent.
        held : (points, N) sparse array
            Their weights from `hold`.
        coefficients : (ways,) array
            Strength of each way; its variance is 1 in a thermal rod.
        """
        vectors = np.tensordot(coefficients, self.ways, axes=1)
        turns = Rotation.from_rotvec(vectors).as_matrix()
        shifts = self._turned(vectors) - np.einsum("nij,nj->ni", turns, self.points_um)
        turn = (held @ turns.reshape(-1, 9)).reshape(-1, 3, 3)
        moved: FloatArray = np.einsum("pij,pj->pi", turn, points_um) + held @ shifts
        return moved

    def _turned(self, vectors: FloatArray) -> FloatArray:
        """Points whose links are those of the straight shape, turned by rotation vectors."""
        between = 0.5 * (vectors[self._start] + vectors[self._end])
        links = Rotation.from_rotvec(between).apply(self._links_um)
        return self._points(links, self._held * self.points_um)

    def _points(self, links_um: FloatArray, pull: FloatArray | float = 0.0) -> FloatArray:
        """Least-squares points (N, 3) for wanted links (m, 3)."""
        force = np.zeros_like(self.points_um) + pull
        np.add.at(force, self._end, links_um / self._lengths_um)
        np.add.at(force, self._start, -links_um / self._lengths_um)
        points: FloatArray = cho_solve(self._solver, force)
        return points

    def _slight_turns(self, ways: FloatArray) -> FloatArray:
        """First-order change (ways, m, 3) of the links."""
        turns = 0.5 * (ways[:, self._start] + ways[:, self._end])
        return np.cross(turns, self._links_um)

    def _closed(self, ways: FloatArray) -> FloatArray:
        """Independent sums of ways that leave no gap in a loop; on a tree the ways themselves."""
        wanted = self._slight_turns(ways)
        shifts = np.array([self._points(links) for links in wanted])
        missed = (wanted - shifts[:, self._end] + shifts[:, self._start]) / self._lengths_um
        missed = missed.reshape(len(ways), -1)
        typical = float(((wanted / self._lengths_um) ** 2).sum(axis=(1, 2)).mean())
        gap, sums = np.linalg.eigh(missed @ missed.T)
        closed: FloatArray = np.tensordot(sums[:, gap < OPEN * typical].T, ways, axes=1)
        return closed

    def _strength(self, amplitude_um: float, radius_um: float, shares: FloatArray) -> float:
        """Factor on all ways that gives the wanted displacement, or the strongest bend allowed."""
        square = curvature = 0.0
        for way, links in zip(self.ways, self._slight_turns(self.ways), strict=True):
            shift = self._points(links)
            shift = shift - np.average(shift, axis=0, weights=shares)
            square += float(np.average((shift**2).sum(axis=1), weights=shares))
            steps = (way[self._end] - way[self._start]) ** 2 / self._lengths_um
            curvature += float(steps.sum() / self._lengths_um.sum())
        if not square > 0.0:
            return 0.0
        strongest = STRONGEST / (radius_um * np.sqrt(curvature))
        return float(min(amplitude_um / np.sqrt(square), strongest))


def _laplacian(centreline: CentrelineGraph) -> FloatArray:
    """Stiffness (n, n) of springs along the links, each as strong as it is short."""
    start, end = centreline.links.T
    weight = np.tile(1.0 / centreline.link_lengths_um, 2)
    rows, columns = np.concatenate([start, end]), np.concatenate([end, start])
    count = len(centreline.points_um)
    joined = coo_array((weight, (rows, columns)), shape=(count, count)).toarray()
    stiffness: FloatArray = np.diag(joined.sum(axis=1)) - joined
    return stiffness


def _waves(stiffness: FloatArray, shares_um: FloatArray, count: int) -> FloatArray:
    """Slowest waves (n, count) along the centreline, each as strong as its length."""
    length = shares_um.sum()
    last = min(count + 1, len(shares_um)) - 1
    square, waves = eigh(stiffness, np.diag(shares_um), subset_by_index=(0, last))
    real = square > FLAT / length**2
    strong: FloatArray = waves[:, real] * np.sqrt(length / square[real])
    return strong
