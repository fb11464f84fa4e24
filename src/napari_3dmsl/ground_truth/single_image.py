"""Ground truth of a single simulated image: the shape that was imaged, in the image's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.microscope.fluorophores import Surface
    from napari_3dmsl.microscope.simulation import SimulatedImage


def mask_of_image(surface: Surface, image: SimulatedImage) -> NDArray[np.uint8]:
    """Return the pixels that the imaged shape covers, projected along z.

    Parameters
    ----------
    surface : Surface
        That the image was made of, in the world.
    image : SimulatedImage
        One plane or a stack: the projection is the same for all planes.

    Returns
    -------
    (R, C) uint8
        1 where the shape is, else 0.

    Raises
    ------
    ValueError
        When the surface has a hole: it has no inside.
    """
    placed, microscope = image.scene.placed, image.simulation.microscope
    corners = surface.corners.reshape(-1, 3)
    turn, shift = placed.world_to_field[:3, :3], placed.world_to_field[:3, 3]
    shape = PlacedObject(
        label=1,
        shape_id=1,
        shape_class=None,
        vertices_um=corners @ turn.T + shift,
        faces=np.arange(len(corners)).reshape(-1, 3),
        emitters=placed.emitters,
        to_field=placed.world_to_field,
    )
    view = FieldOfView(
        image_size=microscope.image_size,
        pixel_um=microscope.pixel_um,
        plane_heights_um=placed.centroid_height_um + np.asarray(image.photons.focus_um),
        depth_of_field_um=0.0,  # a projection asks for no plane
    )
    mask: NDArray[np.uint8] = ground_truth([shape], view, {"mask"})["mask"]
    return mask
