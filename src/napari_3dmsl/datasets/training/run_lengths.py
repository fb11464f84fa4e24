"""Masks as run lengths in the form of COCO, which holds each pixel exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BITS, _MORE, _SIGN = 5, 0x20, 0x10
_FIRST = 48  # the letter "0"


def run_lengths(mask: NDArray[Any]) -> list[int]:
    """Return how many pixels are 0, then 1, then 0 and so on, down column after column.

    Parameters
    ----------
    mask
        (R, C); what is not 0 counts as 1.

    Returns
    -------
    list of int
        The first may be 0; the sum is the number of pixels.
    """
    pixels = np.asarray(mask).T.ravel() != 0
    changes = np.flatnonzero(np.diff(pixels, prepend=False)).tolist()
    ends = [*changes, pixels.size]
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def as_text(lengths: list[int]) -> str:
    """Return run lengths as the text that COCO packs them into.

    From the third on each is the difference to the one before the last; it is written in groups of
    five bits, the lowest first, each a letter from ``0`` on.

    Parameters
    ----------
    lengths
        From `run_lengths`.
    """
    letters = []
    for place, length in enumerate(lengths):
        value = length - lengths[place - 2] if place > 2 else length
        more = True
        while more:
            bits = value & 0x1F
            value >>= _BITS
            more = value != (-1 if bits & _SIGN else 0)
            letters.append(chr(_FIRST + (bits | _MORE if more else bits)))
    return "".join(letters)
