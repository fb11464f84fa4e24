"""The surfaces of the classes in the canvas, when shapes change their class or more are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_3dmsl.layers.attributes import about, kind_of
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.classes import CLASS, class_layer, class_title, shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.show import add, renew
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.shapes.merged_mesh import MergedMesh, regroup
from napari_3dmsl.shapes.mesh import Mesh


def recolour(viewer: Any, source: Any, classes: Mapping[int, str | None]) -> None:
    """Show other classes of some shapes in the layers of a source.

    Parameters
    ----------
    viewer
        Which shows the shapes.
    source
        A library, or shapes just extracted.
    classes
        New class of each shape by its id.
    """
    names = {shape_id: kind or UNKNOWN for shape_id, kind in classes.items()}
    for layer in viewer.layers:
        if shapes_of(layer) is source and kind_of(layer) == INSTANCES:
            _recolour_labels(layer, source, names)
    surfaces = surfaces_of(viewer, source)
    groups = {kind: about(layer)["merged"] for kind, layer in surfaces.items()}
    changed = regroup(groups, names)
    # What comes first: without any layer the shapes would count as closed.
    for kind in sorted(changed, key=lambda kind: changed[kind] is None):
        _renew_surface(viewer, surfaces.get(kind), kind, changed[kind], source)


def draw_more(viewer: Any, source: Any, kind: str, meshes: Mapping[int, Mesh]) -> None:
    """Add surfaces of some shapes to those of their class that are drawn.

    Parameters
    ----------
    viewer
        Which shows the shapes.
    source
        A library, or shapes just extracted.
    kind
        Their class.
    meshes
        Surface of each shape by its id.
    """
    layer = surfaces_of(viewer, source).get(kind)
    known = {} if layer is None else about(layer)["merged"].pieces()
    _renew_surface(viewer, layer, kind, MergedMesh.of({**known, **meshes}), source)


def surfaces_of(viewer: Any, source: Any) -> dict[str, Any]:
    """Return the layer of each class that is drawn of some shapes.

    Parameters
    ----------
    viewer
        Which shows the shapes.
    source
        A library, or shapes just extracted.
    """
    return {
        about(layer)["shape_class"]: layer
        for layer in viewer.layers
        if shapes_of(layer) is source and kind_of(layer) == CLASS
    }


def _renew_surface(
    viewer: Any, layer: Any, kind: str, merged: MergedMesh | None, source: Any
) -> None:
    if merged is None:
        viewer.layers.remove(layer)
        return
    data = class_layer(kind, merged, source)
    if layer is None:
        add(viewer, data)
        return
    if layer.name == class_title(kind, about(layer)["merged"]):  # else the person has named it
        layer.name = data[1]["name"]
    renew(layer, data)


def _recolour_labels(layer: Any, source: Any, names: Mapping[int, str]) -> None:
    colours = dict(layer.colormap.color_dict)
    colours.update({i: class_colour(kind) for i, kind in names.items()})
    layer.colormap = colours
    features = layer.features.copy()
    rows = features["index"].isin(list(names))
    place = {shape_id: row for row, shape_id in enumerate(source.ids)}
    at = [place[int(i)] for i in features.loc[rows, "index"]]
    for column in ("shape_class", "reason"):
        features.loc[rows, column] = [source.table[column][row] for row in at]
    layer.features = features
