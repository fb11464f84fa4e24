"""A comparison as a picture: tiles of each set at the same contrast, and the curves."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_3dmsl.matching.comparison import Comparison
from napari_3dmsl.matching.curves import AXES
from napari_3dmsl.matching.grey_levels import check_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 6  # tiles of each set
_COLOURS = {"real": "#000000", "simulated": "#d55e00", "another real cell": "#0072b2"}
_TITLES = {
    "histogram": "Grey values",
    "spectrum": "Radial spectrum",
    "variance": "Noise against mean",
    "autocorrelation": "Autocorrelation",
}
_LOGARITHMIC = ("histogram", "spectrum")
_WIDTH_INCH, _TILE_INCH, _CURVE_INCH, _LINE_INCH = 11.0, 2.0, 3.0, 0.16
_LETTERS = 150  # of a line


def draw_comparison(
    comparison: Comparison, tiles: dict[str, ArrayLike], *, shown: int = SHOWN, seed: int = 0
) -> Figure:
    """Draw tiles of each set, the curves of all and the words.

    Parameters
    ----------
    comparison
        As of `compare`.
    tiles
        By name, ``real`` and ``simulated`` and, if compared, ``another real cell``: the tiles, as
        arrays of shape (N, R, C).
    shown
        How many tiles of each set.
    seed
        Which tiles: drawn at random, so that nobody chooses the best.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved or shown in any window.
    """
    from matplotlib.figure import Figure

    names = [name for name in comparison.curves if name in tiles]
    words = _heading(comparison)
    heights = [_LINE_INCH * len(words), *[_TILE_INCH] * len(names), _CURVE_INCH]
    figure = Figure(figsize=(_WIDTH_INCH, sum(heights)), dpi=110, layout="constrained")
    rows: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    rows[0].text(0.01, 0.98, "\n".join(words), fontsize=8.5, va="top")
    rng = np.random.default_rng(seed)
    for row, name in zip(rows[1:-1], names, strict=True):
        grey = grey_tiles(comparison, name, tiles[name])
        _draw_tiles(row.subplots(1, shown, squeeze=False)[0], name, grey, rng)
    for what, axes in zip(_TITLES, rows[-1].subplots(1, 4), strict=True):
        _draw_curves(axes, what, comparison)
    return figure


def grey_tiles(comparison: Comparison, name: str, tiles: ArrayLike) -> NDArray[np.float32]:
    """Return tiles of a set from 0, black, to 1, white, at the contrast of the comparison.

    Parameters
    ----------
    comparison
        Its levels count.
    name
        Of the set.
    tiles : (N, R, C) array
        Grey values as they were compared.
    """
    shown: NDArray[np.float32] = np.clip(comparison.levels[name].apply(check_tiles(tiles)), 0, 1)
    return shown


def _heading(comparison: Comparison) -> list[str]:
    lines = comparison.lines()
    return [part for line in lines for part in wrap(line, _LETTERS, subsequent_indent="     ")]


def _draw_tiles(
    row: Sequence[Any], name: str, grey: NDArray[np.float32], rng: np.random.Generator
) -> None:
    chosen = np.sort(rng.permutation(len(grey))[: len(row)])
    for place, axes in enumerate(row):
        axes.set_axis_off()
        if place < len(chosen):
            # A square root shows dim objects beside bright ones.
            axes.imshow(np.sqrt(grey[chosen[place]]), cmap="gray", vmin=0, vmax=1)
    row[0].set_title(name, fontsize=9, loc="left", color=_COLOURS.get(name))


def _draw_curves(axes: Axes, what: str, comparison: Comparison) -> None:
    for name, curves in comparison.curves.items():
        curve = getattr(curves, what)
        axes.plot(curve.x, curve.y, label=name, color=_COLOURS.get(name), linewidth=1.4)
    axes.set_title(_TITLES[what], fontsize=9)
    axes.set_xlabel(AXES[what][0], fontsize=8)
    axes.set_ylabel(AXES[what][1], fontsize=8)
    axes.tick_params(labelsize=7)
    if what in _LOGARITHMIC:
        axes.set_yscale("log")
    if what == "histogram":
        axes.legend(fontsize=7)
