"""The paper's Fig. 4a for a shape: its six views through one microscope after the other."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.picture_figure import draw_picture, window_of
from napari_3dmsl.figures.simulated_picture import picture_of
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.pose import VIEWS
from napari_3dmsl.microscope.simulation import Simulation, Simulator, pose_of_view
from napari_3dmsl.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE_INCH, _NAME_INCH, _HEAD_INCH = 1.45, 1.5, 0.3
_LETTERS = 16  # of a line of a microscope's name


def views_of_shape(
    surface: Surface, simulations: Sequence[Simulation], progress: Progress | None = None
) -> list[list[Picture]]:
    """Image a shape in the six views of the 3DMSL release through several microscopes.

    Parameters
    ----------
    surface : Surface
        World frame.
    simulations : sequence of Simulation
        One a microscope; their poses and planes do not count: one plane in focus.
    progress : callable, optional
        Called with (images done, images, what); raise in it to cancel.

    Returns
    -------
    list of lists of Picture
        One row a microscope, in the order of `VIEWS`.
    """
    rows: list[list[Picture]] = [[] for _ in simulations]
    total, done = len(VIEWS) * len(simulations), 0
    simulator = Simulator()
    for view in VIEWS:
        for row, simulation in zip(rows, simulations, strict=True):
            if progress is not None:
                progress(done, total, f"view {view}, {simulation.microscope.name}")
            wanted = simulation.replace(
                pose=pose_of_view(simulation.microscope, view),
                acquisition=simulation.acquisition.replace(planes=1),
            )
            row.append(picture_of(simulator.image(surface, wanted), f"{len(row)}"))
            done += 1
    if progress is not None:
        progress(total, total, "images")
    return rows


def draw_views(rows: Sequence[Sequence[Picture]], *, in_grey: bool = False) -> Figure:
    """Draw the views of a shape: a row a microscope, a column a view, all at one scale.

    The contrast of a row is that of its brightest view, so that they can be compared.

    Parameters
    ----------
    rows
        As from `views_of_shape`.
    in_grey
        Shades of grey instead of the colour of the emission.

    Raises
    ------
    ValueError
        Without a picture.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if not rows or not rows[0]:
        raise ValueError("no picture to draw: give at least one microscope")
    columns = len(rows[0])
    window = window_of([picture for row in rows for picture in row])
    size = _NAME_INCH + columns * _SIDE_INCH, _HEAD_INCH + len(rows) * _SIDE_INCH
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    figure = Figure(figsize=size, dpi=200, layout=layout)
    grid: Any = figure.subplots(len(rows), columns, squeeze=False)
    for axes_row, row in zip(grid, rows, strict=True):
        contrast = _brightest(row)
        for place, (axes, picture) in enumerate(zip(axes_row, row, strict=True)):
            last = place == columns - 1
            draw_picture(
                axes, picture, picture.planes[0], contrast, window, in_grey=in_grey, has_bar=last
            )
        _name(axes_row[0], row[0], contrast)
    for axes, view in zip(grid[0], VIEWS, strict=True):
        axes.set_title(f"view {view}" if view == "0" else view, fontsize=8)
    return figure


def _brightest(row: Sequence[Picture]) -> Contrast:
    fitted = [Contrast.fitted(picture.values) for picture in row]
    return Contrast(min(one.low for one in fitted), max(one.high for one in fitted))


def _name(axes: Any, picture: Picture, contrast: Contrast) -> None:
    """Say to the left of a row through which microscope it is seen, and what its colours mean."""
    lines = [
        *wrap(picture.title, _LETTERS),
        f"{contrast.low:,.0f} to {contrast.high:,.0f}",
        picture.unit,
    ]
    axes.set_ylabel("\n".join(lines), fontsize=7, rotation=0, ha="right", va="center", labelpad=4)
