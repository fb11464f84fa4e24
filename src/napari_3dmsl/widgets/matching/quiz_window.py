"""The window of the two-minute test: examples, one crop after the other, and the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QRect, Qt, Signal
from qtpy.QtGui import QImage, QPainter
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.matching.answers import read_answers, write_answers
from napari_3dmsl.matching.two_minute_test import Answer, Crop, Quiz, results_of
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.questions import ask_for_path

_SIZE = (620, 780)
_EXAMPLE_SIDE, _QUESTION_SIDE = 180, 380  # pixels at least
_LARGE = "font-size: 20px;"
_CSV = "Answers (*.csv)"


class CropView(QWidget):
    """A crop as large as there is room, pixel by pixel.

    Parameters
    ----------
    side
        Of the smallest square, in pixels.
    parent
        The page.
    """

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(side, side)
        self._grey: NDArray[np.uint8] | None = None
        self.setAccessibleName("Image")

    def show_crop(self, crop: Crop) -> None:
        """Show another crop.

        Parameters
        ----------
        crop
            Nothing but its grey values is shown.
        """
        self._grey = np.ascontiguousarray(crop.grey)
        self.update()

    def paintEvent(self, _event: Any) -> None:
        """Qt: draw the crop in the middle."""
        if self._grey is None:
            return
        rows, columns = self._grey.shape
        kind = QImage.Format.Format_Grayscale8
        image = QImage(self._grey.tobytes(), columns, rows, columns, kind)
        side = min(self.width(), self.height())
        place = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
        painter = QPainter(self)
        painter.drawImage(place, image)
        painter.end()


class QuizWindow(QDialog):
    """Leads through a test; nothing tells which set a crop is of before the end.

    Parameters
    ----------
    quiz
        What is shown.
    person
        Whose answers they are.
    parent
        The panel, or None.

    Signals
    -------
    completed(answers)
        All questions are answered; a list of `Answer`.
    """

    completed = Signal(object)

    def __init__(self, quiz: Quiz, person: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quiz = quiz
        self._person = person
        self.answers: list[Answer] = []
        self._shown_at = time.perf_counter()
        self.setWindowTitle("Real or simulated?")
        self.setObjectName("quiz_window")
        self.resize(*_SIZE)
        self.pages = QStackedWidget(self)
        for page in (self._examples(), self._question(), self._result()):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages)
        self._keys: dict[Any, Callable[[], None]] = {
            Qt.Key.Key_Left: self._say_real,
            Qt.Key.Key_R: self._say_real,
            Qt.Key.Key_Right: self._say_simulated,
            Qt.Key.Key_S: self._say_simulated,
            Qt.Key.Key_Backspace: self._back,
        }
        for each in (self.real_button, self.simulated_button):
            each.installEventFilter(self)  # else arrows go from one to the other

    def keyPressEvent(self, event: Any) -> None:
        """Qt: answer by keys."""
        if not self._take_key(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Qt: answer by keys while a button has the keyboard, too."""
        if event.type() == QEvent.Type.KeyPress and self._take_key(event):
            return True
        return bool(super().eventFilter(watched, event))

    def _take_key(self, event: Any) -> bool:
        work = self._keys.get(event.key()) if self.pages.currentIndex() == 1 else None
        if work is None:
            return False
        if not event.isAutoRepeat():  # a key held down is one answer
            work()
        return True

    def _examples(self) -> QWidget:
        page = QWidget(self)
        grid = QGridLayout(page)
        many = len(self._quiz.questions)
        text = QLabel(
            f"You will see {many} images, one after the other. Say of each whether it was taken "
            "through a microscope or made by a computer. These are examples:",
            page,
        )
        text.setWordWrap(True)
        grid.addWidget(text, 0, 0, 1, 2)
        for place, crop in enumerate(self._quiz.examples):
            row, column = 1 + 2 * (place // 2), place % 2
            view = CropView(_EXAMPLE_SIDE, page)
            view.show_crop(crop)
            grid.addWidget(view, row, column)
            grid.setRowStretch(row, 1)
            words = QLabel("real" if crop.is_real else "simulated", page)
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(words, row + 1, column)
        self.begin_button = _large("begin", "Begin", "Show the first image", self._begin)
        grid.addWidget(self.begin_button, 5, 0, 1, 2)
        return page

    def _question(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        self.view = CropView(_QUESTION_SIDE, page)
        column.addWidget(self.view, 1)
        self.progress = QProgressBar(page)
        self.progress.setObjectName("quiz_progress")
        self.progress.setAccessibleName("Images seen")
        self.progress.setRange(0, len(self._quiz.questions))
        self.progress.setFormat("%v of %m")
        column.addWidget(self.progress)
        self.real_button = _large("real", "Real", "Taken through a microscope", self._say_real)
        self.simulated_button = _large(
            "simulated", "Simulated", "Made by a computer", self._say_simulated
        )
        row = QHBoxLayout()
        row.addWidget(self.real_button)
        row.addWidget(self.simulated_button)
        column.addLayout(row)
        keys = QLabel("Keys: ← or R real, → or S simulated, Backspace one back", page)
        keys.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(keys)
        return page

    def _result(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        self.result = QLabel(page)
        self.result.setObjectName("result")
        self.result.setWordWrap(True)
        self.result.setStyleSheet("font-size: 15px;")
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.result)
        column.addStretch(1)
        self.saved = QLabel(page)
        self.saved.setObjectName("saved")
        self.saved.setWordWrap(True)
        column.addWidget(self.saved)
        row = QHBoxLayout()
        for name, text, tip, work in (
            ("save_answers", "Save as CSV…", "Keep your answers in a file", self._save),
            ("merge_answers", "Add others…", "Add answers that others have saved", self._merge),
            ("close_quiz", "Close", "Close this window", self.accept),
        ):
            row.addWidget(button(name, text, tip, work))
        column.addLayout(row)
        return page

    def _begin(self) -> None:
        self.pages.setCurrentIndex(1)
        self._show_next()

    def _show_next(self) -> None:
        number = len(self.answers)
        if number == len(self._quiz.questions):
            self._show_result(self.answers)
            self.completed.emit(list(self.answers))
            return
        self.progress.setValue(number)
        self.view.show_crop(self._quiz.questions[number])
        self._shown_at = time.perf_counter()

    def _say_real(self) -> None:
        self._say(True)

    def _say_simulated(self) -> None:
        self._say(False)

    def _say(self, real: bool) -> None:
        if self.pages.currentIndex() != 1:
            return
        number = len(self.answers)
        crop = self._quiz.questions[number]
        seconds = time.perf_counter() - self._shown_at
        self.answers.append(
            Answer(
                self._person,
                self._quiz.seed,
                number + 1,
                crop.set_name,
                crop.name,
                real,
                seconds,
            )
        )
        self._show_next()

    def _back(self) -> None:
        if self.pages.currentIndex() == 1 and self.answers:
            self.answers.pop()
            self._show_next()

    def _show_result(self, answers: Sequence[Answer]) -> None:
        self.result.setText("\n\n".join(results_of(answers).lines()))
        self.pages.setCurrentIndex(2)

    def _save(self) -> None:
        ask_for_path(self, "Save answers", f"answers-{self._person}.csv", _CSV, self.save_to)

    def save_to(self, path: Path) -> None:
        """Write the answers of this window, and say so.

        Parameters
        ----------
        path
            Ends in ``.csv``.
        """
        try:
            write_answers(path, self.answers)
        except (ValueError, OSError) as error:
            self.saved.setText(str(error))
        else:
            self.saved.setText(f"Saved: {path}")

    def _merge(self) -> None:
        found, _ = QFileDialog.getOpenFileNames(self, "Answers of others", "", _CSV)
        if found:
            self.merge([Path(path) for path in found])

    def merge(self, paths: Sequence[Path]) -> None:
        """Show the result of these answers together with others.

        Parameters
        ----------
        paths
            Files that others have saved.
        """
        try:
            others = read_answers(paths)
        except (ValueError, OSError) as error:
            self.saved.setText(str(error))
            return
        mine = {(answer.person, answer.seed) for answer in self.answers}
        fresh = [answer for answer in others if (answer.person, answer.seed) not in mine]
        self._show_result([*self.answers, *fresh])
        self.saved.setText(f"With {len(fresh)} answers of {len(paths)} files.")


def _large(name: str, text: str, tip: str, work: Any) -> QPushButton:
    made = button(name, text, tip, work)
    made.setStyleSheet(_LARGE)
    made.setMinimumHeight(64)
    return made
