"""*Save with ground truth*: the image that is shown, and what lies where in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QPushButton

from napari_3dmsl.datasets.render.cell_imager import CellImage
from napari_3dmsl.ground_truth.field_truths import truths_of_field
from napari_3dmsl.ground_truth.image_with_truths import SAVED, truth_path, write_with_truths
from napari_3dmsl.ground_truth.single_image import truths_of_image
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.scenes.field_imager import FieldSample
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path, ask_to_replace
from napari_3dmsl.widgets.common.save_layer import IMAGE_FILTER

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.widgets.microscope.truth_mask import Shot

_TIP = (
    "Write the image or stack as OME-TIFF, and beside it, each in a file of its own, mask, mask "
    "of what is in focus, instances, classes, depth and expected photons: of a shape, of several, "
    "of a field or of a cell"
)
_HAZE = "haze_mask"


class SaveWithTruth(QPushButton):
    """A button that writes an image and its truths in the background.

    Parameters
    ----------
    panel
        Says how it went.
    shown
        Returns the image that is shown and what it is of; None before there is one.
    shape_class
        Returns the class of the shape that is selected, where one is.
    """

    def __init__(
        self,
        panel: Panel,
        shown: Callable[[], Shot | None],
        shape_class: Callable[[], str | None],
    ) -> None:
        super().__init__("Save with ground truth…", panel)
        self.setObjectName("save_with_truth")
        self.setToolTip(_TIP)
        self._panel, self._shown, self._shape_class = panel, shown, shape_class
        self._target = Path()
        self._job = BackgroundThread(self)
        self._job.progressed.connect(self._tell)
        self._job.finished.connect(self._saved)
        self._job.failed.connect(lambda why: self._end(f"Not saved: {why}", bad=True))
        self._job.cancelled.connect(lambda: self._end("Stopped; the image was not saved."))
        self.clicked.connect(self._pressed)

    def close_work(self) -> None:
        """Stop, and wait for the file that is being written."""
        self._job.close()

    def _pressed(self) -> None:
        if self._job.is_running:
            self._job.cancel()
            return
        shot = self._shown()
        if shot is None:
            self._panel.complain("No image to save yet: select a shape first.")
            return
        stack = shot.image.simulation.acquisition.planes > 1
        name = "simulated_stack.ome.tif" if stack else "simulated_image.ome.tif"
        ask_for_path(
            self._panel,
            "Save with ground truth",
            name,
            IMAGE_FILTER,
            lambda at: self._ask(shot, at),
        )

    def _ask(self, shot: Shot, path: Path) -> None:
        """Ask before files beside the image are replaced, of which its dialog knows nothing."""
        there = [truth_path(path, name) for name in (*SAVED, _HAZE)]
        there = [file for file in there if file.exists()]
        if not there:
            self._start(shot, path)
            return
        names = ", ".join(file.name for file in there)
        ask_to_replace(
            self._panel,
            "Replace these files?",
            f"Beside the image lie {names}.",
            lambda _: self._start(shot, path),
        )

    def _start(self, shot: Shot, path: Path) -> None:
        self._target = path
        self.setText("Cancel saving")
        self._panel.say("Finding what lies where…")
        self._job.start(_write, shot, path, self._shape_class())

    def _tell(self, done: int, of: int, what: str) -> None:
        self._panel.say(f"Saving {what.replace('_', ' ')} ({done + 1} of {of})…")

    def _saved(self, files: list[Path]) -> None:
        self._end(f"Saved {self._target} and {len(files) - 1} ground truths beside it.")

    def _end(self, text: str, *, bad: bool = False) -> None:
        self.setText("Save with ground truth…")
        (self._panel.complain if bad else self._panel.say)(text)


def _write(shot: Shot, path: Path, shape_class: str | None, progress: Progress) -> list[Path]:
    """Find the truths and write them; for a thread."""
    return write_with_truths(path, shot.image, truths_of_shot(shot, shape_class), progress)


def truths_of_shot(shot: Shot, shape_class: str | None) -> dict[str, Any]:
    """Return all truths that are saved with an image.

    Parameters
    ----------
    shot
        The image and what it is of.
    shape_class
        Of a single shape, where it is known.
    """
    sample, image = shot.sample, shot.image
    if isinstance(image, CellImage):
        return image.truths((*SAVED, _HAZE))
    if isinstance(sample, FieldSample):
        return truths_of_field(sample.source, image, SAVED, sample.ids)
    assert isinstance(sample, Surface)
    return truths_of_image(sample, image, SAVED, shape_class=shape_class)
