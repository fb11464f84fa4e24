"""Images or dark frames, plane by plane, as numbers to compute with, and what each is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray

MOST_PLANES = 48
"""Planes that are looked at; more are taken at even distances."""


@dataclass(frozen=True, eq=False)
class Planes:
    """Planes that were given together.

    Attributes
    ----------
    values : list of (R, C) float64 arrays
        Counts, each plane once.
    names : list of str
        Of each, such as ``b.tif, plane 3 of 20``.
    what : str
        Of all of them, such as ``b.tif``.
    types : frozenset of str
        Of the pixels as they were given, such as ``uint16``.
    prints : list of bytes
        Of each, which only the same pixels have.
    copies : int
        Planes left out, whose pixels another plane has.
    """

    values: list[FloatArray]
    names: list[str]
    what: str
    types: frozenset[str]
    prints: list[bytes]
    copies: int


def planes_of(
    images: Sequence[NDArray[Any]] | NDArray[Any], what: str, files: Sequence[str] = ()
) -> Planes:
    """Take images apart into planes, evenly chosen where there are many.

    A plane that comes again, as in a file given twice, counts once: its noise tells nothing new.

    Parameters
    ----------
    images : list of (R, C) or (P, R, C) arrays
        Counts.
    what
        What messages call them, where they come from no files.
    files
        Names of the files, if they come from some: one for each image.
    """
    given = [images] if isinstance(images, np.ndarray) else list(images)
    planes, names = [], []
    for number, image in enumerate(given):
        stack = image.reshape(-1, *image.shape[-2:])
        planes += list(stack)
        names += [_name(files[number] if files else "", n, len(stack)) for n in range(len(stack))]
    if not files:
        names = [_name("", number, len(planes)) for number in range(len(planes))]
    chosen = np.unique(np.linspace(0, len(planes) - 1, MOST_PLANES).round().astype(int))
    kept: dict[bytes, int] = {}
    for number in chosen if planes else ():
        kept.setdefault(_print(planes[number]), int(number))
    return Planes(
        [np.asarray(planes[number], dtype=np.float64) for number in kept.values()],
        [names[number] for number in kept.values()],
        _listed(files) or what,
        frozenset(str(planes[number].dtype.newbyteorder("=")) for number in kept.values()),
        list(kept),
        min(len(planes), len(chosen)) - len(kept),
    )


def _name(file: str, number: int, count: int) -> str:
    plane = f"plane {number + 1} of {count}" if count > 1 else ""
    return ", ".join(filter(None, (file, plane)))


def _listed(files: Sequence[str]) -> str:
    """Name some files, the first of many."""
    more = f" and {len(files) - 2} more" if len(files) > 3 else ""
    return ", ".join(files[:2] if more else files) + more


def _print(plane: NDArray[Any]) -> bytes:
    """Return what only the same counts have, of whatever type."""
    counts = np.ascontiguousarray(plane, dtype=np.float64)
    return sha256(repr(counts.shape).encode() + counts.tobytes()).digest()
