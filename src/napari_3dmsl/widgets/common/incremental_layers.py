"""Work on layers in small pieces, so that the window answers between them.

napari makes a layer, its drawing and its controls in one go; with a frame after it that takes a
tenth of a second in software.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.show import unselected

Turn = Callable[[], None]

_PAUSE_MS = 10  # between two turns, for mouse and keyboard
_NEVER = 1_000_000


class Turns(QObject):
    """Calls functions one after the other, each in a turn of the event loop of its own.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    ended()
        All have been called.
    """

    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turns: deque[Turn] = deque()
        self._collecting: tuple[int, int, int] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._take)

    @property
    def is_running(self) -> bool:
        """Whether there is something left to do."""
        return self._timer.isActive()

    def extend(self, turns: Iterable[Turn]) -> None:
        """Do this too, after what is waiting.

        Parameters
        ----------
        turns
            Each takes no longer than the window may stand still.
        """
        self._turns.extend(turns)
        if self._collecting is None:
            # To search all of napari for garbage stops the window for a quarter of a second.
            self._collecting = gc.get_threshold()
            gc.set_threshold(*self._collecting[:2], _NEVER)
        self._timer.start()

    def finish(self) -> None:
        """Do what is left now."""
        while self.is_running:
            self._take()

    def stop(self) -> None:
        """Leave the rest undone."""
        if self._collecting is not None:
            gc.set_threshold(*self._collecting)
        self._collecting = None
        self._timer.stop()
        self._turns.clear()

    def _take(self) -> None:
        try:
            if self._turns:
                self._turns.popleft()()
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
        self._turns = Turns(self)
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
