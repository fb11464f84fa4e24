"""Solids of known size, placed in a field of view."""

import numpy as np
import trimesh

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject


def ball(radius=1.0, subdivisions=5):
    return trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)


def torus(ring=1.0, tube=0.3):
    """A torus around the axis z of the field."""
    solid = trimesh.creation.torus(ring, tube, major_sections=200, minor_sections=100)
    return trimesh.Trimesh(solid.vertices[:, ::-1], solid.faces[:, ::-1])


def placed(solid, at=(5.0, 0.0, 0.0), label=1, shape_class=None, turn=None, **others):
    """A solid, whose vertices are (z, y, x), turned and moved into the field."""
    to_field = np.eye(4)
    to_field[:3, :3] = np.eye(3) if turn is None else turn
    to_field[:3, 3] = at
    vertices = solid.vertices @ to_field[:3, :3].T + at
    emitters = Emitters(vertices, np.ones(len(vertices)))
    return PlacedObject(
        label, 100 + label, shape_class, vertices, solid.faces, emitters, to_field, **others
    )


def field(size=(128, 128), pixel=0.05, planes=(5.0,), depth_of_field=0.5):
    return FieldOfView(size, pixel, np.array(planes, dtype=float), depth_of_field)


def pixel_centres(view):
    """y and x (µm) of the centres of all pixels, each (rows, columns)."""
    sides = [(np.arange(count) + 0.5 - count / 2) * view.pixel_um for count in view.image_size]
    return np.meshgrid(*sides, indexing="ij")
