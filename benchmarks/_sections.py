"""Shapes of few sections: an outline on one section, or on some that drift apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

OUTLINES = ("disk", "ellipse", "square", "blob", "ring", "line")
SIZES = (3, 5, 8, 14, 25, 45, 80)  # pixels from the middle to the side


def outline(kind: str, size: int, rng: Generator) -> NDArray[np.bool_]:
    """Draw the outline of an organelle on a section, (y, x)."""
    y, x = np.mgrid[-size : size + 1, -size : size + 1]
    away = np.hypot(y, x)
    if kind == "disk":
        drawn = away <= 0.9 * size
    elif kind == "ellipse":
        drawn = (y / (0.4 * size)) ** 2 + (x / (0.9 * size)) ** 2 <= 1
    elif kind == "square":
        drawn = np.maximum(abs(y), abs(x)) < 0.8 * size
    elif kind == "ring":
        drawn = abs(away - 0.7 * size) <= max(0.2 * size, 1)
    elif kind == "line":
        drawn = abs(y) <= max(1, size // 12)
    else:
        noise = ndimage.gaussian_filter(rng.normal(size=y.shape), size / 4)
        drawn = noise / noise.std() + 1.5 - 2 * (away / (0.8 * size)) ** 2 > 0
        pieces, _ = ndimage.label(drawn)
        drawn = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    return np.asarray(drawn)


def stack(kind: str, size: int, sections: int, rng: Generator) -> NDArray[np.bool_]:
    """Draw (z, y, x) voxels: the outline on every section, moved by up to a sixth of its size."""
    drawn = outline(kind, size, rng)
    if sections == 1:
        return drawn[None]
    drawn = np.pad(drawn, size // 4 + 2)
    reach = size // 6 + 1
    drifts = rng.integers(-reach, reach + 1, (sections, 2))
    return np.array([np.roll(drawn, drift, (0, 1)) for drift in drifts])
