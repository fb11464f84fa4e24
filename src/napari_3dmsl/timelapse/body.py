"""One moving object: where it is, how it is turned and bent, and the room that it stays in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.geometry.inside import is_closed
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.shapes.voxelize import voxelise
from napari_3dmsl.timelapse.bending import Bending
from napari_3dmsl.timelapse.centreline_graph import CentrelineGraph, centreline_graph_of
from napari_3dmsl.timelapse.fission_fusion import Form, Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.arrays import FloatArray

SUBSTEP_RAD2 = 0.02  # rotations this small add up to the exact law within 1e-4
EVERY_WAY_RAD2 = 12.0  # after so much no trace of the first direction is left (exp(-12) = 6e-6)


@dataclass(frozen=True, eq=False)
class Room:
    """Where objects may be: above the coverslip, and inside of a field when one is given.

    Attributes
    ----------
    field_um : (y, x) or None
        Sides of the field, whose middle is (0, 0).
    """

    field_um: tuple[float, float] | None = None

    def kept(self, centre_um: FloatArray, around_um: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mirror an object at the walls that it has passed.

        Parameters
        ----------
        centre_um : (3,) array
            Of the object.
        around_um : (N, 3) array
            Its points, from its centre.

        Returns
        -------
        centre : (3,) float64
        way : (3,) float64
            -1 along an axis where it was mirrored, else 1.
        """
        low, high = -around_um.min(axis=0), np.full(3, np.inf)
        if self.field_um is None:
            low[1:] = -np.inf
        else:
            low[1:] -= 0.5 * np.array(self.field_um)
            high[1:] = 0.5 * np.array(self.field_um) - around_um.max(axis=0)[1:]
        found = [_mirrored(*axis) for axis in zip(centre_um, low, high, strict=True)]
        centre, way = np.array(found).T
        return centre, way


def _mirrored(place: float, low: float, high: float) -> tuple[float, float]:
    """Fold a place into an interval as mirrors at its ends do; return the direction as well."""
    if low <= place <= high:
        return place, 1.0
    if low >= high:  # larger than the room
        return 0.5 * (low + high), 1.0
    if not np.isfinite(high):
        return 2.0 * low - place, -1.0
    around = (place - low) % (2.0 * (high - low))
    return low + min(around, 2.0 * (high - low) - around), -1.0


