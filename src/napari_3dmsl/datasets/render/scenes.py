"""Scenes for a group of images: shapes packed into a field, or a region of a cell as it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.datasets.recipe.plan import seed_of
from napari_3dmsl.datasets.render.render import PlacedSpecimen
from napari_3dmsl.datasets.render.single_shape import in_field, labelled, labelling_of
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.pose import Pose, place
from napari_3dmsl.ranges import draw_settings
from napari_3dmsl.scenes.cell_region import read_cell_mask
from napari_3dmsl.scenes.cell_scene import Cell, draw_cell
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.flat_placing import FlatShape
from napari_3dmsl.scenes.glow import glow_of
from napari_3dmsl.scenes.packing import pack
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.scenes.settings import SceneSettings, draw_centre, region, world_boxes_um

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.datasets.recipe.plan import Group
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.render.render import Specimen, View
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.mesh import Mesh

_KEPT_MESHES = 64
_KEPT_FLAT = 512


class Pool:
    """The shapes that scenes of one part draw from.

    Parameters
    ----------
    library
        Where the meshes are from.
    ids
        Shapes of the part, ascending.
    """

    def __init__(self, library: ShapeSource, ids: Sequence[int]) -> None:
        self.library, self.ids = library, ids
        self._mesh = lru_cache(maxsize=_KEPT_MESHES)(library.mesh)
        self._flat = lru_cache(maxsize=_KEPT_FLAT)(lambda i: FlatShape(library.mesh(i)))

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of one shape, world µm; those used last are kept.

        Parameters
        ----------
        shape_id
            One of the pool's.
        """
        return self._mesh(shape_id)

    def flat_shape(self, shape_id: int) -> FlatShape:
        """Return a shape turned so that it lies flat; those used last are kept.

        Parameters
        ----------
        shape_id
            One of the pool's.
        """
        return self._flat(shape_id)

    @cached_property
    def boxes_um(self) -> FloatArray:
        """Boxes of the shapes in the EM volume, see `world_boxes_um`."""
        boxes = world_boxes_um(self.library)
        row = {shape_id: place for place, shape_id in enumerate(self.library.ids)}
        return boxes[[row[shape_id] for shape_id in self.ids]]


