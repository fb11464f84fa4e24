"""The image and the stack that the *Microscope* panel keeps up to date in the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import KEY, about, kind_of
from napari_3dmsl.layers.emission_colours import GREY, colour_layers
from napari_3dmsl.layers.field_frame import FIELD_FRAME, Rectangle
from napari_3dmsl.layers.images import SIMULATED, image_layer
from napari_3dmsl.layers.live_place import move_live
from napari_3dmsl.layers.optics import (
    FOCAL_PLANE,
    MASK,
    POINT,
    focal_plane_layer,
    mask_layer,
    point_layer,
)
from napari_3dmsl.layers.placement import box_um_of
from napari_3dmsl.layers.show import find, show
from napari_3dmsl.microscope.resolution import PointImage
from napari_3dmsl.microscope.simulation import SimulatedImage
from napari_3dmsl.widgets.image_pane.opening import shows_grey

if TYPE_CHECKING:
    import napari

IMAGE = "simulated image"
STACK = "simulated stack"
PHOTONS = "expected photons"
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
    return find(viewer, SIMULATED, name)


def put_image(
    viewer: napari.viewer.Viewer,
    name: str,
    image: SimulatedImage,
    *,
    adjust_contrast: bool,
    right_of: Sequence[str] = (),
) -> bool:
    """Update the layer of that name in place, or add it; return whether it is a new one.

    An image of the same size stays where it is, unless it stands beside others. That of a field of
    a volume, which is not turned, lies where its field is.

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
        Names of the images that it stands beside; without any, it stands beside the volume.
    """
    found = find_image(viewer, name)
    data, attributes, kind = image_layer(image, name)
    in_place = attributes["metadata"][KEY]["in_place"] = _is_in_place(image, right_of)
    moved = found is not None and (
        found.data.shape != data.shape
        or not np.allclose(found.scale, attributes["scale"])
        or in_place
        or about(found).get("in_place", False)
    )
    if in_place:
        attributes["translate"] += Rectangle.of_image(image).middle_um[-data.ndim :]
        if found is not None and found.ndim == data.ndim:
            move_live(viewer, found, attributes["translate"])
    elif found is None or moved or right_of:
        attributes["translate"] += _middle_um(viewer, image, name, right_of)[-data.ndim :]
    else:
        attributes["translate"] = found.translate
    in_grey = shows_grey(viewer)
    if in_grey:
        attributes["colormap"] = GREY
    shown = show(viewer, SIMULATED, (data, attributes, kind), name, live=True)
    colour_layers([shown], in_grey=in_grey)
    if adjust_contrast:
        shown.contrast_limits = attributes["contrast_limits"]
    return found is None


def _is_in_place(image: SimulatedImage, right_of: Sequence[str]) -> bool:
    """Whether an image is of a part of a volume, along its axes, and stands beside no other."""
    turn, scene = image.scene.placed.world_to_field[:3, :3], image.scene
    is_of_volume = scene.part_of_more and scene.area_um2 is not None  # which a cell does not tell
    return is_of_volume and not right_of and np.array_equal(turn, np.eye(3))


def follow_stack(viewer: napari.viewer.Viewer, *, wanted: bool) -> None:
    """Hide the stack while none is wanted: it would show what was imaged before; it stays.

    Parameters
    ----------
    viewer
        Which may have the layer.
    wanted
        Whether the planes follow the knobs.
    """
    layer = find_image(viewer, STACK)
    if layer is not None:
        layer.visible = wanted


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
        show(viewer, SIMULATED, None, PHOTONS)
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
    if image is None:
        show(viewer, MASK, None)
        return
    middle = _middle_um(viewer, image, MASK, (IMAGE, PHOTONS))[-2:]
    show(viewer, MASK, mask_layer(mask, image.simulation.microscope.pixel_um, middle))


def put_point(viewer: napari.viewer.Viewer, point: PointImage | None) -> None:
    """Show the point spread function under the image, or take it away.

    Parameters
    ----------
    viewer
        Which gets the layer.
    point
        None takes it away.
    """
    if point is None:
        show(viewer, POINT, None)
        return
    data, attributes, kind = point_layer(point)
    found = find(viewer, POINT)
    if found is None:
        corner = _below(viewer) - attributes["scale"] * [0.0, 0.5 * data.shape[1]]
    else:
        corner = found.translate
    shown = show(viewer, POINT, (data, attributes | {"translate": corner}, kind), live=True)
    shown.contrast_limits = attributes["contrast_limits"]


def put_focal_plane(viewer: napari.viewer.Viewer, image: SimulatedImage | None) -> None:
    """Draw the plane in focus through the shape, or take it away.

    Parameters
    ----------
    viewer
        Which gets the layer.
    image
        Whose plane it is; None takes it away.
    """
    show(viewer, FOCAL_PLANE, None if image is None else focal_plane_layer(image))


def _below(viewer: napari.viewer.Viewer) -> FloatArray:
    """Place under the middle of the images, (y, x)."""
    images = [layer.extent.world[:, -2:] for layer in viewer.layers if kind_of(layer) == SIMULATED]
    if not images:
        return np.zeros(2)
    low, high = np.min([box[0] for box in images], 0), np.max([box[1] for box in images], 0)
    return np.array([high[0] + _GAP_UM, 0.5 * (low[1] + high[1])])


def _middle_um(
    viewer: napari.viewer.Viewer, image: SimulatedImage, name: str, right_of: Sequence[str]
) -> FloatArray:
    """Middle of an image in the viewer: right of the volume or of images, a stack below."""
    microscope = image.simulation.microscope
    height_um, width_um = (count * microscope.pixel_um for count in microscope.image_size)
    boxes = [
        box_um_of(layer)
        for layer in viewer.layers
        if layer.ndim == 3 and kind_of(layer) not in {SIMULATED, FOCAL_PLANE, FIELD_FRAME}
    ]
    left = [
        layer
        for layer in viewer.layers
        if layer.name in right_of and kind_of(layer) in {SIMULATED, MASK}
    ]
    edges = [float(box[1][2]) for box in boxes]
    edges += [float(layer.extent.world[1][-1]) for layer in left]
    right = max(edges, default=0.0)
    middle = float(np.mean([box[:, 1].mean() for box in boxes])) if boxes else 0.0
    below = height_um + _GAP_UM if name == STACK else 0.0
    height = float(image.scene.centroid_um[0])
    return np.array([height, middle + below, right + _GAP_UM + 0.5 * width_um])
