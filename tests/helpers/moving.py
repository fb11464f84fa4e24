"""Objects to set in motion: tetrahedra by the thousand, and tubes, rings and forks."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.spatial import KDTree

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask

VOXEL_UM = 0.03
TETRAHEDRON = 0.05 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]])
TETRAHEDRON_FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])


def placed(label: int, mesh: Mesh, emitters_um: np.ndarray, photons: float = 100.0) -> PlacedObject:
    emitters = Emitters(emitters_um, np.full(len(emitters_um), photons))
    return PlacedObject(label, label, None, mesh.vertices, mesh.faces, emitters, np.eye(4))


def tetrahedra(count: int, height_um: float = 1000.0, emitters: int = 1) -> list[PlacedObject]:
    """Small objects all in one place, as they do not feel each other."""
    vertices = TETRAHEDRON + np.array([height_um, 0, 0])
    mesh = Mesh(vertices, TETRAHEDRON_FACES)
    inside = np.tile([[height_um, 0.0, 0.0]], (emitters, 1))
    return [placed(label, mesh, inside) for label in range(1, count + 1)]


@cache
def tube_mesh(kind: str, radius_um: float = 0.15) -> Mesh:
    """Surface of a tube about a line, a ring or a fork, its middle at (1, 0, 0)."""
    t = np.linspace(0, 1, 400)[:, None]
    if kind == "line":
        curve = np.array([0, 0, -1.0]) + t * np.array([0, 0, 2.0])
    elif kind == "long line":
        curve = np.array([0, 0, -3.0]) + t * np.array([0, 0, 6.0])
    elif kind == "short line":
        curve = np.array([0, 0, -0.4]) + t * np.array([0, 0, 0.8])
    elif kind == "ring":
        curve = 0.5 * np.hstack([0 * t, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)])
    else:  # a fork of three
        ends = np.array([[0, 0, 1.2], [0, 1.0, -0.6], [0, -1.0, -0.6]])
        curve = np.concatenate([t * end for end in ends])
    low = curve.min(axis=0) - radius_um - 2 * VOXEL_UM
    high = curve.max(axis=0) + radius_um + 2 * VOXEL_UM
    shape = np.ceil((high - low) / VOXEL_UM).astype(int)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) * VOXEL_UM + low
    mask = KDTree(curve).query(grid)[0] <= radius_um
    mesh = mesh_from_mask(mask, [1000 * VOXEL_UM] * 3, low / VOXEL_UM)
    return Mesh(mesh.vertices + np.array([1.0, 0, 0]), mesh.faces)


def tube(
    kind: str, label: int = 1, shift_um: tuple[float, float, float] = (0, 0, 0), every: int = 20
) -> PlacedObject:
    """A tube with a fluorophore on the middle of every so manyth triangle."""
    mesh = tube_mesh(kind)
    mesh = Mesh(mesh.vertices + np.array(shift_um), mesh.faces)
    return placed(label, mesh, mesh.vertices[mesh.faces[::every]].mean(axis=1))


def mesh_of(found: PlacedObject) -> Mesh:
    return Mesh(found.vertices_um, found.faces.astype(np.int32))


def volume_um3(found: PlacedObject) -> float:
    return mesh_of(found).volume_um3
