"""Shapes by their id, wherever they live: just extracted, or in a library on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from napari_3dmsl.shapes.classification import Classification, ShapeClass
from napari_3dmsl.shapes.correction import correct_classes
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
        """Surface of one shape, world µm.

        Parameters
        ----------
        shape_id
            One of `ids`.
        """
        ...

    def set_classes(self, classes: Mapping[int, str | None]) -> None:
        """Set the classes of some shapes by hand, see `correct_classes`.

        Parameters
        ----------
        classes
            New class of each shape by its id; None for one that is not known.
        """
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
        """Surface of one shape, world µm.

        Parameters
        ----------
        shape_id
            One of `ids`.
        """
        return self._shapes[shape_id].mesh

    def set_classes(self, classes: Mapping[int, str | None]) -> None:
        """Set the classes of some shapes by hand; the table and `shapes` follow.

        Parameters
        ----------
        classes
            New class by id.

        Raises
        ------
        ValueError
            When there is no such class; nothing is changed then.
        """
        rows = {shape_id: row for row, shape_id in enumerate(self._shapes)}
        table = self.table
        correct_classes(table, {rows[i]: kind for i, kind in classes.items()})
        for shape_id in classes:
            row = rows[shape_id]
            kind, reason, measured = (
                table[name][row] for name in ("shape_class", "reason", "measured_class")
            )
            found = Classification(ShapeClass(kind), reason, measured)
            self._shapes[shape_id] = replace(self._shapes[shape_id], classification=found)
