"""Pixels that follow a knob: the layer shows them, and all else follows at rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.layers.live_pixels import put_pixels, settle


@pytest.fixture
def viewer() -> Any:
    """A napari viewer without a window, with two images."""
    from napari.components import ViewerModel

    viewer = ViewerModel()
    for name in "ab":
        viewer.add_image(np.zeros((4, 5)), name=name, contrast_limits=(0, 1))
    return viewer


def test_what_is_shown_and_kept_are_the_newest_pixels(viewer: Any) -> None:
    layer = viewer.layers["a"]
    for value in (0.25, 0.5, 0.75):
        put_pixels(layer, np.full((4, 5), value))
        assert (layer.data == value).all()
        assert (layer._slice.image.raw == value).all()  # private: what is drawn


def test_the_thumbnail_and_who_listens_follow_at_rest(viewer: Any) -> None:
    layer, told = viewer.layers["a"], []
    put_pixels(layer, np.full((4, 5), 0.25))  # the first has an array made for it
    before = layer.thumbnail.copy()
    layer.events.data.connect(lambda event: told.append(event.value.copy()))
    put_pixels(layer, np.full((4, 5), 0.75))
    put_pixels(layer, np.ones((4, 5)))
    assert not told
    np.testing.assert_array_equal(layer.thumbnail, before)
    settle(viewer.layers)
    settle(viewer.layers)
    assert [(values == 1.0).all() for values in told] == [True]
    assert layer.thumbnail[..., 0].max() == 255 > before[..., 0].max()


def test_arrays_of_others_are_never_written_into(viewer: Any) -> None:
    layer = viewer.layers["a"]
    given = layer.data
    ours = np.ones((4, 5))
    put_pixels(layer, ours)
    put_pixels(layer, np.full((4, 5), 2.0))
    assert (given == 0.0).all()
    assert (ours == 1.0).all()
    layer.data = persons = np.full((4, 5), 3.0)
    put_pixels(layer, np.full((4, 5), 4.0))
    assert (persons == 3.0).all()
    assert (layer.data == 4.0).all()


@pytest.mark.parametrize(
    "pixels", [np.ones((6, 3)), np.ones((4, 5), np.uint16), np.ones((2, 4, 5))]
)
def test_pixels_of_another_size_or_kind_are_shown_as_they_are(viewer: Any, pixels: Any) -> None:
    layer = viewer.layers["a"]
    put_pixels(layer, np.zeros((4, 5)))
    put_pixels(layer, pixels)
    assert layer.data.dtype == pixels.dtype
    np.testing.assert_array_equal(layer.data, pixels)


def test_a_hidden_layer_shows_the_newest_pixels_when_it_is_shown(viewer: Any) -> None:
    layer = viewer.layers["a"]
    put_pixels(layer, np.zeros((4, 5)))
    layer.visible = False
    put_pixels(layer, np.ones((4, 5)))
    layer.visible = True
    assert (layer._slice.image.raw == 1.0).all()
