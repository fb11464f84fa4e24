"""Play films in the viewer: the slider of time goes on by itself until somebody takes it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import ref

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QApplication

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.images import SIMULATED

_FRAME_MS = 150
_TIME = "t"


class FilmPlayer(QObject):
    """Moves the slider of an axis; ends with the layer, or when a person moves the slider.

    napari's own player is not public.

    Parameters
    ----------
    viewer
        In which it plays.
    parent
        Of the Qt object.
    """

    def __init__(self, viewer: Any, parent: QObject | None) -> None:
        super().__init__(parent)
        self._viewer_of = ref(getattr(viewer, "__wrapped__", viewer))
        self._layer: Any = None
        self._axis = 0
        self._frame = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.next_frame)

    @property
    def _viewer(self) -> Any:
        return self._viewer_of()

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
        if self._viewer is None or self._layer not in self._viewer.layers:
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


class _OpenedFilm(FilmPlayer):
    """Belongs to nobody, so it goes when it ends: with its layer, or by a person's hand."""

    def stop(self) -> None:
        """See `FilmPlayer.stop`."""
        super().stop()
        self._layer = None
        self.deleteLater()

    def next_frame(self) -> None:
        """See `FilmPlayer.next_frame`; of a window that is gone there is none."""
        try:
            super().next_frame()
        except RuntimeError:  # Qt has deleted it
            with suppress(RuntimeError):
                self.stop()


def is_film(layer: Any) -> bool:
    """Return whether a layer is a simulated image of several moments.

    Parameters
    ----------
    layer
        Of napari.
    """
    axes = list(layer.axis_labels)
    return kind_of(layer) == SIMULATED and _TIME in axes and layer.data.shape[axes.index(_TIME)] > 1


def play_opened(viewer: Any, layer: Any) -> FilmPlayer | None:
    """Show a film flat and play it, until the slider of time is moved or the layer goes.

    Parameters
    ----------
    viewer
        Which shows the layer.
    layer
        A film; one that is gone meanwhile is not played.
    """
    if layer not in viewer.layers:
        return None
    viewer.dims.ndisplay = 2  # in 3D its frames would be a depth
    player = _OpenedFilm(viewer, QApplication.instance())
    player.play(layer, list(layer.axis_labels).index(_TIME))
    return player
