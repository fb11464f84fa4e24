"""What the canvas shows of some shapes: all or a part of them, in their places or moved.

Filters, *isolate* and the gallery in 3D change it; whoever draws shapes asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from napari_3dmsl.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class SeenShapes:
    """Which shapes are seen, and where.

    Attributes
    ----------
    ids
        Those that are; None for all.
    moved
        By how much, (3,) in µm (z, y, x), by id; the others are in their place.
    """

    ids: frozenset[int] | None = None
    moved: Mapping[int, FloatArray] = field(default_factory=dict)

    def __contains__(self, shape_id: int) -> bool:
        return self.ids is None or shape_id in self.ids


ALL_SEEN = SeenShapes()
_seen: WeakKeyDictionary[Any, SeenShapes] = WeakKeyDictionary()


def seen_in(viewer: Any) -> SeenShapes:
    """Return what a viewer shows of its shapes: all in their places, unless somebody has set it.

    Parameters
    ----------
    viewer
        Which shows them.
    """
    return _seen.get(_itself(viewer), ALL_SEEN)


def set_seen(viewer: Any, seen: SeenShapes) -> None:
    """Remember what a viewer is to show of its shapes.

    Parameters
    ----------
    viewer
        Which shows them.
    seen
        From now on, whoever draws.
    """
    _seen[_itself(viewer)] = seen


def _itself(viewer: Any) -> Any:
    return getattr(viewer, "__wrapped__", viewer)  # napari hands plugins a guarded stand-in
