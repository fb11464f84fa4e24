"""Closed surfaces around centrelines: swept where nothing branches, else a union of tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.mesh import Mesh, decimate
from napari_3dmsl.shapes.smoothed_mask import level_triangles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.wandering import Curve

AROUND = 10  # corners of a cross-section
STATION_UM = 0.16  # between cross-sections
CAP = np.deg2rad([22.5, 45.0, 67.5])  # of latitude: the cross-sections of a cap
GRID_UM = 0.075  # of the field of a union
MARGIN_UM = 2.5 * GRID_UM
CHORDS = 1 / 6.3  # measured: of GRID_UM² / radius, how deep flat triangles lie in a tube
ROUNDED_UM = 0.06  # where tubes meet, the corner is filled over about this width
FACES_PER_UM2 = 90.0  # of a union


def swept(curve: Curve, closed: bool) -> Mesh:
    """Return the surface of a tube: ten-sided cross-sections of the right area, round caps.

    Parameters
    ----------
    curve
        Its centreline, nowhere upright.
    closed
        Whether it is a ring.
    """
    arc = curve.arc
    count = max(int(np.ceil(arc[-1] / STATION_UM)), 8 if closed else 1) + 1
    places = np.linspace(0, arc[-1], count)
    centres = np.stack([np.interp(places, arc, column) for column in curve.points.T], axis=1)
    along = _directions(curve, places, closed)
    radii = np.interp(places, arc, curve.radii)
    if closed:
        centres, along, radii = centres[:-1], along[:-1], radii[:-1]
    else:
        centres, along, radii = _with_caps(centres, along, radii)
    upright = np.array([1.0, 0.0, 0.0])
    aside = np.cross(upright, along)
    aside /= np.linalg.norm(aside, axis=1)[:, None]
    above = np.cross(along, aside)
    # A polygon of the area of the circle.
    radii = radii / np.sqrt(AROUND / (2 * np.pi) * np.sin(2 * np.pi / AROUND))
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    spokes = (
        np.cos(angle)[:, None] * aside[:, None] + np.sin(angle)[:, None] * above[:, None]
    ) * radii[:, None, None]
    vertices = (centres[:, None] + spokes).reshape(-1, 3)
    faces = _between(len(centres), closed)
    if not closed:
        first, last = len(vertices), len(vertices) + 1
        tips = [curve.points[0] - along[0] * curve.radii[0]]
        tips.append(curve.points[-1] + along[-1] * curve.radii[-1])
        vertices = np.concatenate([vertices, tips])
        corner = np.arange(AROUND)
        after = np.roll(corner, -1)
        end = (len(centres) - 1) * AROUND
        faces = np.concatenate(
            [
                faces,
                np.stack([np.full(AROUND, first), after, corner], axis=1),
                np.stack([np.full(AROUND, last), end + corner, end + after], axis=1),
            ]
        )
    return outward(Mesh(vertices, faces.astype(np.int32)))


def _directions(curve: Curve, places: NDArray[np.float64], closed: bool) -> NDArray[np.float64]:
    """Return the unit tangents at places along a curve."""
    points = curve.points
    if closed:
        points = np.concatenate([points[-2:-1], points, points[1:2]])
    along = np.gradient(points, axis=0)
    if closed:
        along = along[1:-1]
    found = np.stack([np.interp(places, curve.arc, column) for column in along.T], axis=1)
    unit: NDArray[np.float64] = found / np.linalg.norm(found, axis=1)[:, None]
    return unit


def _with_caps(
    centres: NDArray[np.float64], along: NDArray[np.float64], radii: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Add the cross-sections of half balls at both ends."""
    out, wide = np.sin(CAP), np.cos(CAP)
    before = centres[0] - out[::-1, None] * radii[0] * along[0]
    after = centres[-1] + out[:, None] * radii[-1] * along[-1]
    return (
        np.concatenate([before, centres, after]),
        np.concatenate([along[[0] * len(CAP)], along, along[[-1] * len(CAP)]]),
        np.concatenate([wide[::-1] * radii[0], radii, wide * radii[-1]]),
    )


