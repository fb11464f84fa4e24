"""Optics as napari layers: the plane in focus, the image of a point, the truth behind an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import AXES, LayerData, attributes_for, first_pixel
from napari_3dmsl.layers.images import IN_A_PLANE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_3dmsl.microscope.resolution import PointImage
    from napari_3dmsl.microscope.simulation import SimulatedImage

FOCAL_PLANE = "focal plane"
FOCAL_PLANE_COLOUR = "#FF9500"  # orange, as in Fig. 4a of the 3DMSL paper
MASK = "ground-truth mask"
POINT = "point spread function (xy, xz)"


def focal_plane_layer(image: SimulatedImage) -> LayerData:
    """Return the plane that is sharp, as wide as the image, where it cuts through the shape.

    Its metadata tell the optical axis in the world and how far along it from the centroid it lies.

    Parameters
    ----------
    image
        One plane.
    """
    microscope, placed = image.simulation.microscope, image.scene.placed
    focus_um = float(image.photons.focus_um[0])
    height = placed.centroid_height_um + focus_um
    half = 0.5 * np.array(microscope.image_size) * microscope.pixel_um
    signs = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
    field = np.column_stack([np.full(4, height), signs * half, np.ones(4)])
    corners = (field @ np.linalg.inv(placed.world_to_field).T)[:, :3]
    axis = placed.world_to_field[0, :3]
    attributes = {
        **attributes_for(FOCAL_PLANE, FOCAL_PLANE, axis=axis, focus_um=focus_um),
        "colormap": [FOCAL_PLANE_COLOUR, FOCAL_PLANE_COLOUR],
        "opacity": 0.35,
        "blending": "translucent",
        "shading": "none",
    }
    faces = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
    return (corners.astype(np.float32), faces), attributes, "surface"


def point_layer(point: PointImage) -> LayerData:
    """Return the sections through a point's image, side by side: xy, then xz.

    Parameters
    ----------
    point
        As from `point_image`.
    """
    gap = np.full((len(point.xy), len(point.xy) // 20), np.nan, dtype=np.float32)
    pixels = np.concatenate([point.xy, gap, point.xz], axis=1)
    attributes = {
        **attributes_for(POINT, POINT, AXES[1:], scale=point.pixel_um),
        "colormap": "inferno",
        "gamma": 0.5,  # rings hold a few per cent of the peak
        "contrast_limits": (0.0, float(np.nanmax(pixels))),
        **IN_A_PLANE,
    }
    return np.nan_to_num(pixels), attributes, "image"


def mask_layer(mask: Any, pixel_um: float, middle_um: ArrayLike = (0.0, 0.0)) -> LayerData:
    """Return the pixels that the imaged shape covers as Labels, in the pixels of the image.

    The middle of the field comes to lie at ``middle_um``, (y, x).

    Parameters
    ----------
    mask
        (R, C); 1 where the shape is.
    pixel_um
        Side of a pixel.
    middle_um
        Place (y, x) of the mask's middle.
    """
    corner = first_pixel(mask.shape, pixel_um, middle_um)
    common = attributes_for(MASK, MASK, AXES[1:], scale=pixel_um, translate=corner)
    return mask, common | {"opacity": 1.0}, "labels"
