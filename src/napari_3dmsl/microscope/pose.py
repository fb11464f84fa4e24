"""Poses: turn an object about its centroid and place it in the field of view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator
from scipy.spatial.transform import Rotation

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.quiet import without_warnings
from napari_3dmsl.settings import Settings, Show

if TYPE_CHECKING:
    from napari_3dmsl.microscope.fluorophores import Emitters

ViewName = Literal["0", "x90", "x180", "y90", "y180", "z90"]
VIEWS: dict[ViewName, tuple[float, float, float]] = {
    "0": (0.0, 0.0, 0.0),
    "x90": (0.0, 0.0, 90.0),
    "x180": (0.0, 0.0, 180.0),
    "y90": (0.0, 90.0, 0.0),
    "y180": (0.0, 180.0, 0.0),
    "z90": (90.0, 0.0, 0.0),
}
"""The six views of the 3DMSL release as rotations about (z, y, x), degrees."""

HIGHEST_UM = 200.0
"""Of an emitter above the coverslip: objectives that look through it have working distances below
that."""

Row = tuple[float, float, float]
Angle = Annotated[float, Field(ge=-36_000.0, le=36_000.0)]  # a hundred turns: beyond is a mistake
Angles = tuple[Angle, Angle, Angle]
"""Angles about (z, y, x), degrees."""


class Pose(Settings):
    """Rotation of the object about its centroid."""

    rotation_deg: Annotated[
        Angles,
        Field(
            description="Angles about the z, y and x axes through the object's centroid, by the "
            "right-hand rule: x first, then y, then z.",
        ),
        Show(
            "Turn about",
            "°",
            1,
            slider=(-180.0, 180.0),
            source="Default: 0, as it lies in the volume.",
        ),
    ] = (0.0, 0.0, 0.0)
    rotation_matrix: Annotated[
        tuple[Row, Row, Row] | None,
        Field(
            description="Rotation of (z, y, x) column vectors instead of angles: orthonormal rows, "
            "determinant +1.",
        ),
        Show("Rotation matrix", source="Default: none; the angles decide."),
    ] = None

    @model_validator(mode="after")
    def _proper_rotation(self) -> Self:
        if self.rotation_matrix is not None:
            matrix = np.array(self.rotation_matrix)
            orthonormal = np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
            if not orthonormal or np.linalg.det(matrix) < 0:
                raise ValueError(
                    f"rotation_matrix = {self.rotation_matrix}: must be a rotation "
                    "(orthonormal rows, determinant +1)"
                )
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the angles where a matrix is given."""
        return {} if self.rotation_matrix is None else {"rotation_deg": "the matrix is given"}

    @classmethod
    def from_view(cls, view: ViewName) -> Self:
        """One of the six views of the 3DMSL release: 0, x90, x180, y90, y180, z90.

        Parameters
        ----------
        view : str
            One of `VIEWS`.
        """
        return cls(rotation_deg=VIEWS[view])

    @property
    def matrix(self) -> FloatArray:
        """Rotation of (z, y, x) column vectors, shape (3, 3)."""
        if self.rotation_matrix is not None:
            return np.array(self.rotation_matrix)
        about_z, about_y, about_x = np.deg2rad(self.rotation_deg)
        in_xyz = _rotation(2, about_z) @ _rotation(1, about_y) @ _rotation(0, about_x)
        return in_xyz[::-1, ::-1].copy()  # reversing both axes turns (x, y, z) into (z, y, x)

    @property
    def angles_deg(self) -> tuple[float, float, float]:
        """Angles about (z, y, x) that give the same rotation, in [-180, 180]."""
        if self.rotation_matrix is None:
            return self.rotation_deg
        turn = Rotation.from_matrix(self.matrix[::-1, ::-1])
        with without_warnings():  # at 90 degrees about y, z and x do the same: any will do
            x, y, z = (round(float(angle), 9) for angle in turn.as_euler("xyz", degrees=True))
        return z, y, x


def _rotation(axis: int, angle: float) -> FloatArray:
    """Right-handed rotation about one axis of an (x, y, z) frame."""
    after, last = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[after, after] = matrix[last, last] = np.cos(angle)
    matrix[after, last] = -np.sin(angle)
    matrix[last, after] = np.sin(angle)
    return matrix


@dataclass(frozen=True)
class Placed:
    """Emitters in the frame of the field of view, and the way back to the world.

    In that frame z is the height above the coverslip and (y, x) = (0, 0) the middle of the image.

    Attributes
    ----------
    emitters : Emitters
    centroid_height_um : float
        Height of the object's centroid above the coverslip.
    world_to_field : (4, 4) float64
        Affine transform of (z, y, x, 1) column vectors, µm.
    """

    emitters: Emitters
    centroid_height_um: float
    world_to_field: FloatArray


def place(emitters: Emitters, centroid_um: ArrayLike, pose: Pose, depth_um: float) -> Placed:
    """Turn emitters about the object's centroid and put the lowest at ``depth_um``.

    Parameters
    ----------
    emitters : Emitters
        World frame, (z, y, x) in µm.
    centroid_um : (3,) array
        (z, y, x) of the object's centroid; it comes to lie in the middle of the image.
    pose : Pose
        How it is turned.
    depth_um : float
        Height of the lowest emitter above the coverslip, >= 0.

    Raises
    ------
    ValueError
        When an emitter would lie more than `HIGHEST_UM` above the coverslip.
    """
    centroid = np.asarray(centroid_um, dtype=np.float64)
    turned = (emitters.positions_um - centroid) @ pose.matrix.T
    height = depth_um - float(turned[:, 0].min())
    world_to_field = np.eye(4)
    world_to_field[:3, :3] = pose.matrix
    world_to_field[:3, 3] = np.array([height, 0.0, 0.0]) - pose.matrix @ centroid
    turned[:, 0] = np.maximum(turned[:, 0] + height, 0.0)
    if not (highest := float(turned[:, 0].max())) <= HIGHEST_UM:
        raise ValueError(
            f"the object reaches {highest:.4g} µm above the coverslip, at most {HIGHEST_UM:g}; "
            "lay it flat, lower depth_um, or correct the length of its unit"
        )
    return Placed(replace(emitters, positions_um=turned), height, world_to_field)
