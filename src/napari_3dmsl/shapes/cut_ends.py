"""Where the border of a volume cuts a shape: flat faces, at which a centreline does not end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.morphology import components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SLANT = 0.25  # cosine: a line that runs along the border is not cut by it


@dataclass(frozen=True, eq=False)
class CutFace:
    """A face of the volume on which voxels of a shape lie.

    Attributes
    ----------
    axis, outward
        Axis that it is perpendicular to, and the direction out of the volume, 1 or -1.
    place_um
        Where it lies on this axis, world µm: half a voxel beyond the centres of the last voxels.
    pixels_um
        (N, 2) centres of the voxels of the cut on the two other axes, world µm.
    parts
        (N,) number of the connected part that each is in.
    pixel_um2
        Area of each.
    """

    axis: int
    outward: int
    place_um: float
    pixels_um: NDArray[np.float64]
    parts: NDArray[np.int32]
    pixel_um2: float

    def distance(self, point_um: NDArray[np.float64], direction: NDArray[np.float64]) -> float:
        """Return how far a ray runs to the face, infinity when it does not or hardly slopes.

        Parameters
        ----------
        point_um
            (3,) start of the ray, world µm (z, y, x).
        direction
            (3,) unit vector.
        """
        slope = float(direction[self.axis]) * self.outward
        if slope < SLANT:
            return np.inf
        return float((self.place_um - point_um[self.axis]) * self.outward / slope)

    def area(
        self, place_um: NDArray[np.float64], direction: NDArray[np.float64], within_um: float
    ) -> float:
        """Return the area of the part of the cut nearest to a place, as seen along a ray.

        0 when it is further away than ``within_um``.

        Parameters
        ----------
        place_um
            (3,) world µm (z, y, x).
        direction
            (3,) unit vector of the ray.
        within_um
            Farthest that the part may lie from the place.
        """
        voxels = np.insert(self.pixels_um, self.axis, self.place_um, axis=1)
        away = np.linalg.norm(voxels - place_um, axis=1)
        nearest = int(away.argmin())
        if away[nearest] > within_um:
            return 0.0
        count = np.count_nonzero(self.parts == self.parts[nearest])
        return count * self.pixel_um2 * abs(float(direction[self.axis]))


def way_to_border(
    faces: Sequence[CutFace],
    point_um: NDArray[np.float64],
    direction: NDArray[np.float64],
    radius_um: float,
) -> tuple[float, float]:
    """Return how far it is from a point in a tube to the border, and how far from its last middle.

    A tube of radius r that is cut with a radius c ends with a cap whose middle lies
    sqrt(r² - c²) before the border: on the border where the cut is as wide as the tube. An edge of
    the volume may cut it with two faces.

    Parameters
    ----------
    faces
        Where the border cuts the shape.
    point_um, direction
        A place on the axis of the tube, and the unit vector along it.
    radius_um
        Radius of the tube.

    Returns
    -------
    to_border, left
        In µm; infinity and the radius when the border does not cut the tube.
    """
    to_border = min((face.distance(point_um, direction) for face in faces), default=np.inf)
    if not np.isfinite(to_border):
        return np.inf, radius_um
    end_um = point_um + to_border * direction
    area = sum(face.area(end_um, direction, radius_um) for face in faces)
    return to_border, float(np.sqrt(max(radius_um**2 - area / np.pi, 0)))


def cut_faces(
    mask: NDArray[np.bool_],
    at_border: Sequence[tuple[bool, bool]],
    voxel_um: NDArray[np.float64],
    origin_um: NDArray[np.float64],
) -> tuple[CutFace, ...]:
    """Return where the border of its volume cuts a mask.

    Parameters
    ----------
    mask
        (Z, Y, X) bool, the box of a shape.
    at_border
        For each axis whether the box begins with the volume, and whether it ends with it.
    voxel_um, origin_um
        Voxel size and centre of the mask's first voxel, µm.
    """
    faces = []
    for axis, ends in enumerate(at_border):
        for outward, last, ends_here in zip((-1, 1), (0, mask.shape[axis] - 1), ends, strict=True):
            cut: NDArray[np.bool_] = np.moveaxis(mask, axis, 0)[last]
            if not ends_here or not cut.any():
                continue
            place_um = float(origin_um[axis] + (last + outward / 2) * voxel_um[axis])
            pixel_um = np.delete(voxel_um, axis)
            pixels_um = np.argwhere(cut) * pixel_um + np.delete(origin_um, axis)
            parts = components(cut[None], 26)[0][cut]
            area = float(pixel_um.prod())
            faces.append(CutFace(axis, outward, place_um, pixels_um, parts, area))
    return tuple(faces)
