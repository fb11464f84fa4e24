"""Random labels of objects."""

from __future__ import annotations

import numpy as np


def blobs(rng: np.random.Generator, shape: tuple[int, ...], most: int) -> np.ndarray:
    """Labels that lie in blocks, as objects do."""
    coarse = rng.integers(0, most + 1, [-(-length // 3) for length in shape])
    for axis in range(len(shape)):
        coarse = coarse.repeat(3, axis=axis)
    return coarse[tuple(slice(length) for length in shape)]
