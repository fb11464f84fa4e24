"""The *Real or simulated* panel: people say of crops whether they are real."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from qtpy.QtWidgets import QLabel, QLineEdit

from napari_3dmsl.matching.two_minute_test import REAL, Quiz, QuizSettings, quiz_of_files
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.matching.path_choice import PathChoice
from napari_3dmsl.widgets.matching.quiz_window import QuizWindow

if TYPE_CHECKING:
    import napari

_ABOUT = (
    "Can you tell simulated images from real ones? Crops of both appear in random order, at the "
    "same contrast; say of each what it is. It takes some two minutes, as the study of the 3DMSL "
    "paper did."
)


class TwoMinuteTestPanel(Panel):
    """Asks for the images and opens the test in a window of its own.

    Parameters
    ----------
    viewer
        In whose window it is.
    """

    page = "matching.md"

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self.window_: QuizWindow | None = None
        self._job = BackgroundThread(self)
        self._job.progressed.connect(self._show_progress)
        self._job.finished.connect(self._open)
        self._job.failed.connect(self._fail)
        self._job.cancelled.connect(self._stopped)
        self.at_end(self._job.close)
        self.at_end(self._close_window)
        self._build()
        self._set_running(False)
        self.say("Choose real and simulated images, then press Start.")

    def _build(self) -> None:
        about = QLabel(_ABOUT, self)
        about.setWordWrap(True)
        self.add(about)
        self.real = PathChoice("real_images", "Real", "Images that a microscope has taken", self)
        self.simulated = PathChoice("simulated_images", "Simulated", "Images to be judged", self)
        self.second = PathChoice(
            "second_images",
            "Others",
            "Simulated by other means, to compare with; may be empty",
            self,
        )
        self.add_section("Images", self.real, self.simulated, self.second)
        self.person = QLineEdit(self)
        self.person.setObjectName("person")
        self.person.setAccessibleName("Your name")
        self.person.setToolTip("Any name: answers of one name are those of one person")
        self.person.setPlaceholderText("your name, or nothing: a random one")
        self.form = Form(QuizSettings)
        self.add_section("Test", self.person, self.form)
        self.start_button = self.add_button("start_test", "Start", "Open the test in a window")
        self.start_button.clicked.connect(self._start)
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop reading images")
        self.cancel_button.clicked.connect(self._job.cancel)

    def _start(self) -> None:
        given = {REAL: self.real.path, "simulated": self.simulated.path, "others": self.second.path}
        paths = {name: Path(path) for name, path in given.items() if path}
        if len(paths) < 2 or REAL not in paths or "simulated" not in paths:
            self.complain(
                "Choose real images and simulated ones: a file, a folder or an image set."
            )
            return
        self._close_window()
        self._set_running(True)
        self._job.start(quiz_of_files, paths, QuizSettings(**self.form.values()))

    def _open(self, quiz: Quiz) -> None:
        self._set_running(False)
        person = self.person.text().strip() or f"anonymous-{uuid4().hex[:6]}"
        self.window_ = QuizWindow(quiz, person, self)
        self.window_.completed.connect(self._finished)
        self.window_.show()
        self.say("The test is open in a window of its own.")

    def _finished(self, answers: list[Any]) -> None:
        right = sum(answer.is_right for answer in answers)
        self.say(f"{right} of {len(answers)} right. Save the answers in the window of the test.")

    def _close_window(self) -> None:
        if self.window_ is not None:
            self.window_.close()
            self.window_.deleteLater()
            self.window_ = None

    def _set_running(self, running: bool) -> None:
        self.start_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{what}: {done} of {total}")

    def _fail(self, message: str) -> None:
        self._set_running(False)
        self.complain(message)

    def _stopped(self) -> None:
        self._set_running(False)
        self.say("Cancelled.")
