"""Which shapes are loaded in a viewer and which one is selected: one answer for all panels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.classes import CLASS, shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.labels import stored_labels
from napari_3dmsl.layers.seen_shapes import seen_in
from napari_3dmsl.layers.show import add, find, show
from napari_3dmsl.layers.surfaces import HIGHLIGHT, selected_layer
from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.shapes.merged_mesh import MergedMesh
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.widgets.common.canvas_view import units_in
from napari_3dmsl.widgets.common.garbage import note_work
from napari_3dmsl.widgets.common.incremental_layers import Turns
from napari_3dmsl.widgets.common.surface_picking import surface_under

_selections: WeakKeyDictionary[Any, ReferenceType[ShapeSelection]] = WeakKeyDictionary()

_HIGHLIGHTED = 64  # shapes at most that are read to be drawn white, and kept
_HIGHLIGHTED_FACES = 400_000  # with so many no more shapes are: full surfaces are drawn white
_MANY = 200  # shapes loaded: their highlight waits for the table
_IN_FULL = 8  # shapes selected; of more the surfaces that the canvas has are drawn white


def selection_of(viewer: Any) -> ShapeSelection:
    """Return the selection that all panels of a viewer share.

    Parameters
    ----------
    viewer
        Each has one.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)  # napari hands plugins a guarded stand-in
    known = _selections.get(viewer)
    selection = None if known is None else known()
    if selection is None:
        # The viewer keeps it, among its mouse callbacks, so that both end together.
        selection = ShapeSelection(viewer)
        _selections[viewer] = ref(selection)
    return selection


