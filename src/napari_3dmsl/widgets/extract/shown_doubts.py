"""What is improbable about the chosen labels, told below them."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QWidget

from napari_3dmsl.volumes.labels import VoxelNm
from napari_3dmsl.widgets.common.accessibility import warning_colour
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.extract.label_doubts import Labels, doubts_about
from napari_3dmsl.widgets.extract.layer_voxels import finest, quickly_read
from napari_3dmsl.widgets.extract.messages import in_the_panel, sentence


class ShownDoubts(QLabel):
    """Looks in a thread at whether these are labels of mitochondria; not at what is large.

    Parameters
    ----------
    panel
        In whose theme it is.

    Signals
    -------
    failed(why)
        One line.
    """

    failed = Signal(str)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self.setObjectName("doubts")
        self.setWordWrap(True)
        self.texts: list[str] = []
        """In the words of the panel; none while nothing is doubtful or known."""
        self._asked: tuple[Any, ...] = (None,)
        self.checks = LatestWins(doubts_about, self)
        self.checks.finished.connect(self._show)
        self.checks.failed.connect(self.failed)

    def ask(self, layer: Any, background: Any, voxel_nm: VoxelNm | None, instances: bool) -> None:
        """Look at a layer, unless it has been looked at with the same settings.

        Parameters
        ----------
        layer
            The chosen one, or None.
        background
            Number that is background besides 0, or None.
        voxel_nm
            (z, y, x), as typed.
        instances
            Whether each label is one shape.

        Raises
        ------
        ValueError
            When the layer holds no labels.
        """
        array = None if layer is None or getattr(layer, "rgb", False) else quickly_read(layer)
        if array is not None and voxel_nm is not None:
            steps = np.round(np.divide(finest(layer).shape, array.shape)).tolist()
            z, y, x = (size * step for size, step in zip(voxel_nm, steps[-3:], strict=True))
            voxel_nm = (z, y, x)
        asked = array, background, voxel_nm, instances
        if asked[0] is self._asked[0] and asked[1:] == self._asked[1:]:
            return
        self._asked = asked
        self.texts = []
        self.setText("")
        self.hide()
        if array is not None:
            self.checks.request(Labels(array, *asked[1:]))

    def _show(self, labels: Labels, found: list[str]) -> None:
        if labels.array is not self._asked[0]:
            return
        self.texts = [in_the_panel(text) for text in found]
        self.colour()
        self.setVisible(bool(found))
        self.setText("\n".join(map(sentence, self.texts)))

    def colour(self) -> None:
        """Write in the red of the theme."""
        if self.texts:
            self.setStyleSheet(f"color: {warning_colour(self._panel)};")
