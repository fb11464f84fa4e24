"""Fission and fusion: one closed surface becomes two, two become one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from napari_3dmsl.geometry.triangles import triangle_areas
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_field
from napari_3dmsl.shapes.morphology import components
from napari_3dmsl.shapes.voxelize import VOXEL_UM, Voxels, voxelise
from napari_3dmsl.timelapse.centreline_graph import CentrelineGraph, centreline_graph_of

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.smoothed_mask import SmoothedMask

GAP_UM = 0.1  # two halves draw back so far from where they were one
SHARES = (0.3, 0.7)  # of the length, in the first half
SHORTEST_RADII = 2.0  # a shorter centreline cannot be cut across
FEWEST_VOXELS = 200  # of a half
TRIALS = 5  # cuts that are tried before a shape counts as one that cannot be cut
OVERLAP_UM = 2.0 * VOXEL_UM  # so deep two shapes are pushed into each other
TOUCHING_UM = 1e-6
NECK_UM = 3.5 * VOXEL_UM  # radius of the ball that joins them
LEAST_UNION = 0.9  # of both volumes; shapes that overlap more than by the rest are not joined


@dataclass(frozen=True, eq=False)
class Form:
    """A surface with what goes along with it, µm (z, y, x).

    Attributes
    ----------
    vertices_um : (N, 3) float64
    faces : (F, 3) integers
        Outward normals.
    emitters_um : (E, 3) float64
    lines_um : tuple of (N, 3) float64
        Centrelines, if they are wanted.
    """

    vertices_um: FloatArray
    faces: NDArray[np.integer]
    emitters_um: FloatArray
    lines_um: tuple[FloatArray, ...] = ()

    @property
    def points_um(self) -> FloatArray:
        """All its points, (N, 3)."""
        points: FloatArray = np.concatenate([self.vertices_um, self.emitters_um, *self.lines_um])
        return points

    def at(self, points_um: FloatArray) -> Self:
        """Return it with all its points somewhere else.

        Parameters
        ----------
        points_um : (N, 3) array
            Vertices and emitters, in the order that it has them.
        """
        sizes = [len(self.vertices_um), len(self.emitters_um), *map(len, self.lines_um)]
        vertices, emitters, *lines = np.split(points_um, np.cumsum(sizes)[:-1])
        return replace(self, vertices_um=vertices, emitters_um=emitters, lines_um=tuple(lines))

    @property
    def volume_um3(self) -> float:
        """Volume inside; negative when the surface is wound inside out."""
        vertices = np.asarray(self.vertices_um, dtype=np.float64)
        return Mesh(vertices, self.faces.astype(np.int32)).volume_um3

    @property
    def centroid_um(self) -> FloatArray:
        """Mean position by area, as of a `Surface`."""
        corners = self.vertices_um[self.faces]
        middle: FloatArray = np.average(
            corners.mean(axis=1), axis=0, weights=triangle_areas(corners)
        )
        return middle

    def moved(self, shift_um: FloatArray) -> Self:
        """Return it at another place.

        Parameters
        ----------
        shift_um : (3,) array
            (z, y, x).
        """
        return self.at(self.points_um + shift_um)

    def scaled(self, factor: float) -> Self:
        """Return it larger or smaller about its centroid.

        Parameters
        ----------
        factor : float
            Above 0, of lengths.
        """
        middle = self.centroid_um
        return self.at(middle + factor * (self.points_um - middle))


@dataclass(frozen=True, eq=False)
class Piece:
    """What a fission or a fusion has made.

    Attributes
    ----------
    form : Form
    centreline : CentrelineGraph
    rows : (N,) int
        Which of the emitters before these are; after a fusion those of the first shape come first.
    """

    form: Form
    centreline: CentrelineGraph
    rows: NDArray[np.intp]


def cut(form: Form, rng: np.random.Generator) -> tuple[Piece, Piece] | None:
    """Cut a shape across its centreline into two closed pieces.

    Every voxel goes with the nearest point of the centreline; each half is smoothed and meshed as
    an extracted shape is, and both draw back from the cut by 50 nm. The halves are scaled alike, by
    less than a percent, so that together they have the volume of the whole.

    Parameters
    ----------
    form : Form
        A closed surface.
    rng : numpy.random.Generator
        Chooses the place of the cut.

    Returns
    -------
    pair of Piece, or None
        None for a shape that is too short or small, or whose half would have no emitter.
    """
    solid = voxelise(form.vertices_um, form.faces)
    line = centreline_graph_of(solid.smoothed())
    if line.length_um < SHORTEST_RADII * line.radius_um or len(line.links) < 2:
        return None
    centres = solid.centres_um()
    tree = KDTree(line.points_um)
    nearest = np.asarray(tree.query(centres)[1])
    # An emitter goes with the voxel that it lies in or next to, not with a branch beyond a gap.
    voxel_of_emitter = np.asarray(
        KDTree(centres, balanced_tree=False, compact_nodes=False).query(form.emitters_um)[1]
    )
    for _ in range(TRIALS):
        halves = _halves(solid, line.part(rng.uniform(*SHARES), rng)[nearest])
        if halves is None:
            continue
        in_first = halves[0][solid.mask][voxel_of_emitter]
        if in_first.any() and not in_first.all():
            return _drawn_back(form, solid, halves, in_first)
    return None


def _halves(
    solid: Voxels, first: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Two masks, each in one piece, of which the first holds most of the chosen voxels."""
    part = np.zeros_like(solid.mask)
    part[solid.mask] = first
    rest = _largest(solid.mask & ~_largest(part))
    part = solid.mask & ~rest
    if min(part.sum(), rest.sum()) < FEWEST_VOXELS or components(part, 26).max() > 1:
        return None
    return part, rest


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels = components(mask, 26)
    sizes = np.bincount(labels.ravel())[1:]
    return np.asarray(labels == sizes.argmax() + 1) if len(sizes) else mask


