"""A shape library as napari layers."""

from __future__ import annotations

import time

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.classes import by_class, drawn_layers
from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES, drawn_faces, thinned_meshes
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.mesh import Mesh

READING_S = 0.1
"""Seconds that opening a library spends on surfaces, while the window waits."""

_MANY = 200  # shapes, which cannot all be read in that time
_GLANCE = 0.2  # of that time is spent on them


def library_layers(library: ShapeLibrary, seconds: float = READING_S) -> list[LayerData]:
    """Return a shape library as one Surface for each class; of a large one, those of one class.

    Parameters
    ----------
    library
        The library; its first shapes are drawn, see `thinned_meshes`.
    seconds
        Time to read meshes: so long the window stands still. The Shape browser draws the rest.
    """
    faces = drawn_faces(library, library.ids[:DRAWN_SHAPES])
    many = len(faces) > _MANY
    drawn: dict[int, Mesh] = {}
    until = time.perf_counter() + (_GLANCE * seconds if many else seconds)
    for shape_id, mesh in thinned_meshes(library, faces):
        drawn[shape_id] = mesh
        if time.perf_counter() > until:
            break
    if not drawn:
        library.mesh(library.ids[0])  # says what is wrong with it
    if many and len(drawn) < len(faces):  # a layer takes as long as reading, and all come later
        drawn = max(by_class(drawn, library).values(), key=len)
    return drawn_layers(drawn, library)
