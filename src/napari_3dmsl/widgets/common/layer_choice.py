"""A drop-down of the viewer's layers: magicgui's, which knows the viewer before it has a window."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any

from magicgui.widgets import ComboBox
from psygnal import Signal


class LayerChoice(ComboBox):
    """Offers the layers of some types that a rule accepts, as they come and go.

    napari's own choices look for the viewer through the window that a field sits in, and choose by
    type alone. A panel asks before it has a window, and by what a layer holds: so this field is
    given its viewer, and a rule.

    Parameters
    ----------
    viewer
    kind
        napari's types of layers, such as ``Labels | Image``.
    accepts
        Whether a layer of these types is offered.
    name, tooltip
        Of the field.

    Signals
    -------
    layer_changed()
        Another layer is chosen, or none is left.
    """

    layer_changed = Signal()

    def __init__(
        self,
        viewer: Any,
        kind: type | UnionType,
        accepts: Callable[[Any], bool],
        *,
        name: str,
        tooltip: str,
    ) -> None:
        self._layers = viewer.layers
        self._accepts = accepts
        super().__init__(annotation=kind, choices=self._offered, name=name, tooltip=tooltip)
        self.native.setObjectName(name)
        self.changed.connect(self._tell)
        for event in self._events():
            event.connect(self.reset_choices)

    @property
    def layer(self) -> Any:
        """The chosen layer, or None."""
        return self.value

    def choose(self, layer: Any) -> None:
        """Choose a layer that is offered.

        Parameters
        ----------
        layer
            Of the viewer.
        """
        self.value = layer

    def reset_choices(self, *_: Any) -> None:
        """Offer the layers in their order; the chosen one stays chosen, by another name too.

        Parameters
        ----------
        *_
            What events tell; not used.
        """
        before = self.layer
        with self.changed.blocked():
            self.choices = ()  # else magicgui keeps an earlier order
            super().reset_choices()
            if before in self.choices:
                self.value = before
        if self.layer is not before:
            self._tell()

    def disconnect_viewer(self) -> None:
        """Stop following the viewer."""
        for event in self._events():
            event.disconnect(self.reset_choices)

    def _offered(self, _: Any) -> list[Any]:
        kind = self.annotation
        return [layer for layer in self._layers if isinstance(layer, kind) and self._accepts(layer)]

    def _events(self) -> tuple[Any, ...]:
        events = self._layers.events
        return events.inserted, events.removed, events.reordered, events.renamed

    def _tell(self) -> None:
        self.layer_changed.emit()
