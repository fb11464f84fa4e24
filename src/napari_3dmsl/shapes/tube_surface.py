"""Closed surfaces around centrelines: swept where nothing branches, else a union of tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.mesh import Mesh, decimate
from napari_3dmsl.shapes.smoothed_mask import level_triangles
from napari_3dmsl.shapes.wandering import STEP_UM, Curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

AROUND = 10  # corners of a cross-section
# In radii of the tube, so that thick and thin ones are as smooth:
STATION = 0.7  # between cross-sections
GRID = 0.34  # of the field of a union
ROUNDED = 0.27  # where tubes meet, the corner is filled over about this width
FACES = 4.4  # of a union, for the square of a radius
CAP = np.deg2rad([22.5, 45.0, 67.5])  # of latitude: the cross-sections of a cap
MARGIN = 2.5  # steps of the grid around a tube
CHORDS = 1 / 6.3  # measured: of step² / radius, how deep flat triangles lie in a tube


def swept(curve: Curve) -> Mesh:
    """Return the surface of a tube: ten-sided cross-sections of the right area, round caps.

    Parameters
    ----------
    curve
        Its centreline, nowhere upright; a ring where it is closed.
    """
    closed = curve.is_closed
    arc = curve.arc
    apart = STATION * float(np.median(curve.radii))
    count = max(int(np.ceil(arc[-1] / apart)), 8 if closed else 1) + 1
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
    radii = np.concatenate([curve.radii for curve in curves])
    radius = float(np.median(radii))
    step = GRID * radius
    reach = float(radii.max()) + (MARGIN + 1) * step
    low, high = everything.min(axis=0) - reach, everything.max(axis=0) + reach
    shape = np.ceil((high - low) / step).astype(int) + 1
    field = np.full(shape, MARGIN * step, dtype=np.float32)
    for curve in curves:
        _join(field, curve, low, step, ROUNDED * radius)
    vertices, faces = level_triangles(-field, 0.0)
    heavy = outward(Mesh(vertices * step + low, faces.astype(np.int32)))
    light = decimate(heavy, int(FACES * heavy.area_um2 / radius**2))
    sound = light.is_watertight and handles(light) == handles(heavy)
    return light if sound else heavy


def _join(
    field: NDArray[np.float32],
    curve: Curve,
    low: NDArray[np.float64],
    step: float,
    rounded: float,
) -> None:
    """Join a tube to a field of distances from surfaces, which reaches as far as the margin.

    Where both distances are alike, the corner between the tubes is filled (polynomially).
    """
    reach = float(curve.radii.max()) + (MARGIN + 1) * step
    first = np.floor((curve.points.min(axis=0) - reach - low) / step).astype(int).clip(0)
    last = np.ceil((curve.points.max(axis=0) + reach - low) / step).astype(int)
    part = field[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))]
    distance = _distance(curve, low + first * step, step, part.shape)
    alike = np.maximum(rounded - np.abs(part - distance), 0)
    np.minimum(part, distance, out=part)
    alike[part >= 0.5 * MARGIN * step] = 0  # beyond reach both have the value of the margin
    part -= alike**2 / (4 * rounded)


def _distance(
    curve: Curve, low: NDArray[np.float64], step: float, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the distance of the points of a grid from a tube's surface, as far as the margin."""
    margin = MARGIN * step
    field = np.full(shape, margin, dtype=np.float32)
    radii = curve.radii + CHORDS * step**2 / curve.radii
    apart = max(round(0.7 * step / STEP_UM), 1)
    places = np.unique(np.append(np.arange(0, len(radii), apart), len(radii) - 1))
    for centre, radius in zip((curve.points[places] - low) / step, radii[places], strict=True):
        size = (radius + margin) / step
        first = np.ceil(centre - size).astype(int)
        last = np.floor(centre + size).astype(int)
        z, y, x = (
            (np.arange(a, b + 1, dtype=np.float32) - np.float32(m)) ** 2
            for a, b, m in zip(first, last, centre, strict=True)
        )
        part = field[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))]
        distance = np.sqrt(z[:, None, None] + y[:, None] + x) * np.float32(step)
        np.minimum(part, distance - np.float32(radius), out=part)
    return field


def handles(mesh: Mesh) -> int:
    """Return the genus of a closed surface of one part, from its Euler number.

    Parameters
    ----------
    mesh
        Closed; every vertex is used.
    """
    euler = len(mesh.vertices) - len(mesh.faces) // 2  # three edges for two faces
    return (2 - euler) // 2
