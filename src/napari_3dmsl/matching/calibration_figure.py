"""A calibration as a picture: variance against mean count, and the line through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_3dmsl.matching.calibration import Calibration

_SIZE_INCH = (5.0, 3.4)


def draw_calibration(found: Calibration) -> Figure:
    """Draw the noise of images against their brightness, with the line whose slope is the gain.

    Parameters
    ----------
    found
        As of `calibrate`, with a line.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved or shown in any window.

    Raises
    ------
    ValueError
        When the calibration has no line.
    """
    from matplotlib.figure import Figure

    if found.line is None or not found.curve:
        raise ValueError(f"nothing to draw: {found.refusal}")
    mean, variance = np.array(found.curve).T
    figure = Figure(figsize=_SIZE_INCH, dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.plot(mean, variance, "o", ms=4, label="pixels of one brightness")
    start = mean.min() if found.offset_adu is None else found.offset_adu.value
    ends = np.array([start, mean.max()])
    axes.plot(ends, found.line.slope * ends + found.line.intercept, "-", label=_words(found))
    if found.offset_adu is not None:
        dark = found.line.slope * start + found.line.intercept
        axes.plot([start], [dark], "s", ms=6, color="black", label="dark frame")
    axes.set_xlabel("mean count (ADU)")
    axes.set_ylabel("variance of the noise (ADU²)")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _words(found: Calibration) -> str:
    if found.adu_per_e is None:
        return "the best line, too unsure"
    return f"{found.adu_per_e} ADU/e⁻"
