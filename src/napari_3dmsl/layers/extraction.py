"""The result of an extraction as napari layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import LayerData, attributes_for
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.classes import class_layers
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import measure_shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_3dmsl.shapes.classification import ClassRules
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.extraction import Extraction

INSTANCES = "instances"


def extraction_layers(
    labels: Any,
    settings: ExtractionSettings,
    name: str,
    progress: Callable[[int, int, str], None] | None = None,
    rules: ClassRules | None = None,
) -> list[LayerData]:
    """Cut labels into shapes and return them as layers: the whole work of the Extract panel.

    Parameters
    ----------
    labels : (Z, Y, X) array
        (Z, Y, X), as they were extracted.
    settings : ExtractionSettings
        Of the extraction.
    name : str
        Name of the layer that the labels are from.
    progress : callable, optional
        Called with (done, total, what); raise in it to cancel.
    rules : ClassRules, optional
        Thresholds of the classes and where a length ends; the paper's by default.

    Returns
    -------
    list of LayerData
        The instances as Labels, then one Surface for each class present.
    """
    extraction = extract_instances(labels, settings, progress)
    shapes = ShapeCollection(measure_shapes(extraction, rules, progress))
    if progress is not None:
        progress(0, 0, "drawing")
    return [instances_layer(extraction, shapes, name, settings), *class_layers(shapes)]


def instances_layer(
    extraction: Extraction,
    shapes: ShapeCollection,
    name: str,
    settings: ExtractionSettings | None = None,
) -> LayerData:
    """Return the instances as Labels with their measures; label i is row i of the features.

    Parameters
    ----------
    extraction
        The instances.
    shapes
        Their measures.
    name
        Of the layer.
    settings
        Of the extraction, kept with the layer.
    """
    common = attributes_for(
        INSTANCES,
        INSTANCES,
        scale=np.array(extraction.voxel_nm) / 1000.0,
        translate=extraction.origin_um,
        shapes=shapes,
        source=name,
        summary=extraction.report.summary(),
        report=extraction.report,
        settings=settings,
    )
    drawn = {"colormap": label_colours(shapes), "features": label_features(shapes)}
    drawn["visible"] = False
    # napari compiles code for seconds to colour wide integers, and looks narrow ones up.
    narrow = np.min_scalar_type(max(shapes.ids, default=0))
    return extraction.labels.astype(narrow), common | drawn, "labels"


def label_colours(shapes: ShapeSource) -> dict[int | None, str]:
    """Return the colour of each label: that of its class.

    Parameters
    ----------
    shapes
        Their numbers are the labels.
    """
    classes = shapes.table["shape_class"]
    colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    colours.update({i: class_colour(kind) for i, kind in zip(shapes.ids, classes, strict=True)})
    return colours


def label_features(shapes: ShapeSource) -> dict[str, Any]:
    """Return one row for each label, the background first: napari's table selects by row.

    Parameters
    ----------
    shapes
        Their numbers are the labels.
    """
    nothing: dict[str, Any] = {"index": 0, "shape_class": "", "reason": "background"}
    return {
        column: [nothing.get(column, np.nan), *values]
        for column, values in shapes.table.items()
        if column != "measured_class"  # the reason tells it, where it is not empty
    }
