"""Where a prediction is wrong, in the colours of the 3DMSL paper's Fig. 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.layers.attributes import KEY, LayerData
from napari_3dmsl.scoring.masks import FALSE, MISSED, RIGHT

if TYPE_CHECKING:
    from napari.utils.colormaps import DirectLabelColormap

SCORE_ERRORS = "score_errors"
"""The kind of this layer."""

ERROR_COLOURS = {MISSED: "#1DB954", FALSE: "#FF5FB0", RIGHT: "#D0D0D0"}
"""Green, pink and (almost) white, as in Fig. 6: white would be lost on a bright canvas."""

ERROR_WORDS = {
    MISSED: "missed (false negative)",
    FALSE: "false (false positive)",
    RIGHT: "right (true positive)",
}


def errors_layer(errors: NDArray[np.uint8], truth: Any, name: str) -> LayerData:
    """Return the layer of errors; it lies where the truth lies.

    Parameters
    ----------
    errors
        See `error_map`.
    truth
        The layer of the truth, of napari.
    name
        Of the new layer.
    """
    placement = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
    attributes = {
        "name": name,
        **{each: getattr(truth, each) for each in placement},
        "colormap": _colours(),
        "features": {"index": [0, *ERROR_WORDS], "pixel": ["background", *ERROR_WORDS.values()]},
        "opacity": 1.0,
        "metadata": {KEY: {"kind": SCORE_ERRORS}},
    }
    return errors, attributes, "labels"


def _colours() -> DirectLabelColormap:
    from napari.utils.colormaps import DirectLabelColormap

    none: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    return DirectLabelColormap(color_dict=none | dict(ERROR_COLOURS.items()))
