"""What a change shows is drawn in a turn of its own, and no canvas stays held back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication

from napari_3dmsl.widgets.common.frame_apart import FrameApart, gl_canvas_of
from napari_3dmsl.widgets.common.incremental_layers import Turns


class Paints(QObject):
    """Notes when a canvas is painted."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self.notes = notes

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  Qt
        if event.type() == QEvent.Type.Paint and watched.updatesEnabled():
            self.notes.append("frame")
        return False


@pytest.fixture
def shown(make_napari_viewer: Any, qtbot: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    qtbot.wait(50)
    return viewer


def test_each_turn_has_its_frame_before_the_next(shown: Any, qtbot: Any) -> None:
    canvas, notes = gl_canvas_of(shown), []
    paints = Paints(notes)
    canvas.installEventFilter(paints)
    turns = Turns(viewer=shown)

    def change() -> None:
        canvas.update()
        QApplication.processEvents()  # even so there is no frame within the turn
        notes.append("turn")

    turns.extend([change, change, change])
    qtbot.waitUntil(lambda: notes.count("turn") == 3 and canvas.updatesEnabled())
    told = "".join("t" if note == "turn" else "f" for note in notes).lstrip("f")
    assert re.fullmatch("tf+tf+tf*", told)
    canvas.removeEventFilter(paints)


def test_a_canvas_is_let_go_with_whoever_held_it(shown: Any, qtbot: Any) -> None:
    parent = QObject()
    frame = FrameApart(shown, parent)
    with frame.after():
        assert not gl_canvas_of(shown).updatesEnabled()
    parent.deleteLater()
    qtbot.waitUntil(lambda: gl_canvas_of(shown).updatesEnabled())


def test_without_a_window_the_turns_go_on_all_the_same(qtbot: Any) -> None:
    from napari.components import ViewerModel

    done: list[int] = []
    turns = Turns(viewer=ViewerModel())
    turns.extend([lambda: done.append(1), lambda: done.append(2)])
    qtbot.waitUntil(lambda: done == [1, 2] and not turns.is_running)
