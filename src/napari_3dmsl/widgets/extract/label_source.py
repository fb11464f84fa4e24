"""Where the labels of the *Extract shapes* panel come from: a layer, a file, a folder, a URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from napari_3dmsl.described import described as settings_of
from napari_3dmsl.volumes.lazy import LazyVolume
from napari_3dmsl.volumes.open import (
    LABEL_SUFFIXES,
    LabelVolume,
    list_series,
    open_labels_or_lazy,
)
from napari_3dmsl.volumes.series import Series
from napari_3dmsl.volumes.tree import is_url
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.extract.settings import SourceSettings

_KINDS = f"Label volumes ({' '.join(f'*{suffix}' for suffix in LABEL_SUFFIXES)})"
_BACKGROUND = settings_of(SourceSettings)["background"]


class LabelSource(QWidget):
    """A choice of layers, ways to open files and URLs as labels, and what counts as background.

    Parameters
    ----------
    choice
        Of the viewer's layers.
    parent
        Of the widget.

    Signals
    -------
    opened(volume, path)
        A label volume was read, or opened where it is read in parts.
    waiting(what)
        A server was asked.
    failed(why)
    background_changed
    """

    opened = Signal(object, object)
    failed = Signal(str)
    waiting = Signal(str)
    background_changed = Signal()

    def __init__(self, choice: LayerChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | str = Path()
        self._server = BackgroundThread(self, patience_s=1.0)
        self._server.finished.connect(self._take_answer)
        self._server.failed.connect(self.failed)
        buttons = QWidget(self)
        line = QHBoxLayout(buttons)
        line.setContentsMargins(0, 0, 0, 0)
        tip = "Label volume: TIFF, NumPy, NIfTI, HDF5, Imaris, MRC or NRRD"
        line.addWidget(button("open", "Open as labels…", tip, self._ask_for_file))
        tip = (
            "A folder: Zarr, N5, precomputed, or sections, one TIFF or PNG each, in the order of "
            "the numbers in their names"
        )
        line.addWidget(button("open_folder", "Folder…", tip, self._ask_for_folder))
        self.address = QLineEdit(self)
        self.address.setObjectName("address")
        self.address.setAccessibleName("Path or URL")
        self.address.setPlaceholderText("s3://, gs://, https:// or a path")
        self.address.setToolTip(
            "Path of a label volume, also of a part of a Zarr or N5, or the URL of a Zarr, N5 or "
            "precomputed volume; press Enter to open it"
        )
        self.address.returnPressed.connect(self._open_address)
        self.series = QComboBox(self)
        self.series.setObjectName("series")
        self.series.setAccessibleName("Image in the file")
        self.series.setToolTip("Which of the images in the file holds the labels")
        self.series.activated.connect(self._take_series)
        self._background = QLineEdit(self)
        self._background.setObjectName("background")
        self._background.setAccessibleName(_BACKGROUND.show.label)
        self._background.setPlaceholderText(_BACKGROUND.show.lowest)
        self._background.setToolTip(_BACKGROUND.help)
        self._background.editingFinished.connect(self.background_changed)
        form = QFormLayout(self)
        form.setContentsMargins(4, 2, 4, 2)
        form.addRow("Labels", choice.native)
        form.addRow("", buttons)
        form.addRow("Path or URL", self.address)
        form.addRow("Image in the file", self.series)
        form.addRow(_BACKGROUND.show.label, self._background)
        self._form = form
        self._offer([])

    def background(self) -> int | Literal["max"] | None:
        """Return the number besides 0 that is background; ValueError when it is none."""
        text = self._background.text().strip().replace("−", "-")
        if text in ("", "0"):
            return None
        if text == "max":
            return "max"
        try:
            return int(text)
        except ValueError:
            raise ValueError(
                f"Background: {text!r}: expected a whole number, max, or nothing"
            ) from None

    def close_server(self) -> None:
        """Wait for no server any more."""
        self._server.close()

    def open(self, path: Path | str, series: int | None = None) -> None:
        """Read a file or folder; of several images that can be labels the one to take is asked.

        Parameters
        ----------
        path
            Of a file or folder, or a URL, which is asked beside the window.
        series
            Number of the image to take, where there are several.
        """
        try:
            background = self.background()
            if is_url(path):
                self._ask_server(str(path), series, background)
                return
            self._path = path
            self._take_answer(_opened(path, series, background))
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))

    def _ask_server(self, url: str, series: int | None, background: Any) -> None:
        if self._server.is_running:
            raise ValueError(f"{self._path}: its server is still being waited for")
        self._path = url
        self.waiting.emit(f"Asking the server of {url}…")
        self._server.start(_opened, url, series, background)

    def _take_answer(self, answer: _Answer) -> None:
        """Offer what there is, and hand on what was opened."""
        if answer.asked_for is None:
            self._offer([one for one in answer.series if not one.refused])
        if answer.volume is None:
            self.failed.emit(answer.problem)
            return
        self._background.clear()  # there is none left in what was read
        self.opened.emit(answer.volume, self._path)

    def _open_address(self) -> None:
        text = self.address.text().strip().strip("\"'")
        if text:
            self.open(text if is_url(text) else Path(text).expanduser())

    def _offer(self, several: list[Any]) -> None:
        with QSignalBlocker(self.series):
            self.series.clear()
            self.series.addItem("choose one…", None)
            for one in several:
                self.series.addItem(str(one), one.index)
        for widget in (self.series, self._form.labelForField(self.series)):
            widget.setVisible(len(several) > 1)

    def _take_series(self) -> None:
        if self.series.currentData() is not None:
            self.open(self._path, self.series.currentData())

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open as labels", "", _KINDS)
        if path:
            self.open(Path(path))

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Open a folder of sections, or OME-Zarr, as labels"
        )
        if folder:
            self.open(Path(folder))


@dataclass(frozen=True, eq=False)
class _Answer:
    """What lies at a path: the series in it, and the volume, or why there is none."""

    series: tuple[Series, ...]
    asked_for: int | None
    volume: LabelVolume | LazyVolume | None = None
    problem: str = ""


def _opened(path: Path | str, series: int | None, background: Any, progress: Any = None) -> _Answer:
    """Open what lies at a path; work for a thread."""
    found: tuple[Series, ...] = ()
    try:
        found = () if series is not None else list_series(path)
        return _Answer(found, series, open_labels_or_lazy(path, series, background))
    except (ValueError, OSError) as error:
        return _Answer(found, series, problem=str(error))


def described(volume: LabelVolume | LazyVolume, path: Path | str) -> str:
    """Say what was read, and what is to be told about it.

    Parameters
    ----------
    volume
        As it was read.
    path
        From where.
    """
    size = " × ".join(map(str, volume.labels.shape))
    name = str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    how = ["It is read where you look at it."] if isinstance(volume, LazyVolume) else []
    return "\n".join([f"{name}: {size} voxels (z × y × x)", *how, *volume.notes])
