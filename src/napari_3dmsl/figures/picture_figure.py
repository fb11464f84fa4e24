"""Pictures as a figure for a paper: names, scale bars in µm, colour bars with units."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.difference import Shown
from napari_3dmsl.figures.emission_colour import GREY, colour_table, emission_colour, signed_table
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.scale_bar import bar_label, bar_length_um

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Window = tuple[float, float, float, float]
"""What is shown: left, right, top, bottom, µm from the middle of the images."""

_MARGIN = 1.1  # around an object
_SIDE_INCH, _WORDS_INCH = 2.6, 0.75
_LETTERS = 34  # of a line of a title
_SMALLEST_UM = 1.0


def table_of(picture: Picture, *, in_grey: bool) -> NDArray[np.uint8]:
    """Return the colormap of a picture, (levels, 3) uint8.

    Parameters
    ----------
    picture
        Its light, or that it is a difference, decides.
    in_grey
        Shades of grey instead.
    """
    if picture.signed:
        return signed_table()
    return colour_table(GREY if in_grey else emission_colour(picture.emission_nm))


def window_of(pictures: Sequence[Picture], *, whole: bool = False) -> Window:
    """Return what holds all objects, a square; or all of all images.

    Parameters
    ----------
    pictures
        At least one.
    whole
        Images rather than objects.
    """
    edges = np.array([picture.extent_um if whole else picture.object_um for picture in pictures])
    (left, top), (right, bottom) = edges[:, ::2].min(axis=0), edges[:, 1::2].max(axis=0)
    if whole:
        return float(left), float(right), float(top), float(bottom)
    half = 0.5 * _MARGIN * max(right - left, bottom - top, _SMALLEST_UM)
    x, y = 0.5 * (left + right), 0.5 * (top + bottom)
    return float(x - half), float(x + half), float(y - half), float(y + half)


def shown_in_focus(picture: Picture) -> Shown:
    """Return a picture as it is first shown: its plane in focus, at its own contrast.

    Parameters
    ----------
    picture
        An image or a stack.
    """
    values = picture.planes[picture.focus_plane]
    signed = Contrast.around_zero(values) if picture.signed else Contrast.fitted(values)
    return picture, values, signed


def draw_pictures(
    shown: Sequence[Shown] | Sequence[Picture],
    *,
    columns: int | None = None,
    in_grey: bool = False,
    window: Window | None = None,
) -> Figure:
    """Draw pictures beside each other, at the same scale.

    Parameters
    ----------
    shown
        Pictures, or with the plane and the contrast that are wanted, see `shown_in_focus`.
    columns
        How many stand in a row; by default up to three.
    in_grey
        Shades of grey instead of the colour of the emission.
    window
        What is shown of each; by default the objects.

    Raises
    ------
    ValueError
        Without a picture.
    """
    from matplotlib.figure import Figure

    parts = [part if isinstance(part, tuple) else shown_in_focus(part) for part in shown]
    if not parts:
        raise ValueError("no picture to draw: give at least one")
    window = window_of([part[0] for part in parts]) if window is None else window
    columns = min(len(parts), 3) if columns is None else columns
    rows = -(-len(parts) // columns)
    high = (window[3] - window[2]) / (window[1] - window[0])
    size = columns * _SIDE_INCH, rows * (high * _SIDE_INCH + _WORDS_INCH)
    figure = Figure(figsize=size, dpi=200, layout="constrained")
    grid: Any = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(parts):
            axes.set_axis_off()
            continue
        picture, values, contrast = parts[place]
        drawn = draw_picture(axes, picture, values, contrast, window, in_grey=in_grey)
        axes.set_title("\n".join(wrap(picture.title, _LETTERS)), fontsize=8)
        _colour_bar(figure, axes, drawn, picture.unit, "bottom")
    return figure


def draw_picture(
    axes: Axes,
    picture: Picture,
    values: NDArray[Any],
    contrast: Contrast,
    window: Window,
    *,
    in_grey: bool = False,
    has_bar: bool = True,
) -> Any:
    """Draw one picture into axes of matplotlib; returns its image.

    Parameters
    ----------
    axes
        Of a figure.
    picture
        Tells lengths and colour.
    values : (R, C) array
        The plane of it that is drawn.
    contrast
        Its display range.
    window
        What is shown.
    in_grey
        Shades of grey instead of the colour of the emission.
    has_bar
        Whether a scale bar lies in its corner.
    """
    from matplotlib.colors import ListedColormap

    left, right, top, bottom = picture.extent_um
    colours = ListedColormap(table_of(picture, in_grey=in_grey) / 255.0)
    drawn = axes.imshow(
        values,
        cmap=colours,
        vmin=contrast.low,
        vmax=contrast.high,
        extent=(left, right, bottom, top),
        interpolation="none",  # the pixels as they are, in vector files, too
    )
    axes.set_facecolor("black")
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[3], window[2])
    axes.set_xticks([])
    axes.set_yticks([])
    if has_bar:
        _scale_bar(axes, window)
    return drawn


def _scale_bar(axes: Axes, window: Window) -> None:
    from matplotlib.patches import Rectangle

    left, right, top, bottom = window
    width, height = right - left, bottom - top
    length = bar_length_um(width)
    x, y = right - 0.05 * width - length, bottom - 0.05 * height
    bar = Rectangle((x, y - 0.012 * height), length, 0.012 * height, color="white", lw=0)
    bar.set_gid("scale_bar")
    axes.add_patch(bar)
    axes.text(
        x + length,
        y - 0.03 * height,
        bar_label(length),
        color="white",
        fontsize=7,
        fontweight="bold",
        ha="right",  # words that are longer than the bar stay in the picture
        va="bottom",
    )


def _colour_bar(figure: Figure, axes: Axes, drawn: Any, unit: str, side: str) -> None:
    bar = figure.colorbar(drawn, ax=axes, location=side, shrink=0.6, aspect=18, pad=0.03)
    low, high = drawn.get_clim()
    bar.set_ticks([low, high], labels=[f"{low:,.4g}", f"{high:,.4g}"])
    bar.set_label(unit, fontsize=7, labelpad=-6)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_linewidth(0.5)
