"""Where the labels of the *Extract shapes* panel come from: a layer, a file, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from napari_3dmsl.described import described as settings_of
from napari_3dmsl.volumes.open import LABEL_SUFFIXES, LabelVolume, list_series, open_labels
from napari_3dmsl.widgets.common.form import button
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.extract.settings import SourceSettings

_KINDS = f"Label volumes ({' '.join(f'*{suffix}' for suffix in LABEL_SUFFIXES)})"
_BACKGROUND = settings_of(SourceSettings)["background"]


class LabelSource(QWidget):
    """A choice of layers, buttons that open files as labels, and what counts as background.

    Parameters
    ----------
    choice
        Of the viewer's layers.
    parent
        Of the widget.

    Signals
    -------
    opened(volume, path)
        A label volume was read.
    failed(why)
    background_changed
    """

    opened = Signal(object, object)
    failed = Signal(str)
    background_changed = Signal()

    def __init__(self, choice: LayerChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = Path()
        buttons = QWidget(self)
        line = QHBoxLayout(buttons)
        line.setContentsMargins(0, 0, 0, 0)
        tip = "TIFF, NumPy (.npy, .npz) or NIfTI (.nii, .nii.gz) label volume"
        line.addWidget(button("open", "Open as labels…", tip, self._ask_for_file))
        tip = (
            "A folder of sections: one TIFF or PNG each, in the order of the numbers in their names"
        )
        line.addWidget(button("open_folder", "Folder…", tip, self._ask_for_folder))
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

    def open(self, path: Path, series: int | None = None) -> None:
        """Read a file or folder; of several images that can be labels the one to take is asked.

        Parameters
        ----------
        path
            Of a file or folder.
        series
            Number of the image to take, where there are several.
        """
        self._path = path
        try:
            if series is None:
                self._offer([one for one in _series_of(path) if not one.refused])
            volume = open_labels(path, series=series, background=self.background())
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self._background.clear()  # there is none left in what was read
        self.opened.emit(volume, path)

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


def _series_of(path: Path) -> tuple[Any, ...]:
    return list_series(path) if path.is_file() else ()


def described(volume: LabelVolume, path: Path) -> str:
    """Say what was read, and what is to be told about it.

    Parameters
    ----------
    volume
        As it was read.
    path
        From where.
    """
    size = " × ".join(map(str, volume.labels.shape))
    return "\n".join([f"{path.name}: {size} voxels (z × y × x)", *volume.notes])
