"""Solids of known size, drawn into voxels."""

import numpy as np


def _grid(shape, voxel):
    axes = [np.arange(n) * v for n, v in zip(shape, voxel, strict=True)]
    return np.meshgrid(*axes, indexing="ij")


def draw_ball(shape, centre, radius, voxel=(1, 1, 1)):
    z, y, x = _grid(shape, voxel)
    return (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 <= radius**2


def draw_tube(shape, start, end, radius, voxel=(1, 1, 1)):
    """Draw a tube with round caps."""
    points = np.stack(_grid(shape, voxel), axis=-1)
    start, end = np.array(start, float), np.array(end, float)
    along = end - start
    t = np.clip((points - start) @ along / (along @ along), 0, 1)
    return ((points - start - t[..., None] * along) ** 2).sum(axis=-1) <= radius**2


def draw_torus(shape, centre, ring_radius, radius, voxel=(1, 1, 1)):
    """Draw a torus around the first axis."""
    z, y, x = _grid(shape, voxel)
    away = np.hypot(y - centre[1], x - centre[2]) - ring_radius
    return away**2 + (z - centre[0]) ** 2 <= radius**2