class _Scene(ABC):
    """Labelled shapes in the world of their library, and how they come into the field.

    Parameters
    ----------
    recipe, group
    pool
        Shapes of the group's part.
    first_label
        Of the first object; the others follow.
    """

    def __init__(self, recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> None:
        assert recipe.scene is not None
        self._recipe, self._group, self._pool = recipe, group, pool
        self._first_label = first_label
        self._settings: SceneSettings = recipe.scene
        self._rng = np.random.default_rng(seed_of(recipe.seed, group.name, "scene"))
        self.labelling, _ = labelling_of(recipe, group)
        self._image_size_um = common_field_um(recipe)
        self._labelled = lru_cache(maxsize=_KEPT_MESHES)(self._label)

    @abstractmethod
    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """Put the scene into the field, see `Specimen`."""

    def _label(self, shape_id: int, copy: int) -> tuple[PlacedObject, Surface]:
        """Label a shape where it is in the world; each copy in a scene is labelled anew."""
        seed = seed_of(self._recipe.seed, self._group.name, "labelling", shape_id, copy)
        rng, mesh = np.random.default_rng(seed), self._pool.mesh(shape_id)
        return labelled(self._recipe, self._pool.library, shape_id, mesh, self.labelling, rng)

    def _place(
        self, placed: Sequence[tuple[int, FloatArray]], centre: FloatArray
    ) -> PlacedSpecimen:
        """Put shapes, by id and world to field, into the field."""
        objects, heights, areas = [], [], []
        copies: dict[int, int] = {}
        for number, (shape_id, to_field) in enumerate(placed):
            copy = copies[shape_id] = copies.get(shape_id, -1) + 1
            at_rest, surface = self._labelled(shape_id, copy)
            shown = in_field(at_rest, to_field)
            objects.append(replace(shown, label=self._first_label + number))
            heights.append(float((to_field @ [*surface.centroid_um, 1.0])[0]))
            areas.append(surface.area_um2)
        height = float(np.average(heights, weights=areas))
        common = placed[0][1] if len(placed) == 1 else np.eye(4)
        return PlacedSpecimen(tuple(objects), centre, height, common)


class SingleScene(_Scene):
    """One shape of a part in the middle, turned at random.

    Parameters
    ----------
    recipe
        Says what a scene is.
    group
        Of the plan.
    pool
        Shapes of the group's part.
    first_label
        Of its objects.
    """

    def __init__(self, recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> None:
        super().__init__(recipe, group, pool, first_label)
        self._shape_id = int(self._rng.choice(pool.ids))
        z, y, x = (tuple(row) for row in Rotation.random(rng=self._rng).as_matrix().tolist())
        self._pose = Pose(rotation_matrix=(z, y, x))

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: the lowest fluorophore comes to ``depth_um``."""
        at_rest, surface = self._labelled(self._shape_id, 0)
        placed = place(at_rest.emitters, surface.centroid_um, self._pose, depth_um)
        return self._place([(self._shape_id, placed.world_to_field)], surface.centroid_um)


class PackedScene(_Scene):
    """Shapes of a part packed at random; every view is the same field.

    Parameters
    ----------
    recipe
        Says what a scene is.
    group
        Of the plan.
    pool
        Shapes of the group's part.
    first_label
        Of its objects.
    """

    def __init__(self, recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> None:
        super().__init__(recipe, group, pool, first_label)
        tried: list[int] = []
        packing = pack(self._candidates(tried), self._settings, self._image_size_um, self._rng)
        self._placed = [
            (tried[number], to_field)
            for number, to_field in zip(packing.chosen, packing.to_field, strict=True)
        ]

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: the field begins at ``depth_um``."""
        up = np.eye(4)
        up[0, 3] = depth_um
        return self._place([(i, up @ to_field) for i, to_field in self._placed], np.zeros(3))

    def _candidates(self, tried: list[int]) -> Iterator[Mesh]:
        """Yield shapes in random order, each once before any comes again; note which."""
        while True:
            for shape_id in self._rng.permutation(self._pool.ids).tolist():
                tried.append(shape_id)
                yield self._pool.mesh(shape_id)


class RegionScene(_Scene):
    """The shapes of a part in a window of the EM volume; a view turns window and shapes.

    Parameters
    ----------
    recipe
        Says what a scene is.
    group
        Of the plan.
    pool
        Shapes of the group's part.
    first_label
        Of its objects.
    """

    def __init__(self, recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> None:
        super().__init__(recipe, group, pool, first_label)
        self._centre = draw_centre(pool.boxes_um, self._rng)

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: the lowest point of the window comes to ``depth_um``."""
        found = region(
            self._pool,
            self._pool.boxes_um,
            self._centre,
            self._settings,
            self._image_size_um,
            view.pose.matrix,
            depth_um,
        )
        specimen = self._place([(i, found.to_field) for i in found.ids], self._centre)
        return replace(specimen, world_to_field=found.to_field)


class CellSpecimen(_Scene):
    """Shapes of a part lying flat in a region of a cell, and others out of focus above.

    Parameters
    ----------
    recipe
        Says what a scene is.
    group
        Of the plan.
    pool
        Shapes of the group's part.
    first_label
        Of its objects.
    """

    def __init__(self, recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> None:
        super().__init__(recipe, group, pool, first_label)
        drawn = draw_settings(CellScene, self._settings.cell, self._rng)
        mask = None if drawn.mask is None else read_cell_mask(drawn.mask)
        field = largest_field_um(recipe)
        self._cell = draw_cell(pool.flat_shape, pool.ids, drawn, field, self._rng, mask)

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: the lowest point of what is in focus comes to ``depth_um``."""
        objects = list(self._labelled_objects())
        lowest = min(float(o.vertices_um[:, 0].min()) for o in objects)
        up = depth_um - lowest
        raised = tuple(_raised(placed, up) for placed in objects)
        return PlacedSpecimen(raised, np.zeros(3), up, np.eye(4), CellLightOf(self._cell))

    def _labelled_objects(self) -> Iterator[PlacedObject]:
        """Label each shape and put it in its place; heights count from the sharp plane."""
        copies: dict[int, int] = {}
        for number, cell_object in enumerate(self._cell.objects):
            copy = copies[cell_object.shape_id] = copies.get(cell_object.shape_id, -1) + 1
            at_rest, _ = self._label(cell_object.shape_id, copy)
            shown = in_field(at_rest, cell_object.to_field)
            photons = shown.emitters.photons * cell_object.brightness
            yield replace(
                shown,
                label=self._first_label + number,
                emitters=replace(shown.emitters, photons=photons),
                haze=cell_object.haze,
            )


def _raised(placed: PlacedObject, up_um: float) -> PlacedObject:
    """Return an object somewhat higher."""
    way = np.eye(4)
    way[0, 3] = up_um
    return replace(in_field(placed, way), to_field=way @ placed.to_field)


@dataclass(frozen=True, eq=False)
class CellLightOf:
    """The glow of a cell, and how bright its brightest pixel is; see `CellLight`.

    Attributes
    ----------
    cell : Cell
    """

    cell: Cell

    @property
    def peak_photons(self) -> float | None:
        """See `CellLight.peak_photons`."""
        return self.cell.settings.peak_photons or None

    def glow(self, microscope: Microscope) -> FloatArray | None:
        """See `CellLight.glow`."""
        photons = self.cell.settings.glow_photons
        if photons == 0.0:
            return None
        return glow_of(self.cell.region, photons, microscope.image_size, microscope.pixel_um)

    def metadata(self) -> dict[str, Any]:
        """See `CellLight.metadata`."""
        return {
            "cell": {
                **self.cell.settings.model_dump(mode="json"),
                "objects_in_focus": sum(not found.haze for found in self.cell.objects),
                "objects_in_haze": sum(found.haze for found in self.cell.objects),
                "objects_left_out": self.cell.left_out,
            }
        }


def scene_of(recipe: Recipe, group: Group, pool: Pool, first_label: int = 1) -> Specimen:
    """Make the scene of a group, of the kind that the recipe asks for.

    Parameters
    ----------
    recipe
        Says what a scene is.
    group
        Of the plan.
    pool
        Shapes of the group's part.
    first_label
        Of its objects.

    Raises
    ------
    ValueError
        When nothing can be placed, or a shape cannot be read or labelled.
    """
    assert recipe.scene is not None
    kinds: dict[str, type[_Scene]] = {
        "single": SingleScene,
        "packed": PackedScene,
        "region": RegionScene,
        "cell": CellSpecimen,
    }
    return kinds[recipe.scene.kind](recipe, group, pool, first_label)


def common_field_um(recipe: Recipe) -> tuple[float, float]:
    """Return the sides of the field that every microscope of a recipe sees, (y, x) in µm.

    Parameters
    ----------
    recipe
        Names the microscopes.
    """
    y, x = np.min(_fields_um(recipe), axis=0)
    return float(y), float(x)


def largest_field_um(recipe: Recipe) -> tuple[float, float]:
    """Return the sides of the field that holds what each microscope of a recipe sees, (y, x) in µm.

    Parameters
    ----------
    recipe
        Names the microscopes.
    """
    y, x = np.max(_fields_um(recipe), axis=0)
    return float(y), float(x)


def _fields_um(recipe: Recipe) -> list[FloatArray]:
    return [
        instrument.microscope.pixel_um
        * np.array(recipe.image_size or instrument.microscope.image_size)
        for instrument in recipe.microscopes
    ]
