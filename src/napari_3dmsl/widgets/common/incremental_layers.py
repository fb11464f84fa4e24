"""Work on layers in small pieces, so that the window answers between them.

napari makes a layer, its drawing and its controls in one go; with a frame after it that takes a
tenth of a second in software.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.show import unselected
from napari_3dmsl.widgets.common.endings import Endings
from napari_3dmsl.widgets.common.frame_apart import FrameApart
from napari_3dmsl.widgets.common.garbage import put_off

Turn = Callable[[], None]

_PAUSE_MS = 5  # after a turn's frame, for mouse and keyboard


class Turns(QObject):
    """Calls functions one after the other, each in a turn of the event loop of its own.

    Parameters
    ----------
    parent
        Of the Qt object.
    at_once_s
        Until they have taken so many seconds of processor time, several are called in one turn.
    viewer
        Whose frames have turns of their own, too.

    Signals
    -------
    ended()
        All have been called.
    """

    ended = Signal()

    def __init__(
        self, parent: QObject | None = None, at_once_s: float = 0.0, *, viewer: Any = None
    ) -> None:
        super().__init__(parent)
        self._at_once_s = at_once_s
        self._frame = FrameApart(viewer, self)
        self._frame.drawn.connect(self._go_on)
        self._turns: deque[Turn] = deque()
        self._rests = Endings()
        self.destroyed.connect(self._rests.run)  # in the midst of it, with its panel
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._take)
        self._is_running = False

    @property
    def is_running(self) -> bool:
        """Whether there is something left to do."""
        return self._is_running

    def extend(self, turns: Iterable[Turn]) -> None:
        """Do this too, after what is waiting.

        Parameters
        ----------
        turns
            Each takes no longer than the window may stand still.
        """
        self._turns.extend(turns)
        if not self.is_running:
            self._is_running = True
            self._rests.append(put_off())
            self._timer.start()

    def finish(self) -> None:
        """Do what is left now."""
        while self.is_running:
            self._take()

    def stop(self) -> None:
        """Leave the rest undone."""
        self._rests.run()
        self._timer.stop()
        self._is_running = False
        self._turns.clear()

    def _go_on(self) -> None:
        if self.is_running:
            self._timer.start()

    def _take(self) -> None:
        until = time.thread_time() + self._at_once_s
        try:
            with self._frame.after():
                while self._turns:
                    self._turns.popleft()()
                    if not self.is_running:
                        return
                    if time.thread_time() >= until:
                        return
        except Exception:
            self.stop()
            raise
        self.stop()
        self.ended.emit()


class LayersInTurns(QObject):
    """Adds layers to a viewer: each is made, added and shown in turns of its own.

    Parameters
    ----------
    viewer
        Which gets the layers.
    parent
        Of the Qt object.

    Signals
    -------
    added(layers)
        All of them are there and shown.
    """

    added = Signal(list)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._made: list[Any] = []
        self._turns = Turns(self, viewer=viewer)
        self._turns.ended.connect(lambda: self.added.emit(self._made))

    def start(
        self,
        found: Sequence[LayerData],
        first: Sequence[Turn] = (),
        before_shown: Sequence[Turn] = (),
    ) -> None:
        """Begin to add layers.

        Parameters
        ----------
        found
            The layers. They are shown when all are there: until then frames are cheap.
        first, before_shown
            What else is to be done, each in a turn of its own.
        """
        self.stop()
        self._made = []
        self._turns.extend(first)
        for at, data in enumerate(found):
            self._turns.extend([partial(self._make, data), partial(self._add, at)])
        self._turns.extend(before_shown)
        self._turns.extend(partial(self._show, at, data) for at, data in enumerate(found))

    def finish(self) -> None:
        """Add at once what is left."""
        self._turns.finish()

    def stop(self) -> None:
        """Leave it: what has been added stays."""
        self._turns.stop()

    def _make(self, data: LayerData) -> None:
        from napari.layers import Layer

        content, attributes, kind = data
        layer = Layer.create(content, {**attributes, "visible": False}, kind)
        if kind == "labels":  # napari looks up the colours of all numbers once, and keeps them
            layer.colormap.map(np.zeros(1, layer.data.dtype))
        self._made.append(layer)

    def _add(self, at: int) -> None:
        with unselected(self._viewer.layers):
            self._viewer.add_layer(self._made[at])

    def _show(self, at: int, data: LayerData) -> None:
        self._made[at].visible = data[1].get("visible", True)
