"""Pictures of the shapes in sight, made in a thread and kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtGui import QColor, QImage, QPixmap

from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.shapes.thumbnail import render_thumbnail
from napari_3dmsl.widgets.common.latest_wins import LatestWins, Outdated

SIZE = 34
LARGE = 96
KEPT = 2000
_CALM_MS = 60  # without scrolling, before pictures are made: reading large meshes holds up Python

_WANTED = 64  # more rows than a table shows at once

Picture = NDArray[np.uint8]


class Thumbnails(QObject):
    """Makes the pictures that are asked for, which a table does for the rows in sight only.

    Parameters
    ----------
    parent
        Of the Qt object.
    size
        Side of a picture in pixels.

    Signals
    -------
    made(shape_id)
        There is a picture of this shape now.
    """

    made = Signal(int)
    _drawn = Signal(object, int, object)

    def __init__(self, parent: QObject | None = None, size: int = SIZE) -> None:
        super().__init__(parent)
        self.size = size
        self._source: ShapeSource | None = None
        self._pictures: OrderedDict[int, Picture | None] = OrderedDict()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._work = LatestWins(self._draw, self)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._ask)
        self._drawn.connect(self._keep)

    def show(self, source: ShapeSource | None) -> None:
        """Make pictures of other shapes.

        Parameters
        ----------
        source
            A library, or shapes just extracted; None for nothing.
        """
        if source is not self._source:
            self._source = source
            self._pictures.clear()
            self._wanted.clear()

    def picture(self, shape_id: int, colour: str) -> QPixmap | None:
        """Return the picture of a shape in a colour; if there is none yet, it is made soon.

        Parameters
        ----------
        shape_id
            Of the shape.
        colour
            ``#rrggbb``.
        """
        if shape_id not in self._pictures:
            self._want(shape_id)
        found = self._pictures.get(shape_id)
        if found is None:
            return None
        self._pictures.move_to_end(shape_id)
        tint = QColor(colour)
        light = found[..., :1].astype(np.uint16)
        rgb = light * np.array([tint.red(), tint.green(), tint.blue()], np.uint16) // 255
        rgba = np.concatenate([rgb.astype(np.uint8), found[..., 1:]], axis=-1)
        height, width = rgba.shape[:2]
        image = QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
        return QPixmap.fromImage(image)  # a copy, so the bytes may go

    def close(self) -> None:
        """Stop: the thread ends after the picture that it is at."""
        self._calm.stop()
        self._work.close()

    def _want(self, shape_id: int) -> None:
        if shape_id not in self._wanted:
            self._wanted[shape_id] = None
            while len(self._wanted) > _WANTED:  # scrolled out of sight long ago
                self._wanted.popitem(last=False)
            self._calm.start()

    def _ask(self) -> None:
        if self._wanted and self._source is not None:
            self._work.request((self._source, list(self._wanted)))

    def _draw(
        self, request: tuple[ShapeSource, list[int]], is_outdated: Callable[[], bool]
    ) -> None:
        source, shape_ids = request
        for shape_id in shape_ids:
            if is_outdated():
                raise Outdated
            try:
                picture = render_thumbnail(source.mesh(shape_id), self.size)
            except (ValueError, OSError):  # told when somebody selects it
                picture = None
            self._drawn.emit(source, shape_id, picture)

    def _keep(self, source: Any, shape_id: int, picture: Picture | None) -> None:
        if source is not self._source:
            return
        self._pictures[shape_id] = picture
        self._wanted.pop(shape_id, None)
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        self.made.emit(shape_id)
