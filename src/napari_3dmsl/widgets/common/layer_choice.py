"""A drop-down of the viewer's layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QWidget


class LayerChoice(QComboBox):
    """Offers the layers that a rule accepts and follows the viewer as they come and go.

    magicgui's own drop-down only finds the viewer once it sits in a napari window and cannot
    choose by what a layer holds, so this one asks the viewer directly.
    """

    layer_changed = Signal()

    def __init__(
        self, viewer: Any, accepts: Callable[[Any], bool], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layers = viewer.layers
        self._accepts = accepts
        self._offered: list[Any] = []
        for event in self._events():
            event.connect(self._renew)
        self.currentIndexChanged.connect(lambda _: self.layer_changed.emit())
        self._renew()

    @property
    def layer(self) -> Any:
        """The chosen layer, or None."""
        index = self.currentIndex()
        return self._offered[index] if 0 <= index < len(self._offered) else None

    def choose(self, layer: Any) -> None:
        """Choose a layer that is offered."""
        self.setCurrentIndex(self._offered.index(layer))

    def disconnect_viewer(self) -> None:
        """Stop following the viewer."""
        for event in self._events():
            event.disconnect(self._renew)

    def _events(self) -> tuple[Any, ...]:
        events = self._layers.events
        return events.inserted, events.removed, events.reordered, events.renamed

    def _renew(self, event: Any = None) -> None:
        before = self.layer
        with QSignalBlocker(self):
            self.clear()
            self._offered = [layer for layer in self._layers if self._accepts(layer)]
            self.addItems([layer.name for layer in self._offered])
            if before in self._offered:
                self.setCurrentIndex(self._offered.index(before))
        if self.layer is not before:
            self.layer_changed.emit()
