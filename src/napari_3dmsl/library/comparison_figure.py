"""A comparison of two libraries as a figure: shares of classes, effect sizes of measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.library.compare_libraries import ALL_SHAPES, LibraryComparison, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FIRST, _SECOND = "#0072B2", "#D55E00"  # of Okabe and Ito, as blue and red differ to all eyes
_CLEAR, _FAINT = "#000000", "#909090"
_SIGNIFICANT = 0.05
_LINE_INCH = 0.2


def draw_library_comparison(comparison: LibraryComparison) -> Figure:
    """Draw the shares of the classes beside each other, and Cliff's delta of each measure.

    Parameters
    ----------
    comparison
        As of `compare_libraries`.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved or shown in any window.
    """
    from matplotlib.figure import Figure

    tall = max(3.0, 1.2 + _LINE_INCH * len(comparison.measures))
    figure = Figure(figsize=(10.0, tall), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[2, 3])
    _draw_shares(left, comparison)
    _draw_effects(right, comparison)
    figure.legend(loc="outside upper left", ncols=2, fontsize=9)
    return figure


def _draw_shares(axes: Axes, comparison: LibraryComparison) -> None:
    places = np.arange(len(comparison.shares), dtype=float)
    for at, colour in enumerate((_FIRST, _SECOND)):
        shares = [100 * test.shares[at] for test in comparison.shares]
        label = f"{comparison.names[at]} ({comparison.counts[at]:,})"
        axes.barh(places + 0.4 * at - 0.2, shares, 0.38, color=colour, label=label)
    marks = [f"{test.shape_class}{_star(test.p_adjusted)}" for test in comparison.shares]
    axes.set_yticks(places, marks)
    axes.invert_yaxis()
    axes.set_xlabel("share of the shapes, %")
    if comparison.classes_p is not None:
        p = p_text(comparison.classes_p, "= ")
        axes.set_title(f"classes: p {p}, Cramér's V {comparison.cramers_v:.2f}", fontsize=9)


def _draw_effects(axes: Axes, comparison: LibraryComparison) -> None:
    places = np.arange(len(comparison.measures), dtype=float)
    for place, test in zip(places, comparison.measures, strict=True):
        colour = _CLEAR if test.p_adjusted < _SIGNIFICANT else _FAINT
        axes.plot([test.low, test.high], [place, place], color=colour, linewidth=1.5)
        whole = test.shape_class == ALL_SHAPES
        axes.plot([test.delta], [place], "s" if whole else "o", color=colour, markersize=5)
    axes.axvline(0.0, color=_FAINT, linewidth=0.8, zorder=0)
    marks = [f"{t.shape_class}: {_words(t.measure)}" for t in comparison.measures]
    axes.set_yticks(places, marks, fontsize=8)
    if len(places):
        axes.set_ylim(len(places) - 0.5, -0.5)
    else:
        axes.text(0.0, 0.5, "too few shapes to test measures", ha="center")
    axes.set_xlim(-1.05, 1.05)
    first, second = comparison.names
    axes.set_xlabel(f"Cliff's delta, 95 %: larger in {first} (−) or in {second} (+)")
    axes.set_title("black: p adjusted < 0.05 (Mann-Whitney)", fontsize=9)


def _star(p: float) -> str:
    return " *" if p < _SIGNIFICANT else ""


def _words(measure: str) -> str:
    name, _, unit = measure.rpartition("_")
    units = {"um": "µm", "um2": "µm²", "um3": "µm³"}
    if unit not in units:
        return measure.replace("_", " ")
    return f"{name.replace('_', ' ')}, {units[unit]}"
