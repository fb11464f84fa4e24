"""The layers of an extraction in the viewer, in the place of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import KEY, LayerData, kind_of
from napari_3dmsl.layers.classes import CLASS
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.extraction_preview import PREVIEW
from napari_3dmsl.layers.labels import set_voxel_um, voxels_of
from napari_3dmsl.layers.show import remove
from napari_3dmsl.layers.surfaces import HIGHLIGHT
from napari_3dmsl.widgets.common.incremental_layers import LayersInTurns
from napari_3dmsl.widgets.common.undo import UndoButton
from napari_3dmsl.widgets.extract.layer_voxels import finest


@dataclass(frozen=True)
class Source:
    """A layer as it was when the extraction of its labels began."""

    layer: Any
    voxel_um: FloatArray
    origin_um: FloatArray
    set_scale: bool
    is_phantom: bool


class ShapeLayers(QObject):
    """Adds what was extracted in small pieces; *Undo* brings back what it has replaced.

    Parameters
    ----------
    viewer
        Which gets the layers.
    undo_button
        Takes an extraction back.
    parent
        Of the Qt object.

    Signals
    -------
    added(layers)
        All of them are there.
    brought_back()
        The earlier ones are there again.
    """

    added = Signal(list)
    brought_back = Signal()

    def __init__(self, viewer: Any, undo_button: UndoButton, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._undo_button = viewer, undo_button
        self._adding = LayersInTurns(viewer, self)
        self._adding.added.connect(self.added)

    def show(self, found: list[LayerData], source: Source) -> None:
        """Begin to add layers.

        Parameters
        ----------
        found
            What was extracted, the instances first.
        source
            Of which labels.
        """
        origin_um = self._place_input(source)
        self._remove_earlier()
        for _, attributes, _ in found:
            attributes["translate"] = origin_um + attributes["translate"]
        found[0][1]["metadata"][KEY]["of_phantom"] = source.is_phantom
        self._adding.start(found, [self._show_in_3d], [self._viewer.reset_view])

    def finish(self) -> None:
        """Add at once what is left."""
        self._adding.finish()

    def stop(self) -> None:
        """Leave it: what has been added stays."""
        self._adding.stop()

    def _show_in_3d(self) -> None:
        if self._viewer.dims.ndisplay != 3:
            self._viewer.dims.ndisplay = 3

    def _place_input(self, source: Source) -> FloatArray:
        """Give the input its voxel size if agreed, and hide it; return where it begins."""
        layer, origin_um = source.layer, source.origin_um
        if layer not in self._viewer.layers:
            return origin_um
        if source.set_scale:
            set_voxel_um(layer, source.voxel_um)
            _, origin_um = voxels_of(layer, finest(layer))
        layer.visible = False
        return origin_um

    def _remove_earlier(self) -> None:
        """Take away the layers of an earlier extraction; *Undo* brings them back."""
        earlier = self._layers_of(INSTANCES, CLASS)
        remove(self._viewer, self._layers_of(INSTANCES, CLASS, HIGHLIGHT, PREVIEW))
        if earlier:
            self._undo_button.forget()  # those before the earlier ones would fill the memory
            self._undo_button.add(partial(self._bring_back, earlier))

    def _bring_back(self, earlier: list[Any]) -> None:
        """Show an earlier extraction again, with its classes set by hand, instead of the newest."""
        self._undo_button.hide()
        remove(self._viewer, self._layers_of(INSTANCES, CLASS, HIGHLIGHT))
        for layer in earlier:
            self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = earlier[0]
        self.brought_back.emit()

    def _layers_of(self, *kinds: str) -> list[Any]:
        return [layer for layer in self._viewer.layers if kind_of(layer) in kinds]
