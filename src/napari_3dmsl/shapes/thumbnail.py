"""Small pictures of shapes, made without a window or a graphics card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.mesh import Mesh

_LIGHT = np.array([0.75, -0.5, -0.45])  # to the eye, and from above on the left
_DARKEST = 0.25
_FINER = 2  # pixels a side that become one
_FACES = 40_000  # drawn at most: more than there are pixels to show them
_POINTS = 300_000
_CLOSE = 1.5  # points in a pixel, along an edge
_EDGE = 1  # free pixels around the shape


def render_thumbnail(mesh: Mesh, size: int) -> NDArray[np.uint8]:
    """Draw a surface from its broadest side, the longest axis to the right.

    Parameters
    ----------
    mesh
        The surface, wound outward or inward.
    size
        Edge of the picture in pixels.

    Returns
    -------
    (size, size, 2) uint8
        Brightness, and opacity: 0 beside the shape.
    """
    points, normals = _points(_turned(mesh.vertices), mesh.faces, _FINER * size)
    fine = _FINER * size
    nearest = np.argsort(points[:, 0], kind="stable")  # of several in a pixel the last one stays
    pixel = np.clip(points[nearest, 1:].astype(np.int64), 0, fine - 1)
    light = np.abs(normals @ (_LIGHT / np.linalg.norm(_LIGHT)))[nearest]
    shade = np.zeros((fine, fine))
    cover = np.zeros((fine, fine))
    shade[pixel[:, 0], pixel[:, 1]] = _DARKEST + (1 - _DARKEST) * light
    cover[pixel[:, 0], pixel[:, 1]] = 1.0
    shade, cover = (x.reshape(size, _FINER, size, _FINER).sum(axis=(1, 3)) for x in (shade, cover))
    drawn = np.stack([shade / np.maximum(cover, 1.0), cover / _FINER**2], axis=-1)
    return np.round(255 * drawn).astype(np.uint8)


def _turned(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the points so that the narrowest axis comes first and the longest last."""
    centred = vertices - vertices.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # in ascending order
    axes *= np.where(axes.sum(axis=0) < 0, -1.0, 1.0)  # the same shape, the same picture
    if np.linalg.det(axes) < 0:
        axes[:, 0] *= -1.0  # a turn, no mirror image
    turned: NDArray[np.float64] = centred @ axes
    return turned


def _points(
    vertices: NDArray[np.float64], faces: NDArray[np.int32], pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points (depth, row, column in pixels) close enough to fill the faces, and normals."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    margin = _EDGE * _FINER
    scale = (pixels - 2 * margin) / max(float((high - low)[1:].max()), 1e-9)
    placed = (vertices - (low + high) / 2) * scale + pixels / 2
    faces = faces[:: max(1, len(faces) // _FACES)]
    corners = placed[faces]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    longest = np.abs(np.stack([b - a, c - b, a - c])[..., 1:]).max(axis=(0, 2))
    wanted = np.clip(np.ceil(_CLOSE * longest).astype(np.int64), 1, 2 * pixels)
    found, facing = [], []
    for steps in np.unique(wanted).tolist():
        weights = _weights(steps)
        alike = np.flatnonzero(wanted == steps)
        alike = alike[:: max(1, len(alike) * len(weights) // _POINTS)]
        found.append(np.einsum("pk,fkd->fpd", weights, corners[alike]).reshape(-1, 3))
        facing.append(np.repeat(normals[alike], len(weights), axis=0))
    return np.concatenate(found), np.concatenate(facing)


def _weights(steps: int) -> NDArray[np.float64]:
    """Return points within a triangle, a step apart along its edges, as shares of its corners."""
    i, j = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1), indexing="ij")
    inside = i + j <= steps
    first, second = i[inside] / steps, j[inside] / steps
    return np.stack([first, second, 1.0 - first - second], axis=1)
