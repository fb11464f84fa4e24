"""Shapes packed at random into a field of view, none of which overlap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from napari_3dmsl.geometry.inside import winding_numbers
from napari_3dmsl.geometry.quadrature import small_pieces
from napari_3dmsl.memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.settings import SceneSettings
    from napari_3dmsl.shapes.mesh import Mesh

TURNS, PLACES = 10, 20
"""A shape is turned so often, and put to so many places each time, before it is passed over."""

REFUSED_IN_A_ROW = 10
"""So many shapes without a place mean that the field is full."""

FEW = 300  # points that are compared first
EDGE_UM = 0.05  # longest edge of the triangles whose corners stand for a surface
_BYTES_A_PIECE = 1000.0  # of a surface of the square of that edge, while it is cut up


@dataclass(frozen=True, eq=False)
class Packing:
    """Where shapes found a place.

    Attributes
    ----------
    chosen : tuple of int
        Which of the candidates, by their place in the row.
    to_field : tuple of (4, 4) float64
        World to field of each: (z, y, x, 1) column vectors, µm.
    wanted : int or None
        Number of shapes asked for; None when a share of the volume was.
    volume_share : float
        Of the field that the shapes' volumes fill, cut off parts included.
    complete : bool
        Whether all that was asked for found a place.
    """

    chosen: tuple[int, ...]
    to_field: tuple[FloatArray, ...]
    wanted: int | None
    volume_share: float
    complete: bool


def pack(
    candidates: Iterable[Mesh],
    settings: SceneSettings,
    image_size_um: Sequence[float],
    rng: np.random.Generator,
    depth_um: float = 0.0,
) -> Packing:
    """Place shapes one after the other, turned at random, where they keep their distance.

    Places are uniform in the field: for shapes wholly inside among all places that keep them so;
    where the border may cut, the middle of a shape's box is uniform in the image. A candidate that
    finds no place in `TURNS` * `PLACES` tries is passed over, so crowded fields have more small
    shapes. Surfaces are at least ``gap_um`` apart, for certain: they are compared by points that
    cover them, and the distance that these leave open (some 50 nm for meshes of voxels of 24 nm)
    is kept in addition.

    Parameters
    ----------
    candidates : iterable of Mesh
        Closed surfaces in the order in which they are tried; may be endless.
    settings : SceneSettings
        ``objects`` or ``volume_share``, ``gap_um``, ``height_um``, ``border``.
    image_size_um : (y, x)
        Sides of the field.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    depth_um : float
        Height above the coverslip at which the field begins.

    Returns
    -------
    Packing
        ``complete`` is false when the candidates run out or the field is full before that.

    Raises
    ------
    ValueError
        When no candidate at all fits into the field.
    """
    wanted = None if settings.volume_share else int(rng.integers(*settings.objects, endpoint=True))
    size = np.array([settings.height_um, *image_size_um])
    placed: dict[int, _Body] = {}
    filled, refused = 0.0, 0
    for number, mesh in enumerate(candidates):
        body = _find_place(_Surface(mesh), list(placed.values()), settings, size, rng)
        if body is None:
            refused += 1
            if refused == REFUSED_IN_A_ROW:
                break
            continue
        refused = 0
        placed[number] = body
        filled += abs(mesh.volume_um3) / float(size.prod())
        if _is_complete(settings, len(placed), wanted, filled):
            break
    if not placed:
        raise ValueError(
            f"none of the shapes fits into a field of {size[0]:g} x {size[1]:g} x {size[2]:g} µm "
            "(z, y, x); raise height_um or the image size, or leave out long shapes"
        )
    up = _shift(np.array([depth_um, 0.0, 0.0]))
    return Packing(
        tuple(placed),
        tuple(up @ body.transform for body in placed.values()),
        wanted,
        filled,
        _is_complete(settings, len(placed), wanted, filled),
    )


def _is_complete(settings: SceneSettings, count: int, wanted: int | None, filled: float) -> bool:
    if settings.volume_share is not None:
        return filled >= settings.volume_share
    return count == wanted


class _Surface:
    """A closed surface in its own frame, and the points that stand for it.

    Attributes
    ----------
    points : (N, 3)
        No point of the surface is farther than ``cover_um`` from one of them.
    few : (m, 3)
        Some of the points, from everywhere.
    witnesses : (N, 3)
        One point of each connected piece of the surface.
    """

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        check_memory(
            f"a shape of {mesh.area_um2:,.0f} µm², covered by points for packing; leave out "
            "shapes so large, or correct the length of their unit",
            _BYTES_A_PIECE * mesh.area_um2 / EDGE_UM**2,
        )
        corners = mesh.vertices[mesh.faces]
        pieces = small_pieces(corners, EDGE_UM)
        longest = float(np.linalg.norm(pieces - np.roll(pieces, -1, axis=1), axis=2).max())
        # No point of a triangle is farther from its corners than that of an equilateral one, nor
        # from its middle than the tip of a needle.
        if len(pieces) == len(corners):
            self.points, self.cover_um = mesh.vertices, longest / np.sqrt(3)
        else:
            self.points, self.cover_um = pieces.mean(axis=1), longest * 2 / 3
        self.few = self.points[:: len(self.points) // FEW + 1]
        self.witnesses = mesh.vertices[_one_of_each_piece(mesh)]


class _Body:
    """A surface at a place in the field; its points are moved there when they are asked for."""

    def __init__(
        self, surface: _Surface, transform: FloatArray, box: FloatArray | None = None
    ) -> None:
        self.surface, self.transform = surface, transform
        self.box = _box(self.points) if box is None else box

    @cached_property
    def points(self) -> NDArray[np.float64]:
        return self._moved(self.surface.points)

    @cached_property
    def witnesses(self) -> NDArray[np.float64]:
        return self._moved(self.surface.witnesses)

    @cached_property
    def tree(self) -> KDTree:
        return KDTree(self.points, balanced_tree=False, compact_nodes=False)

    def shifted(self, way_um: FloatArray) -> _Body:
        return _Body(self.surface, _shift(way_um) @ self.transform, self.box + way_um)

    def keeps_from(self, other: _Body, gap_um: float) -> bool:
        """Whether no point of either body is in the other or nearer to it than the gap."""
        reach = gap_um + self.surface.cover_um + other.surface.cover_um
        if not _touch(self.box, other.box, reach):
            return True
        few = self._moved(self.surface.few)  # most that overlap do so plainly
        if other.is_near(few, reach) or other.is_near(self.points, reach):
            return False
        # The surfaces are apart, so each piece of one lies in the other as a whole or not at all.
        return not (other.holds(self.witnesses) or self.holds(other.witnesses))

    def is_near(self, points: NDArray[np.float64], reach_um: float) -> bool:
        """Whether any of some points is no farther than this from those of the surface."""
        near = _within(points, self.box, reach_um)
        away, _ = self.tree.query(near, distance_upper_bound=reach_um)
        return bool(np.any(away <= reach_um))

    def holds(self, points: NDArray[np.float64]) -> bool:
        """Whether any of some points lies inside."""
        near = _within(points, self.box, 0.0)
        if len(near) == 0:
            return False
        corners = self._moved(self.surface.mesh.vertices)[self.surface.mesh.faces]
        return bool(winding_numbers(corners, near).any())

    def _moved(self, points: FloatArray) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = points @ self.transform[:3, :3].T + self.transform[:3, 3]
        return moved


def _find_place(
    surface: _Surface,
    placed: list[_Body],
    settings: SceneSettings,
    size: FloatArray,
    rng: np.random.Generator,
) -> _Body | None:
    """Turn a surface and move it to a free place; None when there was none."""
    for _ in range(TURNS):
        transform = np.eye(4)
        transform[:3, :3] = Rotation.random(rng=rng).as_matrix()
        turned = _Body(surface, transform)
        margin = 0.5 * (turned.box[1] - turned.box[0])
        if settings.border == "cut":
            margin[1:] = 0.0
        # Where the middle of its box may lie: z from the coverslip, y and x from the middle.
        low = margin - [0.0, 0.5 * size[1], 0.5 * size[2]]
        high = [size[0], 0.5 * size[1], 0.5 * size[2]] - margin
        if (low > high).any():
            continue
        for middle in rng.uniform(low, high, (PLACES, 3)):
            there = turned.shifted(middle - turned.box.mean(axis=0))
            if all(there.keeps_from(other, settings.gap_um) for other in placed):
                return there
    return None


def _box(points: FloatArray) -> FloatArray:
    return np.array([points.min(axis=0), points.max(axis=0)])


def _touch(box: FloatArray, other: FloatArray, reach: float) -> bool:
    """Whether two boxes are no farther apart than this along any axis."""
    return bool(np.all((box[0] <= other[1] + reach) & (other[0] <= box[1] + reach)))


def _within(points: NDArray[np.float64], box: FloatArray, reach: float) -> NDArray[np.float64]:
    """Return the points in a box that is widened."""
    low, high = box[0] - reach, box[1] + reach
    within = np.ones(len(points), dtype=bool)
    for axis in range(3):
        within &= (low[axis] <= points[:, axis]) & (points[:, axis] <= high[axis])
    return points[within]


def _shift(way_um: FloatArray) -> FloatArray:
    shift: FloatArray = np.eye(4)
    shift[:3, 3] = way_um
    return shift


def _one_of_each_piece(mesh: Mesh) -> NDArray[np.integer]:
    """Choose a vertex of each connected piece of a surface."""
    start, end = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    count = len(mesh.vertices)
    edges = coo_array((np.ones(len(start), dtype=bool), (start, end)), shape=(count, count))
    _, piece = connected_components(edges, directed=False)
    _, first = np.unique(piece[start], return_index=True)
    chosen: NDArray[np.integer] = start[first]
    return chosen
