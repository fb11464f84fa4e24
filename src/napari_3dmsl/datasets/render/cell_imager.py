"""Scenes like a cell imaged again and again, as a recipe of one image makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.render import Shot, field_of, views_of
from napari_3dmsl.datasets.render.scenes import Pool, largest_field_um, scene_of
from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.microscope.simulation import SimulatedImage

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from napari_3dmsl.datasets.recipe.plan import Group
    from napari_3dmsl.datasets.render.render import PlacedSpecimen, Specimen
    from napari_3dmsl.microscope.simulation import Simulation
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.scenes.cell_settings import CellScene
    from napari_3dmsl.scenes.placed_object import PlacedObject
    from napari_3dmsl.shapes.collection import ShapeSource

_TUBES = 150  # enough for one image


@dataclass(frozen=True, eq=False)
class CellSample:
    """What is imaged: shapes laid into a scene like a cell.

    Attributes
    ----------
    cell : CellScene
    source : ShapeSource or None
        Shapes to draw from; None for tubes that are drawn.
    """

    cell: CellScene
    source: ShapeSource | None = None


@dataclass(frozen=True)
class CellImage(SimulatedImage):
    """An image of a cell with what lies in it.

    Attributes
    ----------
    objects : tuple of PlacedObject
        In the frame of the field.
    told : dict
        What was drawn for the cell, see `CellLight.metadata`.
    """

    objects: tuple[PlacedObject, ...] = ()
    told: dict[str, Any] | None = None

    def metadata(self) -> dict[str, Any]:
        """See `SimulatedImage.metadata`."""
        shape_ids = [placed.shape_id for placed in self.objects]
        return {**super().metadata(), "shape_ids": shape_ids, **(self.told or {})}

    def truths(self, wanted: Collection[str] = ("instances",)) -> dict[str, NDArray[Any]]:
        """Return truths as pixels, by name.

        Parameters
        ----------
        wanted : collection of str
            Names of `PixelTruth`s.
        """
        view = field_of(self, self.scene.placed.centroid_height_um)
        return ground_truth(self.objects, view, wanted, self.photons.photons)


class CellImager:
    """Images cells and lays down the shapes anew only when the cell or its field has changed."""

    def __init__(self) -> None:
        self._specimen: tuple[tuple[Any, ...], Group, Specimen] | None = None
        self._placed: tuple[tuple[Any, ...], PlacedSpecimen] | None = None

    def image(
        self, sample: CellSample, simulation: Simulation, progress: Progress | None = None
    ) -> CellImage:
        """Image a cell: the same as ``napari-3dmsl simulate --scene cell`` makes.

        Parameters
        ----------
        sample : CellSample
            What is imaged.
        simulation : Simulation
            All settings but the pose, which a cell has none of.
        progress : callable, optional
            Called with (planes done, planes, what); raise in it to cancel.

        Raises
        ------
        ValueError
            One line: settings that do not fit together, or shapes that cannot be laid.
        """
        recipe = cell_recipe(simulation, TUBES, sample.cell.model_dump())
        group, specimen = self._specimen_of(sample, recipe)
        (view,) = views_of(recipe.seen_from, recipe.seed, group.name)
        acquisition = simulation.acquisition.replace(stage_um=None)
        (instrument,) = recipe.microscopes
        placed = self._placed_of(specimen, view, acquisition.depth_um, instrument.microscope)
        shot = Shot(recipe, group, view, instrument, acquisition, specimen.labelling)
        image = shot.still(placed, progress)
        told = None if placed.light is None else placed.light.metadata()
        scene = replace(image.scene, part_of_more=True)
        return CellImage(**{**vars(image), "scene": scene}, objects=placed.objects, told=told)

    def _specimen_of(self, sample: CellSample, recipe: Recipe) -> tuple[Group, Specimen]:
        """Return the cell with its shapes laid down and labelled."""
        made_of = (
            sample.source,
            sample.cell,
            recipe.seed,
            recipe.labelling,
            largest_field_um(recipe),
        )
        if self._specimen is None or self._specimen[0] != made_of:
            shapes = shapes_of(recipe) if sample.source is None else sample.source
            plan = make_plan(recipe, shapes)
            group = plan.groups[0]
            pool = Pool(shapes, plan.pools[group.split])
            self._specimen = made_of, group, scene_of(recipe, group, pool)
            self._placed = None
        return self._specimen[1:]

    def _placed_of(
        self, specimen: Specimen, view: Any, depth_um: float, microscope: Any
    ) -> PlacedSpecimen:
        made_of = (specimen, depth_um)
        if self._placed is None or self._placed[0] != made_of:
            self._placed = made_of, specimen.place(view, depth_um, microscope)
        return self._placed[1]


def simulate_cell(
    cell: CellScene,
    simulation: Simulation,
    source: ShapeSource | None = None,
    progress: Progress | None = None,
) -> CellImage:
    """Image shapes laid into a scene like a cell, as a `CellImager` does.

    Parameters
    ----------
    cell : CellScene
        How they are laid.
    simulation : Simulation
        All settings but the pose, which a cell has none of.
    source : ShapeSource, optional
        A library or other shapes to draw from; by default tubes that are drawn.
    progress : callable, optional
        Called with (planes done, planes, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line: settings that do not fit together, or shapes that cannot be laid.
    """
    return CellImager().image(CellSample(cell, source), simulation, progress)


def cell_recipe(simulation: Simulation, library: str, cell: dict[str, Any]) -> Recipe:
    """Return the recipe of one image of a cell.

    Parameters
    ----------
    simulation : Simulation
        All settings but the pose.
    library : str
        Folder of the shapes, or ``tubes``.
    cell : dict
        Settings of `CellScene` that were given.

    Raises
    ------
    ValueError
        When the settings do not fit together.
    """
    drawn = library == TUBES
    instrument = {
        "microscope": simulation.microscope.model_dump(),
        "camera": simulation.camera.model_dump(),
    }
    return Recipe(
        seed=simulation.seed,
        source={"library": TUBES, "tube_count": _TUBES} if drawn else {"library": library},
        split={"train": 1.0, "val": 0.0, "test": 0.0},
        scene={"kind": "cell", "cell": cell},
        microscopes=[instrument],
        focus=simulation.acquisition.model_dump(exclude={"stage_um"}),
        labelling=simulation.labelling.model_dump(),
        noise=simulation.noise,
        snr=simulation.snr,
        ground_truth=("mask", "haze_mask"),
    )
