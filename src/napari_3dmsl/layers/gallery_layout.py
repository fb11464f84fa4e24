"""A gallery of shapes in 3D: side by side in rows, in one plane, in an order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_3dmsl.arrays import FloatArray

_GAP = 0.12  # between two shapes, as a share of the mean size
_TRIES = 6
_WIDER = 1.3  # than high: about as a canvas is


def gallery_shifts(boxes: Mapping[int, FloatArray]) -> dict[int, FloatArray]:
    """Return by how much shapes have to be moved so that they lie in rows, as words in a text.

    The first is at the upper left; rows run along x and follow each other along y; all middles lie
    in the plane z = 0 of the gallery's own middle, which is that of all shapes now.

    Parameters
    ----------
    boxes
        Lowest and highest corner of each shape, (2, 3) in µm (z, y, x), in the order of the
        gallery.

    Returns
    -------
    dict
        (3,) in µm by id.
    """
    if not boxes:
        return {}
    corners = np.array(list(boxes.values()))
    sizes = corners[:, 1] - corners[:, 0]
    gap = _GAP * float(sizes[:, 1:].mean())
    places = _rows(sizes[:, 1:] + gap, _WIDER)
    centred = places - (places.min(axis=0) + places.max(axis=0)) / 2
    middle = (corners[:, 0].min(axis=0) + corners[:, 1].max(axis=0)) / 2
    wanted = middle + np.column_stack([np.zeros(len(places)), centred])
    shifts = wanted - corners.mean(axis=1)
    return dict(zip(boxes, shifts, strict=True))


def _rows(sizes: FloatArray, wider: float) -> FloatArray:
    """Return the middle (y, x) of boxes of these sizes, in rows that are so much wider than high.

    A row is as high as its highest box, so that its width is found by trying.
    """
    widest = float(sizes[:, 1].max())
    width = np.sqrt(float(sizes.prod(axis=1).sum()))
    for _ in range(_TRIES):
        width = max(width, widest)
        places = _in_rows(sizes, width)
        high, wide = (places + sizes / 2).max(axis=0) - (places - sizes / 2).min(axis=0)
        width *= float(np.sqrt(wider * high / wide))
    return places


def _in_rows(sizes: FloatArray, width: float) -> FloatArray:
    """Return the middle (y, x) of boxes of these sizes, in rows of a width."""
    places = np.zeros_like(sizes)
    top = left = tallest = 0.0
    first = 0  # of the row
    for at, (high, wide) in enumerate(sizes.tolist()):
        if left + wide > width and at > first:
            top, left, tallest, first = top + tallest, 0.0, 0.0, at
        places[at] = top + high / 2, left + wide / 2
        left, tallest = left + wide, max(tallest, high)
        places[first : at + 1, 0] = top + tallest / 2  # on one line
    return places
