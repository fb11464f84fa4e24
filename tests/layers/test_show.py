"""A layer that is kept up to date: found again, renewed in its place, and nothing else touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.layers.attributes import KEY, LayerData, attributes_for
from napari_3dmsl.layers.show import find, remove, show

KIND = "test"


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window, with a layer of somebody else."""
    from napari.components import ViewerModel

    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 5)), name="a", metadata={KEY: "not ours"})
    return viewer


def made(value: float, name: str = "a", **place: Any) -> LayerData:
    return np.full((2, 3), value), attributes_for(name, KIND, "yx", value=value, **place), "image"


def test_a_layer_is_added_renewed_and_taken_away(viewer: Any) -> None:
    [other] = viewer.layers
    added = show(viewer, KIND, made(1.0))
    assert list(viewer.layers) == [other, added]
    again = show(viewer, KIND, made(2.0, scale=0.5, translate=(3, 4)))
    assert again is added
    assert (added.data == 2.0).all()
    assert added.metadata[KEY] == {"kind": KIND, "value": 2.0}
    np.testing.assert_allclose([added.scale, added.translate], [[0.5, 0.5], [3, 4]])
    assert show(viewer, KIND, None) is None
    assert list(viewer.layers) == [other]
    show(viewer, KIND, None)  # there is none any more
    assert list(viewer.layers) == [other]
    assert (other.data == 0.0).all()


def test_a_renewed_layer_is_drawn_as_the_person_wants_it(viewer: Any) -> None:
    layer = show(viewer, KIND, made(1.0))
    layer.name, layer.visible, layer.colormap = "mine", False, "viridis"
    layer.metadata["of another plugin"] = 7
    show(viewer, KIND, made(2.0))
    assert (layer.name, layer.visible, layer.colormap.name) == ("mine", False, "viridis")
    assert layer.metadata["of another plugin"] == 7


def test_layers_of_a_kind_are_told_apart_by_name(viewer: Any) -> None:
    first, second = (show(viewer, KIND, made(0.0, name), name) for name in ("b", "c"))
    assert show(viewer, KIND, made(1.0, "c"), "c") is second
    assert (first.data == 0.0).all()
    assert find(viewer, KIND, "b") is find(viewer, KIND) is first
    assert find(viewer, KIND, "a") is None  # that one is somebody else's
    show(viewer, KIND, None, "b")
    assert find(viewer, KIND) is second


@pytest.mark.parametrize("count", [1, 2])
def test_the_selection_stays_as_it_is(viewer: Any, count: int) -> None:
    viewer.add_image(np.zeros((4, 5)))
    selected = set(list(viewer.layers)[:count])
    viewer.layers.selection.clear()
    viewer.layers.selection.update(selected)
    active = viewer.layers.selection.active
    for data in (made(1.0), made(2.0), None):
        show(viewer, KIND, data)
        assert set(viewer.layers.selection) == selected
        assert viewer.layers.selection.active is active


def test_a_new_image_is_selected_where_nothing_is(viewer: Any) -> None:
    viewer.layers.selection.clear()
    surface = (np.zeros((3, 3)), np.array([[0, 1, 2]])), attributes_for("b", "b", "zyx"), "surface"
    show(viewer, "b", surface)
    assert not viewer.layers.selection
    image = show(viewer, KIND, made(1.0))
    assert viewer.layers.selection.active is image


def test_a_layer_that_stays_in_its_place_is_not_moved(viewer: Any) -> None:
    layer = show(viewer, KIND, made(1.0, scale=0.07, translate=(1000.1, 0.3)))
    moves = []
    layer.events.scale.connect(moves.append)
    layer.events.translate.connect(moves.append)
    show(viewer, KIND, made(2.0, scale=0.07, translate=(1000.1, 0.3)))
    assert not moves
    show(viewer, KIND, made(2.0, scale=0.07, translate=(1000.101, 0.3)))  # by a nanometre
    assert len(moves) == 1


def test_layers_that_go_together_are_cleared_up_after_once(viewer: Any) -> None:
    [other] = viewer.layers
    gone, there, after = (show(viewer, KIND, made(0.0, name), name) for name in ("b", "c", "d"))
    told: list[int] = []
    if hasattr(viewer.layers.events, "end_batch"):
        viewer.layers.events.end_batch.connect(lambda: told.append(len(viewer.layers)))
    viewer.layers.events.removed.connect(  # it goes with another, as a highlight does
        lambda: viewer.layers.remove(after) if after in viewer.layers else None
    )
    viewer.layers.remove(gone)
    remove(viewer, [gone, there, after])
    assert list(viewer.layers) == [other]
    assert told in ([1], [])
