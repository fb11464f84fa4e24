"""Play a film in the viewer: the slider of time goes on by itself until somebody takes it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer

_FRAME_MS = 150


class FilmPlayer(QObject):
    """Moves the slider of an axis; ends with the layer, or when a person moves the slider.

    napari's own player is not public.

    Parameters
    ----------
    viewer
        In which it plays.
    parent
        The panel.
    """

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Any = None
        self._axis = 0
        self._frame = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.next_frame)

    @property
    def plays(self) -> bool:
        """Whether it does."""
        return self._timer.isActive()

    def play(self, layer: Any, axis: int) -> None:
        """Play from the first frame on, again and again.

        Parameters
        ----------
        layer
            That is watched.
        axis
            Of the layer: its time.
        """
        self._layer, self._axis = layer, axis
        self._go(0)
        self._timer.start()

    def stop(self) -> None:
        """Let the slider rest where it is."""
        self._timer.stop()

    def next_frame(self) -> None:
        """Show the next frame, unless the slider was moved or the layer is gone."""
        if self._layer not in self._viewer.layers:
            self.stop()
            return
        if self._viewer.dims.current_step[self._place()] != self._frame:
            self.stop()
            return
        self._go((self._frame + 1) % self._layer.data.shape[self._axis])

    def _place(self) -> int:
        return int(self._viewer.dims.ndim - self._layer.ndim + self._axis)

    def _go(self, frame: int) -> None:
        self._viewer.dims.set_current_step(self._place(), frame)
        self._frame = self._viewer.dims.current_step[self._place()]
