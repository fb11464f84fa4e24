"""The pane *Image*, worked as a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QMainWindow
from superqt.utils import qimage_to_array

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.line_profile import Line
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.figure_making import Offer
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

    window = QMainWindow()
    qtbot.addWidget(window)
    pane = ImagePane(model)
    window.setCentralWidget(pane)
    window.resize(480, 560)
    window.show()
    qtbot.wait(20)
    return Hands(qtbot, pane, window)


def show(hands: Hands, pictures: list[Picture], **how: Any) -> None:
    """Give the pane pictures and wait until they are laid out."""
    hands.panel.show_pictures(pictures, **how)
    hands.qtbot.wait(30)


def switch(hands: Hands, name: str) -> None:
    """Choose a line of the menu *Show*."""
    (action,) = (each for each in hands.find("show").menu().actions() if each.objectName() == name)
    action.trigger()
    hands.qtbot.wait(10)


def drawn(hands: Hands, at: int = 0) -> np.ndarray:
    """What is on the screen of a picture, (rows, columns, red green blue)."""
    view = hands.panel.grid.views[at]
    hands.qtbot.wait(20)
    return qimage_to_array(view.graphics.grab().toImage())[..., :3]


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
    switch(pane, "scale_bar")
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
    switch(pane, "saturation")
    assert colour_at(pane, 0.0, 0.0)[2] < 10
    pane.click("grey")
    switch(pane, "saturation")
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
    show(pane, [picture(brightness=700)], fit=["a"])
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


def test_nothing_comes_after_a_pane_that_goes_as_soon_as_it_has_come(
    window: Any, qtbot: Any
) -> None:
    panel = image_pane_of(window)
    window.window.remove_dock_widget(panel)
    panel.deleteLater()
    QApplication.sendPostedEvents(panel, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()  # what goes wrong in a turn of its own fails a test
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
    buttons = ("grey", "fit_contrast", "whole", "show", "difference", "figure")
    for name in (*buttons, "plane", "picture"):
        assert reached(pane.find(name))
        assert pane.find(name).accessibleName()


def test_a_line_through_the_pictures_is_plotted_as_numpy_reads_it(pane: Hands) -> None:
    values = np.random.default_rng(0).integers(100, 4000, (64, 64)).astype(np.uint16)
    show(pane, [replace(picture(), values=values), replace(picture("b"), values=values // 2)])
    switch(pane, "profile")
    plot = pane.panel.profile
    plot.set_line(Line(0.1 * (10 - 31.5), 0.1 * (20 - 31.5), 0.1 * (40 - 31.5), 0.1 * (20 - 31.5)))
    (distance, first), (_, second) = plot.curves()
    np.testing.assert_allclose(distance, 0.1 * np.arange(31))
    np.testing.assert_allclose(first, values[20, 10:41])
    np.testing.assert_allclose(second, values[20, 10:41] // 2)
    show(pane, [replace(picture(), values=values + np.uint16(7)), pane.panel.pictures[1]])
    np.testing.assert_allclose(plot.curves()[0][1], values[20, 10:41] + 7)
    second_picture, shift = pane.panel.grid.views[1].graphics, Qt.KeyboardModifier.ShiftModifier
    pane.qtbot.keyClick(second_picture, Qt.Key.Key_Down, shift)
    np.testing.assert_allclose(plot.curves()[1][1], values[21, 10:41] // 2)
    before = plot.line.length_um
    pane.qtbot.keyClick(second_picture, Qt.Key.Key_PageUp, shift)
    assert plot.line.length_um == pytest.approx(before)
    assert plot.line.y1_um < plot.line.y0_um
    switch(pane, "profile")
    assert not plot.isVisible()


def test_the_line_is_dragged_with_the_mouse_in_any_picture(pane: Hands) -> None:
    show(pane, [picture("a"), picture("b")])
    switch(pane, "profile")
    pane.qtbot.wait(50)
    plot = pane.panel.profile
    line = plot.line
    middle = 0.5 * (line.x0_um + line.x1_um), 0.5 * (line.y0_um + line.y1_um)
    start = on_screen(pane, *middle, at=1)
    end = on_screen(pane, middle[0], middle[1] + 0.5, at=1)
    ground = pane.panel.grid.views[1].graphics.viewport()
    pane.qtbot.mousePress(ground, Qt.MouseButton.LeftButton, pos=start)
    for part in (0.3, 0.7, 1.0):
        place = start + QPoint(0, round(part * (end.y() - start.y())))
        drag(ground, place)
        pane.qtbot.wait(30)  # moves that come faster are left out
    pane.qtbot.mouseRelease(ground, Qt.MouseButton.LeftButton, pos=end)
    pixel_um = 0.5 / (end.y() - start.y())
    assert plot.line.y0_um == pytest.approx(line.y0_um + 0.5, abs=2 * pixel_um)
    assert plot.line.length_um == pytest.approx(line.length_um, abs=1e-6)
    assert plot.line.x0_um == pytest.approx(line.x0_um, abs=2 * pixel_um)


def drag(widget: Any, place: QPoint) -> None:
    """Move the mouse with its left button down; Qt's own help moves it with none."""
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left = Qt.MouseButton.LeftButton
    at = QPointF(place)
    on_desk = QPointF(widget.mapToGlobal(place))
    nothing = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, at, on_desk, left, left, nothing)
    QApplication.sendEvent(widget, event)


