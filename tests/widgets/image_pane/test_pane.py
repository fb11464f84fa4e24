"""The pane *Image*, worked as a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hands import Hands
from qtpy.QtCore import QPoint, QPointF, Qt

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.opening import image_pane_of, open_image_pane

GROUND, OBJECT = 100, 1000


def picture(key: str = "a", brightness: float = OBJECT, **others: Any) -> Picture:
    """A square of 20 × 20 pixels in an even field."""
    values = np.full((64, 64), GROUND, np.uint16)
    values[22:42, 22:42] = brightness
    known = {"pixel_um": 0.1, "emission_nm": 600.0, "saturation": 60_000.0}
    known["crop"] = (20, 44, 20, 44)
    return Picture(key, f"Microscope {key}", values, **{**known, **others})


@pytest.fixture
def model() -> Any:
    """A viewer without a window: the pane takes no more from it than its theme."""
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture
def pane(model: Any, qtbot: Any) -> Hands:
    from napari_3dmsl.widgets.image_pane.pane import ImagePane

    pane = ImagePane(model)
    qtbot.addWidget(pane)
    pane.resize(480, 560)
    pane.show()
    qtbot.wait(20)
    return Hands(qtbot, pane, None)


def show(hands: Hands, pictures: list[Picture], **how: Any) -> None:
    """Give the pane pictures and wait until they are laid out."""
    hands.panel.show_pictures(pictures, **how)
    hands.qtbot.wait(30)


def drawn(hands: Hands, at: int = 0) -> np.ndarray:
    """What is on the screen of a picture, (rows, columns, red green blue)."""
    view = hands.panel.grid.views[at]
    hands.qtbot.wait(20)
    image = view.graphics.grab().toImage().convertToFormat(_rgb())
    data = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    rows = data.reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)


def _rgb() -> Any:
    from qtpy.QtGui import QImage

    return QImage.Format.Format_RGB888


def on_screen(hands: Hands, x_um: float, y_um: float, at: int = 0) -> QPoint:
    """Pixel of the screen, within the picture's widget, of a place in the image."""
    view = hands.panel.grid.views[at]
    place = view.box.mapViewToScene(QPointF(x_um, y_um))
    return view.graphics.mapFromScene(place)


def colour_at(hands: Hands, x_um: float, y_um: float, at: int = 0) -> tuple[int, ...]:
    place = on_screen(hands, x_um, y_um, at)
    return tuple(int(part) for part in drawn(hands, at)[place.y(), place.x()])


def test_without_an_image_it_says_what_to_do(pane: Hands) -> None:
    assert "choose a shape" in pane.panel.nothing.text()
    assert pane.panel.nothing.isVisible()


def test_the_object_is_large_and_in_the_colour_of_its_light(pane: Hands) -> None:
    show(pane, [picture()])
    red, green, blue = (255 * part for part in emission_colour(600.0))
    assert colour_at(pane, 0.0, 0.0) == pytest.approx((red, green, blue), abs=2)
    assert max(colour_at(pane, 1.15, 1.15)) < 10
    bright = drawn(pane)[:, :, 0] > 200
    assert bright.any(axis=1).sum() > 0.6 * min(bright.shape)  # rows: 2 µm of a box of 2.4 µm
    middle = np.argwhere(bright[: on_screen(pane, 0, 1.0).y()]).mean(axis=0)
    np.testing.assert_allclose(middle[1], bright.shape[1] / 2, atol=3)
    pane.click("grey")
    assert colour_at(pane, 0.0, 0.0) == pytest.approx((255, 255, 255), abs=2)


def test_the_scale_bar_is_as_long_as_it_says(pane: Hands) -> None:
    show(pane, [picture()])
    bar = pane.panel.grid.views[0].scale_bar
    for _ in range(3):
        start, end = on_screen(pane, 0.0, 0.0), on_screen(pane, bar.length_um, 0.0)
        place = bar.bar_rect()
        white = (drawn(pane) > 250).all(axis=2)[int(place.center().y())]
        assert white.sum() == pytest.approx(end.x() - start.x(), abs=2)
        pane.qtbot.keyClick(pane.find("picture"), Qt.Key.Key_Minus)
    pane.click("scale_bar")
    assert not (drawn(pane) > 250).all(axis=2).any()


def test_contrast_follows_what_gets_brighter_and_holds_what_dims(pane: Hands) -> None:
    show(pane, [picture()])
    full = colour_at(pane, 0.0, 0.0)[0]
    show(pane, [picture(brightness=400)])
    dim = colour_at(pane, 0.0, 0.0)[0]
    assert dim == pytest.approx(255 * (400 - GROUND) / (OBJECT - GROUND), abs=3)
    show(pane, [picture(brightness=5000)])
    assert colour_at(pane, 0.0, 0.0)[0] == full
    assert pane.panel.grid.views[0].contrast.high == pytest.approx(5000)
    show(pane, [picture(brightness=400)])
    pane.click("fit_contrast")
    assert colour_at(pane, 0.0, 0.0)[0] == full
    assert pane.panel.grid.views[0].colour_bar.said[:2] == ("100", "400 counts")


def test_saturated_pixels_are_marked_and_counted(pane: Hands) -> None:
    show(pane, [picture(saturation=1000.0)])
    assert colour_at(pane, 0.0, 0.0) == (255, 255, 255)
    said = pane.panel.grid.views[0].colour_bar.said[2]
    assert said == f"{100 * 400 / 64**2:.1f} % saturated"
    pane.click("saturation")
    assert colour_at(pane, 0.0, 0.0)[2] < 10
    pane.click("grey")
    pane.click("saturation")
    assert colour_at(pane, 0.0, 0.0) == (255, 32, 32)


