"""The contact sheet: a few samples of an image set as pictures, each with its name."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QListView, QListWidget, QListWidgetItem, QWidget

from napari_3dmsl.datasets.run.preview import Previewed, picture_of

SIZE = 86
_CAPTION = 34
_MARGIN = 6
_OUTLINE = (255, 190, 60)


class ContactSheet(QListWidget):
    """As many pictures beside each other as the panel is wide.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    pointed(numbers)
        A picture is chosen: what was drawn for it, in words.
    """

    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("contact_sheet")
        self.setAccessibleName("Samples")
        self.setToolTip(
            "Samples as the set will have them; point at one, or go there with the arrow keys, for "
            "its numbers"
        )
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(SIZE, SIZE))
        self.setGridSize(QSize(SIZE + _MARGIN, SIZE + _CAPTION))
        self.setWordWrap(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(4 * (SIZE + _CAPTION) + 2 * _MARGIN)
        self.currentItemChanged.connect(self._tell)
        self._shown: list[Previewed] = []
        self._outlined = True

    def add(self, sample: Previewed) -> None:
        """Show one more sample.

        Parameters
        ----------
        sample
            As it was made.
        """
        found = sample.rendered
        objects = found.metadata["shape_ids"]
        what = f"{objects[0]}" if len(objects) == 1 else f"{len(objects)} shapes"
        item = QListWidgetItem(f"{what} · {found.view}\n{found.instrument.name}")
        item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
        item.setToolTip(_numbers(found.metadata, found.group.split))
        self._shown.append(sample)
        item.setIcon(QIcon(self._picture(sample)))
        self.addItem(item)

    def empty(self) -> None:
        """Show nothing."""
        self._shown.clear()
        self.clear()

    def outline(self, shown: bool) -> None:
        """Show or hide the outlines of the masks.

        Parameters
        ----------
        shown
            Whether they are seen.
        """
        self._outlined = shown
        for row, sample in enumerate(self._shown):
            self.item(row).setIcon(QIcon(self._picture(sample)))

    def _tell(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.pointed.emit(item.toolTip().replace("\n", "; "))

    def _picture(self, sample: Previewed) -> QPixmap:
        grey, outline = picture_of(sample.rendered)
        pixels = np.repeat(grey[..., None], 3, axis=2)
        if self._outlined:
            pixels[outline] = _OUTLINE
        rows, columns = grey.shape
        pixels = np.ascontiguousarray(pixels)
        image = QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        return QPixmap.fromImage(image.copy()).scaled(  # a copy, as Qt keeps no hold of the array
            SIZE,
            SIZE,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )


def _numbers(metadata: dict[str, Any], split: str) -> str:
    """Say what was drawn for an image."""
    ratio = metadata["peak_snr"]
    lines = [
        f"{split}; shape {', '.join(map(str, metadata['shape_ids'][:10]))}",
        f"{metadata['emitters']:,} fluorophores, "
        f"{metadata['photons_per_fluorophore']:,.0f} photons each",
        f"focus {metadata['acquisition']['focus_um']:+.2f} µm, "
        f"depth {metadata['acquisition']['depth_um']:.2f} µm",
    ]
    return "\n".join(lines + ([] if ratio is None else [f"signal to noise {ratio:.1f}"]))
