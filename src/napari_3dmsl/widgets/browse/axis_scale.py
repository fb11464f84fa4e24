"""Whether an axis is logarithmic, and where values lie on it: the rule of the histograms."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.widgets.browse.histogram import bins_of


def on_axis(values: FloatArray) -> tuple[FloatArray, bool]:
    """Return where values are drawn, and whether these are decimal logarithms.

    Parameters
    ----------
    values
        (N,), in the unit of the measure; not a number where there is none.

    Returns
    -------
    (N,) float64, bool
        On a logarithmic axis what is 0 or very small lies at its beginning.
    """
    bins = bins_of(values[np.isfinite(values)])
    if not bins.logarithmic:
        return values, False
    return np.log10(np.maximum(values, bins.edges[0])), True
