"""Samples that take a while: made beside the window, or fetched after a question."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_3dmsl import samples
from napari_3dmsl.layers.attributes import LayerData, attributes_for, kind_of
from napari_3dmsl.widgets.common.background_process import BackgroundProcess
from napari_3dmsl.widgets.common.tabs import open_panel
from napari_3dmsl.widgets.download import DownloadPanel

if TYPE_CHECKING:
    import napari

_PLACE = "sample to come"
_DRAWING = "drawing the cell scene… (remove this layer to cancel)"
_ASKING = "3DMSL release: see the Download panel"

_at_work: set[_Coming] = set()
"""Else nobody would keep them."""


def cell_scene() -> list[LayerData]:
    """Draw a cell scene in another process; a layer without points holds its place meanwhile."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return samples.cell_scene()
    QTimer.singleShot(0, partial(_Coming, viewer))
    return [_place(_DRAWING)]


def released_subset() -> list[LayerData]:
    """Open the panel on the smallest archive of the release; *Download* there fetches it.

    What is fetched is asked for first: archives are large. napari wants a layer of every sample: an
    empty one, which leaves again at once.
    """
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        open_panel(viewer, DownloadPanel, "Download shapes").offer_smallest()
        QTimer.singleShot(0, partial(_take_away, viewer, _ASKING))
    return [_place(_ASKING)]


def _place(name: str) -> LayerData:
    return np.zeros((0, 2)), attributes_for(name, _PLACE, "yx"), "points"


def _places(viewer: napari.viewer.Viewer, name: str) -> list[Any]:
    return [each for each in viewer.layers if kind_of(each) == _PLACE and each.name == name]


def _take_away(viewer: napari.viewer.Viewer, name: str) -> None:
    for layer in _places(viewer, name):
        viewer.layers.remove(layer)


class _Coming(QObject):
    """Draws the scene and puts it where its place is held; without the place it is given up.

    Parameters
    ----------
    viewer
        Which gets the layers.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._work = BackgroundProcess(self)
        self._work.finished.connect(self._show)
        self._work.failed.connect(self._fail)
        _at_work.add(self)
        viewer.layers.events.removed.connect(self._look)
        self._work.start(samples.cell_scene)

    def _look(self, _: Any = None) -> None:
        if not _places(self._viewer, _DRAWING):
            self._end()

    def _end(self) -> None:
        self._viewer.layers.events.removed.disconnect(self._look)
        self._work.close()
        _at_work.discard(self)

    def _show(self, found: list[LayerData]) -> None:
        from napari.layers import Layer

        self._end()
        _take_away(self._viewer, _DRAWING)
        alone = not len(self._viewer.layers)
        added = [self._viewer.add_layer(Layer.create(*layer)) for layer in found]
        self._viewer.layers.selection.active = added[0]
        if alone:
            self._viewer.reset_view()

    def _fail(self, why: str) -> None:
        from napari.utils.notifications import show_error

        self._end()
        _take_away(self._viewer, _DRAWING)
        show_error(f"No cell scene: {why}")
