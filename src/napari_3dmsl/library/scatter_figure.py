"""Two measures of shapes against each other, as a figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_3dmsl.shapes.collection import ShapeSource

_SIZE_INCH = (6.0, 4.5)
_POINT = 14.0


def draw_scatter(
    source: ShapeSource,
    across: str,
    up: str,
    colours: Mapping[str, str],
    *,
    ids: Collection[int] | None = None,
    words: Mapping[str, str] | None = None,
    logarithmic: tuple[bool, bool] = (False, False),
) -> Figure:
    """Draw a point for each shape, in the colour of its class.

    Parameters
    ----------
    source : ShapeSource
        Extracted shapes or a library.
    across, up : str
        Columns of its table.
    colours : mapping
        ``#rrggbb`` by class; others are grey.
    ids : collection of int, optional
        Of the shapes that are drawn; all by default.
    words : mapping, optional
        What columns are called.
    logarithmic : pair of bool
        Whether the axes are; values of 0 are left out there.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved or shown in any window.

    Raises
    ------
    ValueError
        When there is no such column.
    """
    from matplotlib.figure import Figure

    for name in (across, up):
        if name not in source.table:
            raise ValueError(f"no measure {name!r}; there are {', '.join(source.table)}")
    shown = set(source.ids) if ids is None else set(ids)
    keep = np.array([shape_id in shown for shape_id in source.ids], bool)
    x, y = (np.array(source.table[name], np.float64) for name in (across, up))
    kinds = np.array([kind or "unknown" for kind in source.table["shape_class"]])
    figure = Figure(figsize=_SIZE_INCH, dpi=150, layout="constrained")
    axes = figure.subplots()
    present = set(kinds[keep].tolist())
    for kind in [*(k for k in colours if k in present), *sorted(present - set(colours))]:
        some = keep & (kinds == kind) & np.isfinite(x) & np.isfinite(y)
        label = f"{kind} ({np.count_nonzero(some)})"
        axes.scatter(x[some], y[some], s=_POINT, color=colours.get(kind, "#BBBBBB"), label=label)
    axes.set_xscale("log" if logarithmic[0] else "linear")
    axes.set_yscale("log" if logarithmic[1] else "linear")
    axes.set_xlabel((words or {}).get(across, across))
    axes.set_ylabel((words or {}).get(up, up))
    if present:
        axes.legend(fontsize=8)
    return figure
