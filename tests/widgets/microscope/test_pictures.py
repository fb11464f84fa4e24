"""The images of the *Microscope* panel in the pane *Image*."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hands import Hands

from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.microscope.pose import VIEWS
from napari_3dmsl.widgets.image_pane.opening import open_image_pane
from napari_3dmsl.widgets.image_pane.pane import ImagePane
from napari_3dmsl.widgets.microscope.image_layers import IMAGE, STACK


@pytest.fixture
def microscope(window: Any, open_panel: Any, id_of: Callable[[str], int]) -> Hands:
    """The panel with the ring selected and its image in the pane."""
    window.dims.ndisplay = 3
    hands = open_panel(window, "Microscope")
    window.layers[INSTANCES].selected_label = id_of("donut")
    hands.wait(lambda: pane_of(window) is not None and pane_of(window).pictures)
    return hands


def pane_of(viewer: Any) -> ImagePane | None:
    return open_image_pane(viewer)


def titles(viewer: Any) -> list[str]:
    return [picture.title for picture in pane_of(viewer).pictures]


def test_the_pane_shows_what_the_panel_images_and_keeps_the_scene_beside_it(
    microscope: Hands, window: Any
) -> None:
    pane = pane_of(window)
    window.window.resize(1366, 768)  # a laptop
    microscope.qtbot.wait(50)
    assert titles(window) == ["Confocal 1.40 oil, 600 nm (con1)"]
    microscope.type("focus_um", 0.3)
    microscope.wait(
        lambda: (
            np.array_equal(pane.pictures[0].values, window.layers[IMAGE].data)
            and not microscope.panel.imaging.live.is_running
        )
    )
    high = pane.grid.views[0].contrast.high
    microscope.type("photons_per_fluorophore", 5)
    microscope.wait(lambda: pane.pictures[0].values.max() < 0.5 * high)
    assert pane.grid.views[0].contrast.high == high  # it has got dimmer
    microscope.click("auto_contrast")
    microscope.wait(lambda: pane.grid.views[0].contrast.high < 0.5 * high)
    between = pane.window().centralWidget().width()
    assert between > 0.25 * (between + pane.width())  # the canvas is still there
    left, right, top, bottom = pane.grid.views[0].seen
    assert right - left < 6.0  # the ring is 1.3 µm wide, its image 9 µm
    assert left < -0.65 < 0.65 < right
    assert top < -0.65 < 0.65 < bottom


def test_a_comparison_stands_beside_it_and_six_views_of_both_become_a_figure(
    microscope: Hands, window: Any
) -> None:
    microscope.choose("compare_1", "epi1")
    microscope.wait(lambda: len(titles(window)) == 2)
    assert titles(window)[1] == "Widefield 1.42 oil, 688 nm (epi1)"
    views = pane_of(window).grid.views
    np.testing.assert_allclose(views[0].seen, views[1].seen, atol=0.05)
    pane = pane_of(window)
    menu = pane.figure.menu()
    menu.aboutToShow.emit()
    (views,) = (action for action in menu.actions() if action.text().startswith("Views"))
    views.trigger()
    microscope.wait(lambda: pane.figures.window_shown is not None)
    axes = pane.figures.window_shown.figure.axes
    assert len(axes) == 2 * len(VIEWS)
    assert "(epi1)" in axes[len(VIEWS)].get_ylabel()
    pane.figures.window_shown.close()
    microscope.choose("compare_1", "nothing")
    microscope.wait(lambda: len(titles(window)) == 1)


def test_a_pane_that_was_closed_comes_back_with_another_shape_only(
    microscope: Hands, window: Any, id_of: Callable[[str], int]
) -> None:
    pane = pane_of(window)
    with microscope.qtbot.waitSignal(pane.destroyed):
        pane.parentWidget().destroyOnClose()
    microscope.type("focus_um", 0.3)
    microscope.wait(lambda: not microscope.panel.imaging.live.is_running)
    microscope.qtbot.wait(50)
    assert pane_of(window) is None
    window.layers[INSTANCES].selected_label = id_of("rod")
    microscope.wait(lambda: pane_of(window) is not None and pane_of(window).pictures)


def test_a_stack_has_its_slider(microscope: Hands, window: Any) -> None:
    pane = pane_of(window)
    microscope.click("stack")
    microscope.type("planes", 5)
    microscope.wait(lambda: pane.planes.isVisible() and len(pane.pictures[0].values) == 5)
    microscope.wait(lambda: microscope.panel.is_at_rest)  # the exact image comes after the stack
    assert pane.planes.isVisible()
    np.testing.assert_array_equal(pane.pictures[0].values, window.layers[STACK].data)
    assert pane.plane.maximum() == 4
    assert pane.plane.value() == 2
    microscope.click("stack")
    microscope.wait(lambda: not pane.planes.isVisible())


def test_in_2d_the_image_fills_the_canvas(
    window: Any, open_panel: Any, id_of: Callable[[str], int]
) -> None:
    window.dims.ndisplay = 2
    hands = open_panel(window, "Microscope")
    window.layers[INSTANCES].selected_label = id_of("donut")
    hands.wait(lambda: IMAGE in window.layers)
    hands.qtbot.wait(100)
    canvas = window.window._qt_viewer.canvas
    node = canvas.layer_to_visual[window.layers[IMAGE]].node
    place = node.get_transform("visual", "canvas")
    corners = np.array([place.map([row, row, 0])[:2] for row in (0, 128)])
    size = np.array([canvas.native.width(), canvas.native.height()])
    assert (corners > -2).all()
    assert (corners < size + 2).all()
    assert np.ptp(corners, axis=0).max() > 0.8 * size.min()


def test_layers_have_the_colour_of_the_pane_and_one_switch_makes_both_grey(
    microscope: Hands, window: Any
) -> None:
    layer = window.layers[IMAGE]
    assert layer.colormap.name == "emission 600 nm"
    microscope.choose("microscope", "epi1")
    microscope.wait(lambda: layer.colormap.name == "emission 688 nm")
    pane_of(window).grey.click()
    assert layer.colormap.name == "gray"
    microscope.choose("microscope", "conf2")
    microscope.choose("compare_1", "epi1")
    microscope.wait(lambda: len(titles(window)) == 2)
    beside = window.layers["epi1 (2)"]
    assert {layer.colormap.name, beside.colormap.name} == {"gray"}
    pane_of(window).grey.click()
    assert (layer.colormap.name, beside.colormap.name) == ("emission 488 nm", "emission 688 nm")
    layer.colormap = "magma"  # chosen by hand
    pane_of(window).grey.click()
    assert layer.colormap.name == "magma"


def test_a_late_image_of_the_shape_before_does_not_take_the_fit_from_the_new_one(
    microscope: Hands, window: Any
) -> None:
    microscope.wait(lambda: microscope.panel.is_at_rest)
    pictures, grid = microscope.panel.pictures, pane_of(window).grid
    before = microscope.panel.imaging.shots[IMAGE].image
    high = grid.views[0].contrast.high
    pictures.begin_anew()
    pictures.show(before, more_to_come=True)
    pictures.show(replace(before, counts=before.counts // 4))
    assert grid.views[0].contrast.high < 0.3 * high
