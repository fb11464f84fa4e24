"""A scene like a real cell: shapes lie flat in a region with an edge, others out of focus above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.scenes.cell_region import CellRegion, draw_region
from napari_3dmsl.scenes.flat_placing import (
    COLUMN_UM,
    SLICES,
    Columns,
    FlatShape,
    draw_turn,
    footprint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.cell_settings import CellScene

HAZE_FROM_UM = 1.2
"""Height above the sharp plane from which shapes are out of focus."""

TURNS, PLACES = 5, 8
"""A shape is turned so often, and put to so many places each time, before it is left out."""

_LOWEST_UM = -1.6  # below the sharp plane, where slices begin
_SLICE_UM = 2.0 * -_LOWEST_UM / SLICES  # of the layer in focus
_HAZE_SLICE_UM = 0.25
_AWAY_UM = 0.4  # that a shape is moved when it finds no place, and more each time
_SEEN_UM = 0.5  # from the image: light of shapes in focus that lie farther does not reach it
_HAZE_SEEN_UM = 4.0


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
        Those that reach into the image, or whose light does; in focus first.
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
    would run into others is moved and turned a little, and left out when that does not help.

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

    Raises
    ------
    ValueError
        When no shape is in the image.
    """
    region_rng, sharp_rng, haze_rng = rng.spawn(3)
    region = draw_region(settings, image_size_um, region_rng, mask)
    sharp = _Layer(region, settings, _SLICE_UM, _SEEN_UM, sharp_rng)
    in_focus = sharp.columns.slices_between(-settings.layer_um, settings.layer_um)
    density = settings.density_per_um2 * region.crowding
    found = sharp.fill(flat_shape, ids, density, lambda _place: in_focus)
    if not found:
        raise ValueError(
            "no shape of the cell lies in the image; raise coverage or density_per_um2, or image a "
            "larger field"
        )
    above = _Layer(region, settings, _HAZE_SLICE_UM, _HAZE_SEEN_UM, haze_rng)
    for placed in found:
        above.block(placed)
    hazy = above.fill(flat_shape, ids, settings.haze * density * _deep(region), above.height_at)
    objects = [*(p.as_object(haze=False) for p in found), *(p.as_object(haze=True) for p in hazy)]
    return Cell(tuple(objects), region, settings, sharp.left_out + above.left_out)


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
    turn: FloatArray
    place_um: FloatArray
    brightness: float

    def as_object(self, *, haze: bool) -> CellObject:
        moved = np.eye(4)
        moved[:3, :3] = self.turn
        moved[:3, 3] = self.place_um
        return CellObject(self.shape_id, moved @ self.shape.to_rest, self.brightness, haze)


class _Layer:
    """Some heights of a cell while shapes are laid into them.

    Parameters
    ----------
    region, settings
        Of the cell.
    slice_um
        Height of a slice of its columns.
    seen_um
        How far from the image shapes can be seen in it.
    rng
        Draws all that is drawn for this layer.
    """

    def __init__(
        self,
        region: CellRegion,
        settings: CellScene,
        slice_um: float,
        seen_um: float,
        rng: np.random.Generator,
    ) -> None:
        self._region, self._settings = region, settings
        size = region.step_um * np.array(region.inside.shape)
        self.columns = Columns(np.array([_LOWEST_UM, *region.low_um]), size, slice_um)
        self._seen_um = 0.5 * np.array(region.image_size_um) + seen_um
        self._order, self._where, self._how = rng.spawn(3)
        self.left_out = 0

    def fill(
        self,
        flat_shape: Callable[[int], FlatShape],
        ids: Sequence[int],
        per_um2: FloatArray,
        heights: Callable[[FloatArray], NDArray[np.int64]],
    ) -> list[_Placed]:
        """Lay down shapes of a density, whose middles come into one of the slices at a place."""
        places = self._places(per_um2)
        found = []
        for place, shape_id in zip(places, self._ids(ids, len(places)), strict=True):
            shape = flat_shape(shape_id)
            if (np.abs(place) > self._seen_um + shape.reach_um).any():
                continue  # nobody will see it
            laid = self._lay(shape_id, shape, place, heights(place))
            if laid is None:
                self.left_out += 1
            else:
                found.append(laid)
        return found

    def height_at(self, place_um: FloatArray) -> NDArray[np.int64]:
        """Draw a height out of focus within the cell."""
        (thickness,) = self._region.at(self._region.thickness_um, place_um[None])
        height = self._how.uniform(HAZE_FROM_UM, max(float(thickness), HAZE_FROM_UM + 0.1))
        return np.array([self.columns.slice_of(height)])

    def block(self, placed: _Placed) -> None:
        """Keep the place of a shape of another layer free."""
        offset = self.columns.offset_of(placed.place_um)
        found = footprint(placed.shape.points_um @ placed.turn.T, self.columns.slice_um, offset)
        (middle,) = self.columns.column_of(placed.place_um[None, 1:])
        self.columns.take(found, middle, self.columns.slice_of(float(placed.place_um[0])))

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
        self, shape_id: int, shape: FlatShape, place_um: FloatArray, heights: NDArray[np.int64]
    ) -> _Placed | None:
        """Turn and move a shape until it runs into no other; None when it always does."""
        rng, columns = self._how, self.columns
        sigma = self._settings.brightness_spread
        brightness = float(np.exp(sigma * rng.standard_normal() - 0.5 * sigma**2))
        for attempt in range(TURNS):
            turn = draw_turn(self._settings.tilt_deg, rng)
            offset = rng.random(3) * [columns.slice_um, COLUMN_UM, COLUMN_UM]
            found = footprint(shape.points_um @ turn.T, columns.slice_um, offset)
            away = _AWAY_UM * attempt * rng.standard_normal((PLACES if attempt else 1, 2))
            places = place_um + away
            places = places[self._region.at(self._region.inside, places)]
            if not len(places):
                continue
            middles = columns.column_of(places)
            free = np.argwhere(columns.free(found, middles, heights))
            if len(free):
                at = free[free[:, 0] == free[0, 0]]  # the first place that has any
                number, height = at[rng.integers(len(at))]
                columns.take(found, middles[number], int(heights[height]))
                middle_um = columns.place_um(found, middles[number], int(heights[height]))
                return _Placed(shape_id, shape, turn, middle_um, brightness)
        return None
