"""Solids of known size, drawn into voxels."""

import numpy as np
from scipy.spatial import KDTree


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


def draw_along(points, radius, voxel=(1, 1, 1), shift=(0, 0, 0), room=2):
    """Draw a tube with round caps around a polyline; return it with its voxels' middles.

    The box is as large as the tube and ``room`` voxels; ``shift`` moves the grid, in voxels.
    """
    voxel = np.array(voxel, float)
    points = np.asarray(points, float)
    along = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
    at = np.linspace(0, along[-1], int(along[-1] / (0.1 * voxel.min())) + 2)
    beads = np.stack([np.interp(at, along, column) for column in points.T], axis=1)
    low = np.floor((beads.min(axis=0) - radius) / voxel) - room
    high = np.ceil((beads.max(axis=0) + radius) / voxel) + room + 1
    axes = [(np.arange(a, b) + s) * v for a, b, s, v in zip(low, high, shift, voxel, strict=True)]
    middles = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    near = KDTree(beads).query(middles.reshape(-1, 3), distance_upper_bound=1.01 * radius)[0]
    return near.reshape(middles.shape[:3]) <= radius, middles


def _turned(points, turn):
    return points if turn is None else turn.apply(points)


def open_ring(ring_radius, radius, gap, turn=None, voxel=(1, 1, 1)):
    """Draw a ring whose tube is cut flat across; return it and the length of its middle line.

    Without a gap it is closed. Lengths in the unit of ``voxel``, the ring lies across the first
    axis before it is turned. On an unturned grid a gap of n voxels is n voxels wide.
    """
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = ring_radius * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    even = round(gap / voxel[1]) % 2 == 0
    mask, middles = draw_along(_turned(circle, turn), radius, voxel, (0, 0.5 if even else 0, 0))
    if gap == 0:
        return mask, 2 * np.pi * ring_radius
    own = (
        middles if turn is None else turn.inv().apply(middles.reshape(-1, 3)).reshape(middles.shape)
    )
    mask &= ~((np.abs(own[..., 1]) < gap / 2) & (own[..., 2] > 0))
    return mask, 2 * np.pi * ring_radius - gap


def hairpin(arm, radius, gap, turn=None, voxel=(1, 1, 1)):
    """Draw two parallel rods, ``gap`` apart and joined at one end; return them and their length."""
    half = radius + gap / 2
    angle = np.linspace(-np.pi / 2, np.pi / 2, 100)
    bend = half * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    line = np.concatenate([[(0, -half, -arm)], bend, [(0, half, -arm)]])
    return draw_along(_turned(line, turn), radius, voxel)[0], 2 * arm + np.pi * half
