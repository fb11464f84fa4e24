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
from napari_3dmsl.datasets.render.single_shape import (
    above_ground,
    class_of,
    in_field,
    labelled,
    labelling_of,
    lines_of,
)
from napari_3dmsl.ground_truth.registry import needs_of
from napari_3dmsl.microscope.fluorophores import Emitters, Surface, label_many
from napari_3dmsl.microscope.pose import Pose, place
from napari_3dmsl.ranges import draw_settings
from napari_3dmsl.scenes.cell_region import read_cell_mask
from napari_3dmsl.scenes.cell_scene import Cell, CellObject, draw_cell
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.centrelines import moved
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
_KEPT_OF_CELLS = 512
_LIGHT_UM, _HAZE_LIGHT_UM = 2.0, 5.0  # from the image, to where fluorophores count


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
        # Scenes like a cell show hundreds of shapes each.
        many = lru_cache(maxsize=_KEPT_OF_CELLS)
        self._flat = many(lambda i: FlatShape(library.mesh(i), i))
        self._surface = many(self._made_surface)
        self._at_rest = many(self._made_at_rest)

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

    def surface(self, shape_id: int) -> Surface:
        """Return what labelling a shape needs to know; those used last are kept.

        Parameters
        ----------
        shape_id
            One of the pool's.
        """
        return self._surface(shape_id)

    def at_rest(self, shape_id: int, with_lines: bool) -> PlacedObject:
        """Return a shape in its own frame, with a fluorophore that stands for those to come.

        Parameters
        ----------
        shape_id
            One of the pool's.
        with_lines
            Whether to find its centrelines, too.
        """
        return self._at_rest(shape_id, with_lines)

    def _made_surface(self, shape_id: int) -> Surface:
        mesh = self.mesh(shape_id)
        return Surface(mesh.vertices, mesh.faces)

    def _made_at_rest(self, shape_id: int, with_lines: bool) -> PlacedObject:
        mesh = self.mesh(shape_id)
        return PlacedObject(
            label=1,
            shape_id=shape_id,
            shape_class=class_of(self.library, shape_id),
            vertices_um=mesh.vertices,
            faces=mesh.faces,
            emitters=Emitters(np.zeros((1, 3)), np.zeros(1)),
            to_field=np.eye(4),
            centrelines_um=lines_of(self.library, shape_id, mesh) if with_lines else (),
        )

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
        self._needs_lines = "centrelines" in needs_of(recipe.truths)
        drawn = draw_settings(CellScene, self._settings.cell, self._rng)
        mask = None if drawn.mask is None else read_cell_mask(drawn.mask)
        field_um = largest_field_um(recipe)
        self._half_field_um = 0.5 * np.array(field_um)
        self._cell = draw_cell(pool.flat_shape, pool.ids, drawn, field_um, self._rng, mask)

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """See `Specimen.place`: the lowest point of all shapes comes to ``depth_um``.

        Where none is in focus, it is the sharp plane that comes there.
        """
        up = np.eye(4)
        up[0, 3] = depth_um - self._lowest_um()
        objects: list[PlacedObject] = []
        for found, to_field, emitters in self._labelled_in_field(up):
            label = self._first_label + len(objects)
            objects.append(self._placed(found, label, to_field, emitters))
        height = float(up[0, 3])
        light = CellLightOf(self._cell, tuple(objects))
        return PlacedSpecimen(tuple(objects), np.zeros(3), height, np.eye(4), light)

    def _lowest_um(self) -> float:
        """Lowest point of all shapes, from the sharp plane."""
        heights = [] if any(not found.haze for found in self._cell.objects) else [0.0]
        for found in self._cell.objects:
            vertices = self._pool.mesh(found.shape_id).vertices
            heights.append(float((vertices @ found.to_field[0, :3]).min() + found.to_field[0, 3]))
        return min(heights)

    def _labelled_in_field(
        self, up: FloatArray
    ) -> Iterator[tuple[CellObject, FloatArray, Emitters]]:
        """Label all shapes in their places; leave out those whose light is not in the image."""
        found = self._cell.objects
        if not found:
            return
        rng = np.random.default_rng(seed_of(self._recipe.seed, self._group.name, "fluorophores"))
        surfaces = [self._pool.surface(each.shape_id) for each in found]
        emitters, counts = label_many(surfaces, self.labelling, rng)
        transforms = np.array([up @ each.to_field for each in found])
        which = np.repeat(np.arange(len(found)), counts)
        positions = np.einsum("nij,nj->ni", transforms[which, :3, :3], emitters.positions_um)
        positions = above_ground(positions + transforms[which, :3, 3])
        photons = emitters.photons * np.array([each.brightness for each in found])[which]
        if self._recipe.motion is None:  # else what is beyond the image may come into it
            reach = np.where([each.haze for each in found], _HAZE_LIGHT_UM, _LIGHT_UM)
            limit = self._half_field_um + reach[which, None]
            near = (np.abs(positions[:, 1:]) <= limit).all(axis=1)
            positions, photons, which = positions[near], photons[near], which[near]
        if not len(which):
            return
        lit, starts = np.unique(which, return_index=True)
        parts = Emitters(positions, photons).split([*starts.tolist(), len(which)])
        for number, part in zip(lit.tolist(), parts, strict=True):
            yield found[number], transforms[number], part

    def _placed(
        self, found: CellObject, label: int, to_field: FloatArray, emitters: Emitters
    ) -> PlacedObject:
        """Return a shape in its place."""
        at_rest = self._pool.at_rest(found.shape_id, self._needs_lines)
        return PlacedObject(
            label=label,
            shape_id=found.shape_id,
            shape_class=at_rest.shape_class,
            vertices_um=at_rest.vertices_um @ to_field[:3, :3].T + to_field[:3, 3],
            faces=at_rest.faces,
            emitters=emitters,
            to_field=to_field,
            centrelines_um=moved(at_rest.centrelines_um, to_field),
            haze=found.haze,
        )


@dataclass(frozen=True, eq=False)
class CellLightOf:
    """The glow of a cell, and how bright its brightest pixel is; see `CellLight`.

    Attributes
    ----------
    cell : Cell
    objects : tuple of PlacedObject
        Its shapes in the image.
    """

    cell: Cell
    objects: tuple[PlacedObject, ...]

    @property
    def peak_photons(self) -> float | None:
        """See `CellLight.peak_photons`; None as well where nothing but haze beside it shines in."""
        peak = self.cell.settings.peak_photons
        return peak if peak and self._shines() else None

    def _shines(self) -> bool:
        """Whether a shape is in focus, or fluorophores lie in the image."""
        half_um = 0.5 * np.array(self.cell.region.image_size_um)
        return any(
            not each.haze
            or (np.abs(each.emitters.positions_um[:, 1:]) <= half_um).all(axis=1).any()
            for each in self.objects
        )

    def glow(self, microscope: Microscope) -> FloatArray | None:
        """See `CellLight.glow`."""
        photons = self.cell.settings.glow_photons
        if photons == 0.0:
            return None
        return glow_of(self.cell.region, photons, microscope.image_size, microscope.pixel_um)

    def metadata(self) -> dict[str, Any]:
        """See `CellLight.metadata`."""
        haze = [placed.label for placed in self.objects if placed.haze]
        told = {
            **self.cell.settings.model_dump(mode="json"),
            "objects_in_focus": len(self.objects) - len(haze),
            "objects_in_haze": len(haze),
            "objects_left_out": self.cell.left_out,
        }
        return {"cell": told, "haze_labels": haze}


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
        When nothing can be packed, or a shape cannot be read or labelled.
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