def test_the_histogram_counts_every_pixel_and_marks_where_the_camera_is_full(pane: Hands) -> None:
    show(pane, [picture(saturation=1000.0)])
    switch(pane, "histogram")
    (item,) = pane.panel.histogram.plot.listDataItems()
    edges, counts = item.getOriginalDataset()
    at = np.digitize([GROUND, OBJECT], edges) - 1
    np.testing.assert_array_equal(counts[at], [64**2 - 400, 400])
    marks = [x for x in pane.panel.histogram.plot.items() if type(x).__name__ == "InfiniteLine"]
    assert [mark.value() for mark in marks] == [1000.0]
    show(pane, [picture(saturation=60_000.0)])
    marks = [x for x in pane.panel.histogram.plot.items() if type(x).__name__ == "InfiniteLine"]
    assert not marks


def menu_of(pane: Hands, name: str) -> dict[str, Any]:
    """Open the menu of a button, as a click does, and return what it offers."""
    menu = pane.find(name).menu()
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions()}


def test_the_difference_of_two_pictures_stands_beside_them(pane: Hands) -> None:
    show(pane, [picture("a", saturation=None)])
    (only,) = menu_of(pane, "difference").values()
    assert only.text() == "Choose a microscope to compare with first"
    assert not only.isEnabled()
    dim = np.full((64, 64), GROUND, np.uint16)
    dim[22:42, 22:32] = OBJECT
    show(pane, [picture("a"), replace(picture("b"), values=dim)])
    menu_of(pane, "difference")["Microscope a − Microscope b"].trigger()
    pane.qtbot.wait(30)
    shown = pane.panel.pictures
    assert [one.title for one in shown[2:]] == ["Microscope a − Microscope b"]
    expected = (pane.panel.pictures[0].values.astype(float) - dim) / (OBJECT - GROUND)
    np.testing.assert_allclose(shown[2].values, expected, atol=1e-6)
    assert colour_at(pane, 0.5, 0.0, at=2) == pytest.approx((230, 158, 0), abs=3)
    assert max(colour_at(pane, -0.5, 0.0, at=2)) < 5
    show(pane, [picture("a"), picture("b")])
    assert not pane.panel.pictures[2].values.any()
    menu_of(pane, "difference")["None"].trigger()
    assert len(pane.panel.pictures) == 2


def test_what_is_shown_is_saved_as_a_figure(
    pane: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(pane, [picture("a"), picture("b")])
    for name, head in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        menu_of(pane, "figure")["Save as figure…"].trigger()
        assert path.read_bytes().startswith(head)
        assert pane.find("pixel").text() == f"Saved {path}"
    text = (tmp_path / "a.svg").read_text("utf-8")
    assert "Microscope b" in text
    missing = tmp_path / "none" / "a.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(missing), ""))
    menu_of(pane, "figure")["Save as figure…"].trigger()
    assert pane.find("pixel").text().startswith("Not saved: ")


def offered(work: Callable[..., Any]) -> Offer:
    return Offer("Views × microscopes", "what it shows", lambda: work)


def test_a_figure_that_takes_a_while_is_made_in_the_background(pane: Hands) -> None:
    from matplotlib.figure import Figure

    def work(progress: Callable[[int, int, str], None]) -> Figure:
        for step in range(3):
            progress(step, 3, "view x90")
        return Figure(figsize=(2, 1))

    show(pane, [picture()])
    pane.panel.offer([offered(work)])
    menu_of(pane, "figure")["Views × microscopes…"].trigger()
    pane.wait(lambda: pane.panel.figures.window_shown is not None)
    window = pane.panel.figures.window_shown
    assert window.windowTitle() == "Views × microscopes"
    assert not pane.panel.figures.isVisible()
    window.close()
    pane.wait(lambda: pane.panel.figures.window_shown is None)


def test_it_is_cancelled_and_says_why_when_it_cannot_be_made(pane: Hands) -> None:
    import threading

    begun, go = threading.Event(), threading.Event()

    def work(progress: Callable[[int, int, str], None]) -> Any:
        progress(1, 3, "view x90")
        begun.set()
        go.wait(30)
        progress(2, 3, "view y90")

    def cannot() -> Any:
        raise ValueError("select one shape")

    show(pane, [picture()])
    pane.panel.offer([offered(work), Offer("Other", "", cannot)])
    menu_of(pane, "figure")["Views × microscopes…"].trigger()
    pane.wait(begun.is_set)
    pane.wait(lambda: pane.find("figure_progress").value() == 1)
    pane.click("cancel_figure")
    go.set()
    pane.wait(lambda: "Cancelled" in pane.find("pixel").text())
    assert not pane.panel.figures.isVisible()
    menu_of(pane, "figure")["Other…"].trigger()
    assert pane.find("pixel").text() == "No figure: select one shape"
