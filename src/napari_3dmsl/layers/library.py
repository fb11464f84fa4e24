"""A shape library as napari layers."""

from __future__ import annotations

import time

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.classes import drawn_layers
from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES, drawn_faces, thinned_meshes
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.mesh import Mesh

READING_S = 0.1
"""Seconds that opening a library spends on surfaces, while the window waits."""


def library_layers(library: ShapeLibrary, seconds: float = READING_S) -> list[LayerData]:
    """Return a shape library as one Surface for each class.

    Parameters
    ----------
    library
        The library; its first shapes are drawn, see `thinned_meshes`.
    seconds
        Time to read meshes: so long the window stands still. The Shape browser draws the rest.
    """
    faces = drawn_faces(library, library.ids[:DRAWN_SHAPES])
    drawn: dict[int, Mesh] = {}
    until = time.perf_counter() + seconds
    for shape_id, mesh in thinned_meshes(library, faces):
        drawn[shape_id] = mesh
        if time.perf_counter() > until:
            break
    if not drawn:
        library.mesh(library.ids[0])  # says what is wrong with it
    return drawn_layers(drawn, library)
