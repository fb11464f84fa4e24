"""The 3D canvas steps back while something is dragged, where drawing it takes long.

Without a graphics card a canvas with some hundred thousand triangles takes 50 to 100 ms a frame,
and Qt draws it before it paints anything else. The images that follow the hand would wait for it.
So the canvas is held until the image has been painted, and then rests for as long as its last frame
took: it follows too, at half the processors' time.
"""

from __future__ import annotations

import time
from collections import deque
from statistics import median
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget

from napari_3dmsl.widgets.common.frame_apart import gl_canvas_of

_SLOW_S = 0.03  # frames that take less are drawn together with the image
_PATIENCE_S = 0.05  # without an image by then, what is dragged is drawn alone


class CanvasPace(QObject):
    """Holds back the frames of a viewer's canvas, and lets them go.

    Parameters
    ----------
    viewer
        Whose canvas it is.
    parent
        Of the Qt object.

    Signals
    -------
    released()
        The canvas is about to be drawn: what it shows is brought up to date now.
    """

    released = Signal()

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._canvas: QOpenGLWidget | None = None
        self._took_s: deque[float] = deque(maxlen=5)
        self._began: float | None = None
        self._ended = 0.0
        self._is_due = self._image_is_new = False
        self.is_holding = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.release)

    @property
    def frame_s(self) -> float:
        """How long a frame of the canvas took of late, 0 when none has been seen."""
        return median(self._took_s) if self._took_s else 0.0

    def hold(self) -> None:
        """Draw no frame before the image that has been asked for; for each step of a drag."""
        if self._canvas is None and not self._find():
            return
        if self.is_holding or self._is_due or self.frame_s < _SLOW_S:
            return
        assert self._canvas is not None
        self.is_holding = True
        self._canvas.setUpdatesEnabled(False)
        self._start(_PATIENCE_S)

    def image_comes(self) -> None:
        """Tell that the image is painted next: after it comes the canvas."""
        self._image_is_new = self.is_holding

    def release(self) -> None:
        """Let the canvas be drawn."""
        self._timer.stop()
        if not self.is_holding or self._canvas is None:
            return
        self.is_holding = self._image_is_new = False
        self._is_due = self._canvas.isVisible()
        self.released.emit()
        self._canvas.setUpdatesEnabled(True)  # asks for a frame, too

    def stop(self) -> None:
        """Leave the canvas alone from now on."""
        self.release()
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
            self._canvas.frameSwapped.disconnect(self._on_screen)
            self._canvas = None

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Qt: see when a frame begins."""
        if event.type() == QEvent.Type.Paint and watched.updatesEnabled():
            self._began = time.perf_counter()
        return False

    def _find(self) -> bool:
        """Look for the canvas; a viewer without a window has none."""
        self._canvas = gl_canvas_of(self._viewer)
        if self._canvas is None:
            return False
        self._canvas.installEventFilter(self)
        self._canvas.frameSwapped.connect(self._on_screen)
        return True

    def _on_screen(self) -> None:
        """Count the time of a frame; after an image it is the canvas' turn."""
        now = time.perf_counter()
        if self._began is not None:
            self._took_s.append(now - self._began)
            self._began, self._ended, self._is_due = None, now, False
        elif self._image_is_new and self.is_holding:
            self._image_is_new = False
            self._start(0.0)

    def _start(self, least_s: float) -> None:
        rest_s = self._ended + self.frame_s - time.perf_counter()
        self._timer.start(round(1000 * max(rest_s, least_s)))
