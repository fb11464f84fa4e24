"""What the canvas shows: its units, one layer alone, and the pose that shows a shape as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.pose import Pose

if TYPE_CHECKING:
    import napari


def units_in(viewer_layers: Any, layer: Any) -> FloatArray:
    """Length of the canvas' units in those of a layer: beside layers in nm it is in nm.

    Parameters
    ----------
    viewer_layers
        All layers of the viewer.
    layer
        One of them.

    Returns
    -------
    (axes of the layer,) float64
    """
    units = viewer_layers.units
    if units is None:
        return np.ones(layer.ndim)
    pairs = zip(units[-layer.ndim :], layer.units, strict=True)
    return np.array([(1.0 * canvas).to(own).magnitude for canvas, own in pairs])


def look_at(viewer: Any, layer: Any) -> None:
    """Show the middle slice of a layer, as large as the canvas.

    Parameters
    ----------
    viewer
        Which shows the layer.
    layer
        One of its layers.
    """
    camera = getattr(viewer, "scene", viewer).camera
    viewer.dims.ndisplay = 2
    low, high = np.asarray(layer.extent.world) / units_in(viewer.layers, layer)
    count = viewer.dims.ndim
    for axis, place in enumerate((low + high) / 2, start=count - layer.ndim):
        viewer.dims.set_point(axis, place)
    viewer.reset_view()
    shown = [axis - count for axis in viewer.dims.displayed]
    whole = np.asarray(viewer.layers.extent.world)[:, shown]
    camera.zoom *= float(((whole[1] - whole[0]) / (high - low)[shown]).min())
    center = np.array(camera.center)
    center[-2:] = ((low + high) / 2)[shown]
    camera.center = tuple(center)


def pose_of_view(viewer: napari.viewer.Viewer) -> Pose:
    """Return the pose whose image is oriented like the canvas: what is right stays right.

    The optical axis is the line of sight.

    Parameters
    ----------
    viewer
        In 3D.

    Raises
    ------
    ValueError
        When the viewer shows a slice, which has no view to take.
    """
    if viewer.dims.ndisplay != 3:
        raise ValueError("the viewer shows a slice: switch it to 3D (Ctrl+Y) and turn the shape")
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    towards = str(camera.orientation[0]).lower().endswith("towards")
    axis = np.array(camera.view_direction) * (-1.0 if towards else 1.0)
    axis /= np.linalg.norm(axis)
    down = -np.array(camera.up_direction)
    down -= (down @ axis) * axis
    down /= np.linalg.norm(down)
    z, y, x = (tuple(float(part) for part in row) for row in (axis, down, np.cross(axis, down)))
    return Pose(rotation_matrix=(z, y, x))
