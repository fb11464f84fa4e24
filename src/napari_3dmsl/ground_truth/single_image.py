"""Ground truth of a single simulated image: the shape that was imaged, in the image's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.microscope.resolution import depth_of_field_um
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

if TYPE_CHECKING:
    from collections.abc import Collection

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
    mask: NDArray[np.uint8] = truths_of_image(surface, image, ("mask",))["mask"]
    return mask


def truths_of_image(
    surface: Surface,
    image: SimulatedImage,
    wanted: Collection[str] = ("mask",),
    *,
    label: int = 1,
    shape_class: str | None = None,
) -> dict[str, NDArray[Any]]:
    """Return truths of an image of one shape as pixels, by name.

    Parameters
    ----------
    surface : Surface
        That the image was made of, in the world.
    image : SimulatedImage
        One plane or a stack.
    wanted : collection of str
        Names of `PixelTruth`s, such as ``mask``, ``focus_mask``, ``depth``.
    label : int
        Of the shape in ``instances``, 1 to 65,535.
    shape_class : str, optional
        For ``classes``; unknown by default.

    Raises
    ------
    ValueError
        When the surface has a hole: it has no inside.
    """
    placed, microscope = image.scene.placed, image.simulation.microscope
    corners = surface.corners.reshape(-1, 3)
    turn, shift = placed.world_to_field[:3, :3], placed.world_to_field[:3, 3]
    shape = PlacedObject(
        label=label,
        shape_id=label,
        shape_class=shape_class,
        vertices_um=corners @ turn.T + shift,
        faces=np.arange(len(corners)).reshape(-1, 3),
        emitters=placed.emitters,
        to_field=placed.world_to_field,
    )
    view = FieldOfView(
        image_size=microscope.image_size,
        pixel_um=microscope.pixel_um,
        plane_heights_um=placed.centroid_height_um + np.asarray(image.photons.focus_um),
        depth_of_field_um=depth_of_field_um(microscope),
    )
    return ground_truth([shape], view, wanted, image.photons.photons)
