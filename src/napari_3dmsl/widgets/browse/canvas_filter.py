"""The canvas shows the shapes that the table lists, or some that are isolated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.classes import CLASS, shapes_of
from napari_3dmsl.layers.gallery_layout import gallery_shifts
from napari_3dmsl.layers.seen_shapes import ALL_SEEN, SeenShapes
from napari_3dmsl.layers.surfaces import HIGHLIGHT
from napari_3dmsl.widgets.common.class_surfaces import AT_ONCE, see, surfaces_of
from napari_3dmsl.widgets.common.incremental_layers import Turns
from napari_3dmsl.widgets.common.soon import soon

_CALM_MS = 120  # without a change of the filter, before the canvas follows
_AT_ONCE_S = 0.02  # of work on layers between two frames; of few shapes all are done by then


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
        self._listed: tuple[int, ...] = ()
        self.isolated: frozenset[int] | None = None
        """Ids of the shapes that alone are shown; None when nothing is isolated."""
        self.in_gallery = False
        """Whether the shapes lie side by side, not in their places."""
        self._curtained: list[Any] = []
        self._settled = soon(self, self.changed.emit)  # highlight and camera have their own turn
        self._turns = Turns(self, _AT_ONCE_S, viewer=viewer)
        self._turns.ended.connect(self._settled.start)
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

    def list(self, ids: Sequence[int]) -> None:
        """Show the shapes that are listed, as soon as the list has come to rest.

        Parameters
        ----------
        ids
            Of all that the filter leaves, in the order of the table.
        """
        listed = tuple(ids)
        same = listed == self._listed if self.in_gallery else {*listed} == {*self._listed}
        self._listed = listed
        if not same:
            self._calm.start()

    def isolate(self, ids: Collection[int] | None) -> None:
        """Show these shapes alone, whatever is listed; their labels are hidden meanwhile.

        Parameters
        ----------
        ids
            Of the shapes; None to show again what is listed.
        """
        self.isolated = None if ids is None else frozenset(ids)
        self._draw_curtain()
        self._follow()

    def lay_out(self, in_gallery: bool) -> None:
        """Lay the shapes that are shown side by side, in the order of the table, or put them back.

        Parameters
        ----------
        in_gallery
            Whether they lie side by side; other layers are hidden then.
        """
        self.in_gallery = in_gallery
        self._draw_curtain()
        self._follow()

    def show_all(self) -> None:
        """Show all shapes in their places again, now."""
        self._calm.stop()
        self._turns.stop()
        self._settled.stop()
        self._listed = ()
        self.isolated, self.in_gallery = None, False
        self._draw_curtain()
        if self._source is not None:
            for turn in see(self._viewer, self._source, ALL_SEEN):
                turn()

    def _follow(self) -> None:
        if self._source is None:
            return
        self._calm.stop()
        self._settled.stop()
        self._turns.stop()  # what is left of an earlier change would be changed again
        self._turns.extend(see(self._viewer, self._source, self._to_be_seen()))
        if len(self._source.ids) <= AT_ONCE:
            self._turns.finish()

    def _to_be_seen(self) -> SeenShapes:
        ids = frozenset(self._listed) if self.isolated is None else self.isolated
        moved = self._gallery(ids) if self.in_gallery else {}
        return SeenShapes(None if len(ids) == len(self._source.ids) else ids, moved)

    def _gallery(self, ids: Collection[int]) -> dict[int, FloatArray]:
        """By how much the shapes that are drawn are moved: the listed ones in their order first."""
        boxes: dict[int, FloatArray] = {}
        for layer in surfaces_of(self._viewer, self._source).values():
            pieces = about(layer)["merged"].pieces()
            boxes |= {i: mesh.bounds_um for i, mesh in pieces.items() if i in ids}
        order = [*(i for i in self._listed if i in boxes), *sorted(boxes.keys() - {*self._listed})]
        return gallery_shifts({i: boxes[i] for i in order})

    def _draw_curtain(self) -> None:
        """Hide what the shapes are drawn in, and show again what need not be hidden any more."""
        hidden = [layer for layer in self._curtained if layer in self._viewer.layers]
        self._curtained = [layer for layer in hidden if self._hides(layer)]
        for layer in hidden:
            if layer not in self._curtained:
                layer.visible = True
        for layer in self._viewer.layers:
            if layer.visible and self._hides(layer):
                layer.visible = False
                self._curtained.append(layer)

    def _hides(self, layer: Any) -> bool:
        """Whether a layer shows shapes that are not to be seen, or where they are not now."""
        from napari.layers import Labels

        if kind_of(layer) in (CLASS, HIGHLIGHT):
            return False
        volume = shapes_of(layer) is self._source or not about(layer)
        alone = self.isolated is not None and isinstance(layer, Labels) and volume
        return self.in_gallery or alone