def test_the_pixel_under_the_mouse_is_told(pane: Hands) -> None:
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    show(pane, [replace(picture(), values=values)])
    view = pane.panel.grid.views[0]
    for row, column in ((32, 32), (25, 40), (41, 23)):
        at = on_screen(pane, 0.1 * (column - 31.5), 0.1 * (row - 31.5))
        pane.qtbot.mouseMove(view.graphics.viewport(), at)
        pane.qtbot.wait(30)
        assert f"row {row}, column {column}" in pane.find("pixel").text()
        assert pane.find("pixel").text().startswith(f"{values[row, column]:,} counts")


def test_pictures_side_by_side_look_at_the_same_in_equal_micrometres(pane: Hands) -> None:
    fine = replace(picture("b"), pixel_um=0.05, crop=(8, 56, 8, 56))
    show(pane, [picture("a"), fine, picture("c")])
    pane.qtbot.wait(50)

    def pixels_per_um(at: int) -> float:
        return (on_screen(pane, 1.0, 0.0, at).x() - on_screen(pane, -1.0, 0.0, at).x()) / 2

    for step in (Qt.Key.Key_Plus, Qt.Key.Key_Left, Qt.Key.Key_Plus, Qt.Key.Key_Down):
        first, *others = pane.panel.grid.views
        for view in others:
            np.testing.assert_allclose(view.seen, first.seen, atol=0.02)
        assert pixels_per_um(1) == pytest.approx(pixels_per_um(0), rel=0.02)
        pane.qtbot.keyClick(others[0].graphics, step)
    seen = first.seen
    pane.qtbot.keyClick(others[1].graphics, Qt.Key.Key_0)
    assert first.seen != seen
    left, right, top, bottom = first.seen
    assert left < -1.0 < 1.0 < right
    assert top < -1.0 < 1.0 < bottom


def test_the_whole_image_is_one_click_away(pane: Hands) -> None:
    show(pane, [picture()])
    view = pane.panel.grid.views[0]
    left, right, _, _ = view.seen
    assert right - left < 6.4
    pane.click("whole")
    left, right, top, bottom = view.seen
    assert left <= -3.19
    assert right >= 3.19
    assert top <= -3.19
    assert bottom >= 3.19


def test_a_view_that_somebody_chose_stays_while_knobs_turn(pane: Hands) -> None:
    show(pane, [picture()])
    pane.qtbot.keyClick(pane.find("picture"), Qt.Key.Key_Plus)
    seen = pane.panel.grid.views[0].seen
    show(pane, [picture(brightness=700)])
    assert pane.panel.grid.views[0].seen == seen
    show(pane, [picture(brightness=700)], fit=True)
    assert pane.panel.grid.views[0].seen != seen


def test_a_stack_opens_in_focus_and_its_planes_are_a_slider_away(pane: Hands) -> None:
    values = np.arange(7, dtype=np.uint16)[:, None, None] + np.zeros((7, 64, 64), np.uint16)
    stack = replace(picture(), values=values, step_um=0.5, focus_plane=3)
    show(pane, [stack])
    assert pane.panel.grid.views[0].shown[0, 0] == 3
    assert pane.panel.in_focus
    assert pane.find("plane_label").text() == "+0.00 µm (4 of 7)"
    pane.press("plane", "Right", times=2)
    assert pane.panel.grid.views[0].shown[0, 0] == 5
    assert pane.find("plane_label").text() == "+1.00 µm (6 of 7)"
    assert not pane.panel.in_focus
    show(pane, [replace(stack, values=values + np.uint16(10))])
    assert pane.panel.grid.views[0].shown[0, 0] == 15
    show(pane, [picture()])
    assert not pane.find("plane").isVisible()


def test_there_is_one_pane_which_shows_what_came_while_it_was_hidden(
    window: Any, qtbot: Any
) -> None:
    panel = image_pane_of(window)
    pane = Hands(qtbot, panel, panel.parentWidget())
    assert image_pane_of(window) is pane.panel
    show(pane, [picture()])
    pane.dock.hide()
    show(pane, [picture(brightness=3000)])
    assert pane.panel.pictures[0].values.max() == OBJECT
    assert image_pane_of(window) is pane.panel
    pane.wait(lambda: pane.panel.pictures[0].values.max() == 3000)
    pane.close()
    assert open_image_pane(window) is None


def test_it_takes_the_ground_of_the_theme(pane: Hands, model: Any) -> None:
    show(pane, [picture(crop=None)])
    pane.click("whole")
    for _ in range(3):
        pane.qtbot.keyClick(pane.find("picture"), Qt.Key.Key_Minus)
    model.theme = "light"
    assert tuple(drawn(pane)[3, 3]) == (255, 255, 255)
    model.theme = "dark"
    assert tuple(drawn(pane)[3, 3]) == (0, 0, 0)


def test_the_keyboard_reaches_everything_and_everything_has_a_name(pane: Hands) -> None:
    show(pane, [picture()])
    reached: Callable[[Any], bool] = lambda widget: bool(  # noqa: E731
        widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    )
    for name in ("grey", "fit_contrast", "whole", "scale_bar", "saturation", "plane", "picture"):
        assert reached(pane.find(name))
        assert pane.find(name).accessibleName()
