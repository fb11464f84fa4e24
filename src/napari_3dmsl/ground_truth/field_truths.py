"""Ground truth of a field in an EM volume: which shape each pixel belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.ground_truth.pixel_truths import MOST_LABELS
from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.microscope.resolution import depth_of_field_um
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject
from napari_3dmsl.scenes.shapes_in_place import ShapesInPlace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.microscope.simulation import SimulatedImage
    from napari_3dmsl.shapes.collection import ShapeSource


def objects_of_field(
    source: ShapeSource, image: SimulatedImage, ids: Sequence[int] | None = None
) -> list[PlacedObject]:
    """Return the shapes that reach into an image, in the frame of its field.

    Parameters
    ----------
    source : ShapeSource
        That was imaged.
    image : SimulatedImage
        From `simulate_field`.
    ids : sequence of int, optional
        The shapes that were imaged; by default all.

    Returns
    -------
    list of PlacedObject
        Their labels are their ids; counted from 1 in a volume with an id that no mask can hold.
    """
    placed, microscope = image.scene.placed, image.simulation.microscope
    shapes = ShapesInPlace(source, ids)
    turn, shift = placed.world_to_field[:3, :3], placed.world_to_field[:3, 3]
    half_um = 0.5 * microscope.pixel_um * np.array(microscope.image_size)
    middle = (shapes.boxes_um.mean(axis=1) @ turn.T + shift)[:, 1:]
    reach = (0.5 * np.ptp(shapes.boxes_um, axis=1) @ np.abs(turn).T)[:, 1:]
    rows = np.flatnonzero((np.abs(middle) <= half_um + reach).all(axis=1)).tolist()
    as_labels = min(shapes.ids) >= 1 and max(shapes.ids) <= MOST_LABELS
    row_of = {shape_id: row for row, shape_id in enumerate(source.ids)}
    classes = source.table.get("shape_class")
    found = []
    for number, row in enumerate(rows, start=1):
        shape_id = shapes.ids[row]
        mesh = source.mesh(shape_id)
        kind = None if classes is None else classes[row_of[shape_id]]
        found.append(
            PlacedObject(
                label=shape_id if as_labels else number,
                shape_id=shape_id,
                shape_class=None if kind is None else str(kind),
                vertices_um=mesh.vertices @ turn.T + shift,
                faces=mesh.faces,
                emitters=placed.emitters,
                to_field=placed.world_to_field,
            )
        )
    return found


def truths_of_field(
    source: ShapeSource,
    image: SimulatedImage,
    wanted: Collection[str] = ("instances",),
    ids: Sequence[int] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return truths of a field as pixels, by name.

    Parameters
    ----------
    source : ShapeSource
        That was imaged.
    image : SimulatedImage
        From `simulate_field`.
    wanted : collection of str
        Names of `PixelTruth`s, such as ``instances``, ``mask``, ``depth``.
    ids : sequence of int, optional
        The shapes that were imaged; by default all.

    Raises
    ------
    ValueError
        When a surface has a hole: it has no inside.
    """
    microscope = image.simulation.microscope
    view = FieldOfView(
        image_size=microscope.image_size,
        pixel_um=microscope.pixel_um,
        plane_heights_um=image.scene.placed.centroid_height_um + image.photons.focus_um,
        depth_of_field_um=depth_of_field_um(microscope),
    )
    objects = objects_of_field(source, image, ids)
    return ground_truth(objects, view, wanted, image.photons.photons)
