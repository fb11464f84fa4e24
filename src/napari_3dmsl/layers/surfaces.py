"""Surfaces as napari layers, and back to meshes in µm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import LayerData, about, attributes_for
from napari_3dmsl.layers.class_colours import UNKNOWN_COLOUR
from napari_3dmsl.layers.placement import attributes_of, placement_of, units_of
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.units import layer_unit_in

SELECTED = "selected shape"
HIGHLIGHT = "selected"
_HIGHLIGHT_UM = 0.03


def surface_layer(mesh: Mesh, name: str, kind: str, colour: str, **facts: Any) -> LayerData:
    """Return one surface in a single colour.

    Parameters
    ----------
    mesh
        In µm, (z, y, x).
    name
        Of the layer.
    kind
        What it stands for.
    colour
        ``#rrggbb``.
    **facts
        As for `attributes_for`.
    """
    attributes = {
        **attributes_for(name, kind, **facts),
        "colormap": {"colors": [colour, colour], "name": colour},
        "contrast_limits": (0.0, 1.0),
        "shading": "smooth",
    }
    values = np.ones(len(mesh.vertices), dtype=np.float32)
    vertices = mesh.vertices.astype(np.float32)
    return (vertices, mesh.faces, values), attributes, "surface"


def mesh_layer(mesh: Mesh, name: str, **facts: Any) -> LayerData:
    """Return the surface of one mesh, in grey; the mesh is kept with it to the last bit.

    Parameters
    ----------
    mesh
        In µm, (z, y, x).
    name
        Of the layer.
    **facts
        As for `attributes_for`.
    """
    return surface_layer(mesh, name, "mesh", UNKNOWN_COLOUR, as_read=mesh, **facts)


def selected_layer(mesh: Mesh) -> LayerData:
    """Return the highlight of the selected shape: its surface in white, a hair outside.

    Parameters
    ----------
    mesh
        Of the shape, in µm.
    """
    normals = _vertex_normals(mesh)
    # Our winding is outward in (z, y, x) columns, so the cross product points outward there too.
    shell = Mesh(mesh.vertices + _HIGHLIGHT_UM * normals, mesh.faces)
    return surface_layer(shell, SELECTED, HIGHLIGHT, "#FFFFFF")


def _vertex_normals(mesh: Mesh) -> FloatArray:
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    count = len(mesh.vertices)
    around = mesh.faces.ravel()  # `np.add.at` takes seconds for the surfaces of a thousand shapes
    sums = [np.bincount(around, np.repeat(facing[:, axis], 3), count) for axis in range(3)]
    normals: FloatArray = np.stack(sums, axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return normals


def mesh_of(data: Sequence[Any], attributes: Mapping[str, Any]) -> Mesh:
    """Surface of a Surface layer's data, in world µm; pixels count as µm.

    Parameters
    ----------
    data
        Vertices, faces and what else the layer has.
    attributes
        Of the layer, as napari tells them.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional.
    """
    vertices = np.asarray(data[0], dtype=np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(
            f"layer '{attributes.get('name', '')}': expected a surface in 3D, "
            f"found vertices of shape {vertices.shape}"
        )
    placement = placement_of(attributes, 3)
    faces = np.asarray(data[1], dtype=np.int32)
    in_um = np.array([layer_unit_in(unit, "um") or 1.0 for unit in units_of(attributes, 3)])
    outward = faces[:, ::-1] if placement.mirrors else faces
    return Mesh(placement.points(vertices) * in_um, np.ascontiguousarray(outward))


def mesh_of_layer(layer: Any) -> Mesh:
    """Surface of a napari layer, in world µm; pixels count as µm.

    Parameters
    ----------
    layer
        A Surface.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional.
    """
    return unchanged_mesh(layer) or mesh_of(layer.data, attributes_of(layer))


def unchanged_mesh(layer: Any) -> Mesh | None:
    """Return the mesh that `mesh_layer` was given, None if the layer is edited or moved since.

    Layers hold numbers of 32 bits, files and scripts of 64.

    Parameters
    ----------
    layer
        A Surface.
    """
    mesh = about(layer).get("as_read")
    if not isinstance(mesh, Mesh):
        return None
    vertices, faces = layer.data[:2]
    same = np.array_equal(vertices, mesh.vertices.astype(np.float32))
    same = same and np.array_equal(faces, mesh.faces)
    if not same or any(layer_unit_in(unit, "um") != 1.0 for unit in layer.units):
        return None
    place = placement_of(attributes_of(layer), 3)
    unmoved = np.array_equal(place.linear, np.eye(3)) and not place.translate.any()
    return mesh if unmoved else None
