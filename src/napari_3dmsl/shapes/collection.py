"""Shapes by their id, wherever they live: just extracted, or in a library on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.shape import Shape, feature_table


class ShapeSource(Protocol):
    """What browsing and imaging need to know of a set of shapes."""

    @property
    def ids(self) -> Sequence[int]:
        """Ids of all shapes, ascending."""
        ...

    @property
    def table(self) -> Mapping[str, Sequence[Any]]:
        """Measures as columns, see `feature_table`; row i belongs to ``ids[i]``."""
        ...

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of one shape, world µm."""
        ...


class ShapeCollection:
    """Shapes held in memory.

    Parameters
    ----------
    shapes
        Measured shapes, in any order.
    """

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self._shapes = {shape.id: shape for shape in sorted(shapes, key=lambda shape: shape.id)}
        self.table: dict[str, list[Any]] = feature_table(self._shapes.values())

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def ids(self) -> list[int]:
        """Ids of all shapes, ascending."""
        return list(self._shapes)

    @property
    def shapes(self) -> list[Shape]:
        """All shapes, by ascending id."""
        return list(self._shapes.values())

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of one shape, world µm."""
        return self._shapes[shape_id].mesh
