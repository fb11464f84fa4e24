"""The shapes of a source as surfaces, one for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_3dmsl.layers.attributes import LayerData, about
from napari_3dmsl.layers.class_colours import CLASS_COLOURS, class_colour
from napari_3dmsl.layers.seen_shapes import ALL_SEEN, SeenShapes
from napari_3dmsl.layers.surfaces import surface_layer
from napari_3dmsl.library.level_of_detail import drawn_faces
from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.shapes.merged_mesh import MergedMesh
from napari_3dmsl.shapes.mesh import Mesh, decimate

CLASS = "class"


def shapes_of(layer: Any) -> ShapeSource | None:
    """Return the shapes that a layer shows, if it is one of ours.

    Parameters
    ----------
    layer
        Of napari.
    """
    source: ShapeSource | None = about(layer).get("shapes")
    return source


def class_layers(shapes: ShapeSource) -> list[LayerData]:
    """Return one Surface for each class present, in the order of `ShapeClass`.

    Parameters
    ----------
    shapes
        A library, or shapes just extracted.
    """
    faces = drawn_faces(shapes, shapes.ids)
    return drawn_layers({i: decimate(shapes.mesh(i), faces[i]) for i in shapes.ids}, shapes)


def drawn_layers(drawn: Mapping[int, Mesh], shapes: ShapeSource) -> list[LayerData]:
    """Return surfaces of some shapes as one Surface for each class present.

    Parameters
    ----------
    drawn
        Surface of each shape by its id, in µm.
    shapes
        That they are of.
    """
    groups = by_class(drawn, shapes)
    order = [*CLASS_COLOURS, *sorted(set(groups) - set(CLASS_COLOURS))]
    kinds = [kind for kind in order if kind in groups]
    return [class_layer(kind, MergedMesh.of(groups[kind]), shapes) for kind in kinds]


def by_class(drawn: Mapping[int, Mesh], shapes: ShapeSource) -> dict[str, dict[int, Mesh]]:
    """Group surfaces of some shapes by the class that these have now.

    Parameters
    ----------
    drawn
        Surface of each shape by its id.
    shapes
        That they are of.
    """
    kinds = dict(zip(shapes.ids, shapes.table["shape_class"], strict=True))
    groups: dict[str, dict[int, Mesh]] = {}
    for shape_id, mesh in drawn.items():
        groups.setdefault(kinds[shape_id] or UNKNOWN, {})[shape_id] = mesh
    return groups


def class_layer(
    kind: str, merged: MergedMesh, shapes: ShapeSource, seen: SeenShapes = ALL_SEEN
) -> LayerData:
    """Return the shapes of one class as one Surface: those of them that are seen.

    A layer of which none is seen holds them all and is not visible, as napari draws no empty one.

    Parameters
    ----------
    kind
        The class.
    merged
        Its surfaces.
    shapes
        That they are of.
    seen
        Which of them are seen, and where.
    """
    count = sum(shape_id in seen for shape_id in merged.sizes)
    title = class_title(kind, count, shapes)
    facts = {"shape_class": kind, "shapes": shapes, "merged": merged}
    facts |= {"title": title, "seen": seen, "unseen": not count}
    mesh = merged.part(seen.ids if count else None, seen.moved)
    data, attributes, layer_type = surface_layer(mesh, title, CLASS, class_colour(kind), **facts)
    return data, attributes | ({} if count else {"visible": False}), layer_type


def shape_of_face(layer: Any, face: int) -> int:
    """Return which shape a triangle of the surface of a class belongs to.

    Parameters
    ----------
    layer
        The Surface of a class.
    face
        Number of the triangle.
    """
    merged, seen = about(layer)["merged"], about(layer)["seen"]
    here = [i for i in merged.sizes if about(layer)["unseen"] or i in seen]
    ends = np.cumsum([merged.sizes[i][1] for i in here])
    return int(here[int(np.searchsorted(ends, face, side="right"))])


def class_title(kind: str, count: int, shapes: ShapeSource) -> str:
    """Name of the layer of a class: how many are seen, of how many, where these differ.

    Parameters
    ----------
    kind
        The class.
    count
        Shapes of it that are seen.
    shapes
        All shapes.
    """
    total = sum((known or UNKNOWN) == kind for known in shapes.table["shape_class"])
    return f"{kind} ({count})" if count == total else f"{kind} ({count} of {total})"
