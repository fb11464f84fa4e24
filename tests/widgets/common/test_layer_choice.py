"""The drop-down of layers: offered by type and content, kept through changes, without a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_3dmsl.widgets.common.layer_choice import LayerChoice


def is_offered(layer: Any) -> bool:
    return "hidden" not in layer.metadata


@pytest.fixture
def model() -> ViewerModel:
    """A viewer without a window, beside others that napari may know as the current one."""
    return ViewerModel()


@pytest.fixture
def choice(qapp: Any, model: ViewerModel) -> LayerChoice:
    return LayerChoice(model, Labels | Image, is_offered, name="labels", tooltip="What to take")


def offered(choice: LayerChoice) -> list[str]:
    box = choice.native
    return [box.itemText(at) for at in range(box.count())]


def test_layers_are_offered_by_type_and_content_without_a_window(
    choice: LayerChoice, model: ViewerModel
) -> None:
    assert choice.layer is None
    volume = np.zeros((3, 3), int)
    first = model.add_labels(volume, name="first")
    model.add_points(np.zeros((1, 2)), name="points")
    model.add_labels(volume, name="ours", metadata={"hidden": True})
    model.add_image(np.zeros((3, 3)), name="image")
    assert offered(choice) == ["first", "image"]
    assert choice.layer is first
    assert choice.native.objectName() == "labels"
    assert choice.native.toolTip() == "What to take"


def test_the_chosen_layer_stays_chosen_when_others_come_move_and_get_names(
    choice: LayerChoice, model: ViewerModel
) -> None:
    one = model.add_labels(np.zeros((3, 3), int), name="one")
    two = model.add_labels(np.zeros((3, 3), int), name="two")
    choice.choose(two)
    told: list[Any] = []
    choice.layer_changed.connect(lambda: told.append(choice.layer))
    two.name = "renamed"
    model.layers.move(1, 0)
    model.add_labels(np.zeros((3, 3), int), name="three")
    assert offered(choice) == ["renamed", "one", "three"]
    assert choice.layer is two
    assert told == []
    model.layers.remove(two)
    assert choice.layer is one
    model.layers.clear()
    assert told == [one, None]


def test_a_layer_is_told_once_when_it_is_chosen(choice: LayerChoice, model: ViewerModel) -> None:
    told: list[Any] = []
    choice.layer_changed.connect(lambda: told.append(choice.layer))
    one = model.add_labels(np.zeros((3, 3), int), name="one")
    two = model.add_labels(np.zeros((3, 3), int), name="two")
    choice.native.setCurrentIndex(1)
    assert told == [one, two]
    with pytest.raises(ValueError, match="not a valid choice"):
        choice.choose(model.add_points(np.zeros((1, 2))))
    choice.disconnect_viewer()
    model.layers.clear()
    assert told == [one, two]
