"""Layers leave the canvas in the canvas' own OpenGL context.

When a layer is removed, napari (0.8 and later) at once carries out what vispy has collected, the
deletion of the layer's shader programs among it. Whichever context is current then does it, and
between two frames that is the one in which Qt puts the window together. The programs belong to
the canvas' context, so Mesa keeps them as orphans, and when the canvas is drawn next it frees
them, leaving no vertex shader bound behind the back of its own book-keeping
(``free_zombie_shaders`` in ``st_context.c``). If a single visual is left, such as one image,
nothing binds another one: napari dies in ``glDrawElements``.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget


class CanvasContext:
    """Makes the canvas' context current before a layer of its viewer is removed, by whomever.

    Parameters
    ----------
    viewer
        Its layers are watched.
    panel
        A widget in the viewer's window, docked or floating.
    """

    def __init__(self, viewer: Any, panel: QWidget) -> None:
        self._events = viewer.layers.events
        self._panel = panel
        self._events.removing.connect(self._make_current)

    def stop(self) -> None:
        """Watch the layers no more."""
        self._events.removing.disconnect(self._make_current)

    def _make_current(self, event: Any = None) -> None:
        for canvas in canvases_of(self._panel):
            if canvas.isValid():
                canvas.makeCurrent()


def canvases_of(widget: QWidget) -> list[QOpenGLWidget]:
    """Return what is drawn with OpenGL in the window that a widget belongs to.

    Parameters
    ----------
    widget
        In a window of napari, docked or floating.
    """
    window: QWidget | None = widget
    while window is not None and not isinstance(window, QMainWindow):
        window = window.parentWidget()
    return [] if window is None else list(window.findChildren(QOpenGLWidget))
