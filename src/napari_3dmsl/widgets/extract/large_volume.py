"""Volumes that are larger than the memory: the limit, where their shapes go, what it will take."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_3dmsl.compute import Processes, processors
from napari_3dmsl.layers.large_extraction import LargeWork
from napari_3dmsl.library.estimate import Estimate, estimate_extraction
from napari_3dmsl.library.extract import bytes_in_memory
from napari_3dmsl.memory import GB
from napari_3dmsl.shapes.classification import ClassRules
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.volumes.tree import is_url
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.extract.messages import large
from napari_3dmsl.widgets.extract.settings import LargeSettings


@dataclass(frozen=True, eq=False)
class _Question:
    """What an estimate is wanted of."""

    labels: Any
    settings: ExtractionSettings
    limit_gb: float


class LargeVolume(QWidget):
    """What is asked and told of a large volume only; ``form`` stands above it, for all.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    failed(why)
        The volume cannot be read, as the estimate has found.
    """

    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = Form(LargeSettings)
        self.library = QLineEdit(self)
        self.library.setObjectName("library_path")
        self.library.setAccessibleName("Shapes go to")
        self.library.setToolTip(
            "Folder, or name that ends in .zip, for the shapes; the instances go beside it, as "
            "OME-Zarr. Stopped in any way, Extract goes on from what is there already."
        )
        self._suggested = ""
        self._row = QWidget(self)
        line = QHBoxLayout(self._row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.library, 1)
        tip = "Choose the folder in which the shapes get one of their own"
        line.addWidget(button("browse_library", "Folder…", tip, self._ask))
        self.estimate = QLabel(self)
        self.estimate.setObjectName("estimate")
        self.estimate.setWordWrap(True)
        layout = QFormLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addRow("Shapes go to", self._row)
        layout.addRow(self.estimate)
        self._layout = layout
        self._asked: tuple[Any, ...] = ()
        self._estimates = LatestWins(_estimated, self)
        self._estimates.finished.connect(self._show_estimate)
        self._estimates.failed.connect(self.failed)
        self._show_rows(False)

    @property
    def limit_gb(self) -> float:
        """The limit of memory as shown."""
        limit: float = self.form.values()["memory_limit_gb"]
        return limit

    def is_large(self, stored: Any, settings: ExtractionSettings | None) -> bool:
        """Whether labels are on disk and larger than the memory.

        Parameters
        ----------
        stored
            Labels on disk, or None.
        settings
            How they will be extracted; None while that is wrong.
        """
        if stored is None:
            return False
        blocks = (1, 1, 1) if settings is None else settings.blocks
        return bytes_in_memory(stored, blocks, processors()) > self.limit_gb * GB

    def consider(self, stored: Any, name: str, settings: ExtractionSettings | None) -> None:
        """Show what concerns a volume, and begin to estimate what it will take.

        Parameters
        ----------
        stored
            Its labels on disk; None for one in memory.
        name
            Of its layer.
        settings
            As the fields have them; None while they are wrong.
        """
        if not self.is_large(stored, settings):
            self._show_rows(False)
            self._asked = ()
            return
        self._suggest(stored.where, name)
        self._show_rows(True)
        if settings is None:
            return
        asked = (stored, settings, self.limit_gb)
        if not self._asked or asked[0] is not self._asked[0] or asked[1:] != self._asked[1:]:
            self._asked = asked
            self.estimate.setText("Looking at how full the volume is…")
            self._estimates.request(_Question(*asked))

    def work(
        self, stored: Any, name: str, settings: ExtractionSettings, rules: ClassRules
    ) -> LargeWork:
        """Return the work on a large volume; ValueError as long as it has no place to go to.

        Parameters
        ----------
        stored, name, settings
            See `consider`.
        rules
            Of the classes.
        """
        text = self.library.text().strip().strip("\"'")
        if not text:
            raise ValueError("Shapes go to: type a new folder for the shapes of this volume")
        chosen = self.form.values()
        return LargeWork(
            labels=stored,
            name=name,
            settings=settings,
            rules=rules,
            library=Path(text).expanduser(),
            memory_limit=int(chosen["memory_limit_gb"] * GB),
            replace=chosen["replace_library"],
        )

    def close_threads(self) -> None:
        """Estimate nothing any more."""
        self._estimates.close()

    def _show_rows(self, shown: bool) -> None:
        for widget in (self._row, self._layout.labelForField(self._row), self.estimate):
            widget.setVisible(shown)

    def _suggest(self, where: str, name: str) -> None:
        """Suggest a new folder beside the volume, unless one was typed."""
        if self.library.text() not in ("", self._suggested):
            return
        above = Path.home()
        if not is_url(where):
            parents = (folder for folder in Path(where).absolute().parents if folder.is_dir())
            above = next((one for one in parents if os.access(one, os.W_OK)), above)
        plain = "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
        self._suggested = str(above / f"{plain or 'volume'}_shapes")
        self.library.setText(self._suggested)

    def _ask(self) -> None:
        title = "The folder in which the shapes get one of their own"
        folder = QFileDialog.getExistingDirectory(self, title, str(Path(self._suggested).parent))
        if folder:
            self.library.setText(str(Path(folder) / Path(self._suggested or "shapes").name))

    def _show_estimate(self, question: _Question, estimate: Estimate) -> None:
        asked = self._asked
        of_this = bool(asked) and question.labels is asked[0]
        if of_this and (question.settings, question.limit_gb) == asked[1:]:
            self.estimate.setText(large(question.labels.shape, question.limit_gb, estimate))


def _estimated(question: _Question, is_outdated: Callable[[], bool]) -> Estimate:
    """Work of the thread."""
    return estimate_extraction(
        question.labels,
        question.settings,
        Processes(),
        int(question.limit_gb * GB),
        labels_out=Path("instances.ome.zarr"),
    )
