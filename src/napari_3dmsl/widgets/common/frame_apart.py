"""A frame of the canvas in a turn of the event loop of its own, not in that of what it shows.

napari asks for a frame with each change of a layer, and Qt draws it before anything else gets its
turn. Without a graphics card a thousand shapes take a tenth of a second to draw, and as long to
change: the window would stand still for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget

from napari_3dmsl.widgets.common.endings import Endings

_LATER_MS = 6  # mouse and keyboard have their turn before


def gl_canvas_of(viewer: Any) -> QOpenGLWidget | None:
    """Return what the layers of a viewer are drawn in; a viewer without a window has none.

    Parameters
    ----------
    viewer
        Of napari.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)  # napari gives panels a proxy
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    found = [] if window is None else window.findChildren(QOpenGLWidget)
    return found[0] if len(found) == 1 else None


class FrameApart(QObject):
    """Holds frames of a viewer's canvas back while something is changed.

    Parameters
    ----------
    viewer
        Whose canvas it is.
    parent
        Of the Qt object.

    Signals
    -------
    drawn()
        The frame of what has been changed is there; also where nothing can be held back.
    """

    drawn = Signal()

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._held: QOpenGLWidget | None = None
        self._endings = Endings()
        self.destroyed.connect(self._endings.run)  # with its panel, while a frame is held back
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LATER_MS)
        self._timer.timeout.connect(self._draw)

    @contextmanager
    def after(self) -> Iterator[None]:
        """Draw a frame for what is done within, but later."""
        canvas = gl_canvas_of(self._viewer)
        if self._held is None and canvas is not None and canvas.updatesEnabled():
            self._held = canvas
            canvas.setUpdatesEnabled(False)
            self._endings.append(partial(_let_go, canvas))
        try:
            yield
        finally:
            self._timer.start()

    def _draw(self) -> None:
        held, self._held = self._held, None
        self._endings.run()
        if held is not None and held.isVisible():
            held.repaint()  # now: whoever goes on would put it off again
        self.drawn.emit()


def _let_go(canvas: QOpenGLWidget) -> None:
    with suppress(RuntimeError):  # Qt has deleted it
        canvas.setUpdatesEnabled(True)  # asks for a frame, too
