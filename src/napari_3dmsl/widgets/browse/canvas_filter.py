"""The canvas shows the shapes that the table lists, or some that are isolated."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.classes import CLASS, shapes_of
from napari_3dmsl.layers.seen_shapes import ALL_SEEN, SeenShapes
from napari_3dmsl.layers.surfaces import HIGHLIGHT
from napari_3dmsl.widgets.common.class_surfaces import see
from napari_3dmsl.widgets.common.incremental_layers import Turns

_CALM_MS = 120  # without a change of the filter, before the canvas follows


class CanvasFilter(QObject):
    """Lets the surfaces of the classes show some shapes only.

    Parameters
    ----------
    viewer
        Whose layers show the shapes.
    parent
        Of the Qt object.

    Signals
    -------
    changed()
        The canvas shows what it is to show.
    """

    changed = Signal()

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._source: Any = None
        self._listed: frozenset[int] | None = None
        self.isolated: frozenset[int] | None = None
        """Ids of the shapes that alone are shown; None when nothing is isolated."""
        self._curtained: list[Any] = []
        self._turns = Turns(self)
        self._turns.ended.connect(self.changed)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._follow)

    def browse(self, source: Any) -> None:
        """Take other shapes, of which all are shown at first.

        Parameters
        ----------
        source
            A library, or shapes just extracted; None for nothing.
        """
        if source is not self._source:
            self.show_all()
            self._source = source

    def list(self, ids: Collection[int]) -> None:
        """Show the shapes that are listed, as soon as the list has come to rest.

        Parameters
        ----------
        ids
            Of all that the filter leaves.
        """
        everything = self._source is None or len(ids) == len(self._source.ids)
        listed = None if everything else frozenset(ids)
        if listed != self._listed:
            self._listed = listed
            self._calm.start()

    def isolate(self, ids: Collection[int] | None) -> None:
        """Show these shapes alone, whatever is listed; their labels are hidden meanwhile.

        Parameters
        ----------
        ids
            Of the shapes; None to show again what is listed.
        """
        self.isolated = None if ids is None else frozenset(ids)
        self._draw_curtain(self.isolated is not None)
        self._follow()

    def show_all(self) -> None:
        """Show all shapes in their places again, now."""
        self._calm.stop()
        self._turns.stop()
        self._listed = self.isolated = None
        self._draw_curtain(False)
        if self._source is not None:
            for turn in see(self._viewer, self._source, ALL_SEEN):
                turn()

    def _follow(self) -> None:
        if self._source is None:
            return
        ids = self._listed if self.isolated is None else self.isolated
        self._turns.stop()
        self._turns.extend(see(self._viewer, self._source, SeenShapes(ids)))

    def _draw_curtain(self, closed: bool) -> None:
        """Hide the volumes that the shapes are drawn in, or show those again that were hidden."""
        if closed and not self._curtained:
            self._curtained = [layer for layer in self._viewer.layers if self._hides(layer)]
            for layer in self._curtained:
                layer.visible = False
        elif not closed:
            for layer in self._curtained:
                if layer in self._viewer.layers:
                    layer.visible = True
            self._curtained = []

    def _hides(self, layer: Any) -> bool:
        """Whether a layer is a label volume that would show all shapes in spite of it."""
        if kind_of(layer) in (CLASS, HIGHLIGHT) or not layer.visible:
            return False
        from napari.layers import Labels

        return isinstance(layer, Labels) and (shapes_of(layer) is self._source or not about(layer))
