"""The surfaces of the classes in the canvas, when other shapes are to be seen in them.

Each function gives turns: one changes one layer, which is what the window can wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from napari_3dmsl.layers.attributes import KEY, LayerData, about, kind_of
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.classes import CLASS, class_layer, shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.quiet_surfaces import tell
from napari_3dmsl.layers.seen_shapes import SeenShapes, seen_in, set_seen
from napari_3dmsl.layers.show import add, renew
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.shapes.merged_mesh import MergedMesh, regroup
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.widgets.common.incremental_layers import Turn

AT_ONCE = 20
"""Shapes whose change the window waits for; that of more follows class by class."""


def recolour(viewer: Any, source: Any, classes: Mapping[int, str | None]) -> list[Turn]:
    """Return turns that show other classes of some shapes in the layers of a source.

    They are to be taken before classes change again.

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
    turns: list[Turn] = [
        partial(_recolour_labels, layer, source, names)
        for layer in viewer.layers
        if shapes_of(layer) is source and kind_of(layer) == INSTANCES
    ]
    groups = {kind: about(layer)["merged"] for kind, layer in surfaces_of(viewer, source).items()}
    changed = regroup(groups, names)
    # What comes first: without any layer the shapes would count as closed.
    for kind in sorted(changed, key=lambda kind: changed[kind] is None):
        turns.append(partial(_renew_class, viewer, kind, changed[kind], source))
    # The others: as many of them as there are now may be all of their class.
    turns += [partial(_renew_if_other, viewer, source, kind) for kind in groups]
    return [*turns, partial(_tell, viewer, source)]


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
    _renew_class(viewer, kind, MergedMesh.of({**known, **meshes}), source)
    _tell(viewer, source)


def see(viewer: Any, source: Any, seen: SeenShapes) -> list[Turn]:
    """Return turns that show other shapes of a source, or the same elsewhere.

    Parameters
    ----------
    viewer
        Which shows the shapes.
    source
        A library, or shapes just extracted.
    seen
        What is seen from now on, whoever draws.
    """
    set_seen(viewer, seen)
    kinds = surfaces_of(viewer, source)
    turns: list[Turn] = [partial(_renew_if_other, viewer, source, kind) for kind in kinds]
    return [*turns, partial(_tell, viewer, source)]


def _tell(viewer: Any, source: Any) -> None:
    """Let the viewer measure itself, after the last class."""
    tell(surfaces_of(viewer, source).values())


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


def _renew_if_other(viewer: Any, source: Any, kind: str) -> None:
    """Draw a class anew, if it is drawn otherwise than it is to be seen."""
    layer = surfaces_of(viewer, source).get(kind)
    if layer is None:
        return
    drawn, seen, merged = about(layer)["seen"], seen_in(viewer), about(layer)["merged"]
    ids = merged.sizes.keys()
    same = {i for i in ids if i in drawn} == {i for i in ids if i in seen}
    if not same or _places(drawn, ids) != _places(seen, ids):
        _renew_class(viewer, kind, merged, source)
    else:
        _rename(layer, class_layer(kind, merged, source, seen_in(viewer)))


def _places(seen: SeenShapes, ids: Any) -> dict[int, list[float]]:
    return {i: seen.moved[i].tolist() for i in ids if i in seen.moved and i in seen}


def _renew_class(viewer: Any, kind: str, merged: MergedMesh | None, source: Any) -> None:
    layer = surfaces_of(viewer, source).get(kind)
    if merged is None:
        if layer is not None:
            viewer.layers.remove(layer)
        return
    if layer is None and not any(shapes_of(other) is source for other in viewer.layers):
        return  # closed meanwhile
    data = class_layer(kind, merged, source, seen_in(viewer))
    if layer is None:
        add(viewer, data)
        return
    was, eye = about(layer)["unseen"], about(layer).get("eye", True)
    eye = eye if was else layer.visible  # what the person wants
    _rename(layer, data)
    renew(layer, data, live=True)
    _note(layer, eye=eye)
    visible = eye and not about(layer)["unseen"]
    if layer.visible != visible:
        layer.visible = visible


def _rename(layer: Any, data: LayerData) -> None:
    """Let a layer tell how many shapes it shows, unless the person has named it."""
    title = data[1]["name"]
    if layer.name == about(layer)["title"] != title:
        layer.name = title
        _note(layer, title=title)


def _note(layer: Any, **facts: Any) -> None:
    """Remember something about a layer; what it knows may be shared with copies of it."""
    layer.metadata[KEY] = {**about(layer), **facts}


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
