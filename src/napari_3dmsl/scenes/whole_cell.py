"""A whole cell, or a region of one, as one scene: the shapes of a library where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from napari_3dmsl.microscope.emitter_transform import MARGIN_UM
from napari_3dmsl.microscope.fluorophores import Emitters, Surface, expected_fluorophores, label
from napari_3dmsl.microscope.pose import place
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.simulation import Scene
from napari_3dmsl.scenes.settings import check_frame, world_boxes_um

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.microscope.fluorophores import Labelling
    from napari_3dmsl.microscope.simulation import Simulation
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.collection import ShapeSource


def scene_of_shapes(
    source: ShapeSource,
    simulation: Simulation,
    centre_um: ArrayLike | None = None,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> Scene:
    """Label all shapes that reach into the field, and place them as they lie in the EM volume.

    Each shape draws its own fluorophores, the same whatever part of the cell is imaged. Those
    beyond what lights up the field are left out; along the optical axis all are kept.

    Parameters
    ----------
    source : ShapeSource
        A library, or shapes just extracted, whose meshes keep their place in the volume.
    simulation : Simulation
        Its labelling, pose, depth, seed, and the field of its microscope.
    centre_um : (3,) array, optional
        World point in the middle of the image, (z, y, x), about which the cell is turned; by
        default the middle of all shapes.
    memory_limit : int, optional
        Bytes that images may take; by default `allowed_bytes`.
    progress : callable, optional
        Called with (shapes done, shapes, what); raise in it to cancel.

    Raises
    ------
    ValueError
        When no fluorophore is in the field, the meshes do not lie where the table says, or the
        microscope places shapes as the release did.
    """
    microscope = simulation.microscope
    if microscope.as_released is not None:
        raise ValueError(
            f"{microscope.name}: images as in the release show one shape; take the microscope "
            "without -released for a cell"
        )
    boxes_um = world_boxes_um(source)
    low, high = boxes_um[:, 0].min(axis=0), boxes_um[:, 1].max(axis=0)
    centre = 0.5 * (low + high) if centre_um is None else np.asarray(centre_um, dtype=np.float64)
    turn = simulation.pose.matrix
    half = 0.5 * microscope.pixel_um * np.array(microscope.image_size) + MARGIN_UM
    rows = np.flatnonzero(_near(boxes_um, centre, turn, half)).tolist()
    parts: list[Emitters] = []
    area = fluorophores = 0.0
    for done, row in enumerate(rows, start=1):
        surface = _surface(source, row, boxes_um)
        part = _labelled(surface, source.ids[row], simulation, centre, half)
        if part is not None:
            parts.append(part)
            area += surface.area_um2
            fluorophores += _count(part, surface, simulation.labelling)
        if progress is not None:
            progress(done, len(rows), "shapes")
    if not parts:
        raise ValueError(
            f"no shape lies in the field around {_text(centre)} µm (z, y, x); shapes lie from "
            f"{_text(low)} to {_text(high)} µm"
        )
    emitters = Emitters(
        np.concatenate([part.positions_um for part in parts]),
        np.concatenate([part.photons for part in parts]),
    )
    placed = place(emitters, centre, simulation.pose, simulation.acquisition.depth_um)
    renderer = Renderer(placed.emitters, memory_limit)
    region = centre_um is not None
    return Scene(placed, renderer, centre, area, None, fluorophores, part_of_more=region)


def _near(
    boxes_um: FloatArray, centre: FloatArray, turn: FloatArray, half: FloatArray
) -> NDArray[np.bool_]:
    """Tell which boxes may reach into the field, whatever their height."""
    middle = (boxes_um.mean(axis=1) - centre) @ turn.T
    extent = 0.5 * (boxes_um[:, 1] - boxes_um[:, 0]) @ np.abs(turn).T
    outside: NDArray[np.bool_] = np.abs(middle[:, 1:]) > half + extent[:, 1:]
    return ~outside[:, 0] & ~outside[:, 1]


def _surface(source: ShapeSource, row: int, boxes_um: FloatArray) -> Surface:
    mesh = source.mesh(source.ids[row])
    check_frame(mesh, boxes_um[row], source.ids[row])
    return Surface(mesh.vertices, mesh.faces)


def _labelled(
    surface: Surface, shape_id: int, simulation: Simulation, centre: FloatArray, half: FloatArray
) -> Emitters | None:
    """Fluorophores of one shape that light up the field, in the world; None if there are none."""
    rng = np.random.default_rng([simulation.seed, shape_id])
    drawn = label(surface, simulation.labelling, rng)
    turned = (drawn.positions_um - centre) @ simulation.pose.matrix.T
    near = (np.abs(turned[:, 1:]) <= half).all(axis=1)
    return Emitters(drawn.positions_um[near], drawn.photons[near]) if near.any() else None


def _count(part: Emitters, surface: Surface, labelling: Labelling) -> float:
    return expected_fluorophores(surface, labelling) if labelling.continuous else len(part)


def _text(lengths: FloatArray) -> str:
    return " x ".join(f"{length:.3g}" for length in lengths)
