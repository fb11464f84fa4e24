"""Skeletons as SWC, the format of traced neurons: one point a line, each joined to an earlier one.

Columns: number, type, x, y, z, radius, number of the point before it (-1 for the first of a piece),
in µm. SWC holds trees only. A loop is cut open at the point where it closes: that point is there
twice, the second time as an end, and a comment names the two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.skeleton import Skeleton

_UNDEFINED = 0  # the type of a point that is no part of a neuron


def swc_from_skeleton(
    skeleton: Skeleton,
    radii_of: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    about: str = "",
) -> str:
    """Return a skeleton as the content of an SWC file.

    Parameters
    ----------
    skeleton
        Its paths share the points where they meet.
    radii_of
        Gives the radius in µm at points (N, 3), µm (z, y, x).
    about
        What the first comment says.
    """
    tree = _Tree(skeleton.paths)
    points = np.array(tree.points)
    rows = np.column_stack([points[:, ::-1], radii_of(points)])
    head = [about, "number type x y z radius parent, lengths in micrometres", *tree.notes]
    lines = [f"# {line}" for line in head if line]
    for number, (row, parent) in enumerate(zip(rows, tree.parents, strict=True), start=1):
        x, y, z, radius = row.tolist()
        lines.append(f"{number} {_UNDEFINED} {x:.6f} {y:.6f} {z:.6f} {radius:.6f} {parent}")
    return "\n".join(lines) + "\n"


class _Tree:
    """The points of paths in an order in which each comes after the one it is joined to."""

    def __init__(self, paths: Sequence[NDArray[np.float64]]) -> None:
        self.points: list[NDArray[np.float64]] = []
        self.parents: list[int] = []
        self.notes: list[str] = []
        ends = np.concatenate([path[[0, -1]] for path in paths])
        _, nodes = np.unique(ends, axis=0, return_inverse=True)
        self._nodes = nodes.reshape(-1, 2)
        self._left = dict(enumerate(paths))
        self._numbers: dict[int, int] = {}  # of the points at nodes that are there already
        degrees = np.bincount(nodes.ravel())
        # A free end is the better root: then nothing branches off the first point.
        for path in sorted(self._left, key=lambda path: min(degrees[self._nodes[path]])):
            if path in self._left:
                start, end = self._nodes[path].tolist()
                root = end if degrees[end] < degrees[start] else start
                point = paths[path][0 if root == start else -1]
                self._numbers[root] = self._add(point, -1)
                self._grow(root)

    def _grow(self, root: int) -> None:
        """Add all paths that hang together with a node, the near ones first."""
        waiting = deque([root])
        while waiting:
            node = waiting.popleft()
            for path in [p for p in self._left if node in self._nodes[p]]:
                points = self._left.pop(path)
                start, end = self._nodes[path].tolist()
                if start != node:
                    points, end = points[::-1], start
                if len(points) > 1:
                    self._append(points, node, end, waiting)

    def _append(
        self, points: NDArray[np.float64], node: int, end: int, waiting: deque[int]
    ) -> None:
        number = self._numbers[node]
        for point in points[1:]:
            number = self._add(point, number)
        if end in self._numbers:
            self.notes.append(
                f"loop cut open: point {number} is the same place as point {self._numbers[end]}"
            )
        else:
            self._numbers[end] = number
            waiting.append(end)

    def _add(self, point: NDArray[np.float64], parent: int) -> int:
        self.points.append(point)
        self.parents.append(parent)
        return len(self.points)