def _drawn_back(
    form: Form,
    solid: Voxels,
    halves: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    in_first: NDArray[np.bool_],
) -> tuple[Piece, Piece]:
    first, second = (
        _piece(solid.smoothed(mask), form, np.flatnonzero(chosen))
        for mask, chosen in zip(halves, (in_first, ~in_first), strict=True)
    )
    made = first.form.volume_um3 + second.form.volume_um3
    factor = float(np.cbrt(form.volume_um3 / made))
    away = first.form.centroid_um - second.form.centroid_um
    away *= 0.5 * GAP_UM / max(float(np.linalg.norm(away)), 1e-9)
    return _adjusted(first, factor, away), _adjusted(second, factor, -away)


def _piece(field: SmoothedMask, source: Form, rows: NDArray[np.intp]) -> Piece:
    """Mesh a field; its emitters are those of a form in the given rows."""
    mesh, line = mesh_from_field(field), centreline_graph_of(field)
    lines = line.lines_um if source.lines_um else ()
    return Piece(Form(mesh.vertices, mesh.faces, source.emitters_um[rows], lines), line, rows)


def _adjusted(piece: Piece, factor: float, shift_um: FloatArray) -> Piece:
    middle = piece.form.centroid_um
    points = middle + factor * (piece.centreline.points_um - middle) + shift_um
    form = piece.form.scaled(factor).moved(shift_um)
    return replace(piece, form=form, centreline=replace(piece.centreline, points_um=points))


def nearest_vertices(
    first: Form, second: Form, reach_um: float
) -> tuple[FloatArray, FloatArray] | None:
    """Return the nearest vertices (3,) of two shapes, or None when none are within a reach.

    Parameters
    ----------
    first, second : Form
        Both in the field.
    reach_um : float
        Farthest that they may be apart.
    """
    low = np.maximum(first.vertices_um.min(axis=0), second.vertices_um.min(axis=0)) - reach_um
    high = np.minimum(first.vertices_um.max(axis=0), second.vertices_um.max(axis=0)) + reach_um
    near = [
        form.vertices_um[((form.vertices_um >= low) & (form.vertices_um <= high)).all(axis=1)]
        for form in (first, second)
    ]
    if min(map(len, near)) == 0:
        return None
    found = KDTree(near[0]).query(near[1], distance_upper_bound=reach_um)
    distances, vertex = map(np.asarray, found)
    nearest = int(np.argmin(distances))
    if not np.isfinite(distances[nearest]):
        return None
    return near[0][vertex[nearest]], near[1][nearest]


def join(first: Form, second: Form, reach_um: float) -> Piece | None:
    """Bring two shapes together where they are nearest and make one closed surface of them.

    Each moves by the other's share of the volume until they overlap by 48 nm; a ball of 84 nm
    radius makes the neck. The result is scaled so that it has the volume of both.

    Parameters
    ----------
    first, second : Form
        Both in the field.
        Closed surfaces.
    reach_um : float
        Largest distance between the nearest vertices.

    Returns
    -------
    Piece or None
        None for shapes that are further apart, or already overlap by a tenth of their volume.
    """
    nearest = nearest_vertices(first, second, reach_um)
    if nearest is None:
        return None
    end, start = nearest
    volumes = first.volume_um3, second.volume_um3
    apart = float(np.linalg.norm(end - start))
    towards = end - start if apart > TOUCHING_UM else first.centroid_um - second.centroid_um
    way = end - start + towards * (OVERLAP_UM / max(float(np.linalg.norm(towards)), 1e-9))
    share = volumes[0] / sum(volumes)
    first, second = first.moved((share - 1.0) * way), second.moved(share * way)
    solid = voxelise(
        np.concatenate([first.vertices_um, second.vertices_um]),
        np.concatenate([first.faces, second.faces + len(first.vertices_um)]),
    )
    if solid.mask.sum() * solid.voxel_um**3 < LEAST_UNION * sum(volumes):
        return None
    contact = 0.5 * (start + end + (2.0 * share - 1.0) * way)
    field = solid.smoothed(solid.mask | _ball(solid, contact, NECK_UM))
    if components(field.inside, 26).max() > 1:
        return None
    both = replace(first, emitters_um=np.concatenate([first.emitters_um, second.emitters_um]))
    made = _piece(field, both, np.arange(len(both.emitters_um)))
    return _adjusted(made, float(np.cbrt(sum(volumes) / made.form.volume_um3)), np.zeros(3))


def _ball(solid: Voxels, centre_um: FloatArray, radius_um: float) -> NDArray[np.bool_]:
    """Return the voxels of a ball on the grid of a solid."""
    squares = [
        (np.arange(count) * solid.voxel_um + origin - middle) ** 2
        for count, origin, middle in zip(solid.mask.shape, solid.origin_um, centre_um, strict=True)
    ]
    away = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    return np.asarray(away <= radius_um**2)
