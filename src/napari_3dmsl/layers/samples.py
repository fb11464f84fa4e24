"""Samples of a shape as napari Points: occupancies and point clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import AXES, LayerData, attributes_for

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.sampling import Occupancies, PointCloud, UnitCube

INSIDE = (0.90, 0.62, 0.0, 1.0)  # orange and blue of Okabe and Ito, told apart by all eyes
OUTSIDE = (0.34, 0.71, 0.91, 0.15)
_SIZE = 0.008  # of a point, as a part of the shape's longest side


def occupancies_layer(occupancies: Occupancies, name: str) -> LayerData:
    """Return the points in space about a shape, orange inside and pale blue outside.

    Parameters
    ----------
    occupancies
        Of a shape.
    name
        Of the layer.
    """
    inside = occupancies.inside
    colours = np.where(inside[:, None], INSIDE, OUTSIDE)
    attributes = _attributes(name, "occupancies", colours, occupancies.cube)
    attributes["features"] = {"inside": inside}
    return occupancies.cube.to_world(occupancies.points), attributes, "points"


def cloud_layer(cloud: PointCloud, name: str) -> LayerData:
    """Return the points on a surface, coloured by the direction of their normals.

    Parameters
    ----------
    cloud
        Of a shape.
    name
        Of the layer.
    """
    colours = np.column_stack([0.5 + 0.5 * cloud.normals, np.ones(len(cloud.normals))])
    attributes = _attributes(name, "point cloud", np.clip(colours, 0, 1), cloud.cube)
    attributes["features"] = {f"n{axis}": cloud.normals[:, i] for i, axis in enumerate(AXES)}
    return cloud.cube.to_world(cloud.points), attributes, "points"


def _attributes(name: str, kind: str, colours: FloatArray, cube: UnitCube) -> dict[str, Any]:
    return {
        **attributes_for(name, kind),
        "size": _SIZE * cube.scale_um,
        "border_width": 0.0,
        "face_color": colours.astype(np.float32),
    }
