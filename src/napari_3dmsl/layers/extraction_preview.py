"""The steps of the protocol on a crop as napari layers, on top of the labels that they are from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.placement import placement_of_layer
from napari_3dmsl.layers.shapes import AXES, KEY, LayerData

if TYPE_CHECKING:
    from napari_3dmsl.shapes.extraction import ExtractionSettings
    from napari_3dmsl.shapes.extraction_preview import Preview

PREVIEW = "preview"
BEFORE, INSTANCES, ERODED = (f"preview: {step}" for step in ("before", "instances", "eroded"))


def preview_layers(preview: Preview, settings: ExtractionSettings, source: Any) -> list[LayerData]:
    """Return the mask before, the instances and, as an outline, the mask after the erosion.

    Parameters
    ----------
    preview : Preview
    settings : ExtractionSettings
        Those that it was made with.
    source : napari layer
        The labels; the steps lie upon them in its units, even if these are no lengths.
    """
    lies = placement_of_layer(source)
    scale = lies.scale[-3:]
    first = np.array(preview.origin_um) * 1000 / np.array(settings.voxel_nm)
    place = {
        "scale": scale * settings.blocks,
        "translate": lies.translate[-3:] + first * scale,
        "units": tuple(str(unit) for unit in source.units[-3:]),
        "axis_labels": AXES,
        "metadata": {KEY: {"kind": PREVIEW}},
    }
    found = preview.extraction.labels
    instances = found.astype(np.min_scalar_type(int(found.max())))
    grey, white = (_one_colour(brightness) for brightness in (0.54, 1.0))
    before = preview.before.astype(np.uint8)
    return [
        (before, {"name": BEFORE, "colormap": grey, "opacity": 1.0, **place}, "labels"),
        (instances, {"name": INSTANCES, "opacity": 0.75, **place}, "labels"),
        (
            preview.eroded.astype(np.uint8),
            {"name": ERODED, "colormap": white, "opacity": 1.0, **place},
            "labels",
        ),
    ]


def _one_colour(brightness: float) -> Any:
    """Return a grey for all labels; napari compiles nothing for a colormap that repeats."""
    from napari.utils.colormaps import CyclicLabelColormap

    return CyclicLabelColormap(colors=[[0, 0, 0, 0], [brightness] * 3 + [1]])