class Body:
    """An object in motion.

    Its points are kept as they were at its beginning, so that rounding never adds up.

    Parameters
    ----------
    like : PlacedObject
        The object at its beginning.
    lifetimes_s : (N,) array
        When each of its fluorophores bleaches.
    centreline : CentrelineGraph, optional
        In the same frame as the object; found when it is needed otherwise.
    """

    def __init__(
        self, like: PlacedObject, lifetimes_s: FloatArray, centreline: CentrelineGraph | None = None
    ) -> None:
        self.like = like
        self.lifetimes_s = lifetimes_s
        whole = Form(like.vertices_um, like.faces, like.emitters.positions_um, like.centrelines_um)
        self._begin_um = whole.centroid_um
        self._rest = whole.moved(-self._begin_um)
        self._centreline = None if centreline is None else centreline.moved(-self._begin_um)
        self.centre_um = self._begin_um
        self._turn: FloatArray = np.eye(3)
        self._around = self._rest  # as it is turned and bent now
        self._bending: Bending | None = None
        self._bends: FloatArray = np.zeros(0)
        self.heading: FloatArray = np.zeros(3)
        self.keeps_heading_s = np.inf

    @classmethod
    def of_piece(
        cls, piece: Piece, label: int, source: PlacedObject, lifetimes_s: FloatArray
    ) -> Self:
        """Begin an object that a fission or fusion has made.

        Parameters
        ----------
        piece : Piece
            The new shape, and which emitters are in it.
        label : int
            Of its track.
        source : PlacedObject
            Where it is from: it has the shape's id and the photons of all emitters before.
        lifetimes_s : (N,) array
            Of the emitters before.
        """
        form, rows = piece.form, piece.rows
        like = PlacedObject(
            label,
            source.shape_id,
            piece.centreline.shape_class(form.volume_um3),
            form.vertices_um,
            form.faces,
            Emitters(form.emitters_um, source.emitters.photons[rows]),
            source.to_field,
            form.lines_um,
            source.haze,
        )
        return cls(like, lifetimes_s[rows], piece.centreline)

    @property
    def label(self) -> int:
        """Number of its track."""
        return self.like.label

    @property
    def form(self) -> Form:
        """Its surface and emitters where they are now."""
        return self._around.moved(self.centre_um)

    @property
    def long_axis(self) -> FloatArray:
        """Direction (3,) in which its vertices are spread most."""
        spread = np.cov(self._around.vertices_um.T)
        axis: FloatArray = np.linalg.eigh(spread)[1][:, -1]
        return axis

    def prepare_bending(self, amplitude_um: float) -> None:
        """Find its centreline and the ways in which that bends; a dot stays stiff.

        Parameters
        ----------
        amplitude_um : float
            Root mean square of the bending, 0 or more.
        """
        if self._centreline is None:
            solid = voxelise(self._rest.vertices_um, self._rest.faces)
            self._centreline = centreline_graph_of(solid.smoothed())
        if Bending.possible(self._centreline):
            self._bending = Bending(self._centreline, amplitude_um)
            self._held = self._bending.hold(self._rest.points_um)
            self._bends = np.zeros(len(self._bending.ways))

    def turn(self, square_rad2: float, rng: np.random.Generator) -> None:
        """Turn it at random, by a variance about each axis.

        Parameters
        ----------
        square_rad2 : float
            Variance about each axis.
        rng : numpy.random.Generator
            Draws; the same state gives the same result.
        """
        if square_rad2 > EVERY_WAY_RAD2:
            self._turn = Rotation.from_quat(rng.standard_normal(4)).as_matrix()
        elif square_rad2 > 0.0:
            steps = int(np.ceil(square_rad2 / SUBSTEP_RAD2))
            for vector in rng.normal(0.0, np.sqrt(square_rad2 / steps), (steps, 3)):
                self._turn = Rotation.from_rotvec(vector).as_matrix() @ self._turn

    def bend(self, kept: float, rng: np.random.Generator) -> None:
        """Let it bend on, by an Ornstein-Uhlenbeck process that keeps a share of the last bend.

        Parameters
        ----------
        kept : float
            Share of the last bend, 0 to 1.
        rng : numpy.random.Generator
            Draws; the same state gives the same result.
        """
        if self._bending is not None:
            push = rng.standard_normal(len(self._bends))
            self._bends = kept * self._bends + np.sqrt(1.0 - kept**2) * push

    def settle(self, shift_um: FloatArray, room: Room) -> None:
        """Move it, in its present form, and keep it in the room.

        Parameters
        ----------
        shift_um : (3,) array
            (z, y, x).
        room : Room
            Where it may be.
        """
        around = self._bent().points_um @ self._turn.T
        self._around = self._rest.at(around)
        self.centre_um, way = room.kept(self.centre_um + shift_um, around)
        self.heading = self.heading * way

    def _bent(self) -> Form:
        bending = self._bending
        if bending is None:
            return self._rest
        bent = self._rest.at(bending.move(self._rest.points_um, self._held, self._bends))
        return bent.moved(-bent.centroid_um)  # forces from inside do not move the whole

    def placed(self, shining: FloatArray) -> PlacedObject:
        """Return it as it is now, with a share (N,) or () of its photons left.

        Parameters
        ----------
        shining : (E,) or () array
            Share of the photons that each emitter still sends, 0 to 1.
        """
        now, photons = self.form, self.like.emitters.photons * shining
        for points in (now.vertices_um, now.emitters_um):
            below = points[:, 0] < 0.0
            points[below & (points[:, 0] > -1e-9), 0] = 0.0  # rounding
        motion = np.eye(4)
        motion[:3, :3] = self._turn
        motion[:3, 3] = self.centre_um - self._turn @ self._begin_um
        return PlacedObject(
            self.label,
            self.like.shape_id,
            self.like.shape_class,
            now.vertices_um,
            now.faces,
            Emitters(now.emitters_um, photons),
            motion @ self.like.to_field,
            now.lines_um,
            self.like.haze,
        )


def check_objects(objects: Sequence[PlacedObject], *, closed: bool) -> None:
    """Check objects that are to move.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field.
    closed : bool
        Whether surfaces with a hole are refused.

    Raises
    ------
    ValueError
        When there is none, a label is below 1 or given twice, or a surface has a hole although it
        must be ``closed``.
    """
    labels = [found.label for found in objects]
    if not labels:
        raise ValueError("objects: none given, at least one is needed for a time-lapse")
    if min(labels) < 1 or len(set(labels)) < len(labels):
        raise ValueError(f"objects: labels {labels}; expected each once and all 1 or more")
    for found in objects:
        vertices = np.asarray(found.vertices_um, dtype=np.float64)
        if closed and not is_closed(vertices, found.faces):
            raise ValueError(
                f"object {found.label}: its surface has a hole, so it has no centreline; close it, "
                "or set bending_um, fission_per_min and fusion_per_min to 0"
            )