class ShapeSelection(QObject):
    """Follows the viewer's layers, the selected label and clicks in the canvas.

    Parameters
    ----------
    viewer
        Whose layers it follows.

    Signals
    -------
    source_changed()
        Other shapes are loaded, or none.
    selected()
        Another shape is the current one, or none.
    marked()
        Other shapes are selected; the current one is among them.
    classes_changed()
        Classes of the loaded shapes have been set by hand.
    highlighted()
        The selected shapes are drawn white, a while after they were selected.
    failed(message)
        The shape that was asked for cannot be read.
    """

    source_changed = Signal()
    selected = Signal()
    marked = Signal()
    classes_changed = Signal()
    highlighted = Signal()
    failed = Signal(str)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.source: ShapeSource | None = None
        self.shape_id: int | None = None
        self.shape_ids: tuple[int, ...] = ()
        self.mesh: Mesh | None = None
        self.drawn = 0
        """How many of the selected shapes are highlighted."""
        self._meshes: OrderedDict[int, Mesh] = OrderedDict()
        self._bound: Any = None
        self._later = Turns(self, viewer=viewer)
        self.order: Callable[[], Sequence[int]] | None = None
        """What `step` goes along: the rows of a table, if one is open."""
        viewer.layers.events.inserted.connect(self._refresh)
        viewer.layers.events.removed.connect(self._refresh)
        viewer.mouse_drag_callbacks.append(self._on_click)
        self._refresh()

    @property
    def instances(self) -> Any:
        """The Labels layer of the loaded shapes, or None."""
        found = [
            layer
            for layer in self._viewer.layers
            if kind_of(layer) == INSTANCES and shapes_of(layer) is self.source
        ]
        return found[-1] if found else None

    def measures(self) -> dict[str, Any]:
        """Measures of the selected shape by column; empty when none is selected."""
        if self.source is None or self.shape_id is None:
            return {}
        row = list(self.source.ids).index(self.shape_id)
        return {name: column[row] for name, column in self.source.table.items()}

    def select(self, shape_id: int | None) -> None:
        """Select one shape by id; an id that is not loaded selects nothing.

        Parameters
        ----------
        shape_id
            None for no shape.
        """
        self.select_many([] if shape_id is None else [shape_id], shape_id)

    def select_many(self, shape_ids: Sequence[int], current: int | None) -> None:
        """Select shapes; ids that are not loaded are left out.

        Parameters
        ----------
        shape_ids
            All that are highlighted.
        current
            The one of them whose image is made.
        """
        known = set() if self.source is None else set(self.source.ids)
        wanted = tuple(shape_id for shape_id in shape_ids if shape_id in known)
        current = current if current in wanted else None
        if (wanted, current) == (self.shape_ids, self.shape_id):
            return
        try:
            mesh = None if current is None else self._read(current)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        note_work()
        other = current != self.shape_id
        self.shape_ids, self.shape_id, self.mesh = wanted, current, mesh
        if self._bound is not None:
            self._bound.selected_label = current or 0
        self._highlight()
        if other:
            self.selected.emit()
        self.marked.emit()

    def step(self, by: int) -> None:
        """Select the next shape, or one before, as they are listed; the first where none is.

        Parameters
        ----------
        by
            1 or -1.
        """
        if self.source is None:
            return
        listed = list(self.source.ids if self.order is None else self.order())
        if not listed:
            return
        if self.shape_id not in listed:
            self.select(listed[0 if by > 0 else -1])
            return
        place = listed.index(self.shape_id) + by
        if 0 <= place < len(listed):
            self.select(listed[place])

    def _read(self, shape_id: int) -> Mesh:
        """Surface of a shape; kept for a while, as that of a library is in a file."""
        assert self.source is not None
        mesh = self._meshes.pop(shape_id, None)
        if mesh is None:
            mesh = self.source.mesh(shape_id)
        self._meshes[shape_id] = mesh
        while len(self._meshes) > _HIGHLIGHTED:
            self._meshes.popitem(last=False)
        return mesh

    def _highlighted(self) -> dict[int, Mesh]:
        """Surfaces of the selected shapes, the current one first; of very many only some."""
        if self.mesh is None or self.shape_id is None:
            return {}
        found = {self.shape_id: self.mesh}
        if len(self.shape_ids) > _IN_FULL:
            found |= self._drawn_in_canvas(set(self.shape_ids) - {self.shape_id})
        faces = sum(len(mesh.faces) for mesh in found.values())
        reads = 1
        for shape_id in self.shape_ids:
            if reads == _HIGHLIGHTED or faces > _HIGHLIGHTED_FACES:
                break
            if shape_id in found:
                continue
            reads += 1
            try:
                found[shape_id] = self._read(shape_id)
            except (ValueError, OSError):  # told when it becomes the current one
                continue
            faces += len(found[shape_id].faces)
        return found

    def _drawn_in_canvas(self, wanted: set[int]) -> dict[int, Mesh]:
        """Surfaces of shapes as they are drawn already: thinned, and nothing is read for them."""
        found: dict[int, Mesh] = {}
        for layer in self._viewer.layers:
            if shapes_of(layer) is self.source and kind_of(layer) == CLASS:
                pieces = about(layer)["merged"].pieces()
                found.update((i, mesh) for i, mesh in pieces.items() if i in wanted)
        return found

    def _refresh(self, event: Any = None) -> None:
        sources = [source for source in map(shapes_of, self._viewer.layers) if source is not None]
        newest = sources[-1] if sources else None
        if newest is self.source:
            return
        self.source = newest
        self.shape_id = self.mesh = None
        self.shape_ids = ()
        self._meshes.clear()
        self._follow_labels()
        self._highlight()
        self.source_changed.emit()
        self.selected.emit()
        self.marked.emit()

    def _follow_labels(self) -> None:
        if self._bound is not None:
            self._bound.events.selected_label.disconnect(self._on_label)
        self._bound = self.instances
        if self._bound is not None:
            # napari begins with label 1, and to choose what is chosen already would tell nobody.
            self._bound.selected_label = 0
            self._bound.events.selected_label.connect(self._on_label)

    def _on_label(self, event: Any) -> None:
        label = int(self._bound.selected_label)
        # Our own choice comes back here, and must not leave it alone of several.
        if label != self.shape_id and self.source is not None and label in self.source.ids:
            self.select(label)

    @property
    def highlight(self) -> Any:
        """The layer that draws the selected shapes, or None."""
        return find(self._viewer, HIGHLIGHT)

    def _highlight(self) -> None:
        """Draw the selected shapes in white; what takes long follows in turns of its own."""
        self._later.stop()
        many = self.source is not None and len(self.source.ids) > _MANY
        if many and self.mesh is not None and self.highlight is None:
            self._later.extend([self._prepare_highlight, self._draw_highlight])
        elif many and self.shape_ids:
            self._later.extend([self._draw_highlight])
        else:
            self._draw_highlight()

    def _prepare_highlight(self) -> None:
        """Make the layer, out of sight: to add one takes as long as to draw it."""
        if self.mesh is not None:
            data, attributes, kind = selected_layer(self.mesh)
            add(self._viewer, (data, {**attributes, "visible": False}, kind))

    def _draw_highlight(self) -> None:
        meshes = self._highlighted()
        self.drawn = len(meshes)
        if not meshes:
            if (shown := self.highlight) is not None:
                shown.visible = False
            return
        mesh = MergedMesh.of(meshes).part(None, seen_in(self._viewer).moved)
        shown = show(self._viewer, HIGHLIGHT, selected_layer(mesh))
        if not shown.visible:  # napari draws it once more for being told again
            shown.visible = True
        if self._later.is_running:
            self.highlighted.emit()

    def renew_highlight(self) -> None:
        """Draw the selected shapes where the others are, when these have been moved."""
        if self.shape_ids:
            self._highlight()

    def _on_click(self, viewer: Any, event: Any) -> Any:
        """Select the shape under a click, but not at the end of a drag."""
        start = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if event.button == 1 and np.abs(np.array(event.pos) - start).max() < 4:
            found = self._under(event)
            if found is not None:
                self.select(found)

    def _under(self, event: Any) -> int | None:
        instances = self.instances
        if instances is None or seen_in(self._viewer).moved:
            return surface_under(self._viewer, self.source, event)
        if instances.ndim != len(event.position):
            return None
        position = np.array(event.position) * units_in(self._viewer.layers, instances)
        if len(event.dims_displayed) == 3:
            return _first_along_ray(instances, position, event)
        index = np.round(instances.world_to_data(position)).astype(int)
        inside = ((index >= 0) & (index < instances.data.shape)).all()
        if not inside:
            return None
        stored = stored_labels(instances)  # a pyramid on disk
        voxels = instances.data if stored is None else stored
        return int(voxels[tuple(index.tolist())]) or None

    def place_of_highlight(self) -> tuple[FloatArray, float]:
        """Middle of the highlight in the canvas' unit, and that unit in the highlight's."""
        shown = self.highlight
        units = units_in(self._viewer.layers, shown)
        middle: FloatArray = np.asarray(shown.extent.world).mean(axis=0) / units
        return middle, float(units[-1])


def _first_along_ray(instances: Any, position: FloatArray, event: Any) -> int | None:
    """First label that a line of sight meets, whether or not the layer is drawn."""
    near, far = instances.get_ray_intersections(
        position, event.view_direction, list(event.dims_displayed), world=True
    )
    if near is None or far is None:
        return None
    voxels, shape = instances.data, np.array(instances.data.shape)
    if stored_labels(instances) is not None:  # on disk: the coarsest level will do
        voxels = np.asarray(voxels[-1] if instances.multiscale else voxels)
        near, far = (place * np.array(voxels.shape) / shape for place in (near, far))
    steps = 2 * int(np.ceil(np.linalg.norm(far - near))) + 1
    points = np.round(np.linspace(near, far, steps)).astype(int)
    points = np.clip(points, 0, np.array(voxels.shape) - 1)
    met = np.asarray(voxels[tuple(points.T)])
    return int(met[np.argmax(met > 0)]) or None
