"""Pictures of the examples: rows of images beside each other, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

MISSED, INVENTED = (0.90, 0.62, 0.0), (0.34, 0.71, 0.91)  # Okabe and Ito: told apart by all
"""Colours of false negatives and false positives."""


def grid(path: Path, titles: Sequence[str], rows: Sequence[Sequence[NDArray[Any]]]) -> None:
    """Write a picture of images: grey ones (y, x), coloured ones (y, x, 3).

    Parameters
    ----------
    path
        Of the PNG.
    titles
        One for each column.
    rows
        Of images, all with as many columns.
    """
    tall, wide = rows[0][0].shape[:2]
    across = 1.7 * len(titles)
    figure = Figure(figsize=(across, 0.3 + 1.7 * len(rows) * tall / wide), layout="constrained")
    axes = figure.subplots(len(rows), len(titles), squeeze=False)
    for row, images in zip(axes, rows, strict=True):
        for place, image in zip(row, images, strict=True):
            place.imshow(image, cmap="gray", interpolation="nearest")
            place.set_axis_off()
    for place, title in zip(axes[0], titles, strict=True):
        place.set_title(title, fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def beside_truth(found: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.float32]:
    """Return a mask in colours: white is right, orange missed, blue invented.

    Parameters
    ----------
    found, wanted
        Masks (y, x).
    """
    found, wanted = np.asarray(found, bool), np.asarray(wanted, bool)
    picture = np.zeros((*found.shape, 3), np.float32)
    picture[found & wanted] = 1
    picture[wanted & ~found] = MISSED
    picture[found & ~wanted] = INVENTED
    return picture
