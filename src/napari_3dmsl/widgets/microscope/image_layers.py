"""The image and the stack that the *Microscope* panel keeps up to date in the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers import optics as optics_layers
from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.images import SIMULATED, image_layer
from napari_3dmsl.layers.placement import box_um_of
from napari_3dmsl.microscope.resolution import PointImage
from napari_3dmsl.microscope.simulation import SimulatedImage

if TYPE_CHECKING:
    import napari

IMAGE = "simulated image"
STACK = "simulated stack"
PHOTONS = "expected photons"
MASK = optics_layers.MASK
_GAP_UM = 1.0


def find_image(viewer: napari.viewer.Viewer, name: str) -> Any:
    """Return the simulated image of that name, None without one.

    Parameters
    ----------
    viewer
        Which has the layers.
    name
        Of the layer.
    """
    return next((layer for layer in viewer.layers if _is_image(layer, name)), None)


def put_image(
    viewer: napari.viewer.Viewer,
    name: str,
    image: SimulatedImage,
    *,
    adjust_contrast: bool,
    right_of: Sequence[str] = (),
) -> bool:
    """Update the layer of that name in place, or add it; return whether it is a new one.

    Scale and place are only touched when they change: napari redraws everything for them.
    ``right_of`` names images that it stands beside; without any, it stands beside the volume.

    Parameters
    ----------
    viewer
        Which gets the layer.
    name
        Of the layer.
    image
        To be shown.
    adjust_contrast
        Whether the display range follows the image.
    right_of
        Names of layers beside which a new one is placed.
    """
    from napari.layers import Image

    found = find_image(viewer, name)
    data, attributes, _ = image_layer(image, name)
    if found is None:
        attributes["translate"] += _middle_um(viewer, image, name, right_of)[-data.ndim :]
        active = viewer.layers.selection.active
        viewer.add_layer(Image(data, **attributes))
        if active is not None:
            viewer.layers.selection.active = active
        return True
    moved = found.data.shape != data.shape or not np.allclose(found.scale, attributes["scale"])
    found.data = data
    found.metadata = attributes["metadata"]
    if moved:
        found.scale = attributes["scale"]
    if moved or right_of:
        place = attributes["translate"] + _middle_um(viewer, image, name, right_of)[-data.ndim :]
        if not np.allclose(found.translate, place):
            found.translate = place
    if adjust_contrast:
        found.contrast_limits = attributes["contrast_limits"]
    return False


def put_photons(viewer: napari.viewer.Viewer, image: SimulatedImage | None) -> None:
    """Show the photons without noise to the right of the image, or take them away.

    Parameters
    ----------
    viewer
        Which gets the layer.
    image
        Whose photons they are; None takes them away.
    """
    if image is None:
        if (found := find_image(viewer, PHOTONS)) is not None:
            viewer.layers.remove(found)
        return
    planes = image.photons.photons
    clean = replace(
        image,
        counts=planes,
        physseg=None,
        simulation=image.simulation.replace(noise="none", snr=None),
    )
    put_image(viewer, PHOTONS, clean, adjust_contrast=True, right_of=(IMAGE,))


def put_mask(viewer: napari.viewer.Viewer, mask: Any, image: SimulatedImage | None) -> None:
    """Show the imaged shape's silhouette to the right of the image and its photons, or no more.

    Parameters
    ----------
    viewer
        Which gets the layer.
    mask
        (R, C).
    image
        Beside which it is shown; None takes it away.
    """
    from napari.layers import Layer

    found = next((x for x in viewer.layers if kind_of(x) == MASK), None)
    if image is None:
        if found is not None:
            viewer.layers.remove(found)
        return
    data, attributes, kind = optics_layers.mask_layer(mask, image.simulation.microscope.pixel_um)
    middle = _middle_um(viewer, image, MASK, (IMAGE, PHOTONS))[-2:]
    corner = middle - 0.5 * np.array(attributes["scale"]) * (np.array(data.shape) - 1)
    if found is None:
        active = viewer.layers.selection.active
        viewer.add_layer(Layer.create(data, {**attributes, "translate": corner}, kind))
        if active is not None:
            viewer.layers.selection.active = active
        return
    found.data = data
    for name, place in (("scale", attributes["scale"]), ("translate", corner)):
        if not np.allclose(getattr(found, name), place):  # napari redraws everything for them
            setattr(found, name, place)


def put_point(viewer: napari.viewer.Viewer, point: PointImage | None) -> None:
    """Show the point spread function under the image, or take it away.

    Parameters
    ----------
    viewer
        Which gets the layer.
    point
        None takes it away.
    """
    found = next((layer for layer in viewer.layers if _is_point(layer)), None)
    if point is None:
        if found is not None:
            viewer.layers.remove(found)
        return
    from napari.layers import Image

    data, attributes, _ = optics_layers.point_layer(point)
    if found is None:
        corner = _below(viewer) - np.array(attributes["scale"]) * [0.0, 0.5 * data.shape[1]]
        found = Image(data, **{**attributes, "translate": corner})
        active = viewer.layers.selection.active
        viewer.add_layer(found)
        if active is not None:
            viewer.layers.selection.active = active
        return
    found.data = data
    found.scale = attributes["scale"]
    found.contrast_limits = attributes["contrast_limits"]


def _is_point(layer: Any) -> bool:
    return kind_of(layer) == optics_layers.POINT


def _below(viewer: napari.viewer.Viewer) -> FloatArray:
    """Place under the middle of the images, (y, x)."""
    images = [layer.extent.world[:, -2:] for layer in viewer.layers if _is_image(layer)]
    if not images:
        return np.zeros(2)
    low, high = np.min([box[0] for box in images], 0), np.max([box[1] for box in images], 0)
    return np.array([high[0] + _GAP_UM, 0.5 * (low[1] + high[1])])


def put_focal_plane(viewer: napari.viewer.Viewer, image: SimulatedImage | None) -> None:
    """Draw the plane in focus through the shape, or take it away.

    Parameters
    ----------
    viewer
        Which gets the layer.
    image
        Whose plane it is; None takes it away.
    """
    from napari.layers import Layer

    found = next((layer for layer in viewer.layers if _is_focal_plane(layer)), None)
    if image is None:
        if found is not None:
            viewer.layers.remove(found)
        return
    data, attributes, kind = optics_layers.focal_plane_layer(image)
    if found is not None:
        found.data = data
        found.metadata = attributes["metadata"]
        return
    active = viewer.layers.selection.active
    viewer.add_layer(Layer.create(data, attributes, kind))
    if active is not None:
        viewer.layers.selection.active = active


def _is_focal_plane(layer: Any) -> bool:
    return kind_of(layer) == optics_layers.FOCAL_PLANE


def _middle_um(
    viewer: napari.viewer.Viewer, image: SimulatedImage, name: str, right_of: Sequence[str]
) -> FloatArray:
    """Middle of an image in the viewer: right of the volume or of images, a stack below."""
    microscope = image.simulation.microscope
    height_um, width_um = (count * microscope.pixel_um for count in microscope.image_size)
    boxes = [
        box_um_of(layer)
        for layer in viewer.layers
        if layer.ndim == 3 and not _is_image(layer) and not _is_focal_plane(layer)
    ]
    left = [
        layer
        for layer in viewer.layers
        if layer.name in right_of and (_is_image(layer) or kind_of(layer) == MASK)
    ]
    edges = [float(box[1][2]) for box in boxes]
    edges += [float(layer.extent.world[1][-1]) for layer in left]
    right = max(edges, default=0.0)
    middle = float(np.mean([box[:, 1].mean() for box in boxes])) if boxes else 0.0
    below = height_um + _GAP_UM if name == STACK else 0.0
    height = float(image.scene.centroid_um[0])
    return np.array([height, middle + below, right + _GAP_UM + 0.5 * width_um])


def _is_image(layer: Any, name: str | None = None) -> bool:
    ours = kind_of(layer) == SIMULATED
    return ours and (name is None or layer.name == name)
