"""The panel and its window, worked as a person does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hands import Hands
from qtpy.QtCore import Qt

from napari_3dmsl.matching.answers import read_answers, write_answers
from napari_3dmsl.matching.two_minute_test import Answer, make_quiz
from napari_3dmsl.widgets.matching.quiz_window import QuizWindow
from napari_3dmsl.widgets.matching.two_minute_test import TwoMinuteTestPanel

TILES = np.random.default_rng(0).integers(0, 255, (8, 64, 64)).astype(np.uint8)


@pytest.fixture
def window(qtbot: Any) -> QuizWindow:
    quiz = make_quiz({"real": TILES, "simulated": TILES[:, ::-1]}, each=3, size=40)
    window = QuizWindow(quiz, "me")
    qtbot.addWidget(window)
    window.show()
    return window


def press(qtbot: Any, window: QuizWindow, *keys: str) -> None:
    """Keys go to whatever has the keyboard: the window, or one of its buttons."""
    for number, key in enumerate(keys):
        goal = (window, window.real_button, window.simulated_button)[number % 3]
        qtbot.keyClick(goal, getattr(Qt.Key, f"Key_{key}"))


def texts(window: QuizWindow) -> str:
    """All that can be read in the page that is shown."""
    from qtpy.QtWidgets import QWidget

    page = window.pages.currentWidget()
    told = [window.windowTitle()]
    for widget in page.findChildren(QWidget):
        told += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
        told.append(widget.text() if hasattr(widget, "text") else "")
    return " ".join(told)


def test_keys_and_buttons_answer_and_nothing_shown_changes_but_the_image_and_the_count(
    window: QuizWindow, qtbot: Any
) -> None:
    press(qtbot, window, "R")  # the examples are still shown
    assert window.answers == []
    qtbot.mouseClick(window.begin_button, Qt.MouseButton.LeftButton)
    seen = []
    for key in ("R", "Right", "S", "Left"):
        seen.append(texts(window).replace(window.progress.text(), ""))
        press(qtbot, window, key)
    assert len(set(seen)) == 1
    assert [answer.said_real for answer in window.answers] == [True, False, False, True]
    qtbot.mouseClick(window.real_button, Qt.MouseButton.LeftButton)
    press(qtbot, window, "Backspace")
    assert len(window.answers) == 4
    assert window.progress.text() == "4 of 6"
    qtbot.mouseClick(window.simulated_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.completed) as signal:
        press(qtbot, window, "R")
    assert signal.args[0] == window.answers
    assert "1 person, 6 answers" in window.result.text()
    press(qtbot, window, "R", "Backspace")  # the test is over
    assert len(window.answers) == 6


def test_the_image_is_drawn_pixel_by_pixel(window: QuizWindow, qtbot: Any) -> None:
    qtbot.mouseClick(window.begin_button, Qt.MouseButton.LeftButton)
    window.view.setFixedSize(400, 400)
    image = window.view.grab().toImage()
    scale = image.width() / 400
    grey = window._quiz.questions[0].grey
    for row, column in ((0, 0), (3, 31), (39, 39)):
        at = [int((10 * place + 5) * scale) for place in (column, row)]
        assert abs(image.pixelColor(*at).red() - int(grey[row, column])) <= 1


def test_answers_are_saved_and_others_added(window: QuizWindow, qtbot: Any, tmp_path: Path) -> None:
    qtbot.mouseClick(window.begin_button, Qt.MouseButton.LeftButton)
    press(qtbot, window, *"RSRSRS")
    window.save_to(tmp_path / "mine.csv")
    assert read_answers([tmp_path / "mine.csv"])[0].person == "me"
    assert "Saved" in window.saved.text()
    other = [Answer("you", 0, n, "real", str(n), True, 1.0) for n in range(4)]
    write_answers(tmp_path / "yours.csv", other)
    window.merge([tmp_path / "mine.csv", tmp_path / "yours.csv"])  # mine count once
    assert "2 people, 10 answers" in window.result.text()
    window.merge([tmp_path / "none.csv"])
    assert "none.csv" in window.saved.text()
    window.save_to(tmp_path / "none" / "mine.csv")
    assert "none" in window.saved.text()


@pytest.fixture
def panel(make_napari_viewer: Any, qtbot: Any) -> Hands:
    viewer = make_napari_viewer()
    panel = TwoMinuteTestPanel(viewer)
    dock = viewer.window.add_dock_widget(panel)
    return Hands(qtbot, panel, dock)


def test_the_panel_reads_images_and_opens_the_test(panel: Hands, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "stack.tif", TILES, photometric="minisblack")
    panel.click("start_test")
    assert panel.complains
    panel.type("real_images", tmp_path / "a")
    panel.type("simulated_images", tmp_path / "b")
    panel.type("each", 4)
    panel.click("start_test")
    panel.wait(lambda: panel.panel.window_ is not None)
    window = panel.panel.window_
    assert len(window._quiz.questions) == 8
    assert window._person.startswith("anonymous-")
    window._begin()
    for _ in range(8):
        window._say_real()
    assert panel.status.startswith("4 of 8 right")


def test_what_cannot_be_read_is_told_in_the_panel(panel: Hands, tmp_path: Path) -> None:
    panel.type("real_images", tmp_path / "none")
    panel.type("simulated_images", tmp_path)
    panel.click("start_test")
    panel.wait(lambda: panel.complains)
    assert "no such file or folder" in panel.status
