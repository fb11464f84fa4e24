"""A canvas that takes long to draw steps back for the image that is dragged, and comes after it."""

from __future__ import annotations

from typing import Any

import pytest
from hands import PATIENCE_MS

from napari_3dmsl.widgets.common.canvas_pace import CanvasPace


@pytest.fixture
def pace(window: Any, qtbot: Any) -> Any:
    """The pace of a canvas whose frames seem to take long."""
    pace = CanvasPace(window)
    pace.hold()  # looks for the canvas
    assert not pace.is_holding  # no frame has been seen yet
    drawn(window, qtbot)
    slow(pace)
    yield pace
    pace.stop()


def slow(pace: CanvasPace) -> None:
    pace._took_s.extend([0.05] * 5)


def canvas_of(window: Any) -> Any:
    return window.window._qt_viewer.canvas.native


def drawn(window: Any, qtbot: Any) -> None:
    """Wait until a frame of the canvas is on the screen, not one of what stands beside it."""
    canvas, painted = canvas_of(window), []
    draw = window.window._qt_viewer.canvas._scene_canvas.events.draw
    note = draw.connect(lambda _: painted.append(None))
    with qtbot.waitSignal(
        canvas.frameSwapped, timeout=PATIENCE_MS, check_params_cb=lambda: bool(painted)
    ):
        canvas.update()
    draw.disconnect(note)


def test_frames_are_timed(pace: CanvasPace, window: Any, qtbot: Any) -> None:
    pace._took_s.clear()
    drawn(window, qtbot)
    assert pace.frame_s > 0.0


def test_the_canvas_is_drawn_after_the_image(pace: CanvasPace, window: Any, qtbot: Any) -> None:
    canvas, told = canvas_of(window), []
    pace.released.connect(lambda: told.append(canvas.updatesEnabled()))
    pace.hold()
    assert not canvas.updatesEnabled()
    pace.image_comes()
    with qtbot.waitSignal(pace.released, timeout=PATIENCE_MS):
        canvas.frameSwapped.emit()  # the image has been painted
    assert told == [False]  # what it shows can be changed before
    frames: list[None] = []
    window.window._qt_viewer.canvas._scene_canvas.events.draw.connect(lambda _: frames.append(None))
    qtbot.waitUntil(lambda: bool(frames), timeout=PATIENCE_MS)
    assert canvas.updatesEnabled()


def test_without_an_image_it_is_drawn_alone(pace: CanvasPace, window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(pace.released, timeout=PATIENCE_MS):
        pace.hold()
    assert canvas_of(window).updatesEnabled()


def test_no_drag_can_starve_it(pace: CanvasPace, window: Any, qtbot: Any) -> None:
    pace.hold()
    pace.release()
    pace.hold()  # the hand moves on before the frame that is due
    assert canvas_of(window).updatesEnabled()
    drawn(window, qtbot)
    slow(pace)
    pace.hold()
    assert not canvas_of(window).updatesEnabled()


def test_a_quick_canvas_is_never_held(pace: CanvasPace, window: Any) -> None:
    pace._took_s.extend([0.01] * 5)
    pace.hold()
    assert canvas_of(window).updatesEnabled()


def test_at_the_end_the_canvas_is_free(pace: CanvasPace, window: Any) -> None:
    pace.hold()
    pace.stop()
    assert canvas_of(window).updatesEnabled()


def test_a_viewer_without_a_window_has_nothing_to_hold() -> None:
    pace = CanvasPace(object())
    pace.hold()
    pace.image_comes()
    pace.release()
    pace.stop()
    assert not pace.is_holding
