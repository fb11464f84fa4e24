"""What a group of images shows: a shape, labelled once and put in the field for each view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.datasets.recipe.plan import seed_of
from napari_3dmsl.datasets.render.render import PlacedSpecimen
from napari_3dmsl.ground_truth.registry import needs_of
from napari_3dmsl.microscope.as_released import place_as_released
from napari_3dmsl.microscope.fluorophores import Labelling, Surface, label
from napari_3dmsl.microscope.pose import VIEWS, place
from napari_3dmsl.microscope.simulation import pose_of_view
from napari_3dmsl.ranges import draw_settings
from napari_3dmsl.scenes.centrelines import centrelines_of, moved
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.shapes.tubes import TubeShapes

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.datasets.recipe.plan import Group
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.render.render import View
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.mesh import Mesh

_ROUNDING_UM = 1e-9


def labelling_of(recipe: Recipe, group: Group) -> tuple[Labelling, np.random.Generator]:
    """Draw the labelling of a group; the generator goes on to draw its fluorophores.

    Parameters
    ----------
    recipe
        Says from which ranges.
    group
        Of the plan.
    """
    rng = np.random.default_rng(seed_of(recipe.seed, group.name, "labelling"))
    return draw_settings(Labelling, recipe.labelling, rng), rng


def class_of(library: ShapeSource, shape_id: int) -> str | None:
    """Return the class of a shape, None when the library does not know it.

    Parameters
    ----------
    library
        Or shapes just extracted.
    shape_id
        One of its shapes.
    """
    if isinstance(library, TubeShapes):  # without drawing all of them
        return str(library.shape(shape_id).classification.shape_class)
    found = library.table["shape_class"][library.ids.index(shape_id)]
    return None if found is None else str(found)


def labelled(
    recipe: Recipe,
    library: ShapeSource,
    shape_id: int,
    mesh: Mesh,
    labelling: Labelling,
    rng: np.random.Generator,
) -> tuple[PlacedObject, Surface]:
    """Label a shape where it is in the world of its library; it has the label 1.

    Parameters
    ----------
    recipe
        Whose ground truths tell whether the shape needs centrelines.
    library
        Where the shape is from.
    shape_id
        Of the shape.
    mesh
        Its surface.
    labelling
        As drawn from the ranges of the recipe.
    rng
        Draws the fluorophores.
    """
    surface = Surface(mesh.vertices, mesh.faces)
    at_rest = PlacedObject(
        label=1,
        shape_id=shape_id,
        shape_class=class_of(library, shape_id),
        vertices_um=mesh.vertices,
        faces=mesh.faces,
        emitters=label(surface, labelling, rng),
        to_field=np.eye(4),
        centrelines_um=(
            lines_of(library, shape_id, mesh) if "centrelines" in needs_of(recipe.truths) else ()
        ),
    )
    return at_rest, surface


def lines_of(library: ShapeSource, shape_id: int, mesh: Mesh) -> tuple[FloatArray, ...]:
    """Return the centrelines of a shape in its own frame: found, or as tubes were drawn.

    Parameters
    ----------
    library
        Where it is from.
    shape_id
        Of the shape.
    mesh
        Its surface.
    """
    if isinstance(library, TubeShapes):
        return library.shape(shape_id).skeleton.paths
    return centrelines_of(mesh)


class SingleShape:
    """One shape, its centroid in the middle of the image.

    Parameters
    ----------
    recipe
        Says how it is labelled.
    group
        Of the plan.
    library
        Which has the shape.
    """

    def __init__(self, recipe: Recipe, group: Group, library: ShapeSource) -> None:
        (shape_id,) = group.shape_ids
        self.labelling, rng = labelling_of(recipe, group)
        mesh = library.mesh(shape_id)
        self._at_rest, self._surface = labelled(
            recipe, library, shape_id, mesh, self.labelling, rng
        )

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: turned about its centroid, lowest fluorophore at ``depth_um``."""
        released, centroid = microscope.as_released, self._surface.centroid_um
        if released is None:
            placed = place(self._at_rest.emitters, centroid, view.pose, depth_um)
        else:
            named = view.name in VIEWS
            pose = pose_of_view(microscope, view.name) if named else view.pose  # type: ignore[arg-type]
            placed = place_as_released(self._at_rest.emitters, pose, released)
        shown = in_field(self._at_rest, placed.world_to_field)
        shown = replace(shown, emitters=placed.emitters)
        return PlacedSpecimen((shown,), centroid, placed.centroid_height_um, placed.world_to_field)


def in_field(at_rest: PlacedObject, to_field: FloatArray) -> PlacedObject:
    """Move an object that is given in the world of its library into the field.

    Parameters
    ----------
    at_rest
        In the world of its library.
    to_field
        (4, 4), of (z, y, x, 1) column vectors in µm.
    """
    turn, shift = to_field[:3, :3], to_field[:3, 3]
    positions = at_rest.emitters.positions_um @ turn.T + shift
    emitters = replace(at_rest.emitters, positions_um=above_ground(positions))
    return replace(
        at_rest,
        vertices_um=at_rest.vertices_um @ turn.T + shift,
        emitters=emitters,
        to_field=to_field,
        centrelines_um=moved(at_rest.centrelines_um, to_field),
    )


def above_ground(positions_um: FloatArray) -> FloatArray:
    """Return points of what lies on the coverslip without what rounding has put below it.

    Parameters
    ----------
    positions_um
        (N, 3) in the frame of the field; changed in place.
    """
    height = positions_um[:, 0]
    height[(height < 0.0) & (height > -_ROUNDING_UM)] = 0.0
    return positions_um
