"""Pictures of the examples: rows of images beside each other, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_3dmsl.layers.score_errors import ERROR_COLOURS
from napari_3dmsl.scoring.masks import error_map


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
    """Return a mask in the colours of the panel *Score*: white is right, green missed, pink false.

    Parameters
    ----------
    found, wanted
        Masks (y, x).
    """
    errors = error_map(wanted, found)
    picture = np.zeros((*errors.shape, 3), np.float32)
    for number, colour in ERROR_COLOURS.items():
        picture[errors == number] = to_rgb(colour)
    return picture
