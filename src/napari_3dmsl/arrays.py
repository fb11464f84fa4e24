"""Names for the array types that signatures speak of, and that their numbers are numbers.

The letters in the shapes of arrays, the same in every docstring:

=======  ===================================================================
N        points or vertices, (z, y, x) along the last axis
F        faces, the triangles of a mesh
E        emitters
K        frequencies, or nodes of an integral
T        frames of a time-lapse
P        planes of a stack, from the lowest to the highest focus
R, C     rows and columns of an image
Z, Y, X  voxels of a volume along its axes
=======  ===================================================================

``(N, 3) array`` is so a list of points, ``(F, 3, 3)`` the three corners of each triangle, ``(P, R,
C)`` a stack. Other lengths are written out, such as ``(radii, depths)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
ComplexArray = NDArray[np.complexfloating[Any, Any]]
CountArray = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Planes:
    """A stack whose planes come one after the other, so that it never lies in memory as a whole.

    Attributes
    ----------
    shape : (P, R, C)
    dtype : numpy.dtype
    planes : iterable of (R, C) arrays
        From the lowest focus to the highest.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    planes: Iterable[NDArray[Any]]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Of all planes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter(self.planes)


def counters(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, …, n - 1 for each length n, one after the other.

    Parameters
    ----------
    lengths : (N,) array
        Each 0 or more.
    """
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def check_finite(values: FloatArray, what: str) -> None:
    """Raise ``ValueError`` when a single value is NaN or infinite; one pass, no copy.

    Parameters
    ----------
    values
        In double precision the sum of any image is finite, unless one of its values is not.
    what
        What the message calls them.
    """
    if not np.isfinite(np.sum(values, dtype=np.float64)):
        raise ValueError(
            f"{what}: a pixel is no finite number, so some setting is beyond what can be computed; "
            "take photons, sizes and depths of a real specimen, and report this with your settings"
        )
