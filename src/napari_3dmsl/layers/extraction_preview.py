"""The steps of the protocol on a crop as napari layers, on top of the labels that they are from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import LayerData, attributes_for
from napari_3dmsl.layers.placement import placement_of_layer

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
        Of a crop.
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
        "units": [str(unit) for unit in source.units[-3:]],
    }
    found = preview.extraction.labels
    grey, white = (_one_colour(brightness) for brightness in (0.54, 1.0))
    steps: list[tuple[str, Any, dict[str, Any]]] = [
        (BEFORE, preview.before.astype(np.uint8), {"colormap": grey, "opacity": 1.0}),
        (INSTANCES, found.astype(np.min_scalar_type(int(found.max()))), {"opacity": 0.75}),
        (ERODED, preview.eroded.astype(np.uint8), {"colormap": white, "opacity": 1.0}),
    ]
    return [
        (voxels, attributes_for(name, PREVIEW, **place) | drawn, "labels")
        for name, voxels, drawn in steps
    ]


def _one_colour(brightness: float) -> Any:
    """Return a grey for all labels; napari compiles nothing for a colormap that repeats."""
    from napari.utils.colormaps import CyclicLabelColormap

    return CyclicLabelColormap(colors=[[0, 0, 0, 0], [brightness] * 3 + [1]])
