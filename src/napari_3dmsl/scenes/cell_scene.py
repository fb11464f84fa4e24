"""A scene like a real cell: shapes lie flat in a region with an edge, others out of focus above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.scenes.cell_region import CellRegion, draw_region
from napari_3dmsl.scenes.flat_placing import POSES, SLICES, Columns, FlatShape, Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.scenes.cell_settings import CellScene

HAZE_FROM_UM = 1.2
"""Height above the sharp plane from which shapes are out of focus."""

PLACES = 8
"""Places in the neighbourhood that a shape is moved to when it runs into others, each time."""

CROSSING_UM = 0.5
"""Shapes for which that does not help may lie so much higher or lower: they cross others."""

_LOWEST_UM = -1.6  # below the sharp plane, where slices begin
_SLICE_UM = 2.0 * -_LOWEST_UM / SLICES  # of the layer in focus
_COLUMN_UM = 0.1
_HAZE_SLICES = 5  # of the layer in focus, in one of the haze, whose columns are twice as wide
_AWAY_UM = 0.5  # standard deviation of the way that a shape is moved
_NOWHERE = np.zeros(3)
_SEEN_UM, _HAZE_SEEN_UM = 0.6, 3.0  # from the image, to where light of shapes is of interest


@dataclass(frozen=True, eq=False)
class CellObject:
    """A shape that has found a place in a cell.

    Attributes
    ----------
    shape_id : int
    to_field : (4, 4) float64
        From the frame of its mesh to that of the field, in which the sharp plane is at 0; (z, y, x,
        1) column vectors, µm.
    brightness : float
        Factor on the photons of its fluorophores.
    haze : bool
        Whether it lies out of focus.
    """

    shape_id: int
    to_field: FloatArray
    brightness: float
    haze: bool


@dataclass(frozen=True, eq=False)
class Cell:
    """What a scene like a cell holds.

    Attributes
    ----------
    objects : tuple of CellObject
        Those that reach into the image, or whose light does; in focus first. There may be none.
    region : CellRegion
    settings : CellScene
        Every number as it was drawn.
    left_out : int
        Shapes that found no place without running into others.
    """

    objects: tuple[CellObject, ...]
    region: CellRegion
    settings: CellScene
    left_out: int


def draw_cell(
    flat_shape: Callable[[int], FlatShape],
    ids: Sequence[int],
    settings: CellScene,
    image_size_um: tuple[float, float],
    rng: np.random.Generator,
    mask: NDArray[np.bool_] | None = None,
) -> Cell:
    """Draw a region of a cell and lay shapes into it.

    Shapes are taken in random order, each once before any comes again. Where their middles lie
    follows the density of the region, also beside the image, whose border cuts shapes. One that
    would run into others is moved and turned a little, and left out when that does not help. Where
    the cell is small or sparse the image may hold no shape.

    Parameters
    ----------
    flat_shape : callable
        Gives a shape by its id.
    ids : sequence of int
        Shapes to draw from.
    settings : CellScene
        What the cell is like.
    image_size_um : (y, x)
        Sides of the image.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    mask : (R, C) bool, optional
        See `draw_region`.
    """
    region_rng, sharp_rng, haze_rng = rng.spawn(3)
    region = draw_region(settings, image_size_um, region_rng, mask)
    columns = _columns(region, sharp_rng)
    sharp = _Layer(region, settings, columns, _SEEN_UM, sharp_rng)
    density = settings.density_per_um2 * region.crowding
    found = sharp.fill(flat_shape, ids, density, sharp.heights_in_focus)
    above = _Layer(region, settings, columns.coarser(_HAZE_SLICES), _HAZE_SEEN_UM, haze_rng)
    for placed in found:
        if placed.beyond:  # the slices of the layer in focus do not know how high it is
            above.block(placed)
    hazy = above.fill(flat_shape, ids, settings.haze * density * _deep(region), above.heights_above)
    objects = (*_as_objects(found, haze=False), *_as_objects(hazy, haze=True))
    return Cell(objects, region, settings, sharp.left_out + above.left_out)


def _columns(region: CellRegion, rng: np.random.Generator) -> Columns:
    """Return empty columns all over a region, whose corner lies anywhere."""
    column_um, slice_um = 2.0 * _COLUMN_UM, _HAZE_SLICES * _SLICE_UM  # those of the haze
    size = np.ceil(region.step_um * np.array(region.inside.shape) / column_um + 1.0) * column_um
    corner = np.array([_LOWEST_UM + 0.5 * slice_um, *region.low_um])
    corner -= rng.random(3) * [slice_um, column_um, column_um]
    return Columns(corner, size - 0.5 * _COLUMN_UM, _SLICE_UM, _COLUMN_UM)


def _deep(region: CellRegion) -> FloatArray:
    """Share of the haze, 0 to 1: all of it where the cell has its full thickness."""
    full = region.full_thickness_um - HAZE_FROM_UM
    if full <= 0.0:
        return np.zeros_like(region.thickness_um)
    share: FloatArray = np.clip((region.thickness_um - HAZE_FROM_UM) / full, 0.0, 1.0)
    return share


@dataclass(eq=False, slots=True)
class _Placed:
    """A shape in its place: its column and slice, and where those lie."""

    shape_id: int
    shape: FlatShape
    pose: Pose
    way: int
    middle: int
    height: int
    brightness: float
    place_um: FloatArray

    @property
    def beyond(self) -> bool:
        """Whether it reaches the highest slice, and maybe higher."""
        return self.height + self.pose.outline.ends[1] >= SLICES - 1


def _as_objects(placed: Sequence[_Placed], *, haze: bool) -> list[CellObject]:
    """Return shapes that have found their places."""
    if not placed:
        return []
    moved = np.tile(np.eye(4), (len(placed), 1, 1))
    moved[:, :3, :3] = [each.pose.turn for each in placed]
    moved[:, :3, 3] = [each.place_um for each in placed]
    to_field = moved @ np.array([each.shape.to_rest for each in placed])
    return [
        CellObject(each.shape_id, matrix, each.brightness, haze)
        for each, matrix in zip(placed, to_field, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Heights:
    """Of each shape to be laid: the slice to be in, and those that will do.

    Attributes
    ----------
    wanted : list of int
    within : list of slices
        Those that will do.
    wider : list of slices
        Those that must do in a crowd.
    """

    wanted: list[int]
    within: list[NDArray[np.int64]]
    wider: list[NDArray[np.int64]]


class _Layer:
    """Some heights of a cell while shapes are laid into them.

    Parameters
    ----------
    region, settings
        Of the cell.
    columns
        What is taken.
    seen_um
        How far from the image shapes are of interest.
    rng
        Draws all that is drawn for this layer.
    """

    def __init__(
        self,
        region: CellRegion,
        settings: CellScene,
        columns: Columns,
        seen_um: float,
        rng: np.random.Generator,
    ) -> None:
        self._region, self._settings, self._columns = region, settings, columns
        self._seen_um = 0.5 * np.array(region.image_size_um) + seen_um
        self._order, self._where, self._how = rng.spawn(3)
        self.left_out = 0

    def fill(
        self,
        flat_shape: Callable[[int], FlatShape],
        ids: Sequence[int],
        per_um2: FloatArray,
        heights: Callable[[FloatArray], _Heights],
    ) -> list[_Placed]:
        """Lay down shapes of a density, whose middles come into one of the slices at a place."""
        places = self._places(per_um2)
        drawn = self._ids(ids, len(places))
        shapes = [flat_shape(shape_id) for shape_id in drawn]
        reach = np.array([shape.reach_um for shape in shapes])
        # Nobody will see the others.
        seen = np.flatnonzero((np.abs(places) <= self._seen_um + reach[:, None]).all(axis=1))
        found = self._lay([(drawn[i], shapes[i]) for i in seen.tolist()], places[seen], heights)
        self.left_out += len(seen) - len(found)
        return found

    def heights_in_focus(self, places_um: FloatArray) -> _Heights:
        """Draw heights in the layer in focus; shapes that cross may leave it."""
        half, count = self._settings.layer_um, len(places_um)
        within = self._columns.slices_between(-half, half)
        wider = self._columns.slices_between(-half - CROSSING_UM, half + CROSSING_UM)
        wanted = self._how.choice(within, count).tolist()
        return _Heights(wanted, [within] * count, [wider] * count)

    def heights_above(self, places_um: FloatArray) -> _Heights:
        """Draw heights out of focus within the cell; any will do where those are taken."""
        thickness = self._region.at(self._region.thickness_um, places_um)
        highest = np.maximum(thickness, HAZE_FROM_UM + 0.1)
        drawn = self._how.uniform(HAZE_FROM_UM, highest).tolist()
        slices = [self._columns.slices_between(HAZE_FROM_UM, end) for end in highest.tolist()]
        return _Heights([self._columns.slice_of(height) for height in drawn], slices, slices)

    def block(self, placed: _Placed) -> None:
        """Keep the place of a shape of another layer free."""
        columns = self._columns
        pose = placed.shape.pose(placed.way, self._settings.tilt_deg, columns.sides_um)
        (middle,) = columns.column_of(placed.place_um[None, 1:]).tolist()
        columns.take(pose, middle, columns.slice_of(float(placed.place_um[0])))

    def _places(self, per_um2: FloatArray) -> FloatArray:
        """Draw the middles of shapes, (N, 2), that follow a density on the region's grid."""
        step = self._region.step_um
        expected = np.cumsum(per_um2.ravel()) * step**2
        count = int(expected[-1] + self._where.random())
        index = np.searchsorted(expected, self._where.random(count) * expected[-1], side="right")
        square = np.stack(np.unravel_index(index, per_um2.shape), axis=1)
        within = self._where.random((count, 2))
        places: FloatArray = self._region.low_um + step * (square + within)
        return places

    def _ids(self, ids: Sequence[int], count: int) -> list[int]:
        """Draw shapes, each once before any comes again."""
        rounds = -(-count // len(ids))
        drawn = [self._order.permutation(ids) for _ in range(rounds)]
        return [int(i) for i in np.concatenate([np.zeros(0, np.int64), *drawn])[:count]]

    def _lay(
        self,
        shapes: Sequence[tuple[int, FlatShape]],
        places_um: FloatArray,
        heights: Callable[[FloatArray], _Heights],
    ) -> list[_Placed]:
        """Turn and move shapes, one after the other, until each runs into none before it.

        Those that always do are left out. What is drawn is drawn for all at once.
        """
        rng, count = self._how, len(shapes)
        sigma = self._settings.brightness_spread
        brightness = np.exp(sigma * rng.standard_normal(count) - 0.5 * sigma**2).tolist()
        slices = heights(places_um)
        ways = rng.integers(8 * POSES, size=(count, 2)).tolist()
        columns, tilt_deg = self._columns, self._settings.tilt_deg
        there, around = columns.column_of(places_um), self._around(places_um)
        found = []
        for number, (shape_id, shape) in enumerate(shapes):
            wanted = slices.wanted[number]
            for way, middles, allowed in (
                (ways[number][0], there[number : number + 1], slices.within[number]),
                (ways[number][1], around[number], slices.wider[number]),
            ):
                pose = shape.pose(way, tilt_deg, columns.sides_um)
                spot = columns.spot(pose, middles, allowed, wanted)
                if spot is not None:
                    columns.take(pose, *spot)
                    bright = brightness[number]
                    found.append(_Placed(shape_id, shape, pose, way, *spot, bright, _NOWHERE))
                    break
        places = columns.places_um([p.middle for p in found], [p.height for p in found])
        for placed, place in zip(found, places, strict=True):
            placed.place_um = place
        return found

    def _around(self, places_um: FloatArray) -> list[NDArray[np.int64]]:
        """Return columns around each place that are in the cell; its own when none of them is."""
        around = self._how.standard_normal((len(places_um), PLACES, 2))
        around = (places_um[:, None] + _AWAY_UM * around).reshape(-1, 2)
        inside = self._region.at(self._region.inside, around).reshape(-1, PLACES)
        columns = self._columns.column_of(around).reshape(-1, PLACES)
        own = self._columns.column_of(places_um)
        return [
            near[good] if good.any() else own[number : number + 1]
            for number, (near, good) in enumerate(zip(columns, inside, strict=True))
        ]
