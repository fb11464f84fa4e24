"""Which classes a legend has to name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from napari_3dmsl.layers.attributes import KEY
from napari_3dmsl.layers.class_legend import classes_in_sight
from napari_3dmsl.layers.classes import CLASS
from napari_3dmsl.layers.extraction import INSTANCES


def layer(kind: str, visible: bool = True, opacity: float = 1.0, **facts: Any) -> Any:
    return SimpleNamespace(
        metadata={KEY: {"kind": kind, **facts}}, visible=visible, opacity=opacity
    )


def test_classes_of_visible_surfaces_come_in_the_order_of_the_paper() -> None:
    layers = [layer(CLASS, shape_class=name) for name in ("donut", "own", "dot", "rod")]
    assert classes_in_sight(layers) == ["dot", "rod", "donut", "own"]


def test_what_is_not_seen_is_not_named() -> None:
    hidden = layer(CLASS, visible=False, shape_class="dot")
    faded = layer(CLASS, opacity=0.0, shape_class="rod")
    assert (
        classes_in_sight([hidden, faded, SimpleNamespace(metadata={}, visible=True, opacity=1)])
        == []
    )


def test_instances_have_the_classes_of_all_their_shapes() -> None:
    shapes = SimpleNamespace(table={"shape_class": ["mega", None, "mega"]})
    assert classes_in_sight([layer(INSTANCES, shapes=shapes)]) == ["mega", "unknown"]
