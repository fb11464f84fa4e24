"""A scene like a real cell: shapes lie flat in a region with an edge, others out of focus above."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.scenes.cell_region import CellRegion, draw_region
from napari_3dmsl.scenes.flat_placing import POSES, SLICES, Columns, FlatShape

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
_HAZE_SLICE_UM = 0.25
_COLUMN_UM, _HAZE_COLUMN_UM = 0.1, 0.2
_AWAY_UM = 0.5  # standard deviation of the way that a shape is moved
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
    columns = _columns(region, _SLICE_UM, _COLUMN_UM, sharp_rng)
    sharp = _Layer(region, settings, columns, _SEEN_UM, sharp_rng)
    density = settings.density_per_um2 * region.crowding
    found = sharp.fill(flat_shape, ids, density, sharp.heights_in_focus())
    columns = _columns(region, _HAZE_SLICE_UM, _HAZE_COLUMN_UM, haze_rng)
    above = _Layer(region, settings, columns, _HAZE_SEEN_UM, haze_rng)
    for placed in found:
        above.block(placed)
    hazy = above.fill(flat_shape, ids, settings.haze * density * _deep(region), above.heights_above)
    objects = [*(p.as_object(haze=False) for p in found), *(p.as_object(haze=True) for p in hazy)]
    return Cell(tuple(objects), region, settings, sharp.left_out + above.left_out)


def _columns(
    region: CellRegion, slice_um: float, column_um: float, rng: np.random.Generator
) -> Columns:
    """Return empty columns all over a region, whose corner lies anywhere."""
    size = region.step_um * np.array(region.inside.shape) + column_um
    corner = np.array([_LOWEST_UM, *region.low_um])
    corner -= rng.random(3) * [slice_um, column_um, column_um]
    return Columns(corner, size, slice_um, column_um)


def _deep(region: CellRegion) -> FloatArray:
    """Share of the haze, 0 to 1: all of it where the cell has its full thickness."""
    full = region.full_thickness_um - HAZE_FROM_UM
    if full <= 0.0:
        return np.zeros_like(region.thickness_um)
    share: FloatArray = np.clip((region.thickness_um - HAZE_FROM_UM) / full, 0.0, 1.0)
    return share


@dataclass(frozen=True, eq=False)
class _Placed:
    """A shape in its place."""

    shape_id: int
    shape: FlatShape
    way: int
    turn: FloatArray
    place_um: FloatArray
    brightness: float

    def as_object(self, *, haze: bool) -> CellObject:
        moved = np.eye(4)
        moved[:3, :3] = self.turn
        moved[:3, 3] = self.place_um
        return CellObject(self.shape_id, moved @ self.shape.to_rest, self.brightness, haze)


Heights = Callable[[FloatArray], "tuple[int, NDArray[np.int64], NDArray[np.int64]]"]
"""Of a place: the slice to be in, those that will do, and those that must do in a crowd."""


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
        heights: Heights,
    ) -> list[_Placed]:
        """Lay down shapes of a density, whose middles come into one of the slices at a place."""
        places = self._places(per_um2)
        found = []
        for place, shape_id in zip(places, self._ids(ids, len(places)), strict=True):
            shape = flat_shape(shape_id)
            if (np.abs(place) > self._seen_um + shape.reach_um).any():
                continue  # nobody will see it
            laid = self._lay(shape_id, shape, place, heights)
            if laid is None:
                self.left_out += 1
            else:
                found.append(laid)
        return found

    def heights_in_focus(self) -> Heights:
        """Return how heights of the layer in focus are drawn; shapes that cross may leave it."""
        half = self._settings.layer_um
        within = self._columns.slices_between(-half, half)
        wider = self._columns.slices_between(-half - CROSSING_UM, half + CROSSING_UM)
        low, count = int(within[0]), len(within)
        return lambda _place: (low + int(count * self._how.random()), within, wider)

    def heights_above(
        self, place_um: FloatArray
    ) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
        """Draw a height out of focus within the cell; any will do where that is taken."""
        (thickness,) = self._region.at(self._region.thickness_um, place_um[None])
        highest = max(float(thickness), HAZE_FROM_UM + 0.1)
        height = self._columns.slice_of(self._how.uniform(HAZE_FROM_UM, highest))
        slices = self._columns.slices_between(HAZE_FROM_UM, highest)
        return height, slices, slices

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
        self, shape_id: int, shape: FlatShape, place_um: FloatArray, heights: Heights
    ) -> _Placed | None:
        """Turn and move a shape until it runs into no other; None when it always does."""
        rng, columns = self._how, self._columns
        sigma = self._settings.brightness_spread
        brightness = math.exp(sigma * float(rng.standard_normal()) - 0.5 * sigma**2)
        wanted, within, wider = heights(place_um)
        for near_um, slices in ((0.0, within), (_AWAY_UM, wider)):
            way = int(8 * POSES * rng.random())
            pose = shape.pose(way, self._settings.tilt_deg, columns.sides_um)
            middles = columns.column_of(self._around(place_um, near_um))
            free = columns.free(pose, middles, slices)
            if free.any():
                number = int(free.any(axis=1).argmax())  # the first place that has any
                heights_free = slices[free[number]]
                height = int(heights_free[np.abs(heights_free - wanted).argmin()])
                middle = int(middles[number])
                columns.take(pose, middle, height)
                place = columns.place_um(middle, height)
                return _Placed(shape_id, shape, way, pose.turn, place, brightness)
        return None

    def _around(self, place_um: FloatArray, near_um: float) -> FloatArray:
        """Return a place, or some around it that are in the cell."""
        if near_um == 0.0:
            return place_um[None]
        places: FloatArray = place_um + near_um * self._how.standard_normal((PLACES, 2))
        inside = places[self._region.at(self._region.inside, places)]
        return inside if len(inside) else place_um[None]
