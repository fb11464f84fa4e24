"""Simulated images as napari layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import AXES, LayerData, attributes_for, first_pixel
from napari_3dmsl.layers.emission_colours import SIMULATED as SIMULATED
from napari_3dmsl.layers.emission_colours import emission_colormap, emission_nm_of

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulation import SimulatedImage

IN_A_PLANE: dict[str, Any] = {
    "depiction": "plane",
    "plane": {"position": (0, 0, 0), "normal": (1, 0, 0)},
    "blending": "opaque",
}
"""Draws a single plane in 3D as thin as it is; napari's own way is a slab that smears it.

Opaque: napari leaves the darkest pixels of a translucent image out in 3D, and a white canvas shows.
"""


def image_layer(
    image: SimulatedImage, name: str, middle_um: Sequence[float] = (0.0, 0.0, 0.0)
) -> LayerData:
    """Return a simulated image: (y, x) for one plane, (z, y, x) for a stack.

    Parameters
    ----------
    image : SimulatedImage
        As from `simulate_surface`.
    name : str
        Of the layer.
    middle_um : (3,) floats
        Where the middle of the image comes to lie in the viewer, (z, y, x).
    """
    return image_layer_from_file(image.counts, image.metadata(), name, middle_um)


def image_layer_from_file(
    array: Any,
    metadata: Mapping[str, Any],
    name: str,
    middle_um: Sequence[float] = (0.0, 0.0, 0.0),
) -> LayerData:
    """Return a simulated image from its pixels and settings, see `image_layer`.

    Parameters
    ----------
    array
        (P, R, C) or (R, C).
    metadata
        Every setting of the image.
    name
        Of the layer.
    middle_um
        Place (z, y, x) of the image's middle.
    """
    planes = np.asarray(array)
    planes = planes[0] if planes.ndim == 3 and len(planes) == 1 else planes
    pixel_um = float(metadata["microscope"]["pixel_nm"]) / 1000.0
    step_um = float(metadata["acquisition"]["step_nm"]) / 1000.0
    scale = np.array([step_um, pixel_um, pixel_um])[-planes.ndim :]
    corner = first_pixel(planes.shape, scale, np.array(middle_um)[-planes.ndim :])
    attributes = {
        **attributes_for(
            name,
            SIMULATED,
            AXES[-planes.ndim :],
            scale=scale,
            translate=corner,
            settings=dict(metadata),
        ),
        "colormap": emission_colormap(emission_nm_of(metadata)),
        "contrast_limits": contrast_of(planes),
        **(IN_A_PLANE if planes.ndim == 2 else {}),
    }
    return planes, attributes, "image"


def contrast_of(pixels: Any) -> tuple[float, float]:
    """Display range of an image: its darkest to its brightest pixels, a few outliers aside.

    Parameters
    ----------
    pixels
        An image or a stack.
    """
    low, high = (float(v) for v in np.percentile(np.asarray(pixels), (0.5, 99.95)))
    return low, high if high > low else low + 1.0