def _between(sections: int, closed: bool) -> NDArray[np.float64]:
    """Return the triangles between neighbouring cross-sections."""
    section = np.arange(sections if closed else sections - 1)[:, None] * AROUND
    next_section = (section + AROUND) % (sections * AROUND)
    corner = np.arange(AROUND)
    after = np.roll(corner, -1)
    lower = np.stack([section + corner, section + after, next_section + corner], axis=2)
    upper = np.stack([section + after, next_section + after, next_section + corner], axis=2)
    return np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])


def outward(mesh: Mesh) -> Mesh:
    """Return a closed surface wound so that its volume is positive.

    Parameters
    ----------
    mesh
        Closed.
    """
    if mesh.volume_um3 > 0:
        return mesh
    return Mesh(mesh.vertices, np.ascontiguousarray(mesh.faces[:, ::-1]))


def united(curves: Sequence[Curve]) -> Mesh:
    """Return one surface around tubes that meet: marching cubes of their joined distances.

    Made lighter where that keeps it closed and of the same genus.

    Parameters
    ----------
    curves
        Centrelines that meet.
    """
    everything = np.concatenate([curve.points for curve in curves])
    reach = max(float(curve.radii.max()) for curve in curves) + MARGIN_UM
    low, high = everything.min(axis=0) - reach, everything.max(axis=0) + reach
    shape = np.ceil((high - low) / GRID_UM).astype(int) + 1
    fields = [_distance(curve, low, tuple(shape.tolist())) for curve in curves]
    field = _rounded_union(fields)
    vertices, faces = level_triangles(-field, 0.0)
    heavy = outward(Mesh(vertices * GRID_UM + low, faces.astype(np.int32)))
    light = decimate(heavy, int(FACES_PER_UM2 * heavy.area_um2))
    sound = light.is_watertight and handles(light) == handles(heavy)
    return light if sound else heavy


def _distance(
    curve: Curve, low: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the distance of the points of a grid from a tube's surface, as far as the margin."""
    far = np.float32(MARGIN_UM)
    field = np.full(shape, far, dtype=np.float32)
    radii = curve.radii + CHORDS * GRID_UM**2 / curve.radii
    places = np.arange(0, len(curve.points), 2)
    if places[-1] != len(curve.points) - 1:
        places = np.append(places, len(curve.points) - 1)
    for centre, radius in zip((curve.points[places] - low) / GRID_UM, radii[places], strict=True):
        size = (radius + MARGIN_UM) / GRID_UM
        first = np.maximum(np.ceil(centre - size).astype(int), 0)
        last = np.floor(centre + size).astype(int)
        z, y, x = (
            (np.arange(a, b + 1, dtype=np.float32) - np.float32(m)) ** 2
            for a, b, m in zip(first, last, centre, strict=True)
        )
        box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
        part = field[box]
        z, y, x = z[: part.shape[0]], y[: part.shape[1]], x[: part.shape[2]]
        distance = np.sqrt(z[:, None, None] + y[:, None] + x) * np.float32(GRID_UM)
        np.minimum(part, distance - np.float32(radius), out=part)
    return field


def _rounded_union(fields: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join distances; where two are alike, the corner between them is filled (polynomially)."""
    joined = fields[0]
    for field in fields[1:]:
        alike = np.maximum(ROUNDED_UM - np.abs(joined - field), 0)
        # Only where both are within reach: elsewhere both have the value of the margin.
        alike[np.minimum(joined, field) >= MARGIN_UM / 2] = 0
        joined = np.minimum(joined, field) - alike**2 / (4 * ROUNDED_UM)
    return joined


def handles(mesh: Mesh) -> int:
    """Return the genus of a closed surface of one part, from its Euler number.

    Parameters
    ----------
    mesh
        Closed; every vertex is used.
    """
    euler = len(mesh.vertices) - len(mesh.faces) // 2  # three edges for two faces
    return (2 - euler) // 2
